"""Connections of one tenant's role, and transactions on them that are tried again while that is safe."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg  # type: ignore[import-untyped]

from switchboard_runtime.errors import ConfigurationError, StoreUnavailable
from switchboard_runtime.store.postgres.dsn import checked
from switchboard_runtime.store.postgres.failures import FAILURES, describe, is_refused, is_transient
from switchboard_runtime.store.postgres.versions import refusal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["Database", "Rejected"]

Result = TypeVar("Result")

_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 0.5
_IDLE_CONNECTION = 60.0
_CLOSING = 5.0

_WHO = """
SELECT t.id, t.name, t.channel, v.version, v.oldest_program, p.rolsuper OR p.rolbypassrls AS unbound,
       current_setting('synchronous_commit') AS durability
FROM switchboard.schema_version AS v CROSS JOIN pg_catalog.pg_roles AS p
LEFT JOIN switchboard.tenant_role AS r ON r.role = p.rolname LEFT JOIN switchboard.tenant AS t ON t.id = r.tenant_id
WHERE p.rolname = current_user
"""


class Rejected(StoreUnavailable):
    """The server refuses this very write; trying again does not help."""


class Database:
    """The pool of one tenant.

    Args:
        dsn: gives where and as whom to connect, TLS options among it; asked for each new connection, so that a
            rotation needs no restart.
        tenant: the id that the role must belong to.
        size: connections at most, beside the one that listens.
        patience: seconds to try before a write is refused; also the longest a statement may take.
    """

    def __init__(self, *, dsn: Callable[[], str], tenant: str, size: int = 4, patience: float = 5.0) -> None:
        self._dsn = dsn
        self._tenant = tenant
        self._patience = patience
        self._pool = asyncpg.create_pool(
            min_size=0,
            max_size=size,
            connect=self._connect,
            reset=_as_it_is,
            max_inactive_connection_lifetime=_IDLE_CONNECTION,
        )
        self.tenant_id = 0
        self.channel = ""

    async def open(self) -> None:
        """Connect once; a server that starts or restarts is waited for, as long as patience lasts.

        Raises:
            ConfigurationError: role, right or schema is not what this tenant needs.
            StoreUnavailable: the server does not answer.
        """
        await self._pool
        loop = asyncio.get_running_loop()
        deadline, pause = loop.time() + self._patience, _FIRST_PAUSE
        while True:
            try:
                connection = await self.connect()
                break
            except FAILURES as error:
                if is_refused(error):
                    raise ConfigurationError("databaseUrl", f"{describe(error)}; see docs/postgres.md") from None
                if not is_transient(error) or loop.time() + pause >= deadline:
                    raise StoreUnavailable(describe(error)) from None
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        await connection.close(timeout=_CLOSING)

    async def connect(self) -> Any:
        """One connection outside the pool, checked like those in it."""
        return await self._connect()

    async def run(self, act: Callable[[Any, bool], Awaitable[Result]]) -> Result:
        """Do ``act`` on a connection until it is done, for as long as patience lasts.

        ``act`` is told whether a try before may have been committed without our knowing: it then has to find out.

        Raises:
            StoreUnavailable: it was not done, or nobody can say.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience
        pause, again = _FIRST_PAUSE, False
        while True:
            try:
                async with self._pool.acquire(timeout=max(0.1, deadline - loop.time())) as connection:
                    return await act(connection, again)
            except ConfigurationError as error:
                raise StoreUnavailable(str(error)) from None
            except FAILURES as error:
                if not is_transient(error):
                    raise Rejected(describe(error)) from None
                if loop.time() + pause >= deadline:
                    raise StoreUnavailable(describe(error)) from None
                again = True
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def terminate(self) -> None:
        """Drop all connections at once, as the kernel does for the dead."""
        self._pool.terminate()

    async def close(self) -> None:
        """Let go of the server."""
        try:
            async with asyncio.timeout(_CLOSING):
                await self._pool.close()
        except FAILURES:
            self._pool.terminate()

    async def _connect(self, *_arguments: object, **extra: Any) -> Any:
        """A connection whose settings are pinned and whose role is this tenant's."""
        milliseconds = str(int(self._patience * 1000))
        connection = await asyncpg.connect(
            checked("databaseUrl", self._dsn()),
            timeout=self._patience,
            command_timeout=self._patience,
            server_settings={
                "application_name": "switchboard-runtime",
                "search_path": "switchboard, pg_temp",
                "statement_timeout": milliseconds,
                "lock_timeout": milliseconds,
                "idle_in_transaction_session_timeout": milliseconds,
                "default_transaction_isolation": "read committed",
                "jit": "off",
            },
            **{name: extra[name] for name in ("loop", "connection_class", "record_class") if name in extra},
        )
        try:
            self._recognise(await connection.fetchrow(_WHO))
        except BaseException:
            connection.terminate()
            raise
        return connection

    def _recognise(self, who: Any) -> None:
        """Refuse a role that sees more or other than this tenant, and a schema that is not ours."""
        if who is None or who["unbound"]:
            raise ConfigurationError("databaseUrl", "the role is above row-level security; use the tenant's own")
        if who["name"] != self._tenant:
            raise ConfigurationError("databaseUrl", "the role is not this tenant's; make one with tenant-role create")
        if who["durability"] == "off":
            raise ConfigurationError("databaseUrl", "synchronous_commit is off; what is acknowledged must be durable")
        problem = refusal(who["version"], who["oldest_program"])
        if problem:
            raise ConfigurationError("databaseUrl", problem)
        self.tenant_id, self.channel = who["id"], who["channel"]


async def _as_it_is(_connection: Any) -> None:
    """Give a connection back without the round trip of a reset: we leave nothing behind on it."""
