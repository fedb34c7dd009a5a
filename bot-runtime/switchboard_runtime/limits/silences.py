"""Finds contacts that are machines, and keeps the bot silent with them for a while.

The messages of a conversation are read only when it is busy, so that a quiet one costs nothing. How often it was
silenced is kept in the store; until when, also in memory.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING

from switchboard_runtime.limits.loop import silence_of, why_a_machine
from switchboard_runtime.store import statement

if TYPE_CHECKING:
    from collections.abc import Generator

    from switchboard_runtime.config.limits import LoopBreaker
    from switchboard_runtime.store import Rows, Statement, Store, WorkItem

__all__ = ["Silences"]

_REMEMBERED = 4096
_BUSY = 3
"""Messages within the breaker's window from which on a conversation is looked at."""

_WEEK = 7 * 86_400.0
"""After so long without a silence it begins anew."""


class Silences:
    """The loop breaker of one tenant, in one process.

    Args:
        breaker: its numbers.
        store: where the messages are.
    """

    def __init__(self, breaker: LoopBreaker, store: Store) -> None:
        self._breaker = breaker
        self._store = store
        self._arrivals: OrderedDict[int, deque[float]] = OrderedDict()
        self._until: dict[int, float] = {}

    def count(self, now: float) -> int:
        """Conversations that are silent now."""
        self._until = {one: until for one, until in self._until.items() if until > now}
        return len(self._until)

    async def why(self, item: WorkItem, *, now: float) -> str | None:
        """Why the bot says nothing to this message, or None."""
        if not self._breaker.enabled:
            return None
        if self._until.get(item.conversation_id, 0.0) > now:
            return "silent"
        if not self._busy(item.conversation_id, now):
            return None
        reason, until = await self._store.transact(lambda: self._look(item, now))
        if until > now:
            self._until[item.conversation_id] = until
        return reason

    def _busy(self, conversation: int, now: float) -> bool:
        arrivals = self._arrivals.setdefault(conversation, deque(maxlen=_BUSY))
        self._arrivals.move_to_end(conversation)
        if len(self._arrivals) > _REMEMBERED:
            self._arrivals.popitem(last=False)
        arrivals.append(now)
        return len(arrivals) == _BUSY and arrivals[0] > now - 10 * self._breaker.within_seconds

    def _look(self, item: WorkItem, now: float) -> Generator[Statement, Rows, tuple[str | None, float]]:
        """What is found, and until when it silences."""
        kept = yield statement(
            "SELECT silent_until, times FROM silence WHERE tenant_id = :tenant AND conversation_id = :conversation",
            conversation=item.conversation_id,
        )
        if kept and kept[0]["silent_until"] > now:
            return "silent", kept[0]["silent_until"]
        rows = yield statement(
            "SELECT received_at, text FROM message WHERE tenant_id = :tenant AND conversation_id = :conversation"
            " AND received_at <= :latest ORDER BY id DESC LIMIT :limit",
            conversation=item.conversation_id,
            latest=item.message.received_at,
            limit=max(self._breaker.exchanges, self._breaker.repeats),
        )
        since = kept[0]["silent_until"] if kept else 0.0
        heard = [(row["received_at"], row["text"]) for row in reversed(rows) if row["received_at"] > since]
        reason = why_a_machine(heard, self._breaker)
        if reason is None:
            return None, 0.0
        times = kept[0]["times"] if kept and kept[0]["silent_until"] > now - _WEEK else 0
        until = now + silence_of(self._breaker, times=times)
        yield statement(
            "INSERT INTO silence (tenant_id, conversation_id, silent_until, times, reason)"
            " VALUES (:tenant, :conversation, :until, :times, :reason)"
            " ON CONFLICT (tenant_id, conversation_id) DO UPDATE SET silent_until = excluded.silent_until,"
            " times = excluded.times, reason = excluded.reason",
            conversation=item.conversation_id,
            until=until,
            times=times + 1,
            reason=reason,
        )
        return reason, until
