"""``switchboard-runtime backup`` and ``restore``: one tenant, one file, either store."""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from switchboard_runtime.backup.erased import erase_again, ledger_of, read_ledger
from switchboard_runtime.backup.format import check_free, read_backup, written
from switchboard_runtime.backup.moving import fill, highest, is_empty, pour
from switchboard_runtime.backup.sqlite import SqlitePlace, new_file, snapshot
from switchboard_runtime.backup.stopped import carry, stopped_of
from switchboard_runtime.config import load_directory
from switchboard_runtime.errors import ConfigurationError, Conflict
from switchboard_runtime.opening import file_of
from switchboard_runtime.store import OwnerLock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from switchboard_runtime.backup.format import BackupFile
    from switchboard_runtime.backup.moving import Progress
    from switchboard_runtime.backup.places import Place
    from switchboard_runtime.backup.stopped import Stopped
    from switchboard_runtime.config import Settings
    from switchboard_runtime.config.directory import TenantEntry
    from switchboard_runtime.people import LedgerEntry

__all__ = ["backup", "reading", "restore", "tenant_entry"]


async def backup(
    settings: Settings, *, tenant: str, to: Path, force: bool, now: float, progress: Progress
) -> dict[str, Any]:
    """Write all of a tenant into a file, as it is at one moment, while it may be served.

    Raises:
        ConfigurationError: there is no such tenant, or its folder or role is wrong.
        Conflict: the file is there.
        StoreUnavailable: the store cannot be read.
    """
    check_free(to, force=force)
    entry = tenant_entry(settings, tenant, now=now)
    with written(to) as file:
        async with reading(settings, entry) as place:
            file.header(_header(entry, now))
            await fill(file, place, progress)
        file.end()
    found = read_backup(to)  # what was written is read again to its end
    return {"tenant": tenant, "file": str(to), "rows": found.summary.rows, "total": found.summary.total}


async def restore(
    settings: Settings,
    *,
    tenant: str,
    source: Path,
    force: bool,
    ledger: Path | None,
    admin_dsn: str | None,
    now: float,
    progress: Progress,
) -> dict[str, Any]:
    """Put a file's rows into a tenant's store, all or none, see that they are there, and erase what was erased since.

    Raises:
        BrokenFile: the file is not whole, or of a newer program.
        ConfigurationError: there is no such tenant, it is being served, or an administrator is needed.
        Conflict: the tenant has rows, or the file is another tenant's, and it was not forced.
        StoreUnavailable: the store cannot be written.
    """
    file = read_backup(source)
    entry = tenant_entry(settings, tenant, now=now)
    theirs = file.header["tenant"]["id"]
    if theirs != entry.document.tenant.id and not force:
        raise Conflict(f"{source} is of tenant id {theirs!r}, not {entry.document.tenant.id!r}; use --force to go on")
    known, stopped = await _known(settings, entry) if force else ((), {})
    erased = [*(read_ledger(ledger) if ledger else ()), *known]
    async with _written(settings, entry, file, force=force, admin_dsn=admin_dsn) as place:
        await pour(file, place, progress)
        await carry(stopped, place)
    again = await erase_again(settings, entry, erased) if erased else 0
    rows, total = file.summary.rows, file.summary.total
    return {"tenant": tenant, "file": str(source), "rows": rows, "total": total, "erasedAgain": again}


async def _known(settings: Settings, entry: TenantEntry) -> tuple[tuple[LedgerEntry, ...], Stopped]:
    """What the store that is to be replaced knows of erasures, and of who stopped; nothing if there is no store yet."""
    if not entry.credentials.current().database_url and not file_of(settings.paths()[2], entry).exists():
        return (), {}
    async with reading(settings, entry) as place:
        return await ledger_of(place), await stopped_of(place)


def tenant_entry(settings: Settings, tenant: str, *, now: float) -> TenantEntry:
    """The tenant of a slug.

    Raises:
        ConfigurationError: there is none.
    """
    tenants, credentials, _ = settings.paths()
    entries = load_directory(tenants, credentials, now=lambda: now).entries
    found = next((entry for entry in entries if entry.slug == tenant), None)
    if found is None:
        known = ", ".join(entry.slug for entry in entries)
        raise ConfigurationError(f"--tenant {tenant}", f"is none of the tenants in {tenants}: {known}")
    return found


def _header(entry: TenantEntry, now: float) -> dict[str, Any]:
    tenant = entry.document.tenant
    return {
        "at": datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds"),
        "tenant": {"id": tenant.id, "slug": tenant.slug},
        "store": "postgres" if entry.credentials.current().database_url else "sqlite",
    }


@asynccontextmanager
async def reading(settings: Settings, entry: TenantEntry) -> AsyncIterator[Place]:
    """A tenant's rows as they are now, whoever goes on writing.

    Raises:
        ConfigurationError: its role is not the tenant's.
        StoreUnavailable: it cannot be read.
    """
    dsn = entry.credentials.current().database_url
    if dsn is None:
        with snapshot(file_of(settings.paths()[2], entry)) as file:
            yield file
        return
    from switchboard_runtime.backup.postgres import reading  # noqa: PLC0415  # brings a driver

    async with reading(dsn, entry.document.tenant.id) as place:
        yield place


@asynccontextmanager
async def _written(
    settings: Settings, entry: TenantEntry, file: BackupFile, *, force: bool, admin_dsn: str | None
) -> AsyncIterator[Place]:
    dsn = entry.credentials.current().database_url
    if dsn is None:
        with _new_file(settings.paths()[2], entry, force=force) as place:
            yield place
        return
    if not admin_dsn:
        raise ConfigurationError("SWITCHBOARD_ADMIN_DSN", "is empty; to restore into PostgreSQL takes an administrator")
    from switchboard_runtime.backup.postgres import writing  # noqa: PLC0415  # brings a driver

    tenant = entry.document.tenant.id
    async with writing(dsn, tenant, admin_dsn=admin_dsn, highest=highest(file), erase=force) as rows:
        if force:
            await rows.empty()
        elif not await is_empty(rows):
            raise Conflict(f"tenant {entry.slug} has rows in its database; use --force to replace them")
        yield rows


@contextmanager
def _new_file(data_dir: Path, entry: TenantEntry, *, force: bool) -> Iterator[SqlitePlace]:
    path = file_of(data_dir, entry)
    data_dir.mkdir(parents=True, exist_ok=True)
    with OwnerLock(data_dir, "restore") as lock:
        if lock.living():
            raise ConfigurationError(data_dir, "a runtime serves from this folder; stop it first")
        if path.exists() and not force:
            raise Conflict(f"{path} is there; use --force to replace it")
        with new_file(path) as place:
            yield place
