"""The runtime with turns that outlast their leases, or with one of its safeties taken out, in either store.

    python -m dev.chaos.runtime slow serve --listen …
    python -m dev.chaos.runtime slow,dedupe serve --listen …

The product has no such switch: methods of the stores are put in here, before anything is built, and nowhere else.
"""

from __future__ import annotations

import asyncio
import random
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from msgspec import structs

from switchboard_runtime.__main__ import main
from switchboard_runtime.assistants.base import Answer
from switchboard_runtime.assistants.script import ScriptAssistant, answer_by_script
from switchboard_runtime.store import Accepted, SqliteStore, outbox
from switchboard_runtime.store.postgres import inbox as pg_inbox
from switchboard_runtime.store.postgres import lanes as pg_lanes
from switchboard_runtime.store.postgres import outbox as pg_outbox
from switchboard_runtime.store.postgres.store import PostgresStore

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping

    from switchboard_runtime.assistants import Question
    from switchboard_runtime.store import Claim, Inbound, OutboxItem, Turn, WorkItem

__all__ = ["CHANGES", "SAFETIES"]

_Store = type[SqliteStore] | type[PostgresStore]
_STORES: tuple[_Store, ...] = (SqliteStore, PostgresStore)


def _slow(store: _Store) -> None:
    """One turn in five takes longer than its lease: another process takes the message over meanwhile."""
    current: Callable[..., Any] = store.finish_work

    async def finish_work(self: Any, item: WorkItem, turn: Turn) -> bool | None:
        if random.random() < 0.2:  # noqa: S311  # chance, not secrecy
            await asyncio.sleep(3 * self._lease)
        empty: bool | None = await current(self, item, turn)
        return empty

    _put(store, "finish_work", finish_work)


def _lines(_store: _Store) -> None:
    """The script answers each line of a burst, so that each message's answer can be told."""

    async def answer(self: ScriptAssistant, question: Question) -> Answer:
        lines = (replace(question, text=line) for line in question.text.split("\n"))
        said = [answer_by_script(self._assistant, line) for line in lines]
        return Answer(text="\n".join(one.text for one in said if one))

    ScriptAssistant.answer = answer  # type: ignore[method-assign]


def _without_dedupe(store: _Store) -> None:
    """Every delivery is a new message."""
    accept: Callable[..., Any] = store.accept

    async def accept_all(self: Any, message: Inbound, **given: object) -> Accepted:
        accepted: Accepted = await accept(
            self, structs.replace(message, sid=f"{message.sid}-{self._new_id()}"), **given
        )
        return accepted

    _put(store, "accept", accept_all)


def _without_transaction(store: _Store) -> None:
    """The acknowledgement comes first; the message is stored when there is time."""
    accept: Callable[..., Any] = store.accept

    async def accept_later(self: Any, message: Inbound, **_given: object) -> Accepted:
        async def later() -> None:
            await asyncio.sleep(0.5)
            await accept(self, message)

        task = asyncio.create_task(later())
        task.add_done_callback(lambda done: done.exception())
        return Accepted(work_id=0, duplicate=False)

    _put(store, "accept", accept_later)


def _without_look(store: _Store) -> None:
    """What may have been sent is sent again, without a look."""
    claim: Callable[..., Any] = store.claim_outbox

    async def claim_outbox(self: Any, **given: object) -> Claim[OutboxItem]:
        claimed: Claim[OutboxItem] = await claim(self, **given)
        return replace(claimed, items=tuple(replace(item, look_first=False) for item in claimed.items))

    _put(store, "claim_outbox", claim_outbox)


def _without_fence(store: _Store) -> None:
    """Whoever lost its lease writes its turn all the same."""
    _put(store, "finish_work", _finish_in_file if store is SqliteStore else _finish_on_server)


async def _finish_in_file(self: SqliteStore, item: WorkItem, turn: Turn) -> None:
    now = self._clock.now()

    def job(db: sqlite3.Connection) -> None:
        db.execute("UPDATE work SET state = 'done', outcome = ? WHERE id = ?", (turn.outcome, item.id))
        outbox.enqueue(db, item, turn, now=now, new_id=self._new_id, by_provider=True)

    await self._writer.run(self._path, job)


async def _finish_on_server(self: PostgresStore, item: WorkItem, turn: Turn) -> None:
    now = self._clock.now()

    async def act(db: Any, tenant: int, _again: bool) -> None:
        async with db.transaction():
            lane = (tenant, item.conversation_id)
            await db.execute("SELECT FROM conversation WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE", *lane)
            done = "UPDATE work SET state = 'done', head = false WHERE tenant_id = $1 AND id = $2"
            await db.execute(done, tenant, item.id)
            await pg_lanes.promote(db, "work", tenant, [item.conversation_id])
            await pg_outbox.enqueue(db, tenant, item, turn, now=now, new_id=self._new_id, by_provider=True)

    await self._run(act)
    self._wake.tell()


def _without_order(store: _Store) -> None:
    """Whatever waits is free, its lane or not."""
    if store is PostgresStore:
        _change(pg_inbox, "_CLAIM", "AND head AND", "AND state = 'pending' AND")
        _change(pg_outbox, "_FREE", "AND o.head AND", "AND o.state IN ('queued', 'sending') AND")
        return
    for name, table, states in (
        ("claim_work", "work", "'pending'"),
        ("claim_outbox", "outbox", "'queued', 'sending'"),
    ):
        mark = f"UPDATE {table} SET head = 1 WHERE head = 0 AND state IN ({states})"  # noqa: S608
        _put(store, name, _claim_all(getattr(store, name), mark))


def _claim_all(claim: Callable[..., Any], mark: str) -> Callable[..., Any]:
    async def claim_all(self: SqliteStore, **given: object) -> object:
        await self._writer.run(self._path, lambda db: db.execute(mark).rowcount)
        return await claim(self, **given)

    return claim_all


def _change(module: object, name: str, old: str, new: str) -> None:
    """Change a statement; one that is not as it was known is an error, not a sabotage that does nothing."""
    statement = getattr(module, name)
    if statement.count(old) != 1:
        raise RuntimeError(f"{name} is not the statement that is known here")
    setattr(module, name, statement.replace(old, new))


def _put(store: _Store, name: str, method: Callable[..., Any]) -> None:
    setattr(store, name, method)


SAFETIES: Mapping[str, Callable[[_Store], None]] = {
    "dedupe": _without_dedupe,
    "fence": _without_fence,
    "transaction": _without_transaction,
    "order": _without_order,
    "look": _without_look,
}
"""What can be taken out."""

CHANGES: Mapping[str, Callable[[_Store], None]] = {**SAFETIES, "lines": _lines, "slow": _slow}
"""``slow`` comes last, around whatever ends a turn by then."""


if __name__ == "__main__":
    asked = sys.argv[1].split(",")
    for name, change in CHANGES.items():
        if name in asked:
            for kind in _STORES:
                change(kind)
    sys.exit(main(sys.argv[2:]))
