"""Calls and recordings, driven by the official synchronous SDK, with a customer's server and a person at a phone."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import wave
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from tests.contract.emulator_drives import Drives
from tests.contract.emulator_sync import NUMBER, PHONE, a_world, refused
from tests.contract.emulator_voice import Phone, a_voice_server
from twilio_emulator.background import background_emulator
from twilio_emulator.clock import SystemClock
from twilio_emulator.errors import AdminError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.contract.emulator_sync import SyncWorld
    from tests.contract.emulator_voice import VoiceServer
    from twilio_emulator.background import BackgroundEmulator

CAPTURED = Path(__file__).parents[1] / "unit" / "emulator" / "voice-webhooks"
ANA, OTHER_PHONE = "+5491155550111", "+5491155550122"
HOLA = "<Response><Say>Hola</Say></Response>"
LONG = "<Response><Pause length='600'/></Response>"
URL = "https://bots.example.com/voice"
_A = "/2010-04-01/Accounts/{AccountSid}"
drives = DRIVES = Drives("api", _A)


@pytest.fixture
def world() -> Iterator[SyncWorld]:
    """An emulator with a subaccount that owns a number."""
    with a_world() as world:
        world.buy()
        yield world


@pytest.fixture
def server(world: SyncWorld) -> Iterator[VoiceServer]:
    """A customer's server."""
    with a_voice_server(world) as server:
        yield server


def configure(world: SyncWorld, **config: Any) -> None:
    """Configure the tenant's number."""
    (number,) = world.sub.incoming_phone_numbers.list()
    number.update(**config)


def declare(world: SyncWorld, phone: str, answers: str) -> None:
    """Say how a phone behaves that is called."""
    world.raw("PUT", f"/emulator/v1/phones/{phone}", json={"answers": answers}).raise_for_status()


def verify(world: SyncWorld, phone: str) -> None:
    """Have the tenant verify a phone."""
    path = f"/emulator/v1/accounts/{world.sub_sid}/verified-numbers"
    world.raw("POST", path, json={"number": phone}).raise_for_status()


def call_out(world: SyncWorld, **options: Any) -> Any:
    """Have the API call a phone, which picks up after two seconds."""
    given = {"to": PHONE, "from_": NUMBER, **options}
    if not given.keys() & {"url", "twiml", "application_sid"}:
        given["twiml"] = LONG
    made = world.sub.calls.create(**given)
    world.emulator.settle()
    return made


def answered_call(world: SyncWorld, **options: Any) -> Any:
    """Have the API call a phone, and return once it was picked up."""
    made = call_out(world, **options)
    world.advance(2)
    return world.sub.calls(made.sid).fetch()


# --------------------------------------------------------------------------------------------------------------- drives


@drives("POST", "/Calls.json")
def _(world: SyncWorld) -> None:
    made = world.sub.calls.create(to=PHONE, from_=NUMBER, twiml=HOLA)
    assert (made.status, made.direction, made.to, made.price) == ("queued", "outbound-api", PHONE, None)
    assert (made.from_formatted, made.queue_time, made.duration) == ("(305) 555-0123", "0", None)


@drives("GET", "/Calls.json")
def _(world: SyncWorld) -> None:
    made = call_out(world, twiml=HOLA)
    world.advance(10)
    day = datetime.fromtimestamp(world.emulator.now(), UTC).date()
    (found,) = world.sub.calls.list(
        to=PHONE,
        from_=NUMBER,
        status="completed",
        start_time=day,
        end_time_after=datetime.combine(day, datetime.min.time()),
    )
    assert found.sid == made.sid


@drives("GET", "/Calls/{Sid}.json")
def _(world: SyncWorld) -> None:
    made = call_out(world, twiml=HOLA)
    world.advance(10)
    found = world.sub.calls(made.sid).fetch()
    assert (found.status, found.duration, found.price) == ("completed", "1", "-0.02700")


@drives("POST", "/Calls/{Sid}.json")
def _(world: SyncWorld) -> None:
    made = answered_call(world)
    assert made.update(status="completed").status == "completed"


@drives("DELETE", "/Calls/{Sid}.json")
def _(world: SyncWorld) -> None:
    made = call_out(world, twiml=HOLA)
    world.advance(10)
    assert world.sub.calls(made.sid).delete()
    assert world.sub.calls.list() == []


def recorded(world: SyncWorld, **options: Any) -> tuple[Any, Any]:
    """Return a call under way and its recording."""
    made = answered_call(world)
    return made, world.sub.calls(made.sid).recordings.create(**options)


@drives("POST", "/Calls/{CallSid}/Recordings.json")
def _(world: SyncWorld) -> None:
    made, recording = recorded(world, recording_channels="dual", recording_track="both")
    assert (recording.call_sid, recording.status, recording.channels) == (made.sid, "in-progress", 2)
    assert (recording.source, recording.track, recording.duration) == ("StartCallRecordingAPI", "both", None)


@drives("GET", "/Calls/{CallSid}/Recordings.json")
def _(world: SyncWorld) -> None:
    made, recording = recorded(world)
    day = datetime.fromtimestamp(world.emulator.now(), UTC).date()
    (found,) = world.sub.calls(made.sid).recordings.list(date_created=day)
    assert found.sid == recording.sid


@drives("GET", "/Calls/{CallSid}/Recordings/{Sid}.json")
def _(world: SyncWorld) -> None:
    made, recording = recorded(world)
    assert world.sub.calls(made.sid).recordings(recording.sid).fetch().status == "in-progress"


@drives("POST", "/Calls/{CallSid}/Recordings/{Sid}.json")
def _(world: SyncWorld) -> None:
    made, recording = recorded(world)
    world.advance(4)
    done = world.sub.calls(made.sid).recordings(recording.sid).update(status="stopped")
    assert (done.status, done.duration, str(done.price)) == ("completed", "4", "-0.00250")


@drives("DELETE", "/Calls/{CallSid}/Recordings/{Sid}.json")
def _(world: SyncWorld) -> None:
    made, recording = recorded(world)
    world.advance(1000)
    assert world.sub.calls(made.sid).recordings(recording.sid).delete()
    assert world.sub.calls(made.sid).recordings.list() == []


@drives("GET", "/Recordings.json")
def _(world: SyncWorld) -> None:
    made, recording = recorded(world)
    (found,) = world.sub.recordings.list(call_sid=made.sid, date_created_after=datetime(2020, 1, 1, tzinfo=UTC))
    assert found.sid == recording.sid


@drives("GET", "/Recordings/{Sid}.json")
def _(world: SyncWorld) -> None:
    _, recording = recorded(world)
    found = world.sub.recordings(recording.sid).fetch()
    assert found.media_url.endswith(f"/Recordings/{recording.sid}")


@drives("DELETE", "/Recordings/{Sid}.json")
def _(world: SyncWorld) -> None:
    _, recording = recorded(world)
    world.advance(1000)
    assert world.sub.recordings(recording.sid).delete()
    assert world.sub.recordings.list() == []
    (found,) = world.sub.recordings.list(include_soft_deleted=True)
    assert found.status == "deleted"


def sound(world: SyncWorld, ending: str) -> Any:
    """Fetch the sound of a recording of four seconds; no SDK does."""
    made, recording = recorded(world)
    world.advance(4)
    world.sub.calls(made.sid).recordings(recording.sid).update(status="stopped")
    path = f"/api/2010-04-01/Accounts/{world.sub_sid}/Recordings/{recording.sid}{ending}"
    return world.raw("GET", path, (world.sub_sid, world.sub_token))


@drives("GET", "/Recordings/{Sid}")
@drives("GET", "/Recordings/{Sid}.wav")
def _(world: SyncWorld) -> None:
    for ending in ("", ".wav"):
        answer = sound(world, ending)
        assert answer.headers["Content-Type"] == "audio/x-wav"
        with wave.open(io.BytesIO(answer.content)) as file:
            assert file.getnframes() / file.getframerate() == 4


@drives("GET", "/Recordings/{Sid}.mp3")
def _(world: SyncWorld) -> None:
    answer = sound(world, ".mp3")
    assert answer.headers["Content-Type"] == "audio/mpeg"
    assert answer.content.startswith(b"\xff\xe3")
    assert len(answer.content) == pytest.approx(4 * 1000, abs=72)  # 8 kbit/s


@pytest.mark.parametrize("operation", sorted(DRIVES), ids=lambda operation: f"{operation[1]} {operation[2]}")
def test_the_sdk_and_the_documents_agree_with_the_endpoint(world: SyncWorld, operation: tuple[str, str, str]) -> None:
    """The SDK drives it without complaint, and every call on the way is as documented."""
    DRIVES.check(world, operation)


# -------------------------------------------------------------------------------------------------- whole conversations


def test_a_caller_goes_through_a_menu_and_leaves_a_message(world: SyncWorld, server: VoiceServer) -> None:
    """Greeting, a key, a message that is recorded, its callback, goodbye."""
    server.on("/voice", '<Gather numDigits="1" action="menu"><Say>Uno para dejar un mensaje</Say></Gather>')
    server.on("/menu", '<Say>Hable</Say><Record action="/done" maxLength="30" recordingStatusCallback="/recorded"/>')
    server.on("/done", "<Say>Gracias</Say><Hangup/>")
    configure(world, voice_url=f"{server.url}/voice", status_callback=f"{server.url}/status")

    phone = Phone.calls(world)
    assert phone.waits_for == "input"
    phone.press("1")
    world.advance(1)
    assert phone.waits_for == "recording"
    phone.speak("Quiero un sillón de dos cuerpos, por favor.")
    world.advance(3)
    phone.press("#")
    world.advance(60)

    assert phone.heard() == ["Uno para dejar un mensaje", "Hable", "Gracias"]
    assert phone.status == "completed"
    (menu,), (done,), (recording,), (ended,) = map(server.at, ("/menu", "/done", "/recorded", "/status"))
    assert (menu["msg"], menu["Digits"], menu["FinishedOnKey"]) == ("Gather End", "1", "")
    assert (done["RecordingSid"], done["Digits"]) == (recording["RecordingSid"], "#")
    assert (recording["RecordingStatus"], recording["RecordingSource"]) == ("completed", "RecordVerb")
    assert (ended["CallStatus"], ended["SequenceNumber"]) == ("completed", "0")
    assert ended["CallDuration"] == world.sub.calls(phone.sid).fetch().duration
    assert server.signed_by(world.sub_token)


def test_a_bot_that_listens_gets_what_was_said(world: SyncWorld, server: VoiceServer) -> None:
    """Speech interrupts the prompt, and comes with the recogniser's confidence."""
    server.on(
        "/voice", '<Gather input="speech dtmf" language="es-AR" action="/heard"><Say>¿En qué ayudo?</Say></Gather>'
    )
    server.on("/heard", "<Say>Entendido</Say>")
    configure(world, voice_url=f"{server.url}/voice")

    phone = Phone.calls(world)
    phone.speak("Quiero hablar con una persona.", confidence=0.9128386)

    (heard,) = server.at("/heard")
    assert heard["SpeechResult"] == "Quiero hablar con una persona."
    assert (heard["Confidence"], heard["Language"]) == ("0.9128386", "es-AR")
    assert phone.heard("spoken") == ["Quiero hablar con una persona."]


def test_a_call_is_recorded_whole_beside_what_happens_in_it(world: SyncWorld, server: VoiceServer) -> None:
    """On two channels, until its end, over all its documents; the callback names no numbers."""
    server.on(
        "/voice",
        '<Say>Se graba</Say><Start><Recording recordingStatusCallback="/recorded"/></Start>'
        '<Gather numDigits="1" action="menu"><Say>Uno</Say></Gather>',
    )
    server.on("/menu", "<Say>Gracias</Say>")
    configure(world, voice_url=f"{server.url}/voice")

    phone = Phone.calls(world)
    world.advance(3)
    phone.press("1")
    world.advance(30)

    (recorded,) = server.at("/recorded")
    assert (recorded["RecordingSource"], recorded["RecordingStatus"]) == ("StartCallRecordingTwiML", "completed")
    assert (recorded["RecordingChannels"], recorded["CallSid"]) == ("2", phone.sid)
    assert int(recorded["RecordingDuration"]) >= 3
    assert "To" not in recorded
    assert phone.heard("not-emulated", "what") == []
    assert phone.status == "completed"


def test_who_says_nothing_hears_the_rest_of_the_document(world: SyncWorld, server: VoiceServer) -> None:
    """A Gather without input asks nobody."""
    server.on("/voice", '<Gather timeout="3"><Say>¿Hola?</Say></Gather><Say>Adiós</Say>')
    configure(world, voice_url=f"{server.url}/voice")

    phone = Phone.calls(world)
    world.advance(30)

    assert phone.heard() == ["¿Hola?", "Adiós"]
    assert len(server.all()) == 1


def test_documents_that_only_lead_to_one_another_are_broken_off(world: SyncWorld, server: VoiceServer) -> None:
    """With alert 11215, and an apology to the caller."""
    server.on("/voice", "<Redirect>/voice</Redirect>")
    configure(world, voice_url=f"{server.url}/voice")

    phone = Phone.calls(world)

    assert phone.heard("alert", "code") == [11215]
    assert [int(alert.error_code) for alert in alerts(world)] == [11215]
    assert len(server.all()) == 12
    world.advance(60)
    assert phone.status == "completed"


def test_a_redirect_goes_on_with_another_document_by_get(world: SyncWorld, server: VoiceServer) -> None:
    """Its parameters are in the query then, and signed there."""
    server.on("/voice", '<Redirect method="GET">next?step=2</Redirect>')
    server.on("/next", "<Say>Dos</Say>")
    configure(world, voice_url=f"{server.url}/voice")

    phone = Phone.calls(world)

    assert phone.heard() == ["Dos"]
    assert server.at("/next")[0]["step"] == "2"
    assert server.signed_by(world.sub_token)


@pytest.mark.parametrize(
    ("answers", "status", "bridged"),
    [("answer", "completed", "true"), ("busy", "busy", "false"), ("no-answer", "no-answer", "false")],
)
def test_a_person_is_dialled(world: SyncWorld, server: VoiceServer, answers: str, status: str, bridged: str) -> None:
    """The action learns how that went; the dialled call is in the log, with its own callbacks."""
    declare(world, ANA, answers)
    server.on(
        "/voice",
        f'<Dial action="/after" timeout="20"><Number statusCallback="/leg" '
        f'statusCallbackEvent="initiated ringing answered completed">{ANA}</Number></Dial>',
    )
    server.on("/after", "<Say>Adiós</Say>")
    configure(world, voice_url=f"{server.url}/voice")

    phone = Phone.calls(world)
    assert phone.waits_for == "answer of who is dialled"
    world.advance(20)
    (leg,) = world.sub.calls.list(parent_call_sid=phone.sid)
    if answers == "answer":
        assert (phone.waits_for, leg.status) == ("end of the conversation", "in-progress")
        world.advance(40)
        Phone(world, leg.sid).hang_up()

    (after,) = server.at("/after")
    leg = leg.fetch()
    assert (after["DialCallStatus"], after["DialBridged"], after["DialCallSid"]) == (status, bridged, leg.sid)
    assert (leg.direction, leg.to, leg.status, leg.parent_call_sid) == ("outbound-dial", ANA, status, phone.sid)
    told = [form["CallStatus"] for form in server.at("/leg")]
    assert told == ["initiated", "ringing", *(["in-progress"] if answers == "answer" else []), status]
    if answers == "answer":
        assert (after["DialCallDuration"], leg.duration, leg.price) == ("58", "58", "-0.02700")
    assert phone.heard() == ["Adiós"]


def test_the_first_of_several_to_answer_is_connected(world: SyncWorld, server: VoiceServer) -> None:
    """The others are let go."""
    declare(world, ANA, "busy")
    server.on("/voice", f"<Dial><Number>{ANA}</Number><Number>{OTHER_PHONE}</Number><Client>ana</Client></Dial>")
    configure(world, voice_url=f"{server.url}/voice")

    phone = Phone.calls(world)
    world.advance(5)
    legs = {leg.to: leg.status for leg in world.sub.calls.list(parent_call_sid=phone.sid)}

    assert legs == {ANA: "busy", OTHER_PHONE: "in-progress", "client:ana": "canceled"}


@pytest.mark.parametrize(
    ("dial", "code"),
    [('<Dial callerId="+14155550100">{ana}</Dial>', 13214), ("<Dial>+15005550002</Dial>", 13224)],
    ids=["caller ID of somebody else", "number that cannot be called"],
)
def test_a_dial_that_cannot_be_made_is_an_alert(world: SyncWorld, server: VoiceServer, dial: str, code: int) -> None:
    """And the document goes on."""
    server.on("/voice", dial.format(ana=ANA) + "<Say>Nadie</Say>")
    configure(world, voice_url=f"{server.url}/voice")

    phone = Phone.calls(world)

    assert [int(alert.error_code) for alert in alerts(world)] == [code]
    assert phone.heard() == ["Nadie"]


def test_a_message_is_sent_from_a_call(world: SyncWorld, server: VoiceServer) -> None:
    """To the caller, from the number; the action knows its SID."""
    server.on("/voice", '<Sms action="/sent">Su pedido es el 12</Sms>')
    configure(world, voice_url=f"{server.url}/voice")

    Phone.calls(world)

    (message,) = world.sub.messages.list()
    assert (message.to, message.from_, message.body) == (PHONE, NUMBER, "Su pedido es el 12")
    assert server.at("/sent")[0]["SmsSid"] == message.sid


def test_a_message_that_is_refused_is_an_alert(world: SyncWorld, server: VoiceServer) -> None:
    """The call goes on."""
    server.on("/voice", '<Sms from="+14155550100">Hola</Sms><Say>Sigue</Say>')
    configure(world, voice_url=f"{server.url}/voice")

    phone = Phone.calls(world)

    assert len(alerts(world)) == 1
    assert phone.heard() == ["Sigue"]


# ------------------------------------------------------------------------------------------------------------- webhooks


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (web.Response(status=500, text="broken"), 11200),
        (web.Response(text="<Response><Say>", content_type="text/xml"), 12100),
        (web.Response(text="<Response><Sing/></Response>", content_type="text/xml"), 12200),
        (web.Response(body=b"\x00", content_type="image/png"), 12300),
    ],
    ids=["HTTP 500", "no XML", "unknown verb", "no TwiML"],
)
def test_the_fallback_url_takes_over(world: SyncWorld, server: VoiceServer, broken: web.Response, code: int) -> None:
    """It is told what was wrong with which URL, and the failure is an alert."""
    server.on("/voice", broken)
    server.on("/fallback", "<Say>Un momento</Say><Redirect>/other</Redirect>")
    server.on("/other", "<Say>Listo</Say>")
    configure(world, voice_url=f"{server.url}/voice", voice_fallback_url=f"{server.url}/fallback")

    phone = Phone.calls(world)
    world.advance(30)

    (fallback,) = server.at("/fallback")
    assert (fallback["ErrorCode"], fallback["ErrorUrl"]) == (str(code), f"{server.url}/voice")
    assert phone.heard() == ["Un momento", "Listo"]
    assert [int(alert.error_code) for alert in alerts(world)] == [code]


def test_without_a_fallback_the_caller_hears_an_apology(world: SyncWorld, server: VoiceServer) -> None:
    """One alert, and the call ends."""
    server.on("/voice", web.Response(status=404))
    configure(world, voice_url=f"{server.url}/voice")

    phone = Phone.calls(world)
    world.advance(30)

    assert phone.heard() == ["We are sorry, an application error has occurred. Goodbye."]
    assert [int(alert.error_code) for alert in alerts(world)] == [11200]
    assert world.sub.calls(phone.sid).fetch().status == "completed"


@pytest.mark.parametrize(
    "name", ["gather-digits", "gather-speech", "fallback", "recording-completed", "status-completed"]
)
def test_webhooks_have_the_fields_and_order_of_real_ones(world: SyncWorld, server: VoiceServer, name: str) -> None:
    """As captured from Twilio; the values differ."""
    gather = '<Gather input="speech dtmf" numDigits="1" action="/{name}"/>'
    server.on("/voice", web.Response(status=500))
    server.on("/fallback", gather.format(name="gather-digits"))
    server.on("/gather-digits", gather.format(name="gather-speech"))
    server.on("/gather-speech", '<Record recordingStatusCallback="/recording-completed" action="/end"/>')
    server.on("/end", "<Hangup/>")
    configure(
        world,
        voice_url=f"{server.url}/voice",
        voice_fallback_url=f"{server.url}/fallback",
        status_callback=f"{server.url}/status-completed",
    )
    phone = Phone.calls(world, sender="+14155550120")
    phone.press("2")
    phone.speak("Quiero hablar con una persona.")
    phone.speak("Hola")
    world.advance(1)
    phone.press("#")

    stored = json.loads((CAPTURED / f"{name}.json").read_text(encoding="utf-8"))
    (hook,) = [hook for hook in server.all() if hook.path == f"/{name}"]
    assert [field for field, _ in hook.pairs] == [field for field, _ in stored["form"]]


def test_an_application_decides_for_the_number(world: SyncWorld, server: VoiceServer) -> None:
    """Its voice URL is asked, and its status callback told."""
    server.on("/app", "<Say>Aplicación</Say>")
    made = world.sub.applications.create(
        friendly_name="voz", voice_url=f"{server.url}/app", status_callback=f"{server.url}/status"
    )
    configure(world, voice_url="https://unused.example.com/", voice_application_sid=made.sid)

    phone = Phone.calls(world)
    world.advance(10)

    assert phone.heard() == ["Aplicación"]
    assert [form["CallStatus"] for form in server.at("/status")] == ["completed"]


# ------------------------------------------------------------------------------------------------------- outbound calls


def test_an_outbound_call_goes_through_its_states(server: VoiceServer, world: SyncWorld) -> None:
    """All four events in order, each numbered."""
    server.on("/voice", "<Say>Hola, su pedido está listo</Say>")
    made = call_out(
        world,
        url=f"{server.url}/voice",
        status_callback=f"{server.url}/status",
        status_callback_event=["initiated", "ringing", "answered", "completed"],
    )
    assert world.sub.calls(made.sid).fetch().status == "ringing"
    world.advance(2)
    assert world.sub.calls(made.sid).fetch().status == "in-progress"
    world.advance(10)

    told = server.at("/status")
    assert [form["CallStatus"] for form in told] == ["initiated", "ringing", "in-progress", "completed"]
    assert [form["SequenceNumber"] for form in told] == ["0", "1", "2", "3"]
    assert {form["Direction"] for form in told} == {"outbound-api"}
    assert server.at("/voice")[0]["CallStatus"] == "in-progress"
    assert server.signed_by(world.sub_token)


def test_only_the_end_is_told_unless_more_is_asked_for(world: SyncWorld, server: VoiceServer) -> None:
    """Twilio's default."""
    call_out(world, twiml=HOLA, status_callback=f"{server.url}/status")
    world.advance(10)

    assert [form["CallStatus"] for form in server.at("/status")] == ["completed"]


@pytest.mark.parametrize(
    ("answers", "status", "code"),
    [("busy", "busy", "486"), ("no-answer", "no-answer", "487"), ("failed", "failed", "404")],
)
def test_a_phone_that_is_not_picked_up(
    world: SyncWorld, server: VoiceServer, answers: str, status: str, code: str
) -> None:
    """No document is asked for, nothing is charged, and there is no duration."""
    declare(world, PHONE, answers)
    made = call_out(world, url=f"{server.url}/voice", status_callback=f"{server.url}/status", timeout=15)
    world.advance(20)

    found = world.sub.calls(made.sid).fetch()
    assert (found.status, found.duration, found.end_time, found.price) == (status, None, None, None)
    (told,) = server.at("/status")
    assert (told["CallStatus"], told["SipResponseCode"], told["CallDuration"]) == (status, code, "0")
    assert server.at("/voice") == []


def test_a_call_waits_in_its_queue_first() -> None:
    """For as long as the emulator waits between states; it can be cancelled there."""
    with a_world(status_delay=5) as world:
        world.buy()
        made = call_out(world)
        assert world.sub.calls(made.sid).fetch().start_time is None
        cancelled = call_out(world)
        assert cancelled.update(status="canceled").status == "canceled"
        world.advance(6)

        found = world.sub.calls(made.sid).fetch()
        assert (found.status, found.queue_time) == ("ringing", "5000")


def test_twiml_that_cannot_be_read_is_an_alert_and_an_apology(world: SyncWorld) -> None:
    """Twilio takes the call all the same."""
    made = answered_call(world, twiml="<Response><Say>")

    assert [int(alert.error_code) for alert in alerts(world)] == [12100]
    assert Phone(world, made.sid).heard() == ["We are sorry, an application error has occurred. Goodbye."]


def test_an_application_decides_for_an_outbound_call(world: SyncWorld, server: VoiceServer) -> None:
    """Whatever URLs come with the call."""
    server.on("/app", "<Say>Aplicación</Say>")
    made = world.sub.applications.create(friendly_name="voz", voice_url=f"{server.url}/app", voice_method="GET")
    call = answered_call(world, application_sid=made.sid, url=URL)

    assert Phone(world, call.sid).heard() == ["Aplicación"]


def test_a_call_from_a_verified_phone(world: SyncWorld) -> None:
    """The account owns no such number; its owner has answered it."""
    verify(world, ANA)

    assert call_out(world, from_=ANA).phone_number_sid is None


def test_a_trial_account_calls_verified_phones_only(world: SyncWorld) -> None:
    """Others are refused with 21219."""
    account = world.emulator.account_sid
    world.raw("PUT", f"/emulator/v1/accounts/{account}/type", json={"type": "Trial"}).raise_for_status()
    verify(world, ANA)

    with refused(400, 21219, "To"):
        call_out(world, to=PHONE)
    assert call_out(world, to=ANA).status == "queued"


def test_what_the_emulator_does_not_act_on_is_said(world: SyncWorld) -> None:
    """In the call's transcript."""
    made = answered_call(
        world,
        twiml="<Response><Start/><Enqueue>ventas</Enqueue></Response>",
        machine_detection="Enable",
        send_digits="12#",
    )

    phone = Phone(world, made.sid)
    assert phone.heard("not-emulated", "what") == ["MachineDetection", "Start", "Enqueue"]
    assert phone.heard("played", "digits") == ["12#"]


def test_a_call_to_a_sip_address_and_a_client(world: SyncWorld) -> None:
    """They are called as phones are, and may see any sender."""
    for address in ("sip:ana@example.com", "client:ana"):
        made = answered_call(world, to=address, from_="ventas")
        assert (made.to, made.from_formatted, made.status) == (address, "ventas", "in-progress")


# ------------------------------------------------------------------------------------ what the API does to a call


def test_a_call_under_way_is_hung_up(world: SyncWorld, server: VoiceServer) -> None:
    """Its duration is that until then."""
    server.on("/voice", "<Say>Hola</Say><Pause length='600'/>")
    configure(world, voice_url=f"{server.url}/voice", status_callback=f"{server.url}/status")
    phone = Phone.calls(world)
    world.advance(30)

    found = world.sub.calls(phone.sid).update(status="completed")

    assert (found.status, found.duration) == ("completed", "30")
    assert phone.state["waitingFor"] is None
    assert [form["CallDuration"] for form in server.at("/status")] == ["30"]


def test_a_call_that_rings_is_cancelled_and_one_in_progress_is_not(world: SyncWorld) -> None:
    """Status canceled leaves alone what is answered; completed ends both."""
    ringing, other = call_out(world), call_out(world, to=ANA)
    assert world.sub.calls(ringing.sid).update(status="canceled").status == "canceled"
    assert world.sub.calls(other.sid).update(status="completed").status == "canceled"

    talking = answered_call(world)
    assert talking.update(status="canceled").status == "in-progress"


def test_a_call_under_way_is_given_another_document(world: SyncWorld, server: VoiceServer) -> None:
    """By URL, with its own fallback, or as it is."""
    server.on("/new", web.Response(status=500))
    server.on("/plan-b", "<Say>Plan B</Say><Pause length='60'/>")
    made = answered_call(world)

    made.update(url=f"{server.url}/new", method="GET", fallback_url=f"{server.url}/plan-b")
    assert Phone(world, made.sid).heard() == ["Plan B"]

    made.update(twiml="<Response><Say>Directo</Say><Pause length='60'/></Response>")
    assert Phone(world, made.sid).heard() == ["Plan B", "Directo"]


def test_the_status_callback_and_the_time_limit_can_be_changed(world: SyncWorld, server: VoiceServer) -> None:
    """While the call is under way."""
    made = answered_call(world)
    made.update(status_callback=f"{server.url}/later", status_callback_method="GET", time_limit=10)
    world.advance(60)

    (told,) = server.at("/later")
    assert (told["CallStatus"], told["CallDuration"]) == ("completed", "10")


def test_a_dialled_call_is_hung_up_by_the_api(world: SyncWorld, server: VoiceServer) -> None:
    """The caller goes on."""
    server.on("/voice", f"<Dial>{ANA}</Dial><Say>Se fue</Say>")
    configure(world, voice_url=f"{server.url}/voice")
    phone = Phone.calls(world)
    world.advance(10)
    (leg,) = world.sub.calls.list(parent_call_sid=phone.sid)

    assert leg.update(status="completed").status == "completed"
    assert phone.heard() == ["Se fue"]


def test_calls_of_a_suspended_account_go_on_and_no_new_ones_begin(world: SyncWorld, server: VoiceServer) -> None:
    """Suspending ends no call: the operator ends each itself."""
    server.on("/voice", '<Gather numDigits="1" timeout="600" action="/more"/>')
    server.on("/more", "<Say>Sigue</Say><Pause length='600'/>")
    configure(world, voice_url=f"{server.url}/voice")
    phone = Phone.calls(world)

    world.parent.api.v2010.accounts(world.sub_sid).update(status="suspended")

    phone.press("1")
    world.advance(30)
    assert (phone.status, phone.heard()) == ("in-progress", ["Sigue"])
    with refused(403, 20005):
        world.parent.api.v2010.accounts(world.sub_sid).calls.create(to=PHONE, from_=NUMBER, twiml=HOLA)
    with pytest.raises(AdminError, match="not active"):
        Phone.calls(world)
    ended = world.parent.api.v2010.accounts(world.sub_sid).calls(phone.sid).update(status="completed")
    assert ended.status == "completed"


def test_a_call_goes_on_after_a_restart(tmp_path: Path) -> None:
    """With its state file the emulator knows what the call waits for, and since when."""
    options: dict[str, Any] = {"state": tmp_path / "state.db"}
    document = "<Response><Gather numDigits='2'><Say>Su clave</Say></Gather><Say>Nada</Say></Response>"
    with background_emulator(**options) as emulator:
        client = emulator.client()
        client.incoming_phone_numbers.create(phone_number=NUMBER)
        sid = client.calls.create(to=PHONE, from_=NUMBER, twiml=document).sid
        emulator.settle()
        emulator.advance(3)
        emulator.run(emulator.admin.press(sid, "1"))
        before = emulator.run(emulator.admin.call_state(sid))
    with background_emulator(**options) as emulator:
        after = emulator.run(emulator.admin.call_state(sid))
        assert after["waitingFor"] == before["waitingFor"]
        assert (after["waitingFor"]["pressed"], after["waitingFor"]["numDigits"]) == ("1", 2)
        emulator.settle()
        emulator.run(emulator.admin.hang_up(sid))
        assert emulator.client().calls(sid).fetch().status == "completed"


# ----------------------------------------------------------------------------------------------------------- recordings


def test_a_call_is_recorded_from_answer_to_end(world: SyncWorld, server: VoiceServer) -> None:
    """With Record, and told when it is there; both channels when asked for."""
    call_out(
        world,
        twiml="<Response><Pause length='61'/></Response>",
        record=True,
        recording_channels="dual",
        recording_status_callback=f"{server.url}/recorded",
        recording_status_callback_event=["in-progress completed"],
    )
    world.advance(120)

    (found,) = world.sub.recordings.list()
    assert (found.source, found.duration, found.channels, found.price) == ("OutboundAPI", "61", 2, "-0.00500")
    told = server.at("/recorded")
    assert [form["RecordingStatus"] for form in told] == ["in-progress", "completed"]
    assert (told[-1]["RecordingDuration"], told[-1]["RecordingChannels"]) == ("61", "2")


def test_a_pause_that_is_skipped_is_not_in_the_recording(world: SyncWorld) -> None:
    """One that is not skipped is silence in it; the newest recording is ``Twilio.CURRENT``."""
    made, recording = recorded(world)
    recordings = world.sub.calls(made.sid).recordings
    for behaviour in ("skip", "silence"):
        world.advance(10)
        assert recordings("Twilio.CURRENT").update(status="paused", pause_behavior=behaviour).status == "paused"
        world.advance(5)
        assert recordings(recording.sid).update(status="in-progress").status == "in-progress"

    assert recordings(recording.sid).update(status="stopped").duration == "25"


def test_beginning_again_leaves_one_recording(world: SyncWorld) -> None:
    """A second start succeeds and does nothing, as observed of Twilio."""
    made, recording = recorded(world)

    assert world.sub.calls(made.sid).recordings.create().sid == recording.sid


def test_a_conversation_is_recorded_and_stopped(world: SyncWorld, server: VoiceServer) -> None:
    """What the API stops early ends there; the action has its URL."""
    server.on("/voice", f'<Dial record="record-from-answer" action="/after" timeLimit="60">{ANA}</Dial>')
    server.on("/after", "<Hangup/>")
    configure(world, voice_url=f"{server.url}/voice")
    phone = Phone.calls(world)
    world.advance(12)
    (recording,) = world.sub.calls(phone.sid).recordings.list()
    assert recording.source == "DialVerb"
    assert recording.update(status="stopped").duration == "10"
    world.advance(100)

    assert world.sub.recordings(recording.sid).fetch().duration == "10"
    assert server.at("/after")[0]["RecordingUrl"].endswith(recording.sid)


def test_a_deleted_recording_is_shown_to_who_asks(world: SyncWorld) -> None:
    """Its metadata stays; its sound is gone."""
    made, recording = recorded(world)
    world.advance(1000)
    world.sub.recordings(recording.sid).delete()

    assert world.sub.recordings(recording.sid).fetch(include_soft_deleted=True).status == "deleted"
    with refused(404, 20404):
        world.sub.recordings(recording.sid).fetch()
    path = f"/api/2010-04-01/Accounts/{world.sub_sid}/Recordings/{recording.sid}.wav"
    assert world.raw("GET", path, (world.sub_sid, world.sub_token)).status_code == 404
    assert made.sid


# ---------------------------------------------------------------------------------------------- the phone itself


def test_a_call_nobody_is_asked_about_is_turned_away(world: SyncWorld) -> None:
    """Without a voice URL it is busy; a SIP trunk takes it out of the emulator's sight."""
    phone = Phone.calls(world)
    assert (phone.status, phone.heard("not-emulated", "what")) == ("busy", ["a number without a voice URL"])

    configure(world, trunk_sid="TK" + "0" * 32)
    phone = Phone.calls(world)
    assert phone.status == "failed"
    assert world.sub.calls(phone.sid).fetch().trunk_sid == "TK" + "0" * 32


def test_a_phone_that_hangs_up_ends_the_call(world: SyncWorld, server: VoiceServer) -> None:
    """While a message is recorded, the action still learns of it; its answer does not count."""
    server.on("/voice", '<Record action="/done"/>')
    server.on("/done", "<Say>Nadie oye</Say>")
    configure(world, voice_url=f"{server.url}/voice")
    phone = Phone.calls(world)
    phone.speak("Hola")
    world.advance(3)
    phone.hang_up()

    (done,) = server.at("/done")
    assert (done["Digits"], done["CallStatus"]) == ("hangup", "completed")
    assert phone.heard() == []


def test_a_phone_that_rings_is_not_taken(world: SyncWorld) -> None:
    """The caller gets a busy signal."""
    made = call_out(world)
    Phone(world, made.sid).hang_up()

    assert world.sub.calls(made.sid).fetch().status == "busy"


def test_the_admin_api_lists_calls_and_waits_for_news(world: SyncWorld) -> None:
    """Of all accounts, oldest first, by any of its filters."""
    made = answered_call(world)
    admin, run = world.emulator.admin, world.emulator.run

    (found,) = run(admin.calls(to=PHONE, account=world.sub_sid, direction="outbound-api", status="in-progress"))
    assert found["sid"] == made.sid
    assert run(admin.calls(after=found["seq"])) == []
    whole = run(admin.call_state(made.sid))
    last = whole["transcript"][-1]["seq"]
    made.update(status="completed")
    news = run(admin.call_state(made.sid, after=last, wait=5))
    assert [event["kind"] for event in news["transcript"]] == ["status"]


def dial_by_command(emulator: BackgroundEmulator, *flags: str) -> subprocess.CompletedProcess[str]:
    """Run ``twilio-emulator call`` from the phone to the number."""
    command = [sys.executable, "-m", "twilio_emulator", "call", "--from", PHONE, "--to", NUMBER]
    return subprocess.run(  # our own command
        [*command, "--url", emulator.base_url, *flags], capture_output=True, text=True, timeout=60, check=False
    )


def test_the_command_line_calls_and_answers_in_order() -> None:
    """It prints what is heard, what it answers and what became of it."""
    with a_world(clock=SystemClock()) as world, a_voice_server(world) as server:
        server.on("/voice", '<Gather numDigits="1" action="/name"/>')
        server.on("/name", '<Gather input="speech" action="/bye"/>')
        server.on("/bye", "<Say>Gracias</Say>")
        world.buy(voice_url=f"{server.url}/voice")

        done = dial_by_command(world.emulator, "--digits", "2", "--speech", "Ana Pérez")
        as_json = dial_by_command(world.emulator, "--digits", "2", "--speech", "Ana Pérez", "--output", "json")

    assert (done.returncode, done.stderr) == (0, "")
    assert [line for line in done.stdout.splitlines() if line[0] in "<>"] == ["> 2", "> Ana Pérez", "< Gracias"]
    assert json.loads(as_json.stdout)["status"] == "completed"


def test_the_command_line_says_why_nothing_answers() -> None:
    """With status 1: a number without URL, a webhook that fails."""
    with a_world(clock=SystemClock()) as world, a_voice_server(world) as server:
        world.buy()
        unset = dial_by_command(world.emulator)
        server.on("/voice", web.Response(status=500))
        configure(world, voice_url=f"{server.url}/voice")
        broken = dial_by_command(world.emulator, "--wait", "1")
        nobody = dial_by_command(world.emulator, "--to", "+13055550199")

    assert [done.returncode for done in (unset, broken, nobody)] == [1, 1, 1]
    assert "busy: a number without a voice URL" in unset.stderr
    assert "HTTP 500 (alert 11200)" in broken.stderr
    assert "no account owns +13055550199" in nobody.stderr


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("/calls", {"to": NUMBER}, "from"),
        ("/calls", {"from": "nobody", "to": NUMBER}, "from"),
        ("/calls", {"from": PHONE, "to": "x"}, "to"),
        ("/calls", {"from": PHONE, "to": "+13055550199"}, "no account owns"),
        ("/calls", {"from": PHONE, "to": NUMBER, "digit": "1"}, "digit"),
        ("/calls/{sid}/digits", {"digits": "1a"}, "digits"),
        ("/calls/{sid}/digits", {"digits": ""}, "digits"),
        ("/calls/{sid}/digits", {"digits": "1"}, "ringing"),
        ("/calls/{sid}/speech", {"text": "Hola"}, "ringing"),
        ("/calls/{sid}/speech", {"text": "Hola", "confidence": 2}, "confidence"),
        ("/calls/CA0/hangup", {}, "no call"),
        ("/calls/{done}/hangup", {}, "completed"),
    ],
)
def test_the_admin_api_refuses(world: SyncWorld, path: str, body: dict[str, Any], says: str) -> None:
    """What cannot be done, by the name of the field."""
    done = answered_call(world, twiml="<Response><Hangup/></Response>")
    ringing = call_out(world)

    answer = world.raw("POST", "/emulator/v1" + path.format(sid=ringing.sid, done=done.sid), json=body)

    assert answer.status_code in {400, 404, 409}
    assert says in answer.json()["error"]


# ------------------------------------------------------------------------------------------------------------- refusals

GOOD = {"to": PHONE, "from_": NUMBER, "twiml": HOLA}
REFUSED_CREATES: dict[str, tuple[dict[str, Any], int, str]] = {
    "To missing": ({"to": ""}, 21201, "To"),
    "To is no number": ({"to": "muebles"}, 21211, "To"),
    "To is too short": ({"to": "+123"}, 21211, "To"),
    "To does not exist": ({"to": "+15005550001"}, 21217, "To"),
    "To cannot be reached": ({"to": "+15005550002"}, 21214, "To"),
    "To in a country that is not enabled": ({"to": "+15005550003"}, 21215, "To"),
    "To blocked": ({"to": "+15005550004"}, 21216, "To"),
    "From missing": ({"from_": ""}, 21213, "From"),
    "From is no number": ({"from_": "muebles"}, 21212, "From"),
    "From of nobody": ({"from_": "+13055550199"}, 21210, "From"),
    "no document": ({"twiml": ""}, 21205, "Url"),
    "Url is no URL": ({"url": "voice"}, 21205, "Url"),
    "Url of another scheme": ({"url": "ftp://example.com/"}, 21205, "Url"),
    "FallbackUrl is no URL": ({"fallback_url": "x"}, 21205, "FallbackUrl"),
    "Method": ({"method": "PUT"}, 21209, "Method"),
    "FallbackMethod": ({"fallback_method": "PUT"}, 21209, "FallbackMethod"),
    "StatusCallbackMethod": ({"status_callback_method": "PUT"}, 21209, "StatusCallbackMethod"),
    "StatusCallback is no URL": ({"status_callback": "x"}, 21609, "StatusCallback"),
    "StatusCallbackEvent unknown": ({"status_callback_event": ["finished"]}, 20001, "StatusCallbackEvent"),
    "Timeout zero": ({"timeout": 0}, 21208, "Timeout"),
    "Timeout too long": ({"timeout": 601}, 21208, "Timeout"),
    "TimeLimit": ({"time_limit": 0}, 20001, "TimeLimit"),
    "SendDigits": ({"send_digits": "hello"}, 21206, "SendDigits"),
    "SendDigits too long": ({"send_digits": "1" * 33}, 21206, "SendDigits"),
    "Twiml too long": ({"twiml": "x" * 4001}, 20001, "Twiml"),
    "ApplicationSid unknown": ({"application_sid": "AP" + "0" * 32}, 21218, "ApplicationSid"),
    "Record": ({"record": "sometimes"}, 20001, "Record"),
    "RecordingChannels": ({"record": True, "recording_channels": "stereo"}, 20001, "RecordingChannels"),
    "RecordingTrack": ({"record": True, "recording_track": "left"}, 20001, "RecordingTrack"),
    "RecordingStatusCallback": ({"record": True, "recording_status_callback": "x"}, 21609, "RecordingStatusCallback"),
    "RecordingStatusCallbackEvent": (
        {"record": True, "recording_status_callback": URL, "recording_status_callback_event": ["begun"]},
        20001,
        "RecordingStatusCallbackEvent",
    ),
    "MachineDetection": ({"machine_detection": "Maybe"}, 20001, "MachineDetection"),
    "MachineDetectionTimeout": ({"machine_detection_timeout": 1}, 20001, "MachineDetectionTimeout"),
    "AsyncAmd": ({"async_amd": "perhaps"}, 20001, "AsyncAmd"),
    "Byoc": ({"byoc": "BY1"}, 20001, "Byoc"),
}


@pytest.mark.parametrize("name", REFUSED_CREATES)
def test_a_call_is_refused(world: SyncWorld, name: str) -> None:
    """With Twilio's code and the parameter; nothing is queued."""
    change, code, names = REFUSED_CREATES[name]
    with refused(400, code, names):
        world.sub.calls.create(**{**GOOD, **change})

    assert world.sub.calls.list() == []


REFUSED_ACTS: dict[str, tuple[Callable[[SyncWorld], Any], int, int, str]] = {
    "fetch an unknown call": (lambda w: w.sub.calls("CA" + "0" * 32).fetch(), 404, 20404, "CA"),
    "fetch another account's call": (
        lambda w: w.parent.calls(call_out(w).sid).fetch(),
        404,
        20404,
        "was not found",
    ),
    "redirect a call that is over": (lambda w: over(w).update(url=URL), 400, 21220, "not in-progress"),
    "end a call that is over": (lambda w: over(w).update(status="completed"), 400, 21220, "not in-progress"),
    "redirect a call that rings": (lambda w: call_out(w).update(url=URL), 400, 21220, "not in-progress"),
    "Url and Twiml": (lambda w: answered_call(w).update(url=URL, twiml=HOLA), 400, 20001, "Twiml"),
    "unknown Status": (lambda w: answered_call(w).update(status="paused"), 400, 20001, "Status"),
    "redirect to no URL": (lambda w: answered_call(w).update(url="x"), 400, 21205, "Url"),
    "redirect by no method": (lambda w: answered_call(w).update(url=URL, method="PUT"), 400, 21209, "Method"),
    "redirect a dialled call": (lambda w: dialled(w).update(url=URL), 400, 20001, "Url"),
    "delete a call under way": (lambda w: answered_call(w).delete(), 409, 20009, "in-progress"),
    "list by an unknown Status": (lambda w: w.sub.calls.list(status="asleep"), 400, 20001, "Status"),
    "list by no date": (lambda w: w.sub.calls.list(start_time="yesterday"), 400, 20001, "StartTime"),
    "list by no SID": (lambda w: w.sub.calls.list(parent_call_sid="CA1"), 400, 20001, "ParentCallSid"),
    "record a call that is over": (lambda w: w.sub.calls(over(w).sid).recordings.create(), 400, 21220, "recording"),
    "record a call that rings": (lambda w: w.sub.calls(call_out(w).sid).recordings.create(), 400, 21220, "recording"),
    "record an unknown call": (lambda w: w.sub.calls("CA" + "0" * 32).recordings.create(), 404, 20404, "CA"),
    "stop a recording that is done": (
        lambda w: done_recording(w).update(status="stopped"),
        400,
        21220,
        "not eligible",
    ),
    "unknown status of a recording": (lambda w: of_call(w).update(status="lost"), 400, 20001, "Status"),
    "no status of a recording": (lambda w: of_call(w).update(status=""), 400, 20001, "Status"),
    "unknown PauseBehavior": (
        lambda w: of_call(w).update(status="paused", pause_behavior="hum"),
        400,
        20001,
        "PauseBehavior",
    ),
    "delete a recording under way": (
        lambda w: w.sub.recordings(recorded(w)[1].sid).delete(),
        409,
        20009,
        "in-progress",
    ),
    "fetch an unknown recording": (lambda w: w.sub.recordings("RE" + "0" * 32).fetch(), 404, 20404, "RE"),
    "a recording of another call": (
        lambda w: w.sub.calls(call_out(w).sid).recordings(recorded(w)[1].sid).fetch(),
        404,
        20404,
        "RE",
    ),
    "list recordings by no date": (lambda w: w.sub.recordings.list(date_created="x"), 400, 20001, "DateCreated"),
    "list recordings by no SID": (lambda w: w.sub.recordings.list(call_sid="x"), 400, 20001, "CallSid"),
}


def over(world: SyncWorld) -> Any:
    """Return a call that has ended."""
    return answered_call(world, twiml="<Response><Hangup/></Response>")


def dialled(world: SyncWorld) -> Any:
    """Return a call that another has dialled."""
    made = answered_call(world, twiml=f"<Response><Dial>{ANA}</Dial></Response>")
    (leg,) = world.sub.calls.list(parent_call_sid=made.sid)
    return leg


def of_call(world: SyncWorld) -> Any:
    """Return a recording under way, below its call."""
    made, recording = recorded(world)
    return world.sub.calls(made.sid).recordings(recording.sid)


def done_recording(world: SyncWorld) -> Any:
    """Return a recording that has ended, below its call."""
    found = of_call(world)
    world.advance(1000)
    return found


@pytest.mark.parametrize("name", REFUSED_ACTS)
def test_an_act_is_refused(world: SyncWorld, name: str) -> None:
    """With Twilio's status and code, and what it is about."""
    act, status, code, names = REFUSED_ACTS[name]
    with refused(status, code, names):
        act(world)


def alerts(world: SyncWorld) -> list[Any]:
    """Return the tenant's alerts, oldest first."""
    world.emulator.settle()
    return list(reversed(world.sub.monitor.v1.alerts.list()))
