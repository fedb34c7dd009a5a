"""A store that did not keep something says so until it has kept something: a full file is really filled and freed."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import threading
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard_runtime.errors import StoreUnavailable
from switchboard_runtime.store import Inbound, SqliteStore, Writer
from tests.unit.runtime.kit import TurnedClock, eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.unit.runtime.kit import Caller

FULL = "database or disk is full"
_ROOM = 2**30
"""Pages of a file at most, as SQLite has it."""


@dataclass
class Scene:
    """A store whose file can be full."""

    store: SqliteStore
    writer: Writer
    path: Path
    clock: TurnedClock
    trials: list[str] = field(default_factory=list)
    written: int = 0

    async def limit(self, *, full: bool) -> None:
        """From now on no page can be added, or some can."""

        def job(db: sqlite3.Connection) -> None:
            db.execute(f"PRAGMA max_page_count = {1 if full else _ROOM}")
            db.set_trace_callback(lambda text: self.trials.append(text) if text.startswith("INSERT INTO api") else None)

        await self.writer.run(self.path, job)

    async def write(self) -> bool:
        """A contact writes at length; whether it was kept."""
        self.written += 1
        try:
            await self.store.accept(message(self.written))
        except StoreUnavailable:
            return False
        return True


def message(number: int) -> Inbound:
    """One that needs pages of its own."""
    return Inbound(
        provider="twilio",
        account="AC",
        sid=f"SM{number}",
        channel="sms",
        own="+9",
        contact="+1",
        text="x" * 20_000,
        fields=(),
        trace="t",
        received_at=1.0,
    )


@asynccontextmanager
async def a_scene() -> AsyncIterator[Scene]:
    """A new file."""
    with tempfile.TemporaryDirectory(prefix="writes-", dir="/dev/shm") as folder:
        writer, path, clock = Writer(busy_timeout=0.05), Path(folder) / "t.sqlite3", TurnedClock()
        store = SqliteStore(path=path, writer=writer, clock=clock, new_id=lambda: "o", owner="p", lease=20.0)
        scene = Scene(store, writer, path, clock)
        await scene.limit(full=False)
        try:
            yield scene
        finally:
            await writer.close()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["write", "write", "ask", "ask", "fill", "free", "second"]), max_size=30))
def test_a_failure_counts_until_a_write_went_well_and_is_looked_into_once_a_second(happenings: list[str]) -> None:
    """Whatever happens in whatever order: a file that takes nothing is never called well after something was lost."""
    asyncio.run(_happen(happenings))


async def _happen(happenings: list[str]) -> None:
    async with a_scene() as scene:
        lost = hopeless = False
        looked_at = -1.0
        for happening in happenings:
            if happening == "second":
                scene.clock.turn(1.0)
            elif happening == "write":
                hopeless = not await scene.write()  # what it tries itself is longer
                lost |= hopeless
            elif happening == "ask":
                before = len(scene.trials)
                told = await scene.store.writes.ask()
                looked = len(scene.trials) > before
                assert looked == (lost and scene.clock.now() >= looked_at + 1.0)
                looked_at = scene.clock.now() if looked else looked_at
                assert told is None if not lost else told is not None or looked
                assert FULL in (told or FULL)
                assert not (hopeless and told is None)
                lost = told is not None
            else:
                hopeless = hopeless and happening == "fill"
                await scene.limit(full=happening == "fill")
            assert (scene.store.writes.failure is not None) == lost
        await scene.limit(full=False)
        scene.clock.turn(1.0)
        assert await scene.store.writes.ask() is None
        assert await scene.write()


async def test_a_write_that_fails_while_another_is_tried_counts() -> None:
    """The one that went well was before it."""
    async with a_scene() as scene:
        door = threading.Event()
        held = asyncio.create_task(scene.writer.run(scene.path, lambda _db: door.wait()))
        scene.store.writes.failed(StoreUnavailable("once"))
        asked = asyncio.create_task(scene.store.writes.ask())
        for _ in range(5):
            await asyncio.sleep(0)  # so that it has begun, behind the door
        scene.store.writes.failed(StoreUnavailable("and again"))
        door.set()

        assert await held
        assert await asked == "and again"
        scene.clock.turn(1.0)
        assert await scene.store.writes.ask() is None


async def test_all_who_ask_at_once_share_one_write() -> None:
    """However many look whether it is ready."""
    async with a_scene() as scene:
        scene.store.writes.failed(StoreUnavailable("once"))

        assert await asyncio.gather(*(scene.store.writes.ask() for _ in range(10))) == [None] * 10
        assert len(scene.trials) == 1


async def test_nothing_stays_of_what_was_written_to_find_out() -> None:
    """Not in the file, and not in a backup of it."""
    async with a_scene() as scene:
        scene.store.writes.failed(StoreUnavailable("once"))
        await scene.store.writes.ask()

        left = await scene.writer.run(scene.path, lambda db: db.execute("SELECT * FROM api_request").fetchall())
    assert left == []


async def test_a_runtime_whose_store_kept_nothing_is_not_ready_until_it_does(
    caller: Caller, root: Path, clock: TurnedClock
) -> None:
    """The probe finds that out by itself, and says what fails; outside it says no more than whether."""
    [file] = (root / "data").glob("*.sqlite3")
    public = {"Host": "muebles-sur.bots.example.com"}
    before = await eventually(partial(_ready, caller))
    with closing(sqlite3.connect(file, isolation_level=None)) as blocker:
        blocker.execute("BEGIN IMMEDIATE")
        refused = await caller.say()
        inside, outside = await _told(caller), await _told(caller, **public)
    within_the_second = await _told(caller)
    clock.turn(1.0)

    assert before
    assert refused.status == 503
    assert inside[0] == 503
    assert "muebles-sur: the store takes no writes: " in inside[1]
    assert "database is locked" in inside[1]
    assert outside == (503, "not ready\n")
    assert within_the_second[0] == 503
    assert await eventually(partial(_ready, caller))


async def _told(caller: Caller, **headers: str) -> tuple[int, str]:
    async with caller.session.get(caller.base + "/readyz", headers=headers) as reply:
        return reply.status, await reply.text()


async def _ready(caller: Caller) -> bool:
    return await _told(caller) == (200, "ok\n")
