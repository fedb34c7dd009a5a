"""The writer's thread: many jobs in one transaction, each kept whole or not at all."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard_runtime.errors import StoreUnavailable
from switchboard_runtime.store import Writer

if TYPE_CHECKING:
    from collections.abc import Callable

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
