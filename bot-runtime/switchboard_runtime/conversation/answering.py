"""Works on stored messages: asks the assistant, keeps the turn with its replies in one transaction."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from switchboard_runtime.assistants.base import Answer, Meter
from switchboard_runtime.conversation.calls import CALL_STEPS, hung_up_at
from switchboard_runtime.conversation.choosing import chosen, may_choose, offered
from switchboard_runtime.conversation.hooks import Wait
from switchboard_runtime.conversation.policy import backoff
from switchboard_runtime.conversation.turn import TEXT_STEPS, Ask
from switchboard_runtime.errors import LeaseLost, StoreUnavailable
from switchboard_runtime.store.delivery import by_provider
from switchboard_runtime.telemetry.logs import log_event
from switchboard_runtime.telemetry.tracing import NoTracing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from switchboard_runtime.assistants import Answering
    from switchboard_runtime.clock import Clock
    from switchboard_runtime.config import TenantDocument
    from switchboard_runtime.conversation.hooks import TurnHook
    from switchboard_runtime.conversation.policy import Policy
    from switchboard_runtime.conversation.turn import Steps
    from switchboard_runtime.store import Inbound, Store, Turn, WorkItem
    from switchboard_runtime.telemetry.metrics import Metrics
    from switchboard_runtime.telemetry.tracing import Fact, Span, Tracing

__all__ = ["Answerer"]

_LOG = logging.getLogger(__name__)


class _Interrupted(Exception):
    """A person took the conversation over while its assistant was thinking, or its contact opted out."""


@dataclass(slots=True)
class _Flight:
    """A conversation that is being worked on, and the call of its assistant, while there is one."""

    epoch: int
    took: Meter = field(default_factory=Meter)
    interrupted: bool = False
    asking: asyncio.Future[str | Answer | None] | None = None

    async def ask(self, answering: Awaitable[str | Answer | None], *, within: float) -> str | Answer | None:
        """What the assistant says.

        Raises:
            _Interrupted: the conversation changed hands before it said anything.
            TimeoutError: it took longer.
        """
        self.asking = asking = asyncio.ensure_future(answering)
        try:
            async with asyncio.timeout(within):
                return await asking
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise  # it is we who are to end
            raise _Interrupted from None
        finally:
            self.asking = None


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
        tracing: Tracing | None = None,
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
        self._tracing = tracing or NoTracing()
        self._flights: dict[int, _Flight] = {}

    def interrupt(self, conversation_id: int) -> bool:
        """Cancel what an assistant is thinking for a conversation; whether there was anything to cancel."""
        flight = self._flights.get(conversation_id)
        if flight is None or flight.interrupted:
            return False
        flight.interrupted = True
        if flight.asking is not None:
            flight.asking.cancel()
        return flight.asking is not None

    def epochs(self) -> Mapping[int, int]:
        """See :class:`~switchboard_runtime.store.Flights`."""
        return {conversation_id: flight.epoch for conversation_id, flight in self._flights.items()}

    def outdated(self, epochs: Mapping[int, int]) -> None:
        """See :class:`~switchboard_runtime.store.Flights`; one that began with the later epoch goes on."""
        for conversation_id, epoch in epochs.items():
            flight = self._flights.get(conversation_id)
            if flight is not None and flight.epoch < epoch:
                self.interrupt(conversation_id)

    async def handle(self, item: WorkItem) -> bool:
        """Do one work item, or give it back for later. Returns whether it is known that its lane is empty now."""
        facts: dict[str, Fact | None] = {
            "switchboard.tenant": self._document.tenant.slug,
            "switchboard.channel": item.message.channel,
            "switchboard.work": item.id,
            "switchboard.attempt": item.attempts,
        }
        flight = self._flights[item.conversation_id] = _Flight(item.state.epoch)
        try:
            with self._tracing.begin("turn", trace=item.message.trace, kind="consumer", facts=facts) as span:
                return await self._do(item, flight, span)
        except _Interrupted:
            self._metrics.interrupted.labels(self._document.tenant.slug).inc()
            self._log(logging.INFO, "answer cancelled: a person took over, or the contact opted out", item)
            await self._drop(item, flight)
            await self._store.postpone_work(item, due=self._clock.now(), counted=False)
            return False
        except asyncio.CancelledError:
            await self._drop(item, flight)  # the process ends
            raise
        finally:
            if self._flights.get(item.conversation_id) is flight:
                del self._flights[item.conversation_id]

    async def _do(self, item: WorkItem, flight: _Flight, span: Span) -> bool:
        if self._document.burst_seconds and by_provider(item.message):
            item = await self._store.take_along(item, limit=self._policy.burst)
        turn = await self._turn(item, flight)
        if isinstance(turn, Wait):
            self._log(logging.INFO, "turn waits", item, reason=turn.reason)
            span.note({"switchboard.outcome": "waits", "switchboard.limit": turn.reason})
            await self._store.postpone_work(item, due=turn.due, counted=False)
            return False
        if turn is None:
            span.failed("assistant failed, tried again later")
            due = self._clock.now() + backoff(self._policy, item.attempts, chance=self._chance())
            await self._store.postpone_work(item, due=due)
            return False
        try:
            empty = await self._store.finish_work(item, turn)
        except LeaseLost:
            self._log(logging.WARNING, "turn dropped: taken over, or the conversation changed", item)
            span.note({"switchboard.outcome": "dropped"})
            await self._drop(item, flight)
            await self._store.postpone_work(item, due=self._clock.now())  # has no effect if it was taken over
            return False
        span.note({"switchboard.outcome": turn.outcome, "switchboard.replies": len(turn.replies)})
        self._metrics.turns.labels(self._document.tenant.slug, turn.outcome).inc(1 + len(item.joined))
        joined = [message.trace for _, message in item.joined]
        facts = {"joined": joined} if joined else {}
        self._log(logging.INFO, "turn kept", item, outcome=turn.outcome, replies=len(turn.replies), **facts)
        self._on_finished(item.id, turn)
        return bool(empty)

    async def _turn(self, item: WorkItem, flight: _Flight) -> Turn | Wait | None:
        """The turn, or None when the assistant failed and may be tried again."""
        steps = CALL_STEPS if item.message.channel == "voice" else TEXT_STEPS
        step = steps.begin(self._document, item.state, await self._messages(item))
        said: Answer | None = None
        if isinstance(step, Ask):
            prepared = await self._prepared(item, step, steps)
            if isinstance(prepared, Wait) and prepared.due < hung_up_at(self._document, item.message):
                return prepared
            step = steps.excuse(self._document, step) if isinstance(prepared, Wait) else prepared
        if isinstance(step, Ask):
            try:
                said = await self._said(item, step, flight)
                turn = steps.end(self._document, step, said)
            except _Interrupted:
                raise
            except Exception as error:  # noqa: BLE001  # whatever an assistant does wrong, the contact gets an answer
                self._log(logging.ERROR, "assistant failed", item, error=type(error).__name__)
                await self._drop(item, flight)
                said = replace(said, usage=None) if said else None  # it is paid
                if item.attempts < self._policy.answer_attempts and self._time_left(item) > self._policy.first_delay:
                    return None
                turn = steps.excuse(self._document, step)
        else:
            turn = step
        for hook in self._hooks:
            turn = hook.after(item, turn, said)
        return turn

    async def _messages(self, item: WorkItem) -> tuple[Inbound, ...]:
        """The turn's messages; a number that answers the last list is the line of the list."""
        messages = (item.message, *(message for _, message in item.joined))
        if not any(may_choose(self._document, item.state, message) for message in messages):
            return messages
        choices = await self._store.transact(partial(offered, item.conversation_id))
        return tuple(
            chosen(message, choices) if may_choose(self._document, item.state, message) else message
            for message in messages
        )

    async def _prepared(self, item: WorkItem, ask: Ask, steps: Steps) -> Ask | Turn | Wait:
        """What the hooks make of a question, before an assistant is asked."""
        if item.attempts > self._policy.claims or self._time_left(item) <= 0:
            self._log(logging.ERROR, "given up: nobody waits any more, or no claim of it ever ended", item)
            return steps.excuse(self._document, ask)
        for hook in self._hooks:
            step = await hook.before(item, ask)
            if not isinstance(step, Ask):
                return step
            ask = step
        return ask

    async def _said(self, item: WorkItem, ask: Ask, flight: _Flight) -> Answer | None:
        if flight.interrupted:
            raise _Interrupted
        flight.took = ask.question.meter
        within = min(self._policy.turn_deadline, self._time_left(item))
        said = await flight.ask(self._answering(ask.assistant).answer(ask.question), within=within)
        if isinstance(said, Answer):
            flight.took = Meter(said.usage, said.model)
        return Answer(text=said) if isinstance(said, str) else said

    async def _drop(self, item: WorkItem, flight: _Flight) -> None:
        """Tell the hooks that this try is not kept, and what it took."""
        for hook in self._hooks:
            try:
                await hook.dropped(item, flight.took)
            except StoreUnavailable as error:
                self._log(logging.WARNING, "what was reserved is left to its end", item, error=str(error))
        flight.took = Meter()

    def _time_left(self, item: WorkItem) -> float:
        """Seconds in which an answer is still of use: a caller does not stay on the line for ever."""
        return hung_up_at(self._document, item.message) - self._clock.now()

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
