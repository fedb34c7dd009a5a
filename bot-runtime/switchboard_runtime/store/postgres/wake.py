"""Wakes the processes of a tenant when one of them has stored something, and shows which of them live.

A notification says nothing of whom it is about: its channel is the tenant's own secret, its payload empty or one
fixed word. Of what was stored it is sent after the commit, on a connection of its own: inside the transaction it
would make all commits of the database wait for one another. One that is lost costs a poll. That a conversation
changed hands is rare and urgent: it is told inside the transaction that did it (:mod:`.watch`).

The same connection holds an advisory lock under the process's name, that ends with it: who holds leases and no
lock is dead.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from typing import TYPE_CHECKING, Any

from switchboard_runtime.errors import ConfigurationError
from switchboard_runtime.store.postgres.failures import FAILURES

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchboard_runtime.store.postgres.database import Database

__all__ = ["CHANGED", "Wake", "is_dead"]

CHANGED = "changed"
"""The payload that says: look whether what you are answering is still yours to answer."""

_TOGETHER = 0.02
_RECONNECT = 1.0


class Wake:
    """The listening connection.

    Args:
        database: makes it.
        owner: this process's name in leases.
    """

    def __init__(self, *, database: Database, owner: str) -> None:
        self._database = database
        self._owner = owner
        self._event = asyncio.Event()
        self._tell = False
        self._listener: Callable[[], None] = _nobody
        self._watcher: Callable[[], None] = _nobody
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Listen from now on."""
        connection = await self._connect()
        self._task = asyncio.create_task(self._run(connection), name="store wake")

    def listen(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` whenever another process stored something, or may have."""
        self._listener = listener

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call ``watcher`` whenever a conversation changed hands, in whichever process, or may have."""
        self._watcher = watcher

    def tell(self) -> None:
        """Wake the other processes, soon and all of a moment's news at once."""
        self._tell = True
        self._event.set()

    async def close(self) -> None:
        """Leave."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _connect(self) -> Any:
        connection = await self._database.connect()
        try:
            await connection.execute("SET synchronous_commit = off")  # it writes nothing but notifications
            await connection.fetchval("SELECT pg_try_advisory_lock($1)", _key(self._owner))
            await connection.add_listener(self._database.channel, self._heard)
            connection.add_termination_listener(self._ended)
        except BaseException:
            connection.terminate()
            raise
        return connection

    async def _run(self, connection: Any) -> None:
        while True:
            try:
                while not connection.is_closed():
                    await self._event.wait()
                    await asyncio.sleep(_TOGETHER)
                    self._event.clear()
                    if self._tell and not connection.is_closed():
                        self._tell = False
                        await connection.execute("SELECT pg_notify($1, '')", self._database.channel)
            except FAILURES:
                self._tell = True
            finally:
                connection.terminate()
            self._listener()  # who claims now learns that the server is away, and is not ready
            connection = await self._reconnect()
            self._listener()
            self._watcher()

    async def _reconnect(self) -> Any:
        while True:
            with contextlib.suppress(ConfigurationError, *FAILURES):
                return await self._connect()
            await asyncio.sleep(_RECONNECT)

    def _heard(self, connection: Any, sender: int, _channel: str, payload: str) -> None:
        if payload == CHANGED:
            self._watcher()
        elif sender != connection.get_server_pid():
            self._listener()

    def _ended(self, _connection: Any) -> None:
        self._event.set()


async def is_dead(db: Any, owner: str) -> bool:
    """Whether a process that holds leases is gone."""
    free = bool(await db.fetchval("SELECT pg_try_advisory_lock($1)", _key(owner)))
    if free:
        await db.fetchval("SELECT pg_advisory_unlock($1)", _key(owner))
    return free


def _key(owner: str) -> int:
    return int.from_bytes(hashlib.sha256(owner.encode()).digest()[:8], "big", signed=True)


def _nobody() -> None:
    """Nobody listens yet."""
