"""The runtime with turns that outlast their leases, or with one of its safeties taken out.

    python -m dev.chaos.runtime slow serve --listen …
    python -m dev.chaos.runtime slow,dedupe serve --listen …

The product has no such switch: methods of the store are put in here, before anything is built, and nowhere else.
"""

from __future__ import annotations

import asyncio
import random
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from switchboard_runtime.__main__ import main
from switchboard_runtime.store import Accepted, SqliteStore, outbox

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping

    from switchboard_runtime.store import Inbound, Turn, WorkItem

__all__ = ["CHANGES"]

_accept = SqliteStore.accept
_claims: Mapping[str, Callable[..., Any]] = {
    "claim_work": SqliteStore.claim_work,
    "claim_outbox": SqliteStore.claim_outbox,
}


def _slow() -> None:
    """One turn in five takes longer than its lease: another process takes the message over meanwhile."""

    async def finish_work(self: SqliteStore, item: WorkItem, turn: Turn) -> None:
        if random.random() < 0.2:  # noqa: S311  # chance, not secrecy
            await asyncio.sleep(3 * self._lease)
        await current(self, item, turn)

    current = SqliteStore.finish_work
    _put("finish_work", finish_work)


def _without_dedupe() -> None:
    """Every delivery is a new message."""

    async def accept(self: SqliteStore, message: Inbound) -> Accepted:
        return await _accept(self, replace(message, sid=f"{message.sid}-{self._new_id()}"))

    _put("accept", accept)


def _without_fence() -> None:
    """Whoever lost its lease writes its turn all the same."""

    async def finish_work(self: SqliteStore, item: WorkItem, turn: Turn) -> None:
        now = self._clock.now()

        def job(db: sqlite3.Connection) -> None:
            db.execute("UPDATE work SET state = 'done', outcome = ? WHERE id = ?", (turn.outcome, item.id))
            outbox.enqueue(db, item, turn, now=now, new_id=self._new_id, by_provider=True)

        await self._writer.run(self._path, job)

    _put("finish_work", finish_work)


def _without_transaction() -> None:
    """The acknowledgement comes first; the message is stored when there is time."""

    async def accept(self: SqliteStore, message: Inbound) -> Accepted:
        async def later() -> None:
            await asyncio.sleep(0.5)
            await _accept(self, message)

        task = asyncio.create_task(later())
        task.add_done_callback(lambda done: done.exception())
        return Accepted(work_id=0, duplicate=False)

    _put("accept", accept)


def _without_order() -> None:
    """Whatever waits is free, its lane or not."""
    waiting = {"claim_work": ("work", "'pending'"), "claim_outbox": ("outbox", "'queued', 'sending'")}
    for name, (table, states) in waiting.items():
        _put(name, _claim_all(_claims[name], f"UPDATE {table} SET head = 1 WHERE head = 0 AND state IN ({states})"))  # noqa: S608


def _claim_all(claim: Callable[..., Any], mark: str) -> Callable[..., Any]:
    async def claim_all(self: SqliteStore, **given: object) -> object:
        await self._writer.run(self._path, lambda db: db.execute(mark).rowcount)
        return await claim(self, **given)

    return claim_all


def _put(name: str, method: Callable[..., Any]) -> None:
    setattr(SqliteStore, name, method)


CHANGES: Mapping[str, Callable[[], None]] = {
    "dedupe": _without_dedupe,
    "fence": _without_fence,
    "transaction": _without_transaction,
    "order": _without_order,
    "slow": _slow,
}
"""What can be done to the store; ``slow`` comes last, around whatever ends a turn by then."""


if __name__ == "__main__":
    asked = sys.argv[1].split(",")
    for name, change in CHANGES.items():
        if name in asked:
            change()
    sys.exit(main(sys.argv[2:]))
