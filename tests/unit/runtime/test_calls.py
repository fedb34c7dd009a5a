"""Calls against the served runtime: what is heard, what is asked, what is stored, whatever Twilio repeats."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import asynccontextmanager, closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from switchboard_runtime.assistants import Answer
from switchboard_runtime.assistants.wording import rules
from switchboard_runtime.conversation import Policy
from tests.unit.runtime.kit import document, eventually, served, write_tenant
from tests.unit.runtime.voice_kit import (
    CORPUS,
    MENU,
    NUMBER,
    PERSON,
    TRANSFER,
    Assistant,
    Call,
    Heard,
    calls,
    kept,
    load,
    path_of,
    rows,
    says,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from switchboard_runtime.assistants import Question
    from tests.unit.runtime.kit import Caller

QUICK = Policy(store_patience=0.05, call_patience=0.05)
PATHS = ("", "/turn?n=1", "/dialled?n=1", "/recording?n=1", "/status")


@asynccontextmanager
async def a_tenant(
    root: Path, content: dict[str, Any], *, assistant: Assistant | None = None, policy: Policy | None = None
) -> AsyncIterator[Caller]:
    """A tenant, served."""
    write_tenant(root, content)
    async with served(root, policy=policy or Policy(), answering=assistant) as caller:
        yield caller


# ----------------------------------------------------------------------------------------------- talking and pressing


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


# -------------------------------------------------------------------------------------------------- twice, slow, broken


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


# ------------------------------------------------------------------------------------------------------------- people


async def test_who_asks_for_a_human_is_put_through_this_time(tmp_path: Path) -> None:
    """By keyword or because the assistant says so; the next call begins with the bot again."""
    assistant = says(Answer(text="Te paso con una persona, te va a escribir por acá.", handoff=True))
    async with a_tenant(tmp_path, calls(transfer=TRANSFER), assistant=assistant) as caller:
        call = Call(caller)
        await call.answered()
        heard = await call.says("quiero hablar con un humano")
        other = Call(caller)
        greeting = await other.answered()
        by_assistant = await other.says("no me sirve")

    assert greeting.verbs == ["Gather"]
    for one in (heard, by_assistant):
        assert one.said == ["Le comunico con una persona de Muebles del Sur."]
        assert one.dialled == PERSON
    assert assistant.asked == ["no me sirve"]
    assert rows(tmp_path, "SELECT mode FROM conversation") == [("bot",)]


@pytest.mark.parametrize(
    ("voice", "verbs"),
    [
        ({"transfer": TRANSFER, "voicemail": {}}, ["Say", "Dial"]),
        ({"voicemail": {}}, ["Say", "Say", "Record", "Say", "Hangup"]),
        ({}, ["Say", "Hangup"]),
    ],
)
async def test_a_conversation_that_a_person_took_over_never_meets_the_bot(
    tmp_path: Path, voice: dict[str, Any], verbs: list[str]
) -> None:
    """To the person, else to the voicemail, else to the end; also in the middle of a call."""
    assistant = says("Sí.")
    async with a_tenant(tmp_path, calls(**voice), assistant=assistant) as caller:
        call = Call(caller)
        await call.answered()
        take_over(tmp_path)
        middle = await call.says("mesa")
        opening = await Call(caller).answered()

    assert (middle.verbs, opening.verbs) == (verbs, verbs)
    assert assistant.asked == []


def take_over(root: Path) -> None:
    """A person takes the conversation."""
    [file] = (root / "data").glob("*.sqlite3")
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("UPDATE conversation SET mode = 'human', epoch = epoch + 1")


async def test_nobody_answers_so_a_message_is_recorded_and_stored_once(tmp_path: Path) -> None:
    """The verb's action and the callback tell of the same recording; the transcript is kept beside it."""
    async with a_tenant(tmp_path, calls(transfer=TRANSFER, voicemail={"transcribe": True})) as caller:
        call = Call(caller)
        await call.answered()
        await call.says("humano")
        tape = await call.on(DialCallStatus="no-answer", DialCallSid="CA9")
        callback = tape.attribute("Record", "recordingStatusCallback") or ""
        recording = {"RecordingSid": "RE1", "RecordingUrl": "https://api.twilio.com/RE1", "RecordingDuration": "4"}
        done = await call.on(**recording)
        bare = {"AccountSid": call.form()["AccountSid"], "CallSid": call.sid}
        for more in (
            {**recording, "RecordingStatus": "completed"},
            {**recording, "RecordingStatus": "completed"},
            {"RecordingSid": "RE1", "TranscriptionSid": "TR1", "TranscriptionText": "Call me."},
        ):
            reply = await caller.signed(path_of(callback, caller.public), {**bare, **more})
            assert reply.status == 204
        await eventually(lambda: rows(tmp_path, "SELECT count(*) FROM work WHERE state = 'pending'") == [(0,)])

    assert tape.said[0] == "Nadie puede atenderle en este momento."
    assert (done.verbs, done.said) == (["Say", "Hangup"], ["Gracias, Muebles del Sur tiene su mensaje. Adiós."])
    assert kept(tmp_path)[2:] == [("missed", ""), ("voicemail", ""), ("transcript", "Call me.")]
    [(sid, fields)] = rows(tmp_path, "SELECT sid, fields FROM message WHERE kind = 'voicemail'")
    assert sid == "RE1"
    assert dict(json.loads(fields))["RecordingUrl"] == "https://api.twilio.com/RE1"
    assert len(rows(tmp_path, "SELECT * FROM conversation")) == 1


async def test_a_recording_of_a_call_that_nobody_knows_is_put_aside(tmp_path: Path) -> None:
    """Its callback names no numbers, so there is no conversation to put it into."""
    async with a_tenant(tmp_path, calls(voicemail={})) as caller:
        form: dict[str, str] = dict(load("voice-recording-completed")["form"])
        reply = await caller.signed("/bot/twilio/voice/recording?n=1", form)

    assert reply.status == 200
    assert kept(tmp_path) == []
    assert rows(tmp_path, "SELECT reason FROM quarantine") == [("a call that nobody knows",)]


async def test_an_empty_tape_is_no_message(tmp_path: Path) -> None:
    """Twilio tells of it as absent."""
    async with a_tenant(tmp_path, calls(voicemail={})) as caller:
        call = Call(caller)
        await call.answered()
        reply = await call.raw(
            "/bot/twilio/voice/recording?n=1",
            RecordingSid="RE1",
            RecordingUrl="https://x/RE1",
            RecordingStatus="absent",
        )

    assert reply.status == 204
    assert kept(tmp_path) == [("call", "")]


async def test_a_transfer_that_was_talked_is_the_end(tmp_path: Path) -> None:
    """Nothing more is said."""
    async with a_tenant(tmp_path, calls(transfer=TRANSFER, voicemail={})) as caller:
        call = Call(caller)
        await call.answered()
        await call.says("humano")
        heard = await call.on(DialCallStatus="completed", DialCallDuration="40")

    assert heard.verbs == ["Hangup"]
    assert kept(tmp_path)[-1] == ("transfer", "")


async def test_a_recorded_call_is_announced_before_it_is_recorded(tmp_path: Path) -> None:
    """The words come first, then the tape, then the greeting."""
    announcement = {"es": "Esta llamada se graba."}
    async with a_tenant(tmp_path, calls(record={"announcement": announcement})) as caller:
        call = Call(caller)
        heard = await call.answered()
        callback = path_of(heard.attribute("Recording", "recordingStatusCallback") or "", caller.public)
        await call.raw(callback, RecordingSid="RE7", RecordingUrl="https://x/RE7", RecordingStatus="completed")
        later = await call.says("mesa")

    assert heard.verbs == ["Say", "Start", "Gather"]
    assert heard.said[0] == announcement["es"]
    assert later.verbs == ["Gather"]
    assert ("recording", "") in kept(tmp_path)


async def test_the_end_of_a_call_is_kept_once_whichever_address_is_told(tmp_path: Path) -> None:
    """The number's status callback is that of messages."""
    async with a_tenant(tmp_path, calls()) as caller:
        call = Call(caller)
        await call.answered()
        for path in ("/bot/twilio/status", "/bot/twilio/voice/status"):
            assert (await call.raw(path, CallStatus="completed", CallDuration="37")).status == 204
        assert (await call.raw("/bot/twilio/voice/status", CallStatus="ringing")).status == 204

    assert kept(tmp_path) == [("call", ""), ("ended", "")]


async def test_a_suspended_tenant_rejects_calls_and_keeps_nothing(tmp_path: Path) -> None:
    """Nobody pays for one; a call under way is ended at its next turn."""
    content = calls()
    async with a_tenant(tmp_path, {**content, "tenant": {**content["tenant"], "status": "Suspended"}}) as caller:
        call = Call(caller)
        answer = await call.answered()
        nothing = kept(tmp_path)
        turn = await call.post("/bot/twilio/voice/turn?n=3", SpeechResult="mesa")

    assert (answer.verbs, nothing) == (["Reject"], [])
    assert turn.verbs == ["Hangup"]


async def test_a_tenant_without_voice_says_its_polite_text_and_keeps_nothing(tmp_path: Path) -> None:
    """As it was before there was more; also at the addresses of a talk."""
    async with a_tenant(tmp_path, document()) as caller:
        call = Call(caller)
        for path in ("/bot/twilio/voice", "/bot/twilio/voice/turn?n=1"):
            assert (await call.post(path, SpeechResult="x")).verbs == ["Say", "Hangup"]
        assert (await call.raw("/bot/twilio/voice/status", CallStatus="completed")).status == 204

    assert kept(tmp_path) == []


# ------------------------------------------------------------------------------------------------------------ strangers


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
