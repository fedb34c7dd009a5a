"""Limits as a contact meets them: told once, made to wait, answered by the script, or met with silence."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from switchboard_runtime.assistants import Answer, ScriptAssistant, Usage
from switchboard_runtime.conversation import Policy, Shares
from switchboard_runtime.edge.context import CONTEXT
from tests.unit.runtime.kit import document, eventually, served, write_tenant

if TYPE_CHECKING:
    from pathlib import Path

    from switchboard_runtime.assistants import Question, Responder
    from switchboard_runtime.config import Assistant
    from tests.unit.runtime.kit import Caller, FakeTwilio, TurnedClock

PRICE = {"validFrom": "2020-01-01", "input": "1", "output": "1"}
MODEL = {"choices": [{"provider": "openai", "model": "m", "apiKey": "k", "prices": [PRICE]}], "historyTokens": 0}
BUSY = "Ahora no podemos responder más mensajes. Muebles del Sur recibió el tuyo."
DAY = 86_400.0


def tenant(root: Path, twilio: FakeTwilio, **changes: Any) -> Path:
    """The example tenant with limits, its Twilio the stand-in."""
    account = {"endpoint": twilio.endpoint, "accountSid": document()["twilio"]["accountSid"]}
    write_tenant(root, document(twilio=account, **changes))
    return root


def thinking() -> list[dict[str, Any]]:
    """The example's assistant with a model and its script."""
    [assistant] = document()["assistants"]
    return [{**assistant, "model": MODEL}]


@dataclass
class Thinking:
    """Answers of a model that takes 100 tokens and a cent, and by the script without one."""

    asked: list[str] = field(default_factory=list)

    def __call__(self, assistant: Assistant) -> Responder:
        """The responder."""
        if assistant.model is None:
            return ScriptAssistant(assistant)
        return self

    async def answer(self, question: Question) -> Answer:
        """What the model says."""
        self.asked.append(question.text)
        usage = Usage(input_tokens=60, output_tokens=40, requests=1, cost=Decimal("0.01"), currency="USD")
        return Answer(text=f"thought of {question.text}", usage=usage, model="openai/m")


@dataclass
class Held:
    """Answers when it may."""

    free: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[str] = field(default_factory=list)

    def __call__(self, assistant: Assistant) -> Held:
        """The responder."""
        return self

    async def answer(self, question: Question) -> str:
        """The text again."""
        self.asked.append(question.text)
        if question.text.startswith("slow"):
            await self.free.wait()
        return question.text


def rows(root: Path, query: str) -> list[tuple[Any, ...]]:
    """What the tenant's file says."""
    [file] = (root / "data").glob("*.sqlite3")
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as db:
        return db.execute(query).fetchall()


async def finished(root: Path, number: int) -> None:
    """Wait until so many messages were worked on."""
    await eventually(lambda: rows(root, "SELECT count(*) FROM work WHERE state = 'done'") == [(number,)])


async def counts(caller: Caller, line: str) -> None:
    """Wait until the metrics have a line."""

    async def there() -> bool:
        async with caller.session.get(caller.base + "/metrics") as reply:
            return line in (await reply.text()).splitlines()

    await eventually(there)


async def test_beyond_a_days_messages_a_contact_is_told_once_and_answered_again_the_next_day(
    tmp_path: Path, twilio: FakeTwilio, clock: TurnedClock
) -> None:
    """And what it wrote is kept all the same."""
    root = tenant(tmp_path, twilio, limits={"contact": {"messagesPerDay": 2}})
    async with served(root, clock=clock) as caller:
        for place, text in enumerate(["hola", "mesa", "mesa", "mesa"]):
            await caller.say(text)
            await finished(root, place + 1)
        clock.turn(DAY)
        await caller.say("hola")

        await eventually(lambda: len(twilio.bodies()) == 4)
        assert twilio.bodies()[2:] == [BUSY, "¡Hola! ¿En qué te ayudo?"]
        await counts(
            caller, 'switchboard_limits_reached_total{limit="contact.messagesPerDay",tenant="muebles-sur"} 2.0'
        )


async def test_a_stop_is_kept_whatever_is_spent(tmp_path: Path, twilio: FakeTwilio, clock: TurnedClock) -> None:
    """No budget stands between a person and silence."""
    root = tenant(tmp_path, twilio, limits={"contact": {"messagesPerDay": 1}})
    async with served(root, clock=clock) as caller:
        for place, text in enumerate(["hola", "hola", "STOP"]):
            await caller.say(text)
            await finished(root, place + 1)

    assert rows(root, "SELECT opted_out FROM conversation") == [(1,)]


async def test_who_writes_too_fast_waits_and_is_answered_in_order(
    tmp_path: Path, twilio: FakeTwilio, clock: TurnedClock
) -> None:
    """Nothing is dropped, and waiting is no failed try."""
    root = tenant(tmp_path, twilio, limits={"contact": {"messagesPerMinute": 2}})
    async with served(root, clock=clock, policy=Policy(answer_attempts=1, claims=2), answering=Held()) as caller:
        for number in range(4):
            await caller.say(f"text {number}")
        await eventually(lambda: len(twilio.bodies()) == 2)
        await counts(
            caller, 'switchboard_limits_reached_total{limit="contact.messagesPerMinute",tenant="muebles-sur"} 1.0'
        )
        clock.turn(29.0)
        await caller.say("text 4")
        assert len(twilio.bodies()) == 2
        for _ in range(3):
            clock.turn(31.0)
            before = len(twilio.bodies())
            await eventually(lambda: len(twilio.bodies()) > before)  # noqa: B023  # waited for at once

        assert twilio.bodies() == [f"text {number}" for number in range(5)]


async def test_what_an_answer_took_is_booked_with_its_message(
    tmp_path: Path, twilio: FakeTwilio, clock: TurnedClock
) -> None:
    """Tokens and money, for each message and in sum; also where nothing is limited."""
    root = tenant(tmp_path, twilio, assistants=thinking())
    async with served(root, clock=clock, answering=Thinking()) as caller:
        await caller.say("one")
        await caller.say("two")
        await finished(root, 2)
        await counts(caller, 'switchboard_model_spend_total{model="openai/m",tenant="muebles-sur"} 0.02')

    assert (
        rows(root, "SELECT assistant, model, input_tokens + output_tokens, micros FROM spending")
        == [("ventas", "openai/m", 100, 10_000)] * 2
    )
    assert (
        rows(root, "SELECT tokens, micros, reserved_tokens FROM usage WHERE scope = 'tenant'") == [(200, 20_000, 0)] * 2
    )


async def test_what_answers_took_is_put_into_the_sums_now_and_then(
    tmp_path: Path, twilio: FakeTwilio, clock: TurnedClock
) -> None:
    """Some seconds later, with the next message; and whoever asks for the usage is told all of it meanwhile."""
    root = tenant(tmp_path, twilio, assistants=thinking())
    async with served(root, clock=clock, answering=Thinking()) as caller:
        await caller.say("one")
        await finished(root, 1)
        used = await caller.app[CONTEXT].limits["muebles-sur"].usage()
        left = rows(root, "SELECT count(*) FROM settlement")
        clock.turn(6.0)
        await caller.say("two")
        await finished(root, 2)
        written = rows(root, "SELECT tokens, micros FROM usage WHERE scope = 'tenant'")

    assert (used["tenant.tokensPerDay"].used, used["tenant.tokensPerDay"].reserved) == (100, 0)
    assert left == [(1,)]
    assert written == [(100, 10_000)] * 2


async def test_an_answer_without_a_model_gives_back_what_was_reserved(
    tmp_path: Path, twilio: FakeTwilio, clock: TurnedClock
) -> None:
    """As when all models rest, or a blocked phrase is declined; also where nothing is limited."""
    root = tenant(tmp_path, twilio, assistants=thinking())
    canned = Held()
    canned.free.set()
    async with served(root, clock=clock, answering=canned) as caller:
        await caller.say("one")
        await finished(root, 1)

    assert canned.asked == ["one"]
    assert rows(root, "SELECT count(*) FROM reservation") == [(0,)]
    assert rows(root, "SELECT tokens, reserved_tokens FROM usage WHERE scope = 'tenant'") == [(0, 0)] * 2


async def test_when_the_money_is_spent_the_script_answers(
    tmp_path: Path, twilio: FakeTwilio, clock: TurnedClock
) -> None:
    """The model is asked as long as what it may take at most is there, and never after."""
    root = tenant(tmp_path, twilio, assistants=thinking(), limits={"tenant": {"spendPerMonth": "0.05"}})
    model = Thinking()
    async with served(root, clock=clock, answering=model) as caller:
        for number in range(8):
            await caller.say("mesa")
            await finished(root, number + 1)
        await counts(caller, 'switchboard_limits_reached_total{limit="tenant.spendPerMonth",tenant="muebles-sur"} 5.0')

    assert len(model.asked) == 3
    assert twilio.bodies()[2:4] == ["thought of mesa", "Mesa Pampa: 120000 ARS, 4 en stock."]


async def test_when_an_assistants_money_is_spent_its_script_answers_and_another_thinks_on(
    tmp_path: Path, twilio: FakeTwilio, clock: TurnedClock
) -> None:
    """A budget of its own, within the tenant's; what is used of it is seen from outside."""
    [ventas] = thinking()
    [number] = document()["numbers"]
    other = {**number, "name": "other", "phoneNumber": "+13055550124", "assistant": "soporte"}
    root = tenant(
        tmp_path,
        twilio,
        numbers=[number, other],
        assistants=[ventas, {**ventas, "name": "soporte"}],
        limits={"assistants": {"ventas": {"spendPerMonth": "0.05"}}},
    )
    model = Thinking()
    async with served(root, clock=clock, answering=model) as caller:
        for turn in range(6):
            await caller.say("mesa")
            await caller.say("mesa", To="whatsapp:+13055550124")
            await finished(root, 2 * turn + 2)
        limit = 'limit="assistants.ventas.spendPerMonth",tenant="muebles-sur"'
        await counts(caller, f"switchboard_limits_reached_total{{{limit}}} 3.0")
        await counts(caller, f"switchboard_limit_used_ratio{{{limit}}} 0.6")

    assert len(model.asked) == 3 + 6
    assert rows(root, "SELECT subject, micros FROM usage WHERE scope = 'assistant'") == [("ventas", 30_000)]


async def test_an_assistants_messages_wait_for_its_own_rate(
    tmp_path: Path, twilio: FakeTwilio, clock: TurnedClock
) -> None:
    """Whoever writes to it."""
    root = tenant(tmp_path, twilio, limits={"assistants": {"ventas": {"messagesPerMinute": 1}}})
    async with served(root, clock=clock) as caller:
        await caller.say("mesa")
        await finished(root, 1)
        await caller.say("mesa", From="whatsapp:+5491155500201")
        limit = 'limit="assistants.ventas.messagesPerMinute",tenant="muebles-sur"'
        await counts(caller, f"switchboard_limits_reached_total{{{limit}}} 1.0")
        waiting = rows(root, "SELECT count(*) FROM work WHERE state = 'done'")
        clock.turn(61)
        await finished(root, 2)

    assert waiting == [(1,)]


async def test_too_much_that_waits_is_answered_at_once(tmp_path: Path, twilio: FakeTwilio, clock: TurnedClock) -> None:
    """That we are busy, instead of after an hour; as many as may wait are answered all the same."""
    root = tenant(tmp_path, twilio, limits={"backlog": 3})
    held = Held()
    policy = Policy(answer_lanes=1, turn_deadline=3600.0)
    async with served(root, clock=clock, policy=policy, answering=held) as caller:
        for number in range(7):
            await caller.say(f"slow {number}", From=f"whatsapp:+549115550{number:04}")
        await eventually(lambda: held.asked)
        clock.turn(5.0)
        held.free.set()
        await finished(root, 7)

    sent = [message["body"] for message in twilio.messages]
    assert sent.count(BUSY) == 3
    assert len(sent) == 7


async def test_a_machine_is_met_with_silence_and_a_person_after_it_is_not(
    tmp_path: Path, twilio: FakeTwilio, clock: TurnedClock
) -> None:
    """Six times the same sentence; ten minutes later it may be somebody."""
    root = tenant(tmp_path, twilio)
    async with served(root, clock=clock) as caller:
        for number in range(9):
            await caller.say(f"Gracias por su mensaje, su caso es el {number}.")
            await finished(root, number + 1)
            clock.turn(5.0)
        answered = len(twilio.bodies())
        await counts(caller, 'switchboard_silent_conversations{tenant="muebles-sur"} 1.0')
        clock.turn(700.0)
        await caller.say("hola")

        await eventually(lambda: len(twilio.bodies()) == answered + 1)
        assert answered == 5


async def test_a_tenant_with_much_to_do_leaves_room_for_another(
    tmp_path: Path, twilio: FakeTwilio, clock: TurnedClock
) -> None:
    """All places are taken by turns that do not end; the other's message is answered all the same."""
    root = tenant(tmp_path, twilio)
    account = {"endpoint": twilio.endpoint, "accountSid": document()["twilio"]["accountSid"]}
    write_tenant(root, document(slug="zapatos", phone="+13055550199", twilio=account))
    held = Held()
    async with served(root, clock=clock, policy=Policy(answers_at_once=4), answering=held) as caller:
        for number in range(20):
            await caller.say(f"slow {number}", From=f"whatsapp:+549115550{number:04}")
        await eventually(lambda: len(held.asked) == 4)
        caller.public = "https://zapatos.bots.example.com"
        await caller.say("quick", To="whatsapp:+13055550199")

        await eventually(lambda: "quick" in [message["body"] for message in twilio.messages])
        held.free.set()
        await eventually(lambda: len(twilio.messages) == 21)


@given(st.data())
def test_shares_are_never_more_than_there_is_but_for_one_each(data: st.DataObject) -> None:
    """Who has nothing may begin one; who has some stays within an equal share of what was free when it asked."""
    places = data.draw(st.integers(1, 12))
    shares, held = Shares(places), dict.fromkeys("abc", 0)
    for _ in range(data.draw(st.integers(1, 40))):
        name = data.draw(st.sampled_from("abc"))
        if held[name] and data.draw(st.booleans()):
            shares.give(name)
            held[name] -= 1
            continue
        before = held[name]
        got = shares.take(name, data.draw(st.integers(1, places)), again=lambda: None)
        held[name] += got
        assert got >= (0 if before else 1)
        assert sum(held.values()) < places + len(held)
    for name, count in held.items():
        shares.give(name, count)
    assert shares.take("a", places, again=lambda: None) in {places, *(places // n for n in (2, 3)), 1}


def test_who_had_too_little_is_told_when_there_is_more() -> None:
    """Once, and not when it has all it wanted."""
    shares, told = Shares(2), list[str]()
    assert shares.take("a", 2, again=lambda: told.append("a")) == 2
    assert shares.take("b", 2, again=lambda: told.append("b")) == 1

    shares.give("a")
    shares.give("a")

    assert told == ["b"]


async def test_where_nothing_is_limited_nothing_is_counted(
    tmp_path: Path, twilio: FakeTwilio, clock: TurnedClock
) -> None:
    """Other settings of limits cost no sums either, which all turns of a tenant would write."""
    root = tenant(tmp_path, twilio, limits={"loop": {"enabled": False}, "backlog": 50})
    async with served(root, clock=clock) as caller:
        await caller.say("mesa")
        await finished(root, 1)

    assert rows(root, "SELECT count(*) FROM usage") == [(0,)]
