"""A tenant's rows in PostgreSQL as a backup's source or goal.

They are read as the tenant's own role. To put them back takes an administrator too: numbers that the database hands out
must be higher than those of the file, and a tenant's role may not take away what is there.
"""

from __future__ import annotations

import errno
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from switchboard_runtime.backup.places import AT_ONCE, select
from switchboard_runtime.backup.tables import ORDER, PASSING, TABLES
from switchboard_runtime.errors import ConfigurationError, StoreUnavailable
from switchboard_runtime.store.postgres.admin import administration, as_owner
from switchboard_runtime.store.postgres.database import Database
from switchboard_runtime.store.postgres.failures import FAILURES, describe
from switchboard_runtime.store.postgres.lanes import clean

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from switchboard_runtime.backup.tables import Table

__all__ = ["PostgresPlace", "reading", "writing"]

_SCHEMA = "switchboard."
_PATIENCE = 120.0
_RESERVE = 1000
"""Numbers left free above the highest, since others take some while it is set."""

_OF_A_FILE = frozenset({errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""What writing a file or stdout raises, and asyncio never does for a server's connection."""

_HEADS = (
    "UPDATE switchboard.work SET head = true WHERE tenant_id = $1 AND id IN (SELECT min(id) FROM switchboard.work"
    " WHERE tenant_id = $1 AND state = 'pending' GROUP BY conversation_id)",
    "UPDATE switchboard.outbox SET head = true WHERE tenant_id = $1 AND seq IN (SELECT min(seq) FROM switchboard.outbox"
    " WHERE tenant_id = $1 AND state IN ('queued', 'sending') GROUP BY conversation_id)",
)

_HEADED = frozenset({"work", "outbox"})


class PostgresPlace:
    """Implements :class:`~switchboard_runtime.backup.places.Place` on a connection in a transaction."""

    def __init__(self, connection: Any, tenant: int) -> None:
        self._db = connection
        self._tenant = tenant

    async def columns(self, table: str) -> tuple[str, ...]:
        """See :class:`Place`."""
        return tuple(sorted(name for name in await self._types(table) if name not in PASSING))

    async def rows(self, table: Table, columns: Sequence[str]) -> AsyncIterator[list[tuple[Any, ...]]]:
        """See :class:`Place`."""
        types = await self._types(table.name)
        flags = [types[name] == "boolean" for name in columns]
        order = tuple(f'{name} COLLATE "C"' if types[name] == "text" else name for name in table.key)
        sql = select(table, columns, order=order, schema=_SCHEMA, where=" WHERE tenant_id = $1")
        cursor = await self._db.cursor(sql, self._tenant)
        while found := await cursor.fetch(AT_ONCE):
            yield [
                tuple(int(one) if flag and one is not None else one for one, flag in zip(row, flags, strict=True))
                for row in found
            ]

    async def put(self, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """See :class:`Place`."""
        kinds = await self._kinds(table.name, columns)
        extra = {"tenant_id": self._tenant, **({"head": False} if table.name in _HEADED else {})}
        names = [*columns, *extra]
        marks = ", ".join(f"${number}" for number in range(1, len(names) + 1))
        overriding = " OVERRIDING SYSTEM VALUE" if table.counted else ""
        sql = f"INSERT INTO {_SCHEMA}{table.name} ({', '.join(names)}){overriding} VALUES ({marks})"  # noqa: S608
        await self._db.executemany(
            sql, [(*map(_as_kept, row, kinds), *extra.values()) for row in rows], timeout=_PATIENCE
        )

    def kept(self, row: Sequence[Any]) -> tuple[Any, ...]:
        """See :class:`Place`: PostgreSQL has no NUL in texts."""
        return tuple(clean(one) if isinstance(one, str) else one for one in row)

    async def empty(self) -> None:
        """See :class:`Place`."""
        for table in reversed(TABLES):
            await self._db.execute(f"DELETE FROM {_SCHEMA}{table.name} WHERE tenant_id = $1", self._tenant)  # noqa: S608

    async def finish(self) -> None:
        """See :class:`Place`; higher numbers are the administrator's (:func:`writing`)."""
        for statement in _HEADS:
            await self._db.execute(statement, self._tenant)

    async def _kinds(self, table: str, columns: Sequence[str]) -> list[str]:
        types = await self._types(table)
        return [types[name] for name in columns]

    async def _types(self, table: str) -> dict[str, str]:
        rows = await self._db.fetch(
            "SELECT attname AS name, format_type(atttypid, NULL) AS type FROM pg_catalog.pg_attribute"
            " WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
            _SCHEMA + table,
        )
        return {row["name"]: row["type"] for row in rows}


def _as_kept(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "boolean":
        return bool(value)
    return float(value) if kind == "double precision" else value


@asynccontextmanager
async def reading(dsn: str, tenant: str) -> AsyncIterator[PostgresPlace]:
    """The tenant's rows as they are now, whoever goes on writing.

    Raises:
        ConfigurationError: the role is not the tenant's.
        StoreUnavailable: the server does not answer.
    """
    async with (
        _connected(dsn, tenant) as (connection, number),
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        yield PostgresPlace(connection, number)


@asynccontextmanager
async def writing(
    dsn: str, tenant: str, *, admin_dsn: str, highest: Mapping[str, int], erase: bool
) -> AsyncIterator[PostgresPlace]:
    """The tenant's rows to be written, in one transaction that is done or not.

    Args:
        dsn: of the tenant's role.
        tenant: its id.
        admin_dsn: of the administrator.
        highest: the highest number of each table that the database counts.
        erase: what is there is to be taken away first.

    Raises:
        ConfigurationError: a role is not what it must be, or the tenant is being served.
        StoreUnavailable: the server does not answer.
    """
    async with _connected(dsn, tenant) as (connection, number):
        role = str(await connection.fetchval("SELECT current_user"))
        serving = await connection.fetchval(
            "SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()"
        )
        if serving:
            raise ConfigurationError("databaseUrl", f"{serving} sessions use this tenant; stop the runtime first")
        async with administration(admin_dsn) as admin, as_owner(admin):
            await _count_on(admin, highest)
            if erase:
                await admin.execute(f"GRANT DELETE ON {_all()} TO {role}")
            try:
                async with connection.transaction():
                    yield PostgresPlace(connection, number)
            finally:
                if erase:
                    await admin.execute(f"REVOKE DELETE ON {_all()} FROM {role}")


async def _count_on(admin: Any, highest: Mapping[str, int]) -> None:
    for name, number in highest.items():
        column = ORDER[name].counted
        sequence = await admin.fetchval(f"SELECT pg_get_serial_sequence('{_SCHEMA}{name}', '{column}')")
        last = await admin.fetchval(f"SELECT last_value FROM {sequence}")  # noqa: S608  # the database's own name
        if last <= number:
            await admin.execute("SELECT setval($1::text::regclass, $2)", sequence, number + _RESERVE)


def _all() -> str:
    return ", ".join(f"{_SCHEMA}{table.name}" for table in TABLES)


@asynccontextmanager
async def _connected(dsn: str, tenant: str) -> AsyncIterator[tuple[Any, int]]:
    database = Database(dsn=lambda: dsn, tenant=tenant, size=1, patience=_PATIENCE)
    try:
        connection = await database.connect()
    except FAILURES as error:
        raise StoreUnavailable(describe(error)) from None
    try:
        yield connection, database.tenant_id
    except FAILURES as error:
        if isinstance(error, OSError) and error.errno in _OF_A_FILE:
            raise
        raise StoreUnavailable(describe(error)) from None
    finally:
        await connection.close(timeout=5.0)
