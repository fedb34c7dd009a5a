"""Whole calls: a person at a phone, Twilio's voice engine as the emulator has it, and the runtime."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard_runtime.channels.voice import VoiceAnswers, answer_call
from switchboard_runtime.conversation.calls import Spoken
from tests.contract.emulator_sync import PHONE, a_world
from tests.contract.emulator_voice import Phone
from tests.contract.runtime_voice_kit import PERSON, a_bot
from tests.unit.runtime.kit import document
from tests.unit.runtime.test_voice import OUTCOMES, at, tenants, texts
from tests.unit.runtime.voice_kit import MENU, Assistant, says
from twilio_emulator.voice.twiml import parse_voice

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from switchboard_runtime.assistants import Question
    from switchboard_runtime.config import TenantDocument
    from tests.contract.emulator_sync import SyncWorld

GREETING, ANSWER = "Habla con Muebles del Sur.", "Mesa Pampa: 120000 ARS, 4 en stock."
KEYS = {"prompt": {"es": "Cero, una persona."}, "options": [{"key": "0", "transfer": {"phoneNumber": PERSON}}]}
TALK: dict[str, Any] = {"mode": "Assistant", "greeting": {"es": GREETING}, "menu": KEYS, "voicemail": {}}


@pytest.fixture
def world() -> Iterator[SyncWorld]:
    """An emulator with a subaccount."""
    with a_world() as world:
        yield world


def test_a_whole_call(world: SyncWorld, tmp_path: Path) -> None:
    """Greeting, speech, the assistant's answer, a key, a transfer that nobody takes, a message that is kept."""
    with a_bot(world, tmp_path, voice=TALK) as bot:
        bot.declare(PERSON, "no-answer")
        phone = Phone.calls(world)
        assert phone.waits_for == "input"
        phone.speak("¿Cuánto sale la mesa?")
        assert phone.heard()[-1] == ANSWER
        phone.press("0")
        bot.until(phone, "recording")  # the person's phone rings for 20 s
        phone.speak("Llámenme mañana, por favor.")
        world.advance(3)
        phone.press("#")
        world.advance(60)

        assert phone.status == "completed"
        assert phone.heard() == [
            f"{GREETING} Cero, una persona.",
            ANSWER,
            "Le comunico con una persona de Muebles del Sur.",
            "Nadie puede atenderle en este momento.",
            "Deje su mensaje después de la señal; al terminar, oprima numeral.",
            "Gracias, Muebles del Sur tiene su mensaje. Adiós.",
        ]
        assert bot.kept == [
            ("call", ""),
            ("speech", "¿Cuánto sale la mesa?"),
            ("digits", "0"),
            ("missed", ""),
            ("voicemail", ""),
            ("ended", ""),
        ]
        assert bot.said == phone.heard()[:3]
        (recording,) = world.sub.recordings.list()
        [(sid, fields)] = bot.rows("SELECT sid, fields FROM message WHERE kind = 'voicemail'")
        assert sid == recording.sid
        assert dict(json.loads(fields))["RecordingUrl"].endswith(f"/Recordings/{recording.sid}")
        assert bot.rows("SELECT channel, contact FROM conversation") == [("voice", PHONE)]
        assert bot.alerts() == []
        assert world.sub.messages.list() == []


def test_every_webhook_of_a_call_may_come_twice(world: SyncWorld, tmp_path: Path) -> None:
    """The assistant is asked once, nothing is stored twice, and the second answer is the first one's."""
    assistant = says("Sí, hay.")
    with a_bot(world, tmp_path, voice=TALK, assistant=assistant) as bot:
        bot.declare(PERSON, "busy")
        with world.emulator.fault(target="webhook", kind="duplicate", copies=3, count=None):
            phone = Phone.calls(world)
            phone.speak("¿Hay mesas?")
            phone.press("0")
            bot.until(phone, "recording")
            phone.speak("Hola, soy Ana.")
            world.advance(60)

        assert phone.status == "completed"
        assert assistant.asked == ["¿Hay mesas?"]
        assert [kind for kind, _ in bot.kept] == ["call", "speech", "digits", "missed", "voicemail", "ended"]
        answers: dict[tuple[str, str], list[str]] = {}
        for one in world.emulator.deliveries():
            if one["kind"] == "voice":
                answers.setdefault((one["url"], one["request"]["body"]), []).append(one["response"]["body"])
        assert [len(bodies) for bodies in answers.values()] == [3] * 5
        assert all(len(set(bodies)) == 1 for bodies in answers.values())


def test_a_slow_assistant_is_waited_for(world: SyncWorld, tmp_path: Path) -> None:
    """With words of patience, once asked, and within Twilio's limits."""
    ready = asyncio.Event()

    async def act(_question: Question) -> str:
        await ready.wait()
        return "Aquí está."

    assistant = Assistant(act)
    with a_bot(world, tmp_path, voice=TALK, assistant=assistant, patience=0.3) as bot:
        phone = Phone.calls(world)
        phone.speak("¿Hay mesas?")
        assert phone.heard()[-1] == "Un momento, por favor."
        world.emulator.run(_set(ready))
        world.advance(5)

        assert phone.heard()[1:] == ["Un momento, por favor.", "Aquí está."]
        assert phone.waits_for == "input"
        assert assistant.asked == ["¿Hay mesas?"]
        assert bot.alerts() == []


async def _set(event: asyncio.Event) -> None:
    event.set()


def test_an_assistant_that_never_answers_ends_with_a_person(world: SyncWorld, tmp_path: Path) -> None:
    """After an excuse; the caller is not kept for ever."""

    async def act(_question: Question) -> str:
        await asyncio.Event().wait()
        raise AssertionError

    voice = {**TALK, "transfer": {"phoneNumber": PERSON}, "answerSeconds": 5}
    with a_bot(world, tmp_path, voice=voice, assistant=Assistant(act), patience=2.0) as bot:
        phone = Phone.calls(world)
        phone.speak("¿Hay mesas?")
        bot.until(phone, "answer of who is dialled")

        assert phone.heard()[1:] == [
            *["Un momento, por favor."] * phone.heard().count("Un momento, por favor."),
            "Disculpe, ahora no puedo responder eso.",
            "Le comunico con una persona de Muebles del Sur.",
        ]
        assert [leg.to for leg in world.sub.calls.list(parent_call_sid=phone.sid)] == [PERSON]
        assert bot.said[1:] == phone.heard()[-2:]


def test_who_is_put_through_talks_and_then_the_call_is_over(world: SyncWorld, tmp_path: Path) -> None:
    """The person sees the caller's number, and no bot comes back afterwards."""
    with a_bot(world, tmp_path, voice=TALK) as bot:
        phone = Phone.calls(world)
        phone.press("0")
        bot.until(phone, "end of the conversation")
        (leg,) = world.sub.calls.list(parent_call_sid=phone.sid)
        assert (leg.to, leg._from) == (PERSON, PHONE)
        Phone(world, leg.sid).hang_up()

        assert phone.status == "completed"
        assert ("transfer", "") in bot.kept


def test_whoever_hangs_up_on_the_tape_has_left_a_message(world: SyncWorld, tmp_path: Path) -> None:
    """As most people do."""
    menu = {**MENU, "options": [{"key": "3", "voicemail": True}]}
    with a_bot(world, tmp_path, voice={"mode": "Menu", "menu": menu, "voicemail": {"maxSeconds": 30}}) as bot:
        phone = Phone.calls(world)
        phone.press("3")
        bot.until(phone, "recording")
        phone.speak("Soy Ana, llámenme.")
        world.advance(2)
        phone.hang_up()
        world.advance(1)

        assert [kind for kind, _ in bot.kept] == ["call", "digits", "voicemail", "ended"]


def test_a_recorded_call_is_announced_and_its_recording_kept(world: SyncWorld, tmp_path: Path) -> None:
    """The callback names no numbers, and still finds its conversation."""
    voice = {**TALK, "record": {"announcement": {"es": "Esta llamada se graba."}}}
    with a_bot(world, tmp_path, voice=voice) as bot:
        phone = Phone.calls(world)
        world.advance(5)
        phone.speak("mesa")
        phone.hang_up()
        world.advance(1)

        assert phone.heard()[0] == "Esta llamada se graba."
        happened = [
            event["kind"] for event in phone.state["transcript"] if event["kind"] in {"said", "recording-started"}
        ]
        assert happened[:2] == ["said", "recording-started"]
        assert sorted(kind for kind, _ in bot.kept) == ["call", "ended", "recording", "speech"]
        assert bot.rows("SELECT count(*) FROM conversation") == [(1,)]
        assert bot.alerts() == []


def test_silence_is_the_end_of_a_call(world: SyncWorld, tmp_path: Path) -> None:
    """Asked twice, told goodbye, nothing stored of it."""
    with a_bot(world, tmp_path, voice=TALK) as bot:
        phone = Phone.calls(world)
        world.advance(120)

        assert phone.status == "completed"
        assert phone.heard()[1:] == [
            *["No le escucho. ¿Sigue ahí?"] * 2,
            "Gracias por llamar a Muebles del Sur. Adiós.",
        ]
        assert [kind for kind, _ in bot.kept] == ["call", "ended"]


def test_a_suspended_tenant_rejects_a_call(world: SyncWorld, tmp_path: Path) -> None:
    """It is never answered, so nobody pays for it."""
    suspended = {**document()["tenant"], "status": "Suspended"}
    with a_bot(world, tmp_path, voice=TALK, tenant=suspended) as bot:
        phone = Phone.calls(world)

        assert (phone.status, phone.heard()) == ("no-answer", [])
        assert bot.kept == []


def test_a_call_whose_turn_cannot_be_stored_is_passed_on_by_the_fallback(world: SyncWorld, tmp_path: Path) -> None:
    """An excuse and the voicemail, not Twilio's own apology."""
    assistant = says("Sí, hay.")
    with a_bot(world, tmp_path, voice=TALK, assistant=assistant) as bot:
        phone = Phone.calls(world)
        with bot.store_held():
            phone.speak("¿Hay mesas?")
        bot.until(phone, "recording")

        assert phone.heard()[1:] == [
            "Disculpe, ahora no puedo responder eso.",
            "Una persona de Muebles del Sur le va a responder. Puede dejar un mensaje.",
            "Deje su mensaje después de la señal; al terminar, oprima numeral.",
        ]
        assert bot.alerts() == [11200]
        assert assistant.asked == []


@given(
    tenant=tenants(),
    said=st.lists(texts, max_size=3),
    outcome=st.sampled_from(OUTCOMES),
    turn=st.integers(0, 31),
)
def test_every_answer_is_twiml_that_twilio_takes(
    tenant: TenantDocument, said: list[str], outcome: str, turn: int
) -> None:
    """Read by the strictest reader there is, with any words in it."""
    answers = VoiceAnswers(tenant, at(turn=turn)).after(Spoken(texts=tuple(said), outcome=outcome, language="es"))

    for answer in (
        answers,
        VoiceAnswers(tenant, at()).silence(),
        VoiceAnswers(tenant, at()).wait(),
        answer_call(tenant),
    ):
        assert parse_voice(answer.encode(), "text/xml")
