"""Voice documents, read into verbs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.twiml.voice_response import VoiceResponse

from twilio_emulator.voice.twiml import InvalidReply, parse_voice
from twilio_emulator.voice.verbs import (
    Dial,
    Gather,
    Hangup,
    Noun,
    Pause,
    Play,
    Record,
    RecordingCallback,
    Redirect,
    Reject,
    Say,
    Sms,
    Unemulated,
    Verb,
)

XML_TEXT = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="￾￿"))


def parse(inner: str) -> tuple[Verb, ...]:
    """Read the verbs of a Response."""
    return parse_voice(f"<Response>{inner}</Response>".encode(), "text/xml")


@given(texts=st.lists(XML_TEXT.map(lambda text: " ".join(text.split())), max_size=5))
def test_what_the_sdk_says_is_read_back(texts: list[str]) -> None:
    """Each Say in order, whatever its text."""
    response = VoiceResponse()
    for text in texts:
        response.say(text)

    assert parse_voice(str(response).encode(), "text/xml") == tuple(Say(text=text) for text in texts)


def test_what_the_sdk_asks_for_is_read_back() -> None:
    """Each verb, with its attributes under the SDK's names."""
    response = VoiceResponse()
    gather = response.gather(
        input="dtmf speech", action="/a", num_digits=4, timeout=3, finish_on_key="", hints="si, no"
    )
    gather.say("¿Sí?", voice="Polly.Lupe", language="es-MX", loop=2)
    gather.pause(length=2)
    gather.play("/beep.mp3")
    response.record(action="/r", max_length=30, finish_on_key="#", recording_status_callback="/rs")
    response.dial("415-555-0120", caller_id="+14155550199", time_limit=60, record="record-from-ringing")
    response.redirect("/next", method="GET")
    response.reject(reason="busy")
    response.sms("hola", to="+14155550120")
    response.hangup()

    assert parse_voice(str(response).encode(), "application/xml") == (
        Gather(
            action="/a",
            speech=True,
            timeout=3,
            num_digits=4,
            finish_on_key="",
            hints="si, no",
            prompts=(
                Say(text="¿Sí?", voice="Polly.Lupe", language="es-MX", loop=2),
                Pause(length=2),
                Play(url="/beep.mp3"),
            ),
        ),
        Record(action="/r", max_length=30, finish_on_key="#", callback=RecordingCallback(url="/rs")),
        Dial(
            nouns=(Noun(kind="number", address="+14155550120"),),
            caller_id="+14155550199",
            time_limit=60,
            record=True,
            record_ringing=True,
        ),
        Redirect(url="/next", method="GET"),
        Reject(reason="busy"),
        Sms(body="hola", recipient="+14155550120"),
        Hangup(),
    )


def test_several_parties_can_be_dialled_at_once() -> None:
    """Numbers, SIP addresses and clients, each with its own callback."""
    inner = (
        "<Dial><Number statusCallback='/s' statusCallbackEvent='ringing answered'>+541150320199</Number>"
        "<Sip>sip:ana@example.com</Sip><Client><Identity>ana</Identity></Client></Dial>"
    )

    assert parse(inner) == (
        Dial(
            nouns=(
                Noun(
                    kind="number", address="+541150320199", status_callback="/s", status_events=("ringing", "answered")
                ),
                Noun(kind="sip", address="sip:ana@example.com"),
                Noun(kind="client", address="ana"),
            )
        ),
    )


@pytest.mark.parametrize(
    ("body", "content_type", "verbs"),
    [
        (b"Hello ", "text/plain", (Say(text="Hello"),)),
        (b"", "text/plain", ()),
        (b"\xff\xfb\x90", "audio/mpeg", (Play(),)),
        (b"<Response/>", "text/html", ()),
        (b"<Response><!-- nothing --> </Response>", "text/xml", ()),
    ],
)
def test_what_is_not_twiml_is_spoken_or_played(body: bytes, content_type: str, verbs: tuple[Verb, ...]) -> None:
    """Text and sound, as Twilio does; a document may be empty."""
    assert parse_voice(body, content_type) == verbs


@pytest.mark.parametrize(
    ("inner", "verb"),
    [
        ("<Connect><Stream url='wss://a.example'/></Connect>", Unemulated(name="Connect")),
        ("<Enqueue>support</Enqueue>", Unemulated(name="Enqueue")),
        ("<Start><Stream url='wss://a.example'/></Start>", Unemulated(name="Start", holds=False)),
        ("<Start><Recording/><Stream url='wss://a.example'/></Start>", Unemulated(name="Start", holds=False)),
        ("<Dial><Conference>room</Conference></Dial>", Unemulated(name="Dial/Conference")),
    ],
)
def test_a_verb_that_is_not_emulated_is_named_and_is_no_fault(inner: str, verb: Verb) -> None:
    """Twilio would act on it, so the document is not wrong."""
    assert parse(inner) == (verb,)


@pytest.mark.parametrize(
    ("inner", "code"),
    [
        ("<Shout/>", 12200),
        ("<say>hi</say>", 12200),
        ("hello", 12200),
        ("<Say pitch='high'>hi</Say>", 12200),
        ("<Say><Play>a.mp3</Play></Say>", 12200),
        ("<Say loop='-1'>hi</Say>", 13510),
        ("<Say voice='robot'>hi</Say>", 13511),
        (f"<Say>{'a' * 4097}</Say>", 13520),
        ("<Play loop='x'>a.mp3</Play>", 13410),
        ("<Play/>", 12200),
        ("<Play>ftp://a.example/a.mp3</Play>", 11100),
        ("<Pause length='0'/>", 13910),
        ("<Gather finishOnKey='12'/>", 13310),
        ("<Gather method='PUT'/>", 13312),
        ("<Gather timeout='soon'/>", 13313),
        ("<Gather numDigits='0'/>", 13314),
        ("<Gather><Hangup/></Gather>", 13320),
        ("<Gather><Say voice='robot'>hi</Say></Gather>", 13321),
        ("<Gather speechTimeout='0'/>", 13327),
        ("<Gather input='smell'/>", 12200),
        ("<Gather action='http://[1'/>", 11100),
        ("<Record method='PUT'/>", 13610),
        ("<Record timeout='0'/>", 13611),
        ("<Record maxLength='-1'/>", 13612),
        ("<Record finishOnKey='x'/>", 13613),
        ("<Record transcribe='perhaps'/>", 13614),
        ("<Record playBeep='1'/>", 13616),
        ("<Redirect method='PUT'>/a</Redirect>", 13710),
        ("<Dial method='PUT'>+14155550120</Dial>", 13210),
        ("<Dial timeout='0'>+14155550120</Dial>", 13212),
        ("<Dial callerId='?'>+14155550120</Dial>", 13214),
        ("<Dial><Say>hi</Say></Dial>", 13215),
        ("<Dial record='always'>+14155550120</Dial>", 13217),
        ("<Dial><Number method='PUT'>+14155550120</Number></Dial>", 13221),
        ("<Dial><Number sendDigits='x'>+14155550120</Number></Dial>", 13222),
        ("<Dial>ana</Dial>", 13223),
        ("<Dial><Sip>ana</Sip></Dial>", 13243),
        ("<Dial/>", 12200),
        ("<Reject reason='tired'/>", 12200),
        ("<Hangup>now</Hangup>", 12200),
        ("<Sms to='ana'>hi</Sms>", 14101),
        ("<Sms/>", 14103),
    ],
)
def test_a_fault_has_twilios_code(inner: str, code: int) -> None:
    """The verb's own one where there is one."""
    with pytest.raises(InvalidReply) as caught:
        parse(inner)

    assert caught.value.code == code


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (b"", "text/xml", 12100),
        (b"<Response><Say>", "text/xml", 12100),
        (b"<Answer/>", "text/xml", 12102),
        (b"{}", "application/json", 12300),
        (b"<Response/>", "", 12300),
        (b" " * (64 * 1024 + 1), "text/xml", 11750),
    ],
)
def test_a_document_that_cannot_be_read_has_twilios_code(body: bytes, content_type: str, code: int) -> None:
    """Whatever is in it."""
    with pytest.raises(InvalidReply) as caught:
        parse_voice(body, content_type)

    assert caught.value.code == code


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused_in_every_encoding(encoding: str) -> None:
    """So that no entity is ever declared."""
    text = f"<?xml version='1.0' encoding='{encoding}'?><!DOCTYPE Response [<!ENTITY a 'b'>]><Response>&a;</Response>"
    with pytest.raises(InvalidReply, match="document type") as caught:
        parse_voice(text.encode(encoding), "text/xml")

    assert caught.value.code == 12100


TAGS = st.sampled_from(["Response", "Say", "Gather", "Dial", "Number", "Record", "Play", "Sms", "Redirect", "Client"])
NAMES = st.sampled_from(["action", "timeout", "loop", "finishOnKey", "input", "url", "length", "record", "method"])
ELEMENTS = st.recursive(
    XML_TEXT.map(lambda text: text.replace("&", "").replace("<", "").replace(">", "")),
    lambda inner: st.builds(
        lambda tag, name, value, nested: f"<{tag} {name}='{value}'>{''.join(nested)}</{tag}>",
        TAGS,
        NAMES,
        st.sampled_from(["", "1", "0", "-1", "dtmf", "#", "/a", "http://[", "GET", "true"]),
        st.lists(inner, max_size=3),
    ),
    max_leaves=8,
)


@given(inner=ELEMENTS)
def test_any_document_is_either_read_or_refused_with_a_code(inner: str) -> None:
    """Nothing else can happen, whatever a customer's server sends."""
    code = 12200
    try:
        parse(inner)
    except InvalidReply as invalid:
        code = invalid.code

    assert 11000 <= code < 15000
