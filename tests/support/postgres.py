"""A private PostgreSQL server for tests (:mod:`dev.postgres`), and a thief's plain connection to it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg  # type: ignore[import-untyped]

from dev.postgres import OLDEST, Server, Wire, binaries, new_database, run, running_server, tenant_dsn, with_role

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = [
    "OLDEST",
    "Server",
    "Wire",
    "binaries",
    "connected",
    "new_database",
    "run",
    "running_server",
    "tenant_dsn",
    "with_role",
]


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A plain connection, as a thief would open one."""
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()
