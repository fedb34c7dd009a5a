"""The audit log: whatever is done to its rows behind its back, it is found, and where."""

from __future__ import annotations

import itertools
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard_runtime.people import Audit, Head
from switchboard_runtime.people import audit as module
from switchboard_runtime.store import SqliteStore, Writer
from tests.unit.runtime.kit import TurnedClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from switchboard_runtime.people import Verdict

COLUMNS = ("id", "at", "actor", "action", "subject", "details", "prev", "hash")


class Log:
    """A log in a file, and a thief with the file."""

    def __init__(self, folder: Path, writer: Writer) -> None:
        ids = itertools.count(1)
        self.path = folder / "tenant.sqlite3"
        self.clock = TurnedClock()
        store = SqliteStore(
            path=self.path, writer=writer, clock=self.clock, new_id=lambda: f"o{next(ids)}", owner="p", lease=20.0
        )
        self.audit = Audit(store=store, clock=self.clock, new_id=lambda: f"id{next(ids)}")

    async def filled(self, count: int) -> Log:
        """With entries of several people."""
        for number in range(count):
            self.clock.turn(0.1)
            act = self.audit.act(
                "Ana" if number % 2 else "José \ud800", "did", f"thing/{number}", number=number, ok=True
            )
            await self.audit.record(act)
        return self

    def meddle(self, *statements: tuple[str, tuple[object, ...]]) -> None:
        """Change the file from outside."""
        with sqlite3.connect(self.path) as db:
            for sql, values in statements:
                db.execute(sql, values)
        db.close()


@pytest.fixture
async def writer() -> AsyncIterator[Writer]:
    """A thread that writes."""
    one = Writer()
    yield one
    await one.close()


@pytest.fixture
async def log(tmp_path: Path, writer: Writer) -> Log:
    """A log of twelve entries."""
    return await Log(tmp_path, writer).filled(12)


async def test_a_log_that_nobody_touched_holds(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one reading and in slices; an empty one too."""
    monkeypatch.setattr(module, "_SLICE", 4)

    verdict = await log.audit.verify(known=await log.audit.head())

    assert (verdict.ok, verdict.entries, verdict.head) == (True, 12, await log.audit.head())


async def test_an_empty_log_holds(tmp_path: Path, writer: Writer) -> None:
    """With no head."""
    verdict = await Log(tmp_path, writer).audit.verify()

    assert (verdict.ok, verdict.entries, verdict.head) == (True, 0, Head())


async def meddled(count: int, statements: Callable[[int], list[tuple[str, tuple[object, ...]]]]) -> Verdict:
    """What a check finds after meddling with a log of ``count`` entries."""
    with TemporaryDirectory() as folder:
        writer = Writer()
        try:
            log = await Log(Path(folder), writer).filled(count)
            log.meddle(*statements(count))
            return await log.audit.verify()
        finally:
            await writer.close()


@settings(max_examples=40, deadline=None)
@given(st.data())
async def test_any_change_of_any_value_is_found_where_it_is(data: st.DataObject) -> None:
    """One character or many, also of the hashes themselves."""
    count = data.draw(st.integers(1, 8), "entries")
    place = data.draw(st.integers(1, count), "changed")
    column = data.draw(st.sampled_from(COLUMNS), "column")
    value: object = data.draw(st.floats(1, 1e9) if column == "at" else st.text("ab/0", max_size=5), "value")

    verdict = await meddled(count, lambda _: [(f"UPDATE audit SET {column} = ? WHERE seq = ?", (value, place))])

    assert (verdict.broken_at, verdict.problem in {"changed", "moved"}) == (place, True)


@settings(max_examples=40, deadline=None)
@given(st.data())
async def test_a_gap_is_found(data: st.DataObject) -> None:
    """Also one at the end, which the head tells, and one that the numbers were closed up over."""
    count = data.draw(st.integers(2, 8), "entries")
    place = data.draw(st.integers(1, count), "taken out")
    closed = data.draw(st.booleans(), "closed up")

    def statements(entries: int) -> list[tuple[str, tuple[object, ...]]]:
        taken = [("DELETE FROM audit WHERE seq = ?", (place,))]
        up = [("UPDATE audit SET seq = ? WHERE seq = ?", (seq - 1, seq)) for seq in range(place + 1, entries + 1)]
        return [*taken, *(up if closed else [])]

    verdict = await meddled(count, statements)

    assert (verdict.ok, verdict.broken_at) == (False, place)


@settings(max_examples=40, deadline=None)
@given(st.data())
async def test_two_entries_that_changed_places_are_found(data: st.DataObject) -> None:
    """At the first of them."""
    count = data.draw(st.integers(2, 8), "entries")
    first, second = sorted(data.draw(st.lists(st.integers(1, count), min_size=2, max_size=2, unique=True), "places"))

    verdict = await meddled(
        count,
        lambda _: [
            ("UPDATE audit SET seq = -1 WHERE seq = ?", (first,)),
            ("UPDATE audit SET seq = ? WHERE seq = ?", (first, second)),
            ("UPDATE audit SET seq = ? WHERE seq = -1", (second,)),
        ],
    )

    assert (verdict.ok, verdict.broken_at) == (False, first)


async def test_a_log_cut_short_with_its_head_is_found_by_a_head_seen_before(log: Log) -> None:
    """That is what metrics tell the head for."""
    known = await log.audit.head()
    (_, second) = (await log.audit.page(limit=2)).items
    log.meddle(
        ("DELETE FROM audit WHERE seq = 12", ()),
        ("UPDATE audit_head SET seq = 11, hash = ?", (second.hash,)),
    )

    assert (await log.audit.verify()).ok
    verdict = await log.audit.verify(known=known)
    assert (verdict.broken_at, verdict.problem) == (12, "cut off")


async def test_a_head_that_is_not_of_the_chain_is_found(log: Log) -> None:
    """As when the newest entries were replaced by others."""
    log.meddle(("UPDATE audit_head SET hash = ?", ("0" * 64,)))

    verdict = await log.audit.verify()

    assert (verdict.broken_at, verdict.problem) == (12, "changed")


async def test_a_chain_made_anew_is_found_by_a_head_seen_before(tmp_path: Path, writer: Writer, log: Log) -> None:
    """Though it holds in itself."""
    known = await log.audit.head()
    folder = tmp_path / "anew"
    folder.mkdir()
    anew = Log(folder, writer)
    anew.clock.turn(5)
    await anew.filled(13)

    verdict = await anew.audit.verify(known=known)

    assert (verdict.broken_at, verdict.problem) == (12, "changed")


async def test_entries_are_read_newest_first_by_pages(log: Log) -> None:
    """Each once."""
    seen, cursor = list[int](), None
    while True:
        page = await log.audit.page(limit=5, cursor=cursor)
        seen += [entry.seq for entry in page.items]
        cursor = page.next
        if cursor is None:
            break

    assert seen == list(range(12, 0, -1))
