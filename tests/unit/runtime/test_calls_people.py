"""Calls that go on to a person or to the tape, and what is told of them afterwards."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from switchboard_runtime.assistants import Answer
from switchboard_runtime.edge.context import CONTEXT
from switchboard_runtime.store import Reply
from tests.unit.runtime.kit import document, eventually
from tests.unit.runtime.voice_kit import (
    MENU,
    NUMBER,
    PERSON,
    TRANSFER,
    Assistant,
    Call,
    a_tenant,
    calls,
    kept,
    load,
    path_of,
    rows,
    says,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.runtime.kit import FakeTwilio


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


async def test_a_take_over_in_the_middle_of_a_turn_puts_the_caller_through(tmp_path: Path) -> None:
    """The answer in flight is cancelled, and the caller does not wait for it."""
    asked = asyncio.Event()

    async def act(_question: object) -> str:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    assistant = Assistant(act)
    async with a_tenant(tmp_path, calls(transfer=TRANSFER), assistant=assistant) as caller:
        people = caller.app[CONTEXT].people["muebles-sur"]
        call = Call(caller)
        await call.answered()
        turn = asyncio.create_task(call.says("mesa"))
        await asked.wait()
        (conversation,) = (await people.conversations.page()).items
        await people.conversations.take_over(conversation.id, actor="Ana")
        heard = await turn

    assert (heard.said, heard.dialled) == (["Le comunico con una persona de Muebles del Sur."], PERSON)
    assert assistant.asked == ["mesa"]


async def test_what_a_person_writes_to_a_caller_goes_out_as_a_message(tmp_path: Path, twilio: FakeTwilio) -> None:
    """From the number that was called; the voicemail can be answered where it is read, with its sound beside it."""
    content = calls("Menu", menu=MENU, voicemail={})
    content["twilio"]["endpoint"] = twilio.endpoint
    async with a_tenant(tmp_path, content) as caller:
        people = caller.app[CONTEXT].people["muebles-sur"]
        call = Call(caller)
        await call.answered()
        await call.presses("3")
        await call.on(RecordingSid="RE1", RecordingUrl="https://api.twilio.com/RE1", RecordingDuration="4")
        (conversation,) = (await people.conversations.page()).items
        (voicemail, *_) = [one for one in (await people.history.page(conversation.id)).items if one.kind == "voicemail"]
        await people.conversations.say(conversation.id, [Reply(text="Le llamo a las cinco.")], actor="Ana")
        await eventually(lambda: twilio.bodies(call.sender))

    assert voicemail.media == ("https://api.twilio.com/RE1",)
    assert twilio.bodies(call.sender) == ["Le llamo a las cinco."]
    assert twilio.posts[0]["From"] == NUMBER


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
