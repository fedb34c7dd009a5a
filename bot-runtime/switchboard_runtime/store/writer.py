"""One thread that runs jobs on SQLite files, many waiting jobs in one transaction.

For: durable writes without blocking the event loop, at the price of one fsync for all that waited.
Assumes: nothing else in this process writes the files; another process may (a rolling update).
Refuses: work beyond its backlog, so that a slow disk answers 5xx instead of filling the memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

from switchboard_runtime.errors import StoreUnavailable
from switchboard_runtime.store.folding import folded
from switchboard_runtime.store.schema import migrate

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["Writer"]

Result = TypeVar("Result")
Given = TypeVar("Given")

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -1024",
)


_Many = Callable[[sqlite3.Connection, Sequence[Any]], Sequence[Any]]


@dataclass(slots=True)
class _Job:
    """A function to run in the file's next transaction, and what came of it.

    With ``many`` it can be run together with others of the same: they are given what each of them was ``given``.
    """

    path: Path
    run: Callable[[sqlite3.Connection], Any]
    future: asyncio.Future[Any]
    many: _Many | None = None
    given: object = None
    result: object = None
    error: Exception | None = None


class Writer:
    """Runs jobs, a transaction for all that wait: first those that are run together, then the others in their order.

    A job that fails is undone alone.

    When one fails, all of its transaction are run again, each under a savepoint: a job may be run twice, and what it
    does must be done to the file alone.

    Args:
        busy_timeout: seconds to wait for another process's transaction.
        max_batch: jobs after which a transaction takes no more lots; a lot is what one pass of the loop brought.
        max_backlog: jobs waiting at most.
    """

    def __init__(self, *, busy_timeout: float = 5.0, max_batch: int = 256, max_backlog: int = 10_000) -> None:
        self._busy_timeout = busy_timeout
        self._max_batch = max_batch
        self._max_backlog = max_backlog
        self._gathered: list[_Job] = []
        self._waiting = 0
        self._lots: queue.SimpleQueue[list[_Job] | None] = queue.SimpleQueue()
        self._connections: dict[Path, sqlite3.Connection] = {}
        self._watchers: dict[Path, Callable[[StoreUnavailable], None]] = {}
        self._loop = asyncio.get_running_loop()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    def watch(self, path: Path, failed: Callable[[StoreUnavailable], None]) -> None:
        """Call ``failed``, on the event loop, whenever jobs of a file were not done."""
        self._watchers[path] = failed

    async def run(self, path: Path, job: Callable[[sqlite3.Connection], Result]) -> Result:
        """Run ``job`` in a transaction on the file and return its result once that is durable.

        It may be run twice; then the first time was undone. An exception that ``job`` raises undoes ``job`` alone and
        is raised here.

        Raises:
            StoreUnavailable: the file could not be opened, locked or written; nothing was kept.
        """
        future: asyncio.Future[Result] = self._loop.create_future()
        self._put(_Job(path, job, future))
        return await future

    async def run_with_others(
        self, path: Path, many: Callable[[sqlite3.Connection, Sequence[Given]], Sequence[Result]], given: Given
    ) -> Result:
        """Run ``many`` for all of the transaction that come with it, and return what it says of ``given``.

        What it is given it does in that order, as if each were a job of its own. Else as :meth:`run`.
        """
        future: asyncio.Future[Result] = self._loop.create_future()
        self._put(_Job(path, lambda db: many(db, [given])[0], future, many, given))
        return await future

    def _put(self, job: _Job) -> None:
        if self._closed:
            raise StoreUnavailable("the store is closed")
        if self._waiting >= self._max_backlog:
            raise self._failed(job.path, StoreUnavailable("too much waits to be written"))
        self._waiting += 1
        self._gathered.append(job)
        if len(self._gathered) == 1:
            self._loop.call_soon(self._hand_over)

    def _hand_over(self) -> None:
        """Wake the thread once for all that one pass of the loop brought; it would take the interpreter for each."""
        gathered, self._gathered = self._gathered, []
        if gathered:
            self._lots.put(gathered)

    async def close(self) -> None:
        """Finish what waits, close the files and end the thread."""
        if not self._closed:
            self._closed = True
            self._hand_over()
            self._lots.put(None)
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        while (first := self._lots.get()) is not None:
            batch, last = self._batch(first)
            by_file: dict[Path, list[_Job]] = {}
            for job in batch:
                by_file.setdefault(job.path, []).append(job)
            for path, jobs in by_file.items():
                self._commit(path, jobs)
            self._report(batch)
            if last:
                break
        for connection in self._connections.values():
            connection.close()

    def _batch(self, first: list[_Job]) -> tuple[list[_Job], bool]:
        """All that waits, until it is enough, and whether the end was asked for."""
        batch = first
        with contextlib.suppress(queue.Empty):
            while len(batch) < self._max_batch:
                lot = self._lots.get_nowait()
                if lot is None:
                    return batch, True
                batch += lot
        return batch, False

    def _commit(self, path: Path, jobs: list[_Job]) -> None:
        """Run jobs in one transaction; when that fails none of them was done."""
        try:
            connection = self._connection(path)
            if not _transact(connection, jobs, _together):
                _transact(connection, jobs, _apart)
        except (sqlite3.Error, StoreUnavailable, OSError) as error:
            for job in jobs:
                job.error = StoreUnavailable(f"{path.name}: {error}")
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody asks any more
                self._loop.call_soon_threadsafe(self._failed, path, StoreUnavailable(f"{path.name}: {error}"))

    def _connection(self, path: Path) -> sqlite3.Connection:
        if path not in self._connections:
            connection = sqlite3.connect(path, timeout=self._busy_timeout, isolation_level=None)
            try:
                connection.create_function("folded", 1, folded, deterministic=True)
                for pragma in _PRAGMAS:
                    connection.execute(pragma)
                migrate(connection)
            except BaseException:
                connection.close()
                raise
            connection.row_factory = sqlite3.Row
            self._connections[path] = connection
        return self._connections[path]

    def _failed(self, path: Path, error: StoreUnavailable) -> StoreUnavailable:
        """Tell whoever watches the file."""
        if path in self._watchers:
            self._watchers[path](error)
        return error

    def _report(self, batch: list[_Job]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._settle, batch)

    def _settle(self, batch: list[_Job]) -> None:
        self._waiting -= len(batch)
        for job in batch:
            future = cast("asyncio.Future[object]", job.future)
            if future.done():
                continue
            if job.error is not None:
                future.set_exception(job.error)
            else:
                future.set_result(job.result)


def _transact(
    connection: sqlite3.Connection, jobs: list[_Job], run: Callable[[sqlite3.Connection, list[_Job]], bool]
) -> bool:
    """Run jobs in a transaction; it is undone if ``run`` says so or fails."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        if kept := run(connection, jobs):
            connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    return kept


def _together(connection: sqlite3.Connection, jobs: list[_Job]) -> bool:
    """Run jobs, hoping that none fails, as hardly any does. Returns False when one did."""
    try:
        for many, alike in _alike(jobs).items():
            results = many(connection, [job.given for job in alike])
            for job, result in zip(alike, results, strict=True):
                job.result = result
        for job in jobs:
            if job.many is None:
                job.result = job.run(connection)
    except sqlite3.OperationalError:
        raise  # the disk, not the job: the whole transaction is in doubt
    except Exception:  # noqa: BLE001  # the jobs are run again, each for itself
        return False
    return True


def _alike(jobs: Iterable[_Job]) -> dict[_Many, list[_Job]]:
    """The jobs that are run together, by what runs them."""
    found: dict[_Many, list[_Job]] = {}
    for job in jobs:
        if job.many is not None:
            found.setdefault(job.many, []).append(job)
    return found


def _apart(connection: sqlite3.Connection, jobs: list[_Job]) -> bool:
    """Run each job under a savepoint of its own, so that one's failure is its own."""
    for job in jobs:
        connection.execute("SAVEPOINT job")
        try:
            job.result = job.run(connection)
        except sqlite3.OperationalError:
            raise
        except Exception as error:  # noqa: BLE001  # it is handed to whoever asked
            job.error = error
            connection.execute("ROLLBACK TO job")
        connection.execute("RELEASE job")
    return True
