"""Works on stored messages: asks the assistant, keeps the turn with its replies in one transaction."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from switchboard_runtime.assistants.base import Answer
from switchboard_runtime.conversation.policy import backoff
from switchboard_runtime.conversation.turn import Ask, begin_burst, end_turn, excuse_turn
from switchboard_runtime.errors import LeaseLost
from switchboard_runtime.telemetry.logs import log_event

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from switchboard_runtime.assistants import Answering
    from switchboard_runtime.clock import Clock
    from switchboard_runtime.config import TenantDocument
    from switchboard_runtime.conversation.hooks import TurnHook
    from switchboard_runtime.conversation.policy import Policy
    from switchboard_runtime.store import Store, Turn, WorkItem
    from switchboard_runtime.telemetry.metrics import Metrics

__all__ = ["Answerer"]

_LOG = logging.getLogger(__name__)


class Answerer:
    """Turns a tenant's work items into replies."""

    def __init__(
        self,
        *,
        document: TenantDocument,
        store: Store,
        answering: Answering,
        clock: Clock,
        chance: Callable[[], float],
        policy: Policy,
        metrics: Metrics,
        on_finished: Callable[[int, Turn], None],
        hooks: Sequence[TurnHook] = (),
    ) -> None:
        self._document = document
        self._store = store
        self._answering = answering
        self._clock = clock
        self._chance = chance
        self._policy = policy
        self._metrics = metrics
        self._hooks = tuple(hooks)
        self._on_finished = on_finished

    async def handle(self, item: WorkItem) -> None:
        """Do one work item, or give it back for later."""
        if self._document.burst_seconds and item.message.provider == "twilio":
            item = await self._store.take_along(item, limit=self._policy.burst)
        turn = await self._turn(item)
        if turn is None:
            due = self._clock.now() + backoff(self._policy, item.attempts, chance=self._chance())
            await self._store.postpone_work(item, due=due)
            return
        try:
            await self._store.finish_work(item, turn)
        except LeaseLost:
            self._log(logging.WARNING, "turn dropped: taken over, or the conversation changed", item)
            await self._store.postpone_work(item, due=self._clock.now())  # has no effect if it was taken over
            return
        self._metrics.turns.labels(self._document.tenant.slug, turn.outcome).inc(1 + len(item.joined))
        joined = [message.trace for _, message in item.joined]
        facts = {"joined": joined} if joined else {}
        self._log(logging.INFO, "turn kept", item, outcome=turn.outcome, replies=len(turn.replies), **facts)
        self._on_finished(item.id, turn)

    async def _turn(self, item: WorkItem) -> Turn | None:
        """The turn, or None when the assistant failed and may be tried again."""
        step = begin_burst(self._document, item.state, (item.message, *(message for _, message in item.joined)))
        said: Answer | None = None
        if isinstance(step, Ask):
            step = await self._prepared(item, step)
        if isinstance(step, Ask):
            try:
                said = await self._said(step)
                turn = end_turn(self._document, step, said)
            except Exception as error:  # noqa: BLE001  # whatever an assistant does wrong, the contact gets an answer
                self._log(logging.ERROR, "assistant failed", item, error=type(error).__name__)
                if item.attempts < self._policy.answer_attempts:
                    return None
                turn = excuse_turn(self._document, step)
        else:
            turn = step
        for hook in self._hooks:
            turn = hook.after(item, turn, said)
        return turn

    async def _prepared(self, item: WorkItem, ask: Ask) -> Ask | Turn:
        """What the hooks make of a question, before an assistant is asked."""
        if item.attempts > self._policy.claims:
            self._log(logging.ERROR, "given up: no claim of it ever ended", item)
            return excuse_turn(self._document, ask)
        for hook in self._hooks:
            step = await hook.before(item, ask)
            if not isinstance(step, Ask):
                return step
            ask = step
        return ask

    async def _said(self, ask: Ask) -> Answer | None:
        async with asyncio.timeout(self._policy.turn_deadline):
            said = await self._answering(ask.assistant).answer(ask.question)
        return Answer(text=said) if isinstance(said, str) else said

    def _log(self, level: int, event: str, item: WorkItem, **fields: object) -> None:
        log_event(
            _LOG,
            level,
            event,
            tenant=self._document.tenant.slug,
            trace=item.message.trace,
            work=item.id,
            attempt=item.attempts,
            **fields,
        )
