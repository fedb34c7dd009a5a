"""Two processes of ``switchboard-runtime serve`` on one folder, as in a rolling update that never ends.

The first is the product as it is. The second has turns that outlast their leases, so that the first takes its work
over while it still works: fences are what keeps that from being answered twice.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

    from dev.chaos.stores import Store

__all__ = ["Fleet", "Process", "a_fleet"]

_START = 120.0


class Process:
    """One place in the fleet, whoever stands there just now."""

    def __init__(
        self, root: Path, port: int, *, changes: Sequence[str], store: Store, settings: Mapping[str, str]
    ) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._root = root
        self._store = store
        self._environment = {**os.environ, **settings}
        module = ["dev.chaos.runtime", ",".join(changes)] if changes else ["switchboard_runtime"]
        self._command = [sys.executable, "-m", *module, "serve", "--listen", f"127.0.0.1:{port}"]
        self._process: asyncio.subprocess.Process | None = None
        self._copying: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        return self._process.pid if self._process else 0

    async def start(self) -> None:
        """Start it, whatever the store is like."""
        self._process = await asyncio.create_subprocess_exec(
            *self._command, env=self._environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        self._copying = asyncio.create_task(self._copy(self._process))
        self._store.started(self._process.pid)

    async def _copy(self, process: asyncio.subprocess.Process) -> None:
        """The log goes through a pipe, so that a limit on files does not meet it."""
        if process.stdout is None:
            return
        with (self._root / "runtime.log").open("ab") as file:
            while block := await process.stdout.read(65_536):
                file.write(block)

    async def kill(self) -> None:
        """SIGKILL."""
        if self._process and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()
        if self._copying:
            await self._copying

    async def ready(self, session: aiohttp.ClientSession) -> None:
        """Wait until it answers; start it anew if it could not start, as a kubelet would."""
        async with asyncio.timeout(_START):
            while not await self._answers(session):
                if self._process is None or self._process.returncode is not None:
                    await self.start()
                await asyncio.sleep(0.05)

    async def _answers(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"{self.url}/healthz") as reply:
                return reply.status == 200
        except aiohttp.ClientError:
            return False


class Fleet:
    """The processes, and what is done to them."""

    def __init__(self, processes: list[Process], session: aiohttp.ClientSession) -> None:
        self.processes = processes
        self.kills = 0
        self._session = session

    @property
    def pids(self) -> list[int]:
        """Of the processes that run."""
        return [one.pid for one in self.processes]

    async def start(self) -> None:
        """Start all."""
        for process in self.processes:
            await process.start()
            await process.ready(self._session)

    async def kill(self, chance: random.Random) -> None:
        """Kill one of them, or all at once, and start it again."""
        chosen = chance.choice([[one] for one in self.processes] + [self.processes])
        self.kills += len(chosen)
        await asyncio.gather(*(one.kill() for one in chosen))
        for one in chosen:
            await one.start()
        await asyncio.gather(*(one.ready(self._session) for one in chosen))

    async def revive(self) -> None:
        """Start whoever is dead, and wait for all."""
        await asyncio.gather(*(one.ready(self._session) for one in self.processes))

    async def stop(self) -> None:
        """Kill all for good."""
        await asyncio.gather(*(one.kill() for one in self.processes))


@asynccontextmanager
async def a_fleet(
    root: Path,
    ports: list[int],
    session: aiohttp.ClientSession,
    store: Store,
    *,
    changes: Sequence[str],
    settings: Mapping[str, str],
) -> AsyncIterator[Fleet]:
    """The fleet, running; ``changes`` are made to all of it, and all but the first are slow."""
    changed = [list(changes)] + [["slow", *changes]] * (len(ports) - 1)
    processes = [
        Process(root, port, changes=how, store=store, settings=settings)
        for port, how in zip(ports, changed, strict=True)
    ]
    fleet = Fleet(processes, session)
    try:
        await fleet.start()
        yield fleet
    finally:
        await fleet.stop()
