"""One tenant at work: takes messages in, answers them, sends the answers, and stops cleanly."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING

from msgspec import structs

from switchboard_runtime.conversation.answering import Answerer
from switchboard_runtime.conversation.calls import Spoken, kept_turn, parties
from switchboard_runtime.conversation.codes import meaning_of, treatment_of
from switchboard_runtime.conversation.delivering import Deliverer
from switchboard_runtime.conversation.precedence import Precedence
from switchboard_runtime.conversation.pump import Pump
from switchboard_runtime.conversation.remedies import remedy
from switchboard_runtime.errors import StoreUnavailable
from switchboard_runtime.store.delivery import OPTED_OUT, by_provider
from switchboard_runtime.telemetry.logs import log_event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from prometheus_client import Counter

    from switchboard_runtime.assistants import Answering
    from switchboard_runtime.clock import Clock
    from switchboard_runtime.config import TenantDocument
    from switchboard_runtime.conversation.courier import Courier
    from switchboard_runtime.conversation.hooks import SendHook, TurnHook
    from switchboard_runtime.conversation.policy import Policy
    from switchboard_runtime.conversation.shares import Together
    from switchboard_runtime.store import (
        Accepted,
        Flights,
        Inbound,
        OutboxItem,
        Queue,
        Reply,
        StatusUpdate,
        Store,
        Turn,
        Webhook,
        WorkItem,
    )
    from switchboard_runtime.telemetry.metrics import Metrics
    from switchboard_runtime.telemetry.tracing import Tracing

__all__ = ["TenantService"]

_LOG = logging.getLogger(__name__)
_FIRST_LOOK, _LONGEST_LOOK = 0.2, 1.0
"""Seconds between looks for an answer that another process may be giving; they double."""


class TenantService:
    """The engine of one tenant.

    Args:
        document: the tenant.
        store: its inbox and outbox.
        courier: carries replies away.
        answering: makes an assistant's responder.
        clock: time.
        chance: 0 to 1, for jitter.
        policy: the engine's numbers.
        metrics: where it counts.
        hooks: take part in each turn, in this order.
        together: what the tenants of a process share.
        send_hooks: are told what becomes of each reply.
        tracing: where spans go.
    """

    def __init__(
        self,
        *,
        document: TenantDocument,
        store: Store,
        courier: Courier,
        answering: Answering,
        clock: Clock,
        chance: Callable[[], float],
        policy: Policy,
        metrics: Metrics,
        hooks: Sequence[TurnHook] = (),
        together: Together | None = None,
        send_hooks: Sequence[SendHook] = (),
        tracing: Tracing | None = None,
    ) -> None:
        self.document = document
        self._slug = document.tenant.slug
        self._store = store
        self._policy = policy
        self._metrics = metrics
        self._send_hooks = tuple(send_hooks)
        self._inbound: dict[str, Counter] = {}
        self._waiters: dict[int, asyncio.Future[tuple[str, ...]]] = {}
        self._answerer = answerer = Answerer(
            document=document,
            store=store,
            answering=answering,
            clock=clock,
            chance=chance,
            policy=policy,
            metrics=metrics,
            hooks=hooks,
            tracing=tracing,
            on_finished=self._finished,
        )
        self._deliverer = deliverer = Deliverer(
            tenant=self._slug,
            store=store,
            courier=courier,
            clock=clock,
            chance=chance,
            policy=policy,
            metrics=metrics,
            hooks=send_hooks,
            remedy=partial(remedy, document),
            interrupt=answerer.interrupt,
            tracing=tracing,
        )
        self._precedence = precedence = Precedence(clock=clock, many=policy.many_arriving, longest=policy.longest_wait)
        at_once = document.limits.concurrent_conversations if document.limits else None
        self._inbox: Pump[WorkItem] = Pump(
            name=f"{self._slug} inbox",
            claim=lambda limit, held: store.claim_work(limit=limit, held=held),
            handle=answerer.handle,
            key=lambda item: item.id,
            clock=clock,
            lanes=min(policy.answer_lanes, at_once) if at_once else policy.answer_lanes,
            idle_poll=policy.idle_poll,
            shares=together.answers if together else None,
            waits=precedence.turns_wait,
        )
        self._outbox: Pump[OutboxItem] = Pump(
            name=f"{self._slug} outbox",
            claim=lambda limit, held: store.claim_outbox(limit=limit, held=held),
            handle=deliverer.handle,
            key=lambda item: item.seq,
            clock=clock,
            lanes=policy.send_lanes,
            idle_poll=policy.idle_poll,
            shares=together.sends if together else None,
        )

    @property
    def ready(self) -> bool:
        """Whether the store answers and keeps what is written, and the workers run."""
        return self._store.writes.failure is None and self._inbox.healthy and self._outbox.healthy

    async def unready(self) -> str | None:
        """Why it is not :attr:`ready`; None when it turns out to be.

        A store that kept nothing a while ago is asked to keep something now.
        """
        failure = await self._store.writes.ask()
        if failure is not None:
            return f"the store takes no writes: {failure}"
        return None if self.ready else "the workers cannot claim work yet"

    @property
    def call_patience(self) -> float:
        """Seconds after which :meth:`converse` says that it takes longer."""
        return self._policy.call_patience

    def start(self) -> None:
        """Begin to work."""
        self._inbox.start()
        self._outbox.start()

    def nudge(self) -> None:
        """Look for work now: another process has left some."""
        self._inbox.nudge()
        self._outbox.nudge()

    def interrupt(self, conversation_id: int) -> bool:
        """Cancel the call of an assistant for a conversation; whether one ran in this process."""
        return self._answerer.interrupt(conversation_id)

    @property
    def flights(self) -> Flights:
        """What is being answered, for a store that learns of hand-overs in other processes."""
        return self._answerer

    async def stop(self) -> None:
        """Finish what is in flight, within the policy's time, and release the rest to whoever comes next."""
        within = self._policy.drain
        await asyncio.gather(self._inbox.stop(within=within), self._outbox.stop(within=within))
        try:
            await self._store.release()
        except StoreUnavailable as error:
            log_event(_LOG, logging.WARNING, "leases not released", tenant=self._slug, error=str(error))

    async def accept(self, message: Inbound, *, at_once: bool = False) -> Accepted:
        """Store a message before it is acknowledged; ``at_once`` says that somebody is on the line for its answer.

        Raises:
            StoreUnavailable: it is not stored; the provider must try again.
        """
        burst = self.document.burst_seconds if by_provider(message) else None
        if burst:
            message = structs.replace(message, not_before=message.received_at + burst)
        self._precedence.arrives()
        try:
            accepted = await self._begin(message, at_once=at_once)
        finally:
            self._precedence.arrived()
        if accepted.duplicate:
            self._metrics.duplicates.labels(self._slug).inc()
        else:
            self._stored(message.channel).inc()
        return accepted

    def _stored(self, channel: str) -> Counter:
        """Counts messages of a channel; found once."""
        counter = self._inbound.get(channel)
        if counter is None:
            counter = self._inbound[channel] = self._metrics.inbound.labels(self._slug, channel)
        return counter

    async def _begin(self, message: Inbound, *, at_once: bool) -> Accepted:
        """Store a message and begin its work: with it if there is a place for it, else when its turn comes."""
        if not self._inbox.reserve(at_once=at_once):
            accepted = await self._store.accept(message)
            if not accepted.duplicate:
                self._inbox.nudge()
            return accepted
        begun = None
        try:
            accepted = await self._store.accept(message, begin=True)
            begun = accepted.begun
        finally:
            self._inbox.take(begun)
        return accepted

    async def ask(self, message: Inbound, *, within: float) -> tuple[Accepted, tuple[str, ...] | None]:
        """Store a message and wait for its replies; None when they took longer.

        Raises:
            StoreUnavailable: it is not stored.
        """
        accepted = await self.accept(message, at_once=True)
        waiter = self._waiters.setdefault(accepted.work_id, asyncio.get_running_loop().create_future())
        done: tuple[str, ...] | None
        try:
            async with asyncio.timeout(within):
                done = await self._answered(accepted.work_id, waiter)
        except TimeoutError:
            done = await self._store.replies(accepted.work_id)
        finally:
            self._waiters.pop(accepted.work_id, None)
        return accepted, done

    async def _answered(self, work_id: int, waiter: asyncio.Future[tuple[str, ...]]) -> tuple[str, ...]:
        """The replies, once our own worker tells them or another process's turn out to be there."""
        pause = _FIRST_LOOK
        while (done := await self._store.replies(work_id)) is None:
            await asyncio.wait((waiter,), timeout=pause)
            if waiter.done():
                return waiter.result()
            pause = min(2 * pause, _LONGEST_LOOK)
        return done

    async def converse(self, message: Inbound) -> Spoken | None:
        """Store a turn of a call and wait for what is said next; None when that takes longer than a webhook may.

        Asked again with the same turn, whatever else is in the message, it tells or awaits the same.

        Raises:
            StoreUnavailable: it is not stored.
        """
        accepted, said = await self.ask(message, within=self._policy.call_patience)
        kept = None if said is None else await self._store.transact(lambda: kept_turn(accepted.work_id))
        return Spoken(texts=said, outcome=kept[0], language=kept[1]) if said is not None and kept else None

    async def call_parties(self, *, account: str, sid: str) -> tuple[str, str] | None:
        """Our address and the contact's in a call, by its first turn's SID; None if none of that is stored.

        Raises:
            StoreUnavailable: the store does not say.
        """
        return await self._store.transact(lambda: parties(account, sid))

    async def record_status(self, update: StatusUpdate) -> bool:
        """Keep a status callback; it may be how an unsure send turns out to be done."""
        also = tuple(job for hook in self._send_hooks for job in hook.reported(update))
        lost: dict[str, OutboxItem] = {}

        def instead(item: OutboxItem) -> tuple[str, Reply] | None:
            lost[item.id] = item
            return remedy(self.document, item, update.error_code)

        ours = await self._store.record_status(update, instead=instead, also=also)
        for item in lost.values():
            self._undelivered(item, update)
        if ours:
            self._outbox.nudge()
            self._tell()
        return ours

    def _undelivered(self, item: OutboxItem, update: StatusUpdate) -> None:
        """Twilio took a reply and could not deliver it."""
        code = update.error_code
        if treatment_of(code) == "pause":
            self._deliverer.pause(item.sender)
        if code == OPTED_OUT:
            self._answerer.interrupt(item.conversation_id)
        meaning = meaning_of(code, otherwise="other")
        self._metrics.undelivered.labels(self._slug, str(code or "none"), meaning).inc()
        log_event(
            _LOG,
            logging.WARNING,
            "reply not delivered",
            tenant=self._slug,
            trace=item.trace,
            reply=item.id,
            code=code,
            meaning=meaning,
        )

    async def quarantine(self, webhook: Webhook) -> bool:
        """Keep what is not understood; whether it is new.

        Raises:
            StoreUnavailable: it is not stored.
        """
        return await self._store.quarantine(webhook)

    async def queues(self) -> Mapping[str, Queue]:
        """What waits."""
        return await self._store.queues()

    def _finished(self, work_id: int, turn: Turn) -> None:
        if turn.replies:
            self._outbox.nudge()
        self._tell()
        waiter = self._waiters.get(work_id)
        if waiter and not waiter.done():
            waiter.set_result(turn.texts)

    def _tell(self) -> None:
        for hook in self._send_hooks:
            hook.kept()
