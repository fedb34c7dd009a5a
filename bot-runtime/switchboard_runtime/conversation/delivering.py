"""Sends replies: the intent is durable before the POST; after an unknown outcome it looks before it sends."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from switchboard_runtime.conversation.codes import WINDOW_CLOSED, meaning_of
from switchboard_runtime.conversation.courier import NotSent, Sent
from switchboard_runtime.conversation.policy import (
    Fail,
    Keep,
    Later,
    Resend,
    after_look,
    after_post,
    backoff,
    is_too_old,
)
from switchboard_runtime.conversation.remedies import is_window_closed
from switchboard_runtime.conversation.senders import Senders
from switchboard_runtime.errors import LeaseLost, LookUpFailed
from switchboard_runtime.store.delivery import OPTED_OUT
from switchboard_runtime.telemetry.logs import log_event
from switchboard_runtime.telemetry.tracing import NoTracing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from switchboard_runtime.clock import Clock
    from switchboard_runtime.conversation.courier import Courier
    from switchboard_runtime.conversation.hooks import SendHook
    from switchboard_runtime.conversation.policy import Policy
    from switchboard_runtime.store import OutboxItem, Reply, Store
    from switchboard_runtime.telemetry.metrics import Metrics
    from switchboard_runtime.telemetry.tracing import Fact, Span, Tracing

__all__ = ["Deliverer"]

_LOG = logging.getLogger(__name__)


def _no_remedy(_item: OutboxItem, _code: int | None) -> tuple[str, Reply] | None:
    return None


def _nobody(_conversation_id: int) -> bool:
    return False


class Deliverer:
    """Carries a tenant's outbox to the provider.

    Args:
        remedy: what to queue in place of what the provider refuses.
        interrupt: cancels the answer that is thought for a conversation whose contact turns out to have opted out.
    """

    def __init__(
        self,
        *,
        tenant: str,
        store: Store,
        courier: Courier,
        clock: Clock,
        chance: Callable[[], float],
        policy: Policy,
        metrics: Metrics,
        hooks: Sequence[SendHook] = (),
        remedy: Callable[[OutboxItem, int | None], tuple[str, Reply] | None] = _no_remedy,
        interrupt: Callable[[int], object] = _nobody,
        tracing: Tracing | None = None,
    ) -> None:
        self._tenant = tenant
        self._store = store
        self._courier = courier
        self._clock = clock
        self._chance = chance
        self._policy = policy
        self._metrics = metrics
        self._hooks = tuple(hooks)
        self._remedy = remedy
        self._interrupt = interrupt
        self._senders = Senders(policy)
        self._tracing = tracing or NoTracing()

    def pause(self, sender: str) -> None:
        """Let a sender's replies wait: the provider could not keep up with what it took."""
        self._senders.pause(sender, now=self._clock.now(), chance=self._chance())

    async def handle(self, item: OutboxItem) -> None:
        """Send one reply, or find that it was sent, or put it off."""
        facts: dict[str, Fact | None] = {
            "switchboard.tenant": self._tenant,
            "switchboard.channel": item.channel,
            "switchboard.reply": item.id,
            "switchboard.attempt": item.attempts,
            "messaging.system": "twilio",
            "messaging.operation.name": "send",
        }
        with self._tracing.begin("send", trace=item.trace, kind="producer", facts=facts) as span:
            try:
                await self._do(item, span)
            except LeaseLost:
                span.note({"switchboard.outcome": "taken over"})
                self._log(logging.WARNING, "reply dropped: taken over", item)

    async def _do(self, item: OutboxItem, span: Span) -> None:
        step = await self._look(item) if item.look_first else Resend()
        if isinstance(step, Resend):
            step = self._hindrance(item) or step
        if not isinstance(step, Resend):
            await self._end(item, step, span)
        elif fresh := await self._fresh(item):
            await self._end(fresh, await self._post(fresh), span)

    async def _end(self, item: OutboxItem, step: Keep | Later | Fail, span: Span) -> None:
        match step:
            case Keep(sid):
                span.note({"messaging.message.id": sid, "switchboard.outcome": "sent"})
            case Later(_, _, reason):
                span.failed(reason)
            case Fail(code, reason):
                span.note({"switchboard.error_code": code})
                span.failed(reason)
        await self._keep(item, step)

    async def _look(self, item: OutboxItem) -> Keep | Later | Resend | Fail:
        """Ask the provider whether it has the reply already."""
        now = self._clock.now()
        try:
            found = await self._courier.find(item)
        except LookUpFailed as error:
            self._log(logging.WARNING, "look-up failed", item, error=str(error))
            due = now + backoff(self._policy, item.attempts, chance=self._chance())
            return Later(due, unsent=False, reason="look failed")
        claimed = await self._store.claimed_sids([one.sid for one in found], other_than=item.id)
        step = after_look(
            item, found, claimed=claimed, now=self._clock.now(), chance=self._chance(), policy=self._policy
        )
        if isinstance(step, Keep):
            self._metrics.recovered.labels(self._tenant).inc()
        return step

    def _hindrance(self, item: OutboxItem) -> Fail | Later | None:
        """What keeps a reply from being sent now, whatever the provider would say."""
        now = self._clock.now()
        if is_window_closed(item, now=now):
            return Fail(WINDOW_CLOSED, meaning_of(WINDOW_CLOSED, otherwise=""))
        due = self._senders.free_at(item.sender, now=now, chance=self._chance())
        if due is None:
            return None
        if is_too_old(item, due=due, policy=self._policy):
            return Fail(None, "given up: its sender pauses")
        return Later(due, unsent=True, reason="sender pauses")

    async def _fresh(self, item: OutboxItem) -> OutboxItem | None:
        """The item under an intent that dates this POST and no other; None when it is not wanted any more."""
        if item.look_first or self._clock.now() - item.intent_at > self._policy.intent_fresh:
            return await self._store.renew_intent(item)
        return item

    async def _post(self, item: OutboxItem) -> Keep | Later | Fail:
        """POST once."""
        outcome = await self._courier.send(item)
        now = self._clock.now()
        if isinstance(outcome, Sent):
            self._senders.passed(item.sender, now=now)
        if isinstance(outcome, NotSent) and outcome.sender:
            self._senders.pause(item.sender, now=now, chance=self._chance(), least=outcome.retry_after or 0.0)
        return after_post(item, outcome, now=self._clock.now(), chance=self._chance(), policy=self._policy)

    async def _keep(self, item: OutboxItem, step: Keep | Later | Fail) -> None:
        match step:
            case Keep(sid):
                await self._sent(item, sid)
            case Later(due, unsent, reason):
                await self._store.postpone_outbox(item, due=due, unsent=unsent)
                self._metrics.retries.labels(self._tenant, reason).inc()
                self._log(logging.WARNING, "reply put off", item, reason=reason, seconds=due - self._clock.now())
            case Fail(code, reason):
                also = tuple(job for hook in self._hooks for job in hook.failed(item, code=code, reason=reason))
                instead = self._remedy(item, code)
                await self._store.mark_failed(item, code=code, reason=reason, instead=instead, also=also)
                self._tell()
                if code == OPTED_OUT:
                    self._interrupt(item.conversation_id)
                self._metrics.refusals.labels(self._tenant, str(code or "none")).inc()
                facts = {"instead": instead[0]} if instead else {}
                self._log(logging.ERROR, "reply refused", item, code=code, reason=reason, **facts)

    async def _sent(self, item: OutboxItem, sid: str) -> None:
        also = tuple(job for hook in self._hooks for job in hook.sent(item, sid))
        once = await self._store.mark_sent(item, sid=sid, also=also)
        self._tell()
        if not once:
            self._log(logging.ERROR, "reply was sent twice", item, sid=sid)
            return
        self._metrics.sent.labels(self._tenant).inc()
        self._metrics.latency.labels(self._tenant).observe(max(0.0, self._clock.now() - item.received_at))
        self._log(logging.INFO, "reply sent", item, sid=sid)

    def _tell(self) -> None:
        for hook in self._hooks:
            hook.kept()

    def _log(self, level: int, event: str, item: OutboxItem, **fields: object) -> None:
        log_event(
            _LOG,
            level,
            event,
            tenant=self._tenant,
            trace=item.trace,
            reply=item.id,
            attempt=item.attempts,
            **fields,
        )
