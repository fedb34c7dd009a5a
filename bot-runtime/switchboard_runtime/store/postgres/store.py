"""The store of one tenant in PostgreSQL.

Time is the caller's, as in SQLite: a message's dates, leases and intents are of one clock, and tests turn it. The
clocks of several machines must agree to well within a lease; ``open`` refuses one that does not. Where they
disagree by less, a lease looks expired early, which the fence makes harmless.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeVar

from switchboard_runtime.errors import ConfigurationError, LeaseLost, StoreUnavailable
from switchboard_runtime.store.delivery import by_provider
from switchboard_runtime.store.postgres import aside, inbox, lanes, outbox, reporting
from switchboard_runtime.store.postgres.accepting import Acceptor
from switchboard_runtime.store.postgres.jobs import run_also, run_job
from switchboard_runtime.store.postgres.wake import Wake, is_dead
from switchboard_runtime.store.postgres.watch import Watch
from switchboard_runtime.store.writes import WriteCheck

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

    from switchboard_runtime.clock import Clock
    from switchboard_runtime.store.base import Flights, Instead
    from switchboard_runtime.store.postgres.database import Database
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

__all__ = ["PostgresStore"]

Result = TypeVar("Result")


class PostgresStore:
    """Implements :class:`~switchboard_runtime.store.base.Store`.

    Args:
        database: the tenant's connections.
        clock: time.
        new_id: makes ids of replies, unguessable and unique.
        owner: names this process in leases.
        lease: seconds a claim holds.
        bubble_wait: seconds until the next reply of a lane follows one that the provider has not reported on.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        new_id: Callable[[], str],
        owner: str,
        lease: float,
        bubble_wait: float = 0.0,
    ) -> None:
        self._database = database
        self._clock = clock
        self._new_id = new_id
        self._owner = owner
        self._lease = lease
        self._bubble_wait = bubble_wait
        self._wake = Wake(database=database, owner=owner)
        self._watch = Watch(self._epochs)
        self._wake.watch(self._watch.heard)
        self._acceptor = Acceptor(self._write)
        self.writes = WriteCheck(self.transact, clock=clock)

    async def open(self) -> None:
        """Connect, show that this process lives, and release what dead ones held.

        Raises:
            ConfigurationError: role, schema or clock is not what it must be.
            StoreUnavailable: the server does not answer.
        """
        await self._database.open()
        skew = await self._database.run(self._skew)
        if abs(skew) > self._lease / 4:
            raise ConfigurationError(
                "clock", f"this machine is {skew:.1f} s from the database's, a lease is {self._lease:g} s; keep time"
            )
        await self.announce()
        for owner in await self._database.run(self._dead):
            await self.release(owner)

    async def announce(self) -> None:
        """Listen, and hold the lock that says this process lives."""
        await self._wake.open()

    def listen(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` when another process stored something."""
        self._wake.listen(listener)

    def watch(self, flights: Flights) -> None:
        """Interrupt what is being answered here as soon as its conversation has changed hands, in any process."""
        self._watch.begin(flights)

    async def close(self) -> None:
        """Write what waits, then let go of the server."""
        await self._acceptor.close()
        await self._wake.close()
        await self._watch.close()
        await self._database.close()

    async def accept(self, message: Inbound, *, begin: bool = False) -> Accepted:  # noqa: ARG002  # claims do it
        """See :meth:`Store.accept`."""
        try:
            accepted = await self._acceptor.accept(message)
        except StoreUnavailable as error:  # of a backlog that is full, nobody else knows
            self.writes.failed(error)
            raise
        if not accepted.duplicate:
            self._wake.tell()
        return accepted

    async def claim_work(self, *, limit: int, held: Collection[int]) -> Claim[WorkItem]:
        """See :meth:`Store.claim_work`."""
        now = self._clock.now()
        return await self._run(
            lambda db, tenant, _again: inbox.claim(
                db, tenant, now=now, lease=self._lease, owner=self._owner, limit=limit, held=held
            )
        )

    async def take_along(self, item: WorkItem, *, limit: int) -> WorkItem:
        """See :meth:`Store.take_along`."""
        return await self._run(lambda db, tenant, _again: inbox.take_along(db, tenant, item, limit=limit))

    async def finish_work(self, item: WorkItem, turn: Turn) -> None:
        """See :meth:`Store.finish_work`."""
        now = self._clock.now()

        async def act(db: Any, tenant: int, again: bool) -> None:
            try:
                async with db.transaction():
                    await inbox.finish(db, tenant, item, turn, now=now)
                    if turn.state.opted_out and not item.state.opted_out:
                        await outbox.cancel(db, tenant, [item.conversation_id], reason="opted out", now=now)
                    sent = by_provider(item.message)
                    await outbox.enqueue(db, tenant, item, turn, now=now, new_id=self._new_id, by_provider=sent)
                    await run_also(db, tenant, turn.also)
            except LeaseLost:
                if not (again and await inbox.is_finished(db, tenant, item)):
                    raise

        await self._run(act)
        self._wake.tell()

    async def postpone_work(self, item: WorkItem, *, due: float, counted: bool = True) -> None:
        """See :meth:`Store.postpone_work`."""
        await self._run(lambda db, tenant, _again: inbox.postpone(db, tenant, item, due=due, counted=counted))

    async def replies(self, work_id: int) -> tuple[str, ...] | None:
        """See :meth:`Store.replies`."""
        return await self._run(lambda db, tenant, _again: outbox.replies(db, tenant, work_id))

    async def transact(self, job: Job[Result]) -> Result:
        """See :meth:`Store.transact`."""

        async def act(db: Any, tenant: int, _again: bool) -> Result:
            async with db.transaction():
                return await run_job(db, tenant, job)

        return await self._run(act)

    async def conversation(self, *, channel: str, own: str, contact: str) -> int:
        """See :meth:`Store.conversation`."""
        now = self._clock.now()

        async def act(db: Any, tenant: int, _again: bool) -> int:
            async with db.transaction():
                return await lanes.conversation(db, tenant, channel=channel, own=own, contact=contact, now=now)

        return await self._run(act)

    async def hand_over(self, conversation_id: int, *, to: Literal["bot", "human"], also: Also = ()) -> bool:
        """See :meth:`Store.hand_over`."""
        now = self._clock.now()

        async def act(db: Any, tenant: int, again: bool) -> bool:
            async with db.transaction():
                if again and await lanes.is_handed_over(db, tenant, conversation_id, to=to, now=now):
                    return True
                changed = await lanes.hand_over(db, tenant, conversation_id, to=to, now=now)
                if changed and to == "human":
                    reason = "a person took over"
                    await outbox.cancel(db, tenant, [conversation_id], reason=reason, now=now, author="bot")
                    await lanes.tell_changed(db, tenant)
                if changed:
                    await run_also(db, tenant, also)
                return changed

        return await self._run(act)

    async def say(
        self, conversation_id: int, replies: Sequence[tuple[str, Reply]], *, trace: str, also: Also = ()
    ) -> bool:
        """See :meth:`Store.say`."""
        now = self._clock.now()

        async def act(db: Any, tenant: int, _again: bool) -> bool:
            async with db.transaction():
                known = await outbox.say(db, tenant, conversation_id, replies, trace=trace, now=now)
                if known:
                    await run_also(db, tenant, also)
                return known

        queued = await self._run(act)
        self._wake.tell()
        return queued

    async def claim_outbox(self, *, limit: int, held: Collection[int]) -> Claim[OutboxItem]:
        """See :meth:`Store.claim_outbox`."""
        now = self._clock.now()
        return await self._run(
            lambda db, tenant, _again: outbox.claim(
                db, tenant, now=now, lease=self._lease, owner=self._owner, limit=limit, held=held
            )
        )

    async def renew_intent(self, item: OutboxItem) -> OutboxItem | None:
        """See :meth:`Store.renew_intent`."""
        now = self._clock.now()

        async def act(db: Any, tenant: int, again: bool) -> OutboxItem | None:
            async with db.transaction():
                return await outbox.renew(db, tenant, item, now=now, lease=self._lease, again=again)

        return await self._run(act)

    async def mark_sent(self, item: OutboxItem, *, sid: str, also: Also = ()) -> bool:
        """See :meth:`Store.mark_sent`."""
        now = self._clock.now()

        async def act(db: Any, tenant: int, _again: bool) -> bool:
            async with db.transaction():
                clean = lanes.clean(sid)
                once = await reporting.mark_sent(db, tenant, item.id, sid=clean, now=now, wait=self._bubble_wait)
                await run_also(db, tenant, also)
                return once

        return await self._run(act)

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

        async def act(db: Any, tenant: int, again: bool) -> None:
            async with db.transaction():
                await outbox.mark_failed(
                    db, tenant, item, code=code, reason=reason, now=now, again=again, instead=instead
                )
                await run_also(db, tenant, also)

        await self._run(act)
        if instead is not None:
            self._wake.tell()

    async def postpone_outbox(self, item: OutboxItem, *, due: float, unsent: bool) -> None:
        """See :meth:`Store.postpone_outbox`."""
        now = self._clock.now()
        await self._run(lambda db, tenant, _again: outbox.postpone(db, tenant, item, due=due, unsent=unsent, now=now))

    async def claimed_sids(self, sids: Collection[str], *, other_than: str) -> frozenset[str]:
        """See :meth:`Store.claimed_sids`."""
        return await self._run(lambda db, tenant, _again: outbox.claimed_sids(db, tenant, sids, other_than=other_than))

    async def record_status(self, update: StatusUpdate, *, instead: Instead | None = None, also: Also = ()) -> bool:
        """See :meth:`Store.record_status`."""

        async def act(db: Any, tenant: int, _again: bool) -> bool:
            async with db.transaction():
                wait = self._bubble_wait
                ours = await reporting.record_status(db, tenant, update, wait=wait, instead=instead)
                if ours:
                    await run_also(db, tenant, also)
                return ours

        return await self._run(act)

    async def quarantine(self, webhook: Webhook) -> bool:
        """See :meth:`Store.quarantine`."""
        return await self._run(lambda db, tenant, again: aside.quarantine(db, tenant, webhook, again=again))

    async def quarantined(self, *, limit: int, after: int = 0) -> tuple[Quarantined, ...]:
        """See :meth:`Store.quarantined`."""
        return await self._run(lambda db, tenant, _again: aside.quarantined(db, tenant, limit=limit, after=after))

    async def settle_quarantined(self, quarantined_id: int) -> None:
        """See :meth:`Store.settle_quarantined`."""
        now = self._clock.now()
        await self._run(lambda db, tenant, _again: aside.settle(db, tenant, quarantined_id, now=now))

    async def dead_letters(self, *, limit: int, after: tuple[str, int] = ("", 0)) -> tuple[DeadLetter, ...]:
        """See :meth:`Store.dead_letters`."""
        return await self._run(lambda db, tenant, _again: aside.dead_letters(db, tenant, limit=limit, after=after))

    async def revive(self, letter: DeadLetter, *, also: Also = ()) -> bool:
        """See :meth:`Store.revive`."""
        now = self._clock.now()

        async def act(db: Any, tenant: int, _again: bool) -> bool:
            async with db.transaction():
                revived = await aside.revive(db, tenant, letter, now=now)
                if revived:
                    await run_also(db, tenant, also)
                return revived

        revived = await self._run(act)
        if revived:
            self._wake.tell()
        return revived

    async def queues(self) -> Mapping[str, Queue]:
        """See :meth:`Store.queues`."""

        async def act(db: Any, tenant: int, _again: bool) -> Mapping[str, Queue]:
            return {
                "inbox": await lanes.waiting(db, "work", tenant),
                "outbox": await lanes.waiting(db, "outbox", tenant),
            }

        return await self._run(act)

    async def release(self, owner: str | None = None) -> None:
        """See :meth:`Store.release`."""
        now = self._clock.now()

        async def act(db: Any, tenant: int, _again: bool) -> None:
            for queue in ("work", "outbox"):
                await lanes.release(db, queue, tenant, owner=owner or self._owner, now=now)

        await self._run(act)
        self._wake.tell()

    async def _run(self, act: Callable[[Any, int, bool], Awaitable[Result]]) -> Result:
        try:
            return await self._database.run(lambda db, again: act(db, self._database.tenant_id, again))
        except StoreUnavailable as error:
            self.writes.failed(error)
            raise

    async def _write(self, messages: Sequence[Inbound]) -> list[Accepted]:
        return await self._run(lambda db, tenant, again: inbox.accept(db, tenant, messages, again=again))

    async def _epochs(self, conversations: Collection[int]) -> Mapping[int, int]:
        return await self._run(lambda db, tenant, _again: lanes.epochs(db, tenant, conversations))

    async def _skew(self, db: Any, _again: bool) -> float:
        there = float(await db.fetchval("SELECT extract(epoch FROM clock_timestamp())::float8"))
        return self._clock.now() - there

    async def _dead(self, db: Any, _again: bool) -> tuple[str, ...]:
        holders = await lanes.owners(db, self._database.tenant_id, now=self._clock.now())
        others = sorted(holders - {self._owner})
        return tuple([owner for owner in others if await is_dead(db, owner)])
