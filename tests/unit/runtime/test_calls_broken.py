"""Calls whose webhooks come twice, whose assistants are slow or fail, whose store or limits say no."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from switchboard_runtime.conversation import Policy
from tests.unit.runtime.kit import eventually
from tests.unit.runtime.voice_kit import (
    PERSON,
    TRANSFER,
    Assistant,
    Call,
    Heard,
    a_tenant,
    calls,
    kept,
    path_of,
    rows,
    says,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


QUICK = Policy(store_patience=0.05, call_patience=0.05)


async def test_a_webhook_that_comes_twice_gets_the_same_and_asks_nobody_twice(tmp_path: Path) -> None:
    """One after the other, or both at once."""
    assistant = says("Sí, **tenemos**:\n- mesas\n- sillas 🪑")
    async with a_tenant(tmp_path, calls(), assistant=assistant) as caller:
        call = Call(caller)
        first = await call.answered()
        assert (await call.again()).root.find("Gather/Say") is not None
        assert call.heard.said == first.said
        answer = await call.says("¿Qué tienen?")
        path, more = call.sent
        replies = await asyncio.gather(*(call.raw(path, **more) for _ in range(3)))

    assert answer.said == ["Sí, tenemos: mesas. sillas"]
    assert {Heard.of(reply.body).next for reply in replies} == {answer.next}
    assert [Heard.of(reply.body).said for reply in replies] == [answer.said] * 3
    assert assistant.asked == ["¿Qué tienen?"]
    assert kept(tmp_path) == [("call", ""), ("speech", "¿Qué tienen?")]


async def test_a_slow_answer_is_waited_for_with_words_of_patience(tmp_path: Path) -> None:
    """It is asked for once, fetched by a redirect, and lost nowhere."""
    ready = asyncio.Event()

    async def act(_question: object) -> str:
        await ready.wait()
        return "Aquí está."

    assistant = Assistant(act)
    async with a_tenant(tmp_path, calls(), assistant=assistant, policy=QUICK) as caller:
        call = Call(caller)
        await call.answered()
        patience = await call.says("mesa")
        assert patience.verbs == ["Say", "Redirect"]
        assert "n=1&w=1" in patience.next
        assert "n=1&w=2" in (await call.on()).next
        ready.set()
        await eventually(lambda: rows(tmp_path, "SELECT 1 FROM outbox WHERE text = 'Aquí está.'"))
        answer = await call.on()

    assert patience.said == ["Un momento, por favor."]
    assert (answer.verbs, answer.said) == (["Gather"], ["Aquí está."])
    assert assistant.asked == ["mesa"]


async def test_a_turn_whose_process_ended_is_answered_by_the_next_one(tmp_path: Path) -> None:
    """The caller hears words of patience, and then the answer, from whoever is there by then."""

    async def act(_question: object) -> str:
        await asyncio.Event().wait()
        raise AssertionError

    policy = Policy(call_patience=0.05, drain=0.05)
    async with a_tenant(tmp_path, calls(), assistant=Assistant(act), policy=policy) as caller:
        call = Call(caller)
        await call.answered()
        await call.says("mesa")
    async with a_tenant(tmp_path, calls(), assistant=says("Sí.")) as caller:
        call.caller = caller
        answer = await call.on()

    assert answer.said == ["Sí."]
    assert kept(tmp_path) == [("call", ""), ("speech", "mesa")]


async def test_an_answer_that_another_process_gives_is_heard_at_once(tmp_path: Path) -> None:
    """Whoever has the webhook need not be who has the turn; nobody waits for words of patience."""
    content = calls()
    async with (
        a_tenant(tmp_path, content, policy=Policy(answer_lanes=0, call_patience=30)) as caller,
        a_tenant(tmp_path, content, assistant=says("Sí."), policy=Policy(idle_poll=0.05)),
    ):
        call = Call(caller)
        began = time.monotonic()
        await call.answered()
        answer = await call.says("mesa")
        took = time.monotonic() - began

    assert answer.said == ["Sí."]
    assert took < 10


async def test_an_answer_that_never_comes_ends_in_an_excuse_and_a_transfer(tmp_path: Path) -> None:
    """Nobody is kept on the line for ever; the history says what was heard."""

    async def act(_question: object) -> str:
        await asyncio.Event().wait()
        raise AssertionError

    content = calls(transfer=TRANSFER, answerSeconds=5)
    policy = Policy(call_patience=0.5, turn_deadline=0.2, answer_attempts=2, first_delay=0.05)
    async with a_tenant(tmp_path, content, assistant=Assistant(act), policy=policy) as caller:
        call = Call(caller)
        await call.answered()
        heard = await call.says("mesa")
        rounds = 0
        while heard.verbs == ["Say", "Redirect"]:
            heard, rounds = await call.on(), rounds + 1
            assert rounds < 12

    assert (heard.verbs, heard.dialled) == (["Say", "Say", "Dial"], PERSON)
    assert [text for (text,) in rows(tmp_path, "SELECT text FROM outbox ORDER BY seq")][-2:] == heard.said
    assert rows(tmp_path, "SELECT outcome FROM work ORDER BY id") == [("call greeted",), ("call excused",)]


async def test_whoever_waited_in_vain_is_passed_on(tmp_path: Path) -> None:
    """Even when the engine itself never comes to an end."""

    async def act(_question: object) -> str:
        await asyncio.Event().wait()
        raise AssertionError

    policy = Policy(call_patience=1.0, turn_deadline=60, drain=0.1)
    async with a_tenant(tmp_path, calls(voicemail={}), assistant=Assistant(act), policy=policy) as caller:
        call = Call(caller)
        await call.answered()
        await call.says("mesa")
        heard = await call.post("/bot/twilio/voice/turn?n=1&w=24")

    assert heard.said[0] == "Disculpe, ahora no puedo responder eso."
    assert "Record" in heard.verbs


async def test_a_failing_assistant_gives_an_excuse_and_no_dead_letter(tmp_path: Path) -> None:
    """Nobody would hear what a replay came to."""

    async def act(_question: object) -> str:
        raise ValueError

    policy = Policy(answer_attempts=1)
    async with a_tenant(tmp_path, calls(), assistant=Assistant(act), policy=policy) as caller:
        call = Call(caller)
        await call.answered()
        heard = await call.says("mesa")

    assert heard.verbs == ["Say", "Say", "Hangup"]
    assert rows(tmp_path, "SELECT count(*) FROM work WHERE outcome = 'assistant failed'") == [(0,)]


async def test_the_fallback_address_goes_on_where_the_call_was(tmp_path: Path) -> None:
    """With the answer if there is one, with a question if the words were lost on the way."""
    assistant = says("Sí.")
    async with a_tenant(tmp_path, calls(), assistant=assistant) as caller:
        call = Call(caller)
        await call.answered()
        lost = call.heard.next
        again = await call.post("/bot/twilio/fallback", ErrorCode="11200", ErrorUrl=lost)
        answer = await call.says("¿Hay mesas?")
        same = await call.post("/bot/twilio/fallback", ErrorCode="11205", ErrorUrl=caller.public + call.sent[0])
        foreign = await call.post("/bot/twilio/fallback", ErrorCode="11205", ErrorUrl="https://evil.example.com/x?n=7")

    assert again.said == ["Disculpe, no le entendí. ¿Puede decirlo de otra manera?"]
    assert (answer.said, same.said, same.next) == (["Sí."], ["Sí."], answer.next)
    assert foreign.said == ["Gracias por llamar a Muebles del Sur. ¿En qué puedo ayudarle?"]
    assert assistant.asked == ["¿Hay mesas?"]


async def test_a_store_that_takes_nothing_is_no_silence(tmp_path: Path) -> None:
    """The address itself says 503, so that the fallback is called; that passes the call on."""
    async with a_tenant(tmp_path, calls(transfer=TRANSFER), policy=QUICK) as caller:
        call = Call(caller)
        await call.answered()
        [file] = (tmp_path / "data").glob("*.sqlite3")
        with locked(file):
            at_first = await call.raw(path_of(call.heard.next, caller.public), SpeechResult="mesa")
            heard = await call.post("/bot/twilio/fallback", ErrorCode="11200", ErrorUrl=call.heard.next)

    assert at_first.status == 503
    assert (heard.verbs, heard.dialled) == (["Say", "Say", "Dial"], PERSON)


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another process that writes and does not end."""
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("ROLLBACK")


async def test_a_limit_that_is_reached_ends_the_talk_with_a_person(tmp_path: Path) -> None:
    """What the limit says is heard, and nobody is listened to in vain."""
    limits = {"contact": {"messagesPerDay": 1}, "says": {"es": "Hoy no puedo más."}}
    async with a_tenant(tmp_path, {**calls(transfer=TRANSFER), "limits": limits}, assistant=says("Sí.")) as caller:
        call = Call(caller)
        await call.answered()
        first = await call.says("mesa")
        told = await call.says("silla")
        other = Call(caller)
        await other.answered()
        untold = await other.says("silla")

    assert first.said == ["Sí."]
    assert (told.said, told.dialled) == (["Hoy no puedo más."], PERSON)
    assert (untold.said, untold.dialled) == (["Le comunico con una persona de Muebles del Sur."], PERSON)


async def test_a_rate_that_makes_messages_wait_keeps_no_caller_on_the_line(tmp_path: Path) -> None:
    """A turn that would be late for the call is excused at once."""
    limits = {"contact": {"messagesPerMinute": 1}}
    content = {**calls(voicemail={}, answerSeconds=5), "limits": limits}
    async with a_tenant(tmp_path, content, assistant=says("Sí.")) as caller:
        call = Call(caller)
        await call.answered()
        await call.says("mesa")
        heard = await call.says("silla")

    assert heard.said[0] == "Disculpe, ahora no puedo responder eso."
    assert "Record" in heard.verbs
