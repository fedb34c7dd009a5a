"""A tenant's SQLite file, whoever made it and whatever happens meanwhile, has the newest schema and its rows."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import logging
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from switchboard_runtime.errors import StoreUnavailable
from switchboard_runtime.store import Writer
from switchboard_runtime.store.migrations.generate import main as generate
from switchboard_runtime.store.migrations.upgrading import revisions, upgrade
from switchboard_runtime.store.schema import NEWEST, migrate
from tests.support.sqlite_releases import (
    STEPS,
    accepted_by_the_last_release,
    as_release_left,
    write_as_the_first_release,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

OLD = tuple(range(1, STEPS + 1))
MADE = {
    1: "bfcace5392d751f8",
    2: "7c447a0ff44182f0",
    3: "07343ffe042d4ce3",
    4: "0a521d54c647fca1",
    5: "b65d86c4faa78283",
    6: "8e8eb62ab0c3828d",
    7: "e071bbe3a1125a3e",
    8: "94eda81e002f7245",
    9: "7c1758786b0f3a75",
    10: "374e94e5a118c332",
}
"""What the numbered steps of the releases before alembic made: digests, taken from the last of them."""


def opened(path: Path | str) -> closing[sqlite3.Connection]:
    """A connection as the writer makes it."""
    db = sqlite3.connect(path, isolation_level=None, timeout=5.0)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA foreign_keys = ON")
    return closing(db)


def made(db: sqlite3.Connection) -> list[str]:
    """All of the schema but alembic's table, in the order in which it stands, whitespace aside."""
    rows = db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE tbl_name <> 'alembic_version'")
    return [" ".join(" ".join(map(str, row)).split()) for row in rows]


def details(db: sqlite3.Connection) -> Iterator[tuple[object, ...]]:
    """What SQLite itself says of each table: columns, keys and indices."""
    for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall():
        for pragma in ("table_xinfo", "foreign_key_list", "index_list"):
            yield from ((table, pragma, *row) for row in db.execute(f"PRAGMA {pragma}({table})").fetchall())
        for _, index, *_ in db.execute(f"PRAGMA index_list({table})").fetchall():
            yield from ((table, index, *row) for row in db.execute(f"PRAGMA index_xinfo({index})").fetchall())


def stamps(db: sqlite3.Connection) -> tuple[int, list[tuple[str]]]:
    """The revision for the releases before alembic, and for alembic."""
    number = db.execute("PRAGMA user_version").fetchone()[0]
    return number, db.execute("SELECT version_num FROM alembic_version").fetchall()


def everything(path: Path) -> tuple[int, list[str]]:
    """The whole file as text, with its number."""
    with closing(sqlite3.connect(path)) as db:
        return db.execute("PRAGMA user_version").fetchone()[0], list(db.iterdump())


def rows(db: sqlite3.Connection) -> list[list[tuple[object, ...]]]:
    """What the first release wrote, as far as it knew of it."""
    return [
        db.execute("SELECT id, channel, own, contact FROM conversation ORDER BY id").fetchall(),
        db.execute("SELECT id, conversation_id, sid, text FROM message ORDER BY id").fetchall(),
        db.execute("SELECT id, message_id, state FROM work ORDER BY id").fetchall(),
        db.execute("SELECT seq, id, work_id, text, state FROM outbox ORDER BY seq").fetchall(),
    ]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a file may be made."""
    return tmp_path / "tenant.sqlite3"


def test_a_new_file_has_what_all_revisions_together_make(path: Path) -> None:
    """Though none of them is run: table for table, in the same order, and as SQLite understands them."""
    with opened(path) as new, closing(sqlite3.connect(":memory:", isolation_level=None)) as moved:
        migrate(new)
        upgrade(moved, f"{NEWEST:04}")

        assert made(new) == made(moved)
        assert sorted(details(new), key=str) == sorted(details(moved), key=str)
        assert stamps(new) == (NEWEST, [(f"{NEWEST:04}",)])
    assert generate(["--check"]) == 0


def test_revisions_are_one_line_and_the_newest_is_the_programs() -> None:
    """Numbered without gaps; none goes back."""
    line = [script.revision for script in reversed(list(revisions().walk_revisions()))]

    assert line == [f"{number:04}" for number in range(1, NEWEST + 1)]
    assert [script for script in revisions().walk_revisions() if hasattr(script.module, "downgrade")] == []


@pytest.mark.parametrize("number", OLD)
def test_a_revision_makes_what_the_release_with_its_number_made(number: int) -> None:
    """So a file of that release is taken as standing there; a revision that was released is never edited."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        upgrade(db, f"{number:04}")

        assert hashlib.sha256("\n".join(made(db)).encode()).hexdigest()[:16] == MADE[number]


@pytest.mark.parametrize("number", OLD)
def test_a_file_of_any_earlier_release_is_carried_over_with_its_rows(path: Path, number: int) -> None:
    """And is as a new one then, and served by the last release too."""
    with opened(path) as db, closing(sqlite3.connect(":memory:", isolation_level=None)) as new:
        as_release_left(db, number)
        write_as_the_first_release(db)
        before = rows(db)

        migrate(db)

        migrate(new)
        assert made(db) == made(new)
        assert sorted(details(db), key=str) == sorted(details(new), key=str)
        assert stamps(db) == stamps(new)
        assert rows(db) == before
        assert accepted_by_the_last_release(db) is (NEWEST == STEPS)


def test_a_file_that_the_last_release_moved_on_is_taken_where_it_stands(path: Path) -> None:
    """It tells SQLite's number alone; a file that was copied as SQL has lost that, and alembic's is true."""
    with opened(path) as db:
        migrate(db)
        newest = made(db)
        db.execute("UPDATE alembic_version SET version_num = '0007'")
        migrate(db)
        moved_on = stamps(db)
        db.execute("PRAGMA user_version = 0")
        migrate(db)

        assert moved_on == stamps(db) == (NEWEST, [(f"{NEWEST:04}",)])
        assert made(db) == newest


@pytest.mark.parametrize(
    "newer", [f"PRAGMA user_version = {NEWEST + 1}", f"UPDATE alembic_version SET version_num = '{NEWEST + 1:04}'"]
)
async def test_a_file_of_a_newer_program_is_refused_with_the_cure_and_left_alone(path: Path, newer: str) -> None:
    """Whoever reads the error knows which file, and what to do."""
    with opened(path) as db:
        migrate(db)
        db.execute(newer)
        expected = f"tenant.sqlite3: the file has schema {NEWEST + 1}, this program knows {NEWEST}; upgrade the program"
    before = everything(path)
    writer = Writer()

    with pytest.raises(StoreUnavailable) as refused:
        await writer.run(path, lambda _db: None)
    await writer.close()

    assert str(refused.value) == expected
    assert everything(path) == before


def test_a_file_at_the_newest_is_only_read(path: Path) -> None:
    """Also while another process has it locked for as long as it likes."""
    with opened(path) as holder, opened(path) as db:
        migrate(holder)
        said: list[str] = []
        db.set_trace_callback(said.append)
        holder.execute("BEGIN IMMEDIATE")

        migrate(db)

        assert [text.partition(" ")[0] for text in said if not text.startswith("--")] == ["SELECT"]


TWIN = """
import sqlite3, sys
from switchboard_runtime.store.schema import migrate
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60.0)
db.set_trace_callback(lambda said: print(said, flush=True) if said == "BEGIN IMMEDIATE" else None)
migrate(db)
changed = db.execute("SELECT total_changes()").fetchone()[0]
print("changed" if changed else "found it done")
"""


@pytest.mark.parametrize("number", [0, 3])
def test_two_processes_that_open_a_file_at_once_move_it_once(path: Path, number: int) -> None:
    """Both have seen that it is new, or behind, and wait for the lock; the one that comes second finds it done."""
    with opened(path) as db:
        if number:
            as_release_left(db, number)
        db.execute("BEGIN IMMEDIATE")
        command = [sys.executable, "-c", TWIN, str(path)]
        twins = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        waiting = [twin.stdout.readline() for twin in twins if twin.stdout]
        db.execute("ROLLBACK")
        told = sorted(twin.communicate(timeout=60)[0] for twin in twins)

        assert waiting == ["BEGIN IMMEDIATE\n"] * 2
        assert [twin.returncode for twin in twins] == [0, 0]
        assert stamps(db) == (NEWEST, [(f"{NEWEST:04}",)])
    assert told == ["changed\n", "found it done\n"]


async def test_files_of_several_writers_are_moved_at_once(tmp_path: Path) -> None:
    """Each has a thread of its own, and alembic one place in the process for whose turn it is."""
    paths = [tmp_path / f"{number}.sqlite3" for number in range(12)]
    for one in paths:
        with opened(one) as db:
            as_release_left(db, 3)
    writers = [Writer() for _ in paths]

    found = await asyncio.gather(*(writer.run(one, stamps) for writer, one in zip(writers, paths, strict=True)))
    await asyncio.gather(*(writer.close() for writer in writers))

    assert [number for number, _ in found] == [NEWEST] * len(paths)


async def test_a_move_is_told_with_file_and_revisions(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Once, and not of a file that needed none."""
    with opened(path) as db:
        as_release_left(db, 3)
        with caplog.at_level(logging.INFO, "switchboard_runtime"):
            migrate(db)
            migrate(db)

    assert [(record.message, vars(record)["switchboard_fields"]) for record in caplog.records] == [
        ("schema moved", {"file": "tenant.sqlite3", "before": 3, "after": NEWEST})
    ]


def test_a_process_killed_at_any_statement_leaves_the_file_as_it_was() -> None:
    """All that it lacked is one transaction; whoever opens it next does it anew, and nothing is lost."""
    with tempfile.TemporaryDirectory(prefix="schema-", dir="/dev/shm") as folder:
        old, whole, killed = (Path(folder) / f"{name}.sqlite3" for name in ("old", "whole", "killed"))
        with opened(old) as db:
            as_release_left(db, 3)
            write_as_the_first_release(db)
            kept = rows(db)
        before = everything(old)
        shutil.copy(old, whole)
        statements = statements_of_a_migration(whole)
        left = []
        for number in range(statements.index("COMMIT") + 1):
            for suffix in ("-wal", "-shm"):
                killed.with_name(killed.name + suffix).unlink(missing_ok=True)
            shutil.copy(old, killed)
            killed_before(killed, number)
            left.append(everything(killed) == before)
        with opened(killed) as db:
            migrate(db)

            assert len(left) > 50
            assert set(left) == {True}
            assert stamps(db)[0] == NEWEST
            assert rows(db) == kept


def statements_of_a_migration(path: Path) -> list[str]:
    """In their order."""
    said: list[str] = []
    with opened(path) as db:
        db.set_trace_callback(said.append)
        migrate(db)
    return said


def killed_before(path: Path, number: int) -> None:
    """Migrate in a process of its own, which is killed before it runs that statement."""
    child = os.fork()
    if not child:
        left = itertools.count(number, -1)

        def count(_text: str) -> None:
            if not next(left):
                os.kill(os.getpid(), signal.SIGKILL)

        with contextlib.suppress(BaseException), opened(path) as db:
            db.set_trace_callback(count)
            migrate(db)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL


async def test_a_revision_that_fails_leaves_the_file_and_the_writer_as_they_were(path: Path, tmp_path: Path) -> None:
    """The error says why, in SQLite's words and without the statement; other files are served."""
    with opened(path) as db:
        as_release_left(db, 4)
        write_as_the_first_release(db)
        db.execute("CREATE TABLE usage (x)")
    before = everything(path)
    writer = Writer()

    with pytest.raises(StoreUnavailable) as refused:
        await writer.run(path, lambda _db: None)
    other = await writer.run(tmp_path / "other.sqlite3", stamps)
    await writer.close()

    assert str(refused.value) == (
        f"tenant.sqlite3: the schema cannot be moved to {NEWEST:04}: table usage already exists"
    )
    assert everything(path) == before
    assert other[0] == NEWEST


def test_what_alembic_refuses_is_the_stores_failure() -> None:
    """As all that keeps a file from being opened."""
    with (
        closing(sqlite3.connect(":memory:", isolation_level=None)) as db,
        pytest.raises(StoreUnavailable, match=r"cannot be moved to 9999: .*'9999'"),
    ):
        upgrade(db, "9999")


async def test_where_alembic_is_missing_it_is_named_and_new_files_are_made(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Instead of a writer that is dead, for whom all would wait for ever."""
    with opened(path) as db:
        as_release_left(db, 9)
    monkeypatch.delitem(sys.modules, "switchboard_runtime.store.migrations.upgrading")
    monkeypatch.setitem(sys.modules, "alembic.operations", None)
    writer = Writer()

    with pytest.raises(StoreUnavailable, match=r"tenant.sqlite3: its schema is behind, and alembic does not load"):
        await writer.run(path, lambda _db: None)
    other = await writer.run(tmp_path / "other.sqlite3", stamps)
    await writer.close()

    assert other[0] == NEWEST
