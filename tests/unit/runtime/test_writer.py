"""The writer's thread: many jobs in one transaction, each kept whole or not at all."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard_runtime.errors import StoreUnavailable
from switchboard_runtime.store import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

INSERT = "INSERT INTO callback (sid, status, received_at) VALUES (?, ?, 1.0)"


class Odd(Exception):
    """A job's own failure."""


def job(number: int, *, fails: str | None) -> Callable[[sqlite3.Connection], int]:
    """Writes two rows; fails between them, if at all."""

    def run(db: sqlite3.Connection) -> int:
        db.execute(INSERT, (str(number), "first"))
        if fails == "odd":
            raise Odd(number)
        if fails == "twice the same key":
            db.execute(INSERT, (str(number), "first"))
        db.execute(INSERT, (str(number), "second"))
        return number

    return run


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([None, None, None, "odd", "twice the same key"]), max_size=20))
def test_a_job_that_fails_is_undone_alone(fates: list[str | None]) -> None:
    """Those beside it in its transaction are kept, with their results."""
    with tempfile.TemporaryDirectory(prefix="writer-", dir="/dev/shm") as folder:
        path = Path(folder) / "t.sqlite3"
        results = asyncio.run(_run(path, [job(number, fails=fate) for number, fate in enumerate(fates)]))
        db = sqlite3.connect(path)
        rows = db.execute("SELECT sid, count(*) FROM callback GROUP BY sid ORDER BY CAST(sid AS INTEGER)").fetchall()
        db.close()

    kept = [number for number, fate in enumerate(fates) if fate is None]
    assert [one for one in results if isinstance(one, int)] == kept
    assert rows == [(str(number), 2) for number in kept]
    failures = {"odd": Odd, "twice the same key": sqlite3.IntegrityError}
    assert all(isinstance(one, failures[fate]) for one, fate in zip(results, fates, strict=True) if fate)


async def _run(path: Path, jobs: list[Callable[[sqlite3.Connection], int]]) -> list[int | BaseException]:
    writer = Writer()
    await writer.run(path, lambda _db: None)
    results = await asyncio.gather(*(writer.run(path, job) for job in jobs), return_exceptions=True)
    await writer.close()
    return results


async def test_what_waits_together_is_one_transaction(tmp_path: Path) -> None:
    """However many; none sees its result before all are durable."""
    writer = Writer()
    path = tmp_path / "t.sqlite3"
    await writer.run(path, lambda _db: None)
    commits: list[int] = []

    def slow(db: sqlite3.Connection) -> None:
        db.set_trace_callback(lambda text: commits.append(1) if text == "COMMIT" else None)

    await asyncio.gather(writer.run(path, slow), *(writer.run(path, job(number, fails=None)) for number in range(100)))
    await writer.run(path, lambda db: db.set_trace_callback(None))
    await writer.close()

    assert 1 <= len(commits) <= 4


async def test_a_file_that_cannot_be_opened_fails_its_own_jobs_alone(tmp_path: Path) -> None:
    """Another file's job in the same batch is done."""
    writer = Writer()
    bad, good = tmp_path / "nowhere" / "t.sqlite3", tmp_path / "t.sqlite3"

    results = await asyncio.gather(
        writer.run(bad, job(1, fails=None)), writer.run(good, job(2, fails=None)), return_exceptions=True
    )
    await writer.close()

    assert isinstance(results[0], StoreUnavailable)
    assert results[1] == 2


async def test_a_backlog_that_is_full_refuses_and_a_closed_writer_too(tmp_path: Path) -> None:
    """So that a slow disk answers 5xx instead of filling the memory."""
    writer = Writer(max_backlog=3)
    path = tmp_path / "t.sqlite3"

    results = await asyncio.gather(
        *(writer.run(path, job(number, fails=None)) for number in range(200)), return_exceptions=True
    )
    await writer.close()

    assert any(isinstance(one, StoreUnavailable) for one in results)
    assert all(isinstance(one, (int, StoreUnavailable)) for one in results)
    with pytest.raises(StoreUnavailable, match="closed"):
        await writer.run(path, job(1000, fails=None))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([None, None, None, "odd"]), min_size=1, max_size=20))
def test_jobs_that_run_together_fail_alone(fates: list[str | None]) -> None:
    """One that fails is undone by itself; the others are kept, each with its own result."""
    with tempfile.TemporaryDirectory(prefix="writer-", dir="/dev/shm") as folder:
        path = Path(folder) / "t.sqlite3"
        results = asyncio.run(_run_together(path, list(enumerate(fates))))
        db = sqlite3.connect(path)
        rows = [int(sid) for (sid,) in db.execute("SELECT sid FROM callback ORDER BY CAST(sid AS INTEGER)")]
        db.close()

    kept = [number for number, fate in enumerate(fates) if fate is None]
    assert rows == kept
    assert [one for one in results if isinstance(one, int)] == kept
    assert all(isinstance(one, int if fate is None else Odd) for one, fate in zip(results, fates, strict=True))


def together(db: sqlite3.Connection, given: Sequence[tuple[int, str | None]]) -> list[int]:
    """Writes a row for each; fails in the middle, if one is odd."""
    for number, fate in given:
        if fate == "odd":
            raise Odd(number)
        db.execute(INSERT, (str(number), "first"))
    return [number for number, _ in given]


async def _run_together(path: Path, given: list[tuple[int, str | None]]) -> list[int | BaseException]:
    writer = Writer()
    await writer.run(path, lambda _db: None)
    results = await asyncio.gather(
        *(writer.run_with_others(path, together, one) for one in given), return_exceptions=True
    )
    await writer.close()
    return results


async def test_what_runs_together_is_asked_once_for_all_that_wait(tmp_path: Path) -> None:
    """However many."""
    writer = Writer()
    path = tmp_path / "t.sqlite3"
    asked: list[int] = []

    def count(_db: sqlite3.Connection, given: Sequence[int]) -> Sequence[int]:
        asked.append(len(given))
        return given

    blocked = threading.Event()
    first = asyncio.ensure_future(writer.run(path, lambda _db: blocked.wait()))
    await asyncio.sleep(0)
    waiting = [asyncio.ensure_future(writer.run_with_others(path, count, number)) for number in range(50)]
    await asyncio.sleep(0)
    blocked.set()
    await first
    results = await asyncio.gather(*waiting)
    await writer.close()

    assert results == list(range(50))
    assert sum(asked) == 50
    assert len(asked) <= 2
