"""Where the tenant is kept, and what befalls it there: a disk that fills, a server that stops, crashes and hangs up.

Each harm ends by itself: when ``harm`` has returned, the store can be used again.
"""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Literal, Protocol

import asyncpg  # type: ignore[import-untyped]

from dev.chaos.disk import a_disk
from dev.postgres import Wire, new_database, running_server, tenant_dsn

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from dev.chaos.disk import Disk
    from dev.postgres import Server

__all__ = ["KINDS", "Store", "a_store"]

KINDS = ("sqlite", "postgres")

_WAITING = """
SELECT (SELECT count(*) FROM {schema}work WHERE state = 'pending')
     + (SELECT count(*) FROM {schema}outbox WHERE state IN ('queued', 'sending'))
"""
_CUT = 60
"""Commits of which one breaks its connection: in turns before the server has it, and after it was done."""

_BREAKS: Mapping[int, Literal["before", "after"]] = {0: "before", _CUT: "after"}


class Store(Protocol):
    """One store under trial.

    Attributes:
        name: of its kind.
        folder: the runtime's data folder.
        secrets: what the tenant's credentials need besides Twilio's.
        every: seconds between two harms.
    """

    name: str
    folder: Path
    secrets: Mapping[str, str]
    every: float

    @property
    def harms(self) -> Mapping[str, int]:
        """What was done to it so far, and how often; every kind is there from the start."""

    def started(self, process: int) -> None:
        """A process was started: what holds for the others holds for it."""

    async def harm(self, processes: list[int], /) -> None:
        """Do it harm for a while; return when it is over."""

    async def waiting(self) -> int:
        """Messages and replies that are not done."""


class FileStore:
    """SQLite on a disk that fills.

    Args:
        disk: the disk.
        away: seconds for which it is full.
    """

    name = "sqlite"
    every = 12.0

    def __init__(self, disk: Disk, *, away: float) -> None:
        self.folder = disk.folder
        self.secrets: Mapping[str, str] = {}
        self._disk = disk
        self._away = away
        self._filled = 0

    @property
    def harms(self) -> Mapping[str, int]:
        """How often it was full, and how that was done."""
        return {f"disk full ({self._disk.kind})": self._filled}

    def started(self, process: int) -> None:
        """The limit of a full disk holds for it too."""
        self._disk.limit(process)

    async def harm(self, processes: list[int]) -> None:
        """Nothing can be written for a while."""
        self._filled += 1
        self._disk.fill(processes)
        await asyncio.sleep(self._away)
        self._disk.free(processes)

    async def waiting(self) -> int:
        """Read beside the runtime."""
        [file] = self.folder.glob("*.sqlite3")
        db = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5)
        try:
            return int(db.execute(_WAITING.format(schema="")).fetchone()[0])
        finally:
            db.close()


class ServerStore:
    """PostgreSQL that is stopped, crashes, ends sessions, and whose cable breaks at commits.

    Args:
        folder: the runtime's data folder, not used by such a tenant.
        server: the server.
        wire: the cable to it.
        dsn: the tenant's, through the cable.
        chance: what happens when.
        away: seconds for which it is away at most; after the first crash, it is.
    """

    name = "postgres"
    every = 4.0

    def __init__(
        self, folder: Path, *, server: Server, wire: Wire, dsn: str, chance: random.Random, away: float
    ) -> None:
        self.folder = folder
        self.secrets: Mapping[str, str] = {"databaseUrl": dsn}
        self._done = dict.fromkeys(("sessions ended", "server crashed", "server stopped"), 0)
        self._server = server
        self._wire = wire
        self._database = dsn.rpartition("/")[2]
        self._chance = chance
        self._away = away

    @property
    def harms(self) -> Mapping[str, int]:
        """With what the cable did by itself."""
        return {**self._done, "commits cut": self._wire.broken}

    def started(self, process: int) -> None:
        """Nothing holds for it."""

    async def harm(self, _processes: list[int], /) -> None:
        """Stop or crash the server and start it after a while, or end all sessions; each in turn at first."""
        first = next((name for name in self._done if not self._done[name]), None)
        name = first or self._chance.choice(list(self._done))
        self._done[name] += 1
        if name == "sessions ended":
            await self._end_sessions()
            return
        await asyncio.to_thread(self._server.stop, "fast" if name == "server stopped" else "immediate")
        await asyncio.sleep(self._away * (1.0 if first == "server crashed" else self._chance.random() ** 2))
        await asyncio.to_thread(self._server.start)

    async def _end_sessions(self) -> None:
        connection = await asyncpg.connect(self._server.root)
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1::text::name", self._database
        )
        await connection.close()

    async def waiting(self) -> int:
        """Read as the superuser, who sees all."""
        connection = await asyncpg.connect(self._server.root_of(self._database))
        try:
            return int(await connection.fetchval(_WAITING.format(schema="switchboard.")))
        finally:
            await connection.close()


@asynccontextmanager
async def a_store(
    kind: str, root: Path, *, tenant: str, mount: bool, away: float, chance: random.Random
) -> AsyncIterator[Store]:
    """A store of a kind, gone at the end.

    Args:
        kind: of ``KINDS``.
        root: where the runtime's data folder is made.
        tenant: its id.
        mount: whether a small disk may be mounted.
        away: seconds for which it cannot be used, at most.
        chance: what happens when.
    """
    if kind == "sqlite":
        with a_disk(root / "data", mount=mount) as disk:
            yield FileStore(disk, away=away)
        return
    (root / "data").mkdir()
    with running_server() as server:
        dsn = await tenant_dsn(await new_database(server), tenant)
        commits = itertools.count(1)
        wire = Wire(server.port, decide=lambda: _BREAKS.get(next(commits) % (2 * _CUT)))
        async with wire.strung(dsn) as through:
            yield ServerStore(root / "data", server=server, wire=wire, dsn=through, chance=chance, away=away)
