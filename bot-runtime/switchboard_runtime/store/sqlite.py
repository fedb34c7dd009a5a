"""The store in one SQLite file a tenant: WAL, full sync, group commit (:mod:`.writer`).

The file may briefly be shared by two processes on one machine during a rolling update.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeVar

from switchboard_runtime.store import aside, inbox, lanes, outbox, reporting
from switchboard_runtime.store.arrivals import Arrival, Hold, accept
from switchboard_runtime.store.delivery import by_provider
from switchboard_runtime.store.lanes import run_also, run_job
from switchboard_runtime.store.writes import WriteCheck

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from switchboard_runtime.clock import Clock
    from switchboard_runtime.store.base import Instead
    from switchboard_runtime.store.records import (
        Accepted,
        Claim,
        DeadLetter,
        Inbound,
        OutboxItem,
        Quarantined,
        Queue,
        Reply,
        StatusUpdate,
        Turn,
        Webhook,
        WorkItem,
    )
    from switchboard_runtime.store.statements import Also, Job
    from switchboard_runtime.store.writer import Writer

__all__ = ["SqliteStore"]

Result = TypeVar("Result")


class SqliteStore:
    """Implements :class:`~switchboard_runtime.store.base.Store`.

    Args:
        path: the tenant's file; made on first use.
        writer: the thread that does the work; stores share it.
        clock: time.
        new_id: makes ids of replies, unguessable and unique.
        owner: names this process in leases.
        lease: seconds a claim holds.
        bubble_wait: seconds until the next reply of a lane follows one that the provider has not reported on.
    """

    def __init__(
        self,
        *,
        path: Path,
        writer: Writer,
        clock: Clock,
        new_id: Callable[[], str],
        owner: str,
        lease: float,
        bubble_wait: float = 0.0,
    ) -> None:
        self._path = path
        self._writer = writer
        self._clock = clock
        self._new_id = new_id
        self._owner = owner
        self._lease = lease
        self._bubble_wait = bubble_wait
        self.writes = WriteCheck(self.transact, clock=clock)
        writer.watch(path, self.writes.failed)

    async def accept(self, message: Inbound, *, begin: bool = False) -> Accepted:
        """See :meth:`Store.accept`."""
        fields = inbox.encode_fields(message)
        hold = Hold(self._owner, self._clock.now() + self._lease) if begin and not message.not_before else None
        return await self._writer.run_with_others(self._path, accept, Arrival(message, fields, hold))

    async def claim_work(self, *, limit: int, held: Collection[int]) -> Claim[WorkItem]:
        """See :meth:`Store.claim_work`."""
        now = self._clock.now()
        return await self._writer.run(
            self._path,
            lambda db: inbox.claim(db, now=now, lease=self._lease, owner=self._owner, limit=limit, held=held),
        )

    async def take_along(self, item: WorkItem, *, limit: int) -> WorkItem:
        """See :meth:`Store.take_along`."""
        return await self._writer.run(self._path, lambda db: inbox.take_along(db, item, limit=limit))

    async def finish_work(self, item: WorkItem, turn: Turn) -> bool:
        """See :meth:`Store.finish_work`."""
        now = self._clock.now()

        def job(db: sqlite3.Connection) -> bool:
            inbox.finish(db, item, turn, now=now)
            if turn.state.opted_out and not item.state.opted_out:
                outbox.cancel(db, item.conversation_id, reason="opted out", now=now)
            sent = by_provider(item.message)
            outbox.enqueue(db, item, turn, now=now, new_id=self._new_id, by_provider=sent)
            run_also(db, turn.also)
            return inbox.is_empty(db, item.conversation_id)

        return await self._writer.run(self._path, job)

    async def postpone_work(self, item: WorkItem, *, due: float, counted: bool = True) -> None:
        """See :meth:`Store.postpone_work`."""
        await self._writer.run(self._path, lambda db: inbox.postpone(db, item, due=due, counted=counted))

    async def replies(self, work_id: int) -> tuple[str, ...] | None:
        """See :meth:`Store.replies`."""
        return await self._writer.run(self._path, lambda db: outbox.replies(db, work_id))

    async def transact(self, job: Job[Result]) -> Result:
        """See :meth:`Store.transact`."""
        return await self._writer.run(self._path, lambda db: run_job(db, job))

    async def conversation(self, *, channel: str, own: str, contact: str) -> int:
        """See :meth:`Store.conversation`."""
        now = self._clock.now()
        return await self._writer.run(
            self._path, lambda db: lanes.conversation(db, channel=channel, own=own, contact=contact, now=now)
        )

    async def hand_over(self, conversation_id: int, *, to: Literal["bot", "human"], also: Also = ()) -> bool:
        """See :meth:`Store.hand_over`."""
        now = self._clock.now()

        def job(db: sqlite3.Connection) -> bool:
            changed = lanes.hand_over(db, conversation_id, to=to, now=now)
            if changed and to == "human":
                outbox.cancel(db, conversation_id, reason="a person took over", now=now, author="bot")
            if changed:
                run_also(db, also)
            return changed

        return await self._writer.run(self._path, job)

    async def say(
        self, conversation_id: int, replies: Sequence[tuple[str, Reply]], *, trace: str, also: Also = ()
    ) -> bool:
        """See :meth:`Store.say`."""
        now = self._clock.now()

        def job(db: sqlite3.Connection) -> bool:
            known = outbox.say(db, conversation_id, replies, trace=trace, now=now)
            if known:
                run_also(db, also)
            return known

        return await self._writer.run(self._path, job)

    async def claim_outbox(self, *, limit: int, held: Collection[int]) -> Claim[OutboxItem]:
        """See :meth:`Store.claim_outbox`."""
        now = self._clock.now()
        return await self._writer.run(
            self._path,
            lambda db: outbox.claim(db, now=now, lease=self._lease, owner=self._owner, limit=limit, held=held),
        )

    async def renew_intent(self, item: OutboxItem) -> OutboxItem | None:
        """See :meth:`Store.renew_intent`."""
        now = self._clock.now()
        return await self._writer.run(self._path, lambda db: outbox.renew(db, item, now=now, lease=self._lease))

    async def mark_sent(self, item: OutboxItem, *, sid: str, also: Also = ()) -> bool:
        """See :meth:`Store.mark_sent`."""
        now = self._clock.now()

        def job(db: sqlite3.Connection) -> bool:
            once = reporting.mark_sent(db, item.id, sid=sid, now=now, wait=self._bubble_wait)
            run_also(db, also)
            return once

        return await self._writer.run(self._path, job)

    async def mark_failed(
        self,
        item: OutboxItem,
        *,
        code: int | None,
        reason: str,
        instead: tuple[str, Reply] | None = None,
        also: Also = (),
    ) -> None:
        """See :meth:`Store.mark_failed`."""
        now = self._clock.now()

        def job(db: sqlite3.Connection) -> None:
            outbox.mark_failed(db, item, code=code, reason=reason, now=now, instead=instead)
            run_also(db, also)

        await self._writer.run(self._path, job)

    async def postpone_outbox(self, item: OutboxItem, *, due: float, unsent: bool) -> None:
        """See :meth:`Store.postpone_outbox`."""
        now = self._clock.now()
        await self._writer.run(self._path, lambda db: outbox.postpone(db, item, due=due, unsent=unsent, now=now))

    async def claimed_sids(self, sids: Collection[str], *, other_than: str) -> frozenset[str]:
        """See :meth:`Store.claimed_sids`."""
        return await self._writer.run(self._path, lambda db: outbox.claimed_sids(db, sids, other_than=other_than))

    async def record_status(self, update: StatusUpdate, *, instead: Instead | None = None, also: Also = ()) -> bool:
        """See :meth:`Store.record_status`."""

        def job(db: sqlite3.Connection) -> bool:
            ours = reporting.record_status(db, update, wait=self._bubble_wait, instead=instead)
            if ours:
                run_also(db, also)
            return ours

        return await self._writer.run(self._path, job)

    async def quarantine(self, webhook: Webhook) -> bool:
        """See :meth:`Store.quarantine`."""
        return await self._writer.run(self._path, lambda db: aside.quarantine(db, webhook))

    async def quarantined(self, *, limit: int, after: int = 0) -> tuple[Quarantined, ...]:
        """See :meth:`Store.quarantined`."""
        return await self._writer.run(self._path, lambda db: aside.quarantined(db, limit=limit, after=after))

    async def settle_quarantined(self, quarantined_id: int) -> None:
        """See :meth:`Store.settle_quarantined`."""
        now = self._clock.now()
        await self._writer.run(self._path, lambda db: aside.settle(db, quarantined_id, now=now))

    async def dead_letters(self, *, limit: int, after: tuple[str, int] = ("", 0)) -> tuple[DeadLetter, ...]:
        """See :meth:`Store.dead_letters`."""
        return await self._writer.run(self._path, lambda db: aside.dead_letters(db, limit=limit, after=after))

    async def revive(self, letter: DeadLetter, *, also: Also = ()) -> bool:
        """See :meth:`Store.revive`."""
        now = self._clock.now()

        def job(db: sqlite3.Connection) -> bool:
            revived = aside.revive(db, letter, now=now)
            if revived:
                run_also(db, also)
            return revived

        return await self._writer.run(self._path, job)

    async def queues(self) -> Mapping[str, Queue]:
        """See :meth:`Store.queues`."""
        return await self._writer.run(self._path, lambda db: {"inbox": inbox.waiting(db), "outbox": outbox.waiting(db)})

    async def release(self, owner: str | None = None) -> None:
        """See :meth:`Store.release`."""
        now = self._clock.now()
        whose = owner or self._owner
        await self._writer.run(self._path, lambda db: outbox.release(db, owner=whose, now=now))
