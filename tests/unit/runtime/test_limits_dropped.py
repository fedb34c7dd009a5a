"""What is reserved for an answer that is not kept is free at once, and what it took is paid: from webhook to file."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from switchboard_runtime.assistants import Answer, ScriptAssistant, Usage
from switchboard_runtime.conversation import Policy
from switchboard_runtime.edge.context import CONTEXT
from tests.unit.runtime.kit import eventually, served
from tests.unit.runtime.test_limits import finished, rows, tenant, thinking

if TYPE_CHECKING:
    from pathlib import Path

    from switchboard_runtime.assistants import Question, Responder
    from switchboard_runtime.config import Assistant
    from tests.unit.runtime.kit import Caller, FakeTwilio, TurnedClock

CUT = Usage(input_tokens=30, requests=1, cost=Decimal("0.003"), currency="USD", estimated=True)
WHOLE = Usage(input_tokens=60, output_tokens=40, requests=1, cost=Decimal("0.01"), currency="USD")
LIMITS = {"tenant": {"tokensPerDay": 1_000_000}}


@dataclass
class Model:
    """Thinks until it is let go, and writes what it took when it fails or is cut short; the first ``fails`` fail."""

    fails: int = 0
    asked: list[str] = field(default_factory=list)
    go: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, assistant: Assistant) -> Responder:
        """The responder."""
        return ScriptAssistant(assistant) if assistant.model is None else self

    async def answer(self, question: Question) -> Answer:
        """What the model says."""
        self.asked.append(question.text)
        try:
            await self._think()
        except BaseException:
            question.meter.usage = CUT
            raise
        return Answer(text=f"thought of {question.text}", usage=WHOLE, model="openai/m")

    async def _think(self) -> None:
        if len(self.asked) <= self.fails:
            raise RuntimeError("it broke")
        await self.go.wait()


async def tokens(caller: Caller) -> tuple[int, int]:
    """Used and reserved today."""
    used = (await caller.app[CONTEXT].limits["muebles-sur"].usage())["tenant.tokensPerDay"]
    return used.used, used.reserved


def asked_again(clock: TurnedClock, model: Model) -> bool:
    """Whether its second try has begun, as time goes on."""
    clock.turn(0.1)
    return len(model.asked) == 2


async def test_who_takes_a_conversation_over_pays_for_what_was_thought_and_no_more(
    tmp_path: Path, twilio: FakeTwilio, clock: TurnedClock
) -> None:
    """What was reserved for the answer is there for others."""
    model = Model()
    async with served(
        tenant(tmp_path, twilio, assistants=thinking(), limits=LIMITS), clock=clock, answering=model
    ) as one:
        await one.say("mesa")
        await eventually(lambda: model.asked)
        thought = await tokens(one)
        people = one.app[CONTEXT].people["muebles-sur"]
        (conversation,) = (await people.conversations.page()).items
        await people.conversations.take_over(conversation.id, actor="Ana")
        await finished(tmp_path, 1)
        after = await tokens(one)

    assert thought[0] == 0 < thought[1]
    assert after == (30, 0)
    assert rows(tmp_path, "SELECT outcome, input_tokens, estimated, micros FROM spending") == [("dropped", 30, 1, 3000)]


async def test_a_failed_try_reserves_nothing_while_it_waits_and_the_next_reserves_once(
    tmp_path: Path, twilio: FakeTwilio, clock: TurnedClock
) -> None:
    """Both tries are paid, and the message is counted once."""
    model = Model(fails=1)
    async with served(
        tenant(tmp_path, twilio, assistants=thinking(), limits=LIMITS), clock=clock, answering=model
    ) as one:
        await one.say("mesa")
        await eventually(lambda: rows(tmp_path, "SELECT attempts FROM work WHERE lease_until = 0") == [(1,)])
        waiting = await tokens(one)
        await eventually(lambda: asked_again(clock, model))
        again = await tokens(one)
        held = rows(tmp_path, "SELECT tokens FROM reservation")
        model.go.set()
        await finished(tmp_path, 1)
        after = await tokens(one)
        await one.say("silla")
        await finished(tmp_path, 2)

    first = rows(tmp_path, "SELECT input_tokens, output_tokens, requests, micros, outcome FROM spending LIMIT 1")
    assert waiting == (30, 0)
    assert again[0] == 30
    assert held == [(again[1],)]
    assert after == (130, 0)
    assert first == [(90, 40, 2, 13_000, "answered")]
    assert rows(tmp_path, "SELECT messages FROM usage WHERE scope = 'tenant'") == [(2,)] * 2


async def test_the_last_failed_try_is_paid_with_the_excuse(
    tmp_path: Path, twilio: FakeTwilio, clock: TurnedClock
) -> None:
    """The contact is told, and nothing stays reserved."""
    model = Model(fails=1)
    policy = Policy(answer_attempts=1)
    root = tenant(tmp_path, twilio, assistants=thinking(), limits=LIMITS)
    async with served(root, clock=clock, answering=model, policy=policy) as one:
        await one.say("mesa")
        await finished(tmp_path, 1)
        after = await tokens(one)

    assert after == (30, 0)
    assert rows(tmp_path, "SELECT count(*) FROM reservation") == [(0,)]


async def test_an_answer_that_comes_too_late_is_paid(tmp_path: Path, twilio: FakeTwilio, clock: TurnedClock) -> None:
    """Another process handed the conversation over meanwhile, and nobody could be told to cut the answer short."""
    model = Model()
    async with served(
        tenant(tmp_path, twilio, assistants=thinking(), limits=LIMITS), clock=clock, answering=model
    ) as one:
        await one.say("mesa")
        await eventually(lambda: model.asked)
        (conversation,) = (await one.app[CONTEXT].people["muebles-sur"].conversations.page()).items
        await one.app[CONTEXT].stores["muebles-sur"].hand_over(conversation.id, to="human")
        model.go.set()
        await finished(tmp_path, 1)
        after = await tokens(one)

    assert after == (100, 0)
    assert twilio.bodies() == []


async def test_what_an_end_interrupts_leaves_nothing_reserved(
    tmp_path: Path, twilio: FakeTwilio, clock: TurnedClock
) -> None:
    """The next process finds the budget whole, less what was thought, and the message counted."""
    model = Model()
    root = tenant(tmp_path, twilio, assistants=thinking(), limits=LIMITS)
    async with served(root, clock=clock, answering=model, policy=Policy(drain=0.01)) as one:
        await one.say("mesa")
        await eventually(lambda: model.asked)

    assert rows(root, "SELECT tokens, micros FROM reservation") == [(0, 0)]
    assert rows(root, "SELECT messages, tokens, reserved_tokens FROM usage WHERE scope = 'tenant'") == [(1, 30, 0)] * 2
    model.go.set()
    async with served(root, clock=clock, answering=model) as one:
        await eventually(twilio.bodies)
        after = await tokens(one)

    assert after == (130, 0)
    assert twilio.bodies() == ["thought of mesa"]
