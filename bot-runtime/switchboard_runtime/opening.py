"""Opens the stores of a directory's tenants: for the server, and for commands that work beside it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from switchboard_runtime.errors import ConfigurationError, StoreUnavailable
from switchboard_runtime.store import OwnerLock, SqliteStore, Writer

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AsyncExitStack
    from pathlib import Path

    from switchboard_runtime.clock import Clock
    from switchboard_runtime.config.directory import Directory, TenantEntry
    from switchboard_runtime.conversation import Policy
    from switchboard_runtime.store.postgres.store import PostgresStore

__all__ = ["Sources", "file_of", "open_stores"]

_MAX_WRITERS = 4


class Sources(Protocol):
    """What stores take from outside: see :class:`~switchboard_runtime.app.Ports`."""

    @property
    def clock(self) -> Clock:
        """Time."""
        ...

    @property
    def new_id(self) -> Callable[[], str]:
        """Makes unguessable ids."""
        ...


async def open_stores(
    stack: AsyncExitStack, directory: Directory, data_dir: Path, policy: Policy, ports: Sources, connections: int = 4
) -> dict[str, SqliteStore | PostgresStore]:
    """Open every tenant's store: its database if its credentials have one, else its file.

    Raises:
        ConfigurationError: one does not open.
    """
    files = [entry for entry in directory.entries if not entry.credentials.current().database_url]
    stores: dict[str, SqliteStore | PostgresStore] = {}
    stores.update(await _open_files(stack, files, data_dir, policy, ports))
    for entry in directory.entries:
        if entry not in files:
            stores[entry.slug] = await _open_database(stack, entry, policy, ports, connections)
    return stores


async def _open_files(
    stack: AsyncExitStack, entries: list[TenantEntry], data_dir: Path, policy: Policy, ports: Sources
) -> dict[str, SqliteStore]:
    """Open the file of each of these tenants, and release what a killed process held."""
    if not entries:
        return {}
    owner = ports.new_id()
    lock = stack.enter_context(OwnerLock(data_dir, owner))
    writers = [Writer(busy_timeout=policy.store_patience) for _ in range(min(_MAX_WRITERS, len(entries)))]
    for writer in writers:
        stack.push_async_callback(writer.close)
    stores = {
        entry.slug: SqliteStore(
            path=file_of(data_dir, entry),
            writer=writers[index % len(writers)],
            clock=ports.clock,
            new_id=ports.new_id,
            owner=owner,
            lease=policy.lease,
            bubble_wait=_bubble_wait(entry, policy),
        )
        for index, entry in enumerate(entries)
    }
    dead = lock.dead()
    try:
        await asyncio.gather(*(_take_over(store, dead) for store in stores.values()))
    except StoreUnavailable as error:
        raise ConfigurationError(data_dir, f"a store does not open: {error}") from error
    for other in dead:
        lock.forget(other)
    return stores


async def _take_over(store: SqliteStore, dead: tuple[str, ...]) -> None:
    """Open the file, and release what dead processes held in it; the writers do that for several files at once."""
    await store.queues()
    for owner in dead:
        await store.release(owner)


async def _open_database(
    stack: AsyncExitStack, entry: TenantEntry, policy: Policy, ports: Sources, connections: int
) -> PostgresStore:
    """Connect as the tenant's own role."""
    from switchboard_runtime.store.postgres.database import Database  # noqa: PLC0415  # brings a driver
    from switchboard_runtime.store.postgres.store import PostgresStore  # noqa: PLC0415

    database = Database(
        dsn=lambda: entry.credentials.current().database_url or "",
        tenant=entry.document.tenant.id,
        size=connections,
        patience=policy.store_patience,
    )
    store = PostgresStore(
        database=database,
        clock=ports.clock,
        new_id=ports.new_id,
        owner=ports.new_id(),
        lease=policy.lease,
        bubble_wait=_bubble_wait(entry, policy),
    )
    stack.push_async_callback(store.close)
    try:
        await store.open()
    except StoreUnavailable as error:
        raise ConfigurationError(f"{entry.slug}/databaseUrl", f"the store does not open: {error}") from None
    except ConfigurationError as error:
        raise ConfigurationError(f"{entry.slug}/{error.where}", *error.problems) from None
    return store


def _bubble_wait(entry: TenantEntry, policy: Policy) -> float:
    """How long a reply waits for the report on the one before it."""
    given = entry.document.bubble_seconds
    return policy.bubble_wait if given is None else given


def file_of(data_dir: Path, entry: TenantEntry) -> Path:
    """A tenant's file; with the id in its name, since a slug used again must not open its last owner's."""
    return data_dir / f"{entry.slug}.{entry.document.tenant.id}.sqlite3"
