"""Calls against the served runtime: what is heard, what is stored, and who may call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from switchboard_runtime.assistants.wording import rules
from tests.unit.runtime.kit import eventually
from tests.unit.runtime.voice_kit import (
    CORPUS,
    MENU,
    NUMBER,
    PERSON,
    TRANSFER,
    Assistant,
    Call,
    Heard,
    a_tenant,
    calls,
    kept,
    load,
    rows,
    says,
)

if TYPE_CHECKING:
    from pathlib import Path

    from switchboard_runtime.assistants import Question

PATHS = ("", "/turn?n=1", "/dialled?n=1", "/recording?n=1", "/status")


async def test_a_caller_is_greeted_listened_to_and_answered(tmp_path: Path) -> None:
    """All of it stands in the conversation, and nothing is sent by REST."""
    disclosed = calls(greeting={"es": "Habla con Muebles del Sur."})
    disclosed["assistants"][0]["disclosure"] = {"es": "Soy un asistente automático."}
    async with a_tenant(tmp_path, disclosed) as caller:
        call = Call(caller)
        greeting = await call.answered()
        answer = await call.says("¿Cuánto sale la mesa?")

    assert greeting.said == ["Habla con Muebles del Sur. Soy un asistente automático."]
    assert greeting.attribute("Gather", "input") == "speech"
    assert greeting.attribute("Gather", "hints") == "Mesa Pampa,mesa"
    assert answer.said == ["Mesa Pampa: 120000 ARS, 4 en stock."]
    assert answer.verbs == ["Gather"]
    assert kept(tmp_path) == [("call", ""), ("speech", "¿Cuánto sale la mesa?")]
    assert rows(tmp_path, "SELECT channel, text, state FROM outbox ORDER BY seq") == [
        ("voice", greeting.said[0], "sent"),
        ("voice", answer.said[0], "sent"),
    ]
    assert rows(tmp_path, "SELECT channel, own, contact FROM conversation") == [("voice", NUMBER, call.sender)]


async def test_an_assistant_knows_that_it_is_heard_and_not_read(tmp_path: Path) -> None:
    """A model is told so, and writes no lists."""
    spoken = []

    async def act(question: Question) -> str:
        spoken.append(question.spoken)
        return "Sí."

    async with a_tenant(tmp_path, calls(), assistant=Assistant(act)) as caller:
        call = Call(caller)
        await call.answered()
        await call.says("mesa")
        await caller.say("mesa")
        await eventually(lambda: len(spoken) == 2)
    told: dict[str, Any] = {"instructions": "", "topic": None, "language": "es", "display_name": "Sur", "mark": "m"}

    assert spoken == [True, False]
    assert "of Sur in a phone call." in rules(**told, spoken=True)
    assert "of Sur in a chat." in rules(**told)


async def test_each_language_has_its_voice(tmp_path: Path) -> None:
    """Said and listened to in what the tenant chose for it."""
    voices = {"es": {"language": "es-AR", "voice": "Polly.Mia"}}
    async with a_tenant(tmp_path, calls(voices=voices)) as caller:
        call = Call(caller)
        heard = await call.answered()
        english = await call.says("hello, what is the price please")

    assert (heard.attribute("Say", "voice"), heard.attribute("Gather", "language")) == ("Polly.Mia", "es-AR")
    assert (english.attribute("Say", "voice"), english.attribute("Gather", "language")) == (None, "en-US")


async def test_keys_do_what_the_menu_says(tmp_path: Path) -> None:
    """A reply and the menu again; a key that is none; a transfer; a message; the assistant."""
    async with a_tenant(tmp_path, calls("Menu", menu=MENU, voicemail={}, transfer=TRANSFER)) as caller:
        call = Call(caller)
        opening = await call.answered()
        hours = await call.presses("1")
        wrong = await call.presses("9")
        assistant = await call.presses("4")
        answer = await call.says("mesa")
        sales = await call.presses("2")
        other = Call(caller)
        await other.answered()
        voicemail = await other.presses("3")

    prompt = MENU["prompt"]["es"]
    assert opening.said == [f"Gracias por llamar a Muebles del Sur. {prompt}"]
    assert (opening.attribute("Gather", "input"), opening.attribute("Gather", "finishOnKey")) == ("dtmf", "")
    assert hours.said == ["Abrimos de nueve a dieciocho.", prompt]
    assert wrong.said == ["Esa opción no existe.", prompt]
    assert (assistant.said, assistant.attribute("Gather", "input")) == (["¿En qué puedo ayudarle?"], "speech dtmf")
    assert (answer.said, answer.attribute("Gather", "input")) == (
        ["Mesa Pampa: 120000 ARS, 4 en stock."],
        "speech dtmf",
    )
    assert (sales.verbs, sales.dialled) == (["Say", "Dial"], "sip:ventas@pbx.example.com")
    assert voicemail.verbs == ["Say", "Record", "Say", "Hangup"]
    assert [one for one in kept(tmp_path) if one[0] == "digits"] == [("digits", key) for key in "19423"]


async def test_who_is_silent_is_asked_again_and_then_told_goodbye(tmp_path: Path) -> None:
    """Silence is no message, and does not go on for ever."""
    async with a_tenant(tmp_path, calls(maxSilences=1)) as caller:
        call = Call(caller)
        await call.answered()
        again = await call.on()
        assert again.verbs == ["Gather"]
        goodbye = await call.on(SpeechResult="", Digits="")

    assert goodbye.verbs == ["Say", "Hangup"]
    assert kept(tmp_path) == [("call", "")]


async def test_words_that_were_badly_heard_are_asked_for_again(tmp_path: Path) -> None:
    """The assistant is not bothered with a guess of the recogniser's."""
    assistant = says("no")
    async with a_tenant(tmp_path, calls(minConfidence=0.5), assistant=assistant) as caller:
        call = Call(caller)
        await call.answered()
        heard = await call.says("besa", confidence="0.31")

    assert heard.said == ["Disculpe, no le entendí. ¿Puede decirlo de otra manera?"]
    assert assistant.asked == []


async def test_a_call_has_an_end(tmp_path: Path) -> None:
    """After the last turn a person is called."""
    async with a_tenant(tmp_path, calls(maxTurns=2, transfer=TRANSFER)) as caller:
        call = Call(caller)
        await call.answered()
        await call.says("mesa")
        last = await call.says("mesa")

    assert last.said == ["Mesa Pampa: 120000 ARS, 4 en stock.", "Le comunico con una persona de Muebles del Sur."]
    assert last.dialled == PERSON


async def test_stop_is_a_word_like_any_other_in_a_call(tmp_path: Path) -> None:
    """Nobody who says it on the phone means messages."""
    assistant = says("Claro.")
    async with a_tenant(tmp_path, calls(), assistant=assistant) as caller:
        call = Call(caller)
        await call.answered()
        heard = await call.says("stop")

    assert heard.said == ["Claro."]
    assert assistant.asked == ["stop"]
    assert rows(tmp_path, "SELECT opted_out FROM conversation") == [(0,)]


async def test_callers_without_a_number_are_strangers_to_each_other(tmp_path: Path) -> None:
    """What one said is nobody else's history."""
    async with a_tenant(tmp_path, calls()) as caller:
        for sender in ("anonymous", "+266696687", ""):
            await Call(caller, sender=sender).answered()

    assert len({contact for (contact,) in rows(tmp_path, "SELECT contact FROM conversation")}) == 3


@pytest.mark.parametrize("path", PATHS)
async def test_every_address_of_a_call_is_for_twilio_and_this_tenant_alone(tmp_path: Path, path: str) -> None:
    """No signature, another's account, another's number, another host: refused, and nothing stored."""
    address = f"/bot/twilio/voice{path}"
    async with a_tenant(tmp_path, calls()) as caller:
        call = Call(caller)
        unsigned = await caller.post(address, b"CallSid=CA1&To=%2B13055550123")
        forged = await caller.signed(address, call.form(), token="another-token")
        account = await call.raw(address, AccountSid="AC" + "0" * 32)
        number = await call.raw(address, To="+13055550999")
        host = await caller.signed(address, call.form(), host="other.bots.example.com")

    assert [one.status for one in (unsigned, forged, account, number, host)] == [403, 403, 403, 403, 404]
    assert {one.body for one in (unsigned, forged, account, number, host)} == {b""}
    assert kept(tmp_path) == []


CASES = sorted(file.stem for file in CORPUS.glob("voice-*.json"))


@pytest.mark.parametrize("name", CASES)
async def test_every_call_of_the_corpus_is_understood(tmp_path: Path, name: str) -> None:
    """At the address where Twilio would send it, by a tenant that talks."""
    case = load(name)
    form: dict[str, str] = dict(case["form"])
    addresses = {
        "voice-fallback": "/bot/twilio/fallback",
        "voice-gather-digits": "/bot/twilio/voice/turn?n=1",
        "voice-gather-speech": "/bot/twilio/voice/turn?n=1",
        "voice-recording-completed": "/bot/twilio/voice/recording?n=2&what=voicemail",
        "voice-status-completed": "/bot/twilio/voice/status",
    }
    stored = {
        "voice-fallback": [],
        "voice-gather-digits": [("digits", "2")],
        "voice-gather-speech": [("speech", "Quiero hablar con una persona.")],
        "voice-recording-completed": [("voicemail", "")],
        "voice-status-completed": [("ended", "")],
    }
    content = calls(menu=MENU, voicemail={}, transfer=TRANSFER)
    content["numbers"][0]["phoneNumber"] = "+14155550199"
    async with a_tenant(tmp_path, content) as caller:
        answered: dict[str, str] = dict(load("voice-fallback")["form"])  # the same call
        await caller.signed("/bot/twilio/voice", answered)
        reply = await caller.signed(addresses[name], form, headers=case["headers"])

    assert 200 <= reply.status < 300
    if case["expect"].get("twiml"):
        assert Heard.of(reply.body).verbs
    assert kept(tmp_path) == [("call", ""), *stored[name]]
    assert rows(tmp_path, "SELECT contact FROM conversation") == [("+14155550120",)]
    assert rows(tmp_path, "SELECT count(*) FROM quarantine") == [(0,)]
