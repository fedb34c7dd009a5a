"""What a caller hears holds our verbs only, whatever is said, and every call ends."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard_runtime.channels.voice import VoiceAnswers, answer_call
from switchboard_runtime.channels.voice_forms import CallTurn, is_call, read_call
from switchboard_runtime.config import TenantDocument
from switchboard_runtime.conversation.calls import LISTENING, Spoken
from switchboard_runtime.conversation.speech import speakable
from tests.unit.runtime.kit import document
from tests.unit.runtime.voice_kit import MENU, NUMBER, PHONE, TRANSFER, VERBS, Heard, calls

HOSTILE = (
    "</Say><Redirect>http://evil.example.com</Redirect><Say>",
    "]]><Dial>+15005550006</Dial>",
    "&lt;Dial&gt; &#60;Hangup/&#62; &amp;",
    "\x00\x0b\ufffe bell",
    "[press](http://evil.example.com) **here** `now`\n- one\n- two",
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(HOSTILE)
filled = texts.filter(lambda text: any(letter.isalnum() for letter in text))
written = st.fixed_dictionaries({"es": filled.filter(lambda text: not re.search(r"\{[^{}]*\}", text))})
OUTCOMES = (
    *sorted(LISTENING),
    "suspended",
    "handed off",
    "limit: backlog",
    "key: voicemail",
    "key: transfer 2",
)


def read(content: dict[str, Any]) -> TenantDocument:
    """A document as the runtime has it."""
    return TenantDocument.model_validate_json(json.dumps(content))


def at(**changes: Any) -> CallTurn:
    """A call somewhere."""
    return CallTurn(**{"account": "AC1", "sid": "CA1", "own": NUMBER, "contact": PHONE, **changes})


@st.composite
def tenants(draw: st.DrawFn) -> TenantDocument:
    """A tenant with any words in any place."""
    menu = {**MENU, "prompt": draw(written)}
    voice: dict[str, Any] = {"mode": draw(st.sampled_from(["Message", "Assistant", "Menu"])), "menu": menu}
    voice |= {"voicemail": {"greeting": draw(written), "transcribe": draw(st.booleans())}}
    voice |= draw(
        st.fixed_dictionaries(
            {},
            optional={
                "greeting": written,
                "transfer": st.sampled_from([TRANSFER, {**TRANSFER, "callerId": "Own"}]),
                "record": st.fixed_dictionaries({"announcement": written}),
                "hints": st.lists(filled, max_size=3),
            },
        )
    )
    content = document(voice=voice, tenant={**document()["tenant"], "displayName": draw(filled)})
    content["assistants"][0]["products"][0]["name"] = draw(filled)
    return read(content)


@given(
    tenant=tenants(),
    said=st.lists(texts, max_size=3),
    outcome=st.sampled_from(OUTCOMES),
    turn=st.integers(0, 31),
    contact=texts,
)
def test_no_text_ever_becomes_markup_or_an_address(
    tenant: TenantDocument, said: list[str], outcome: str, turn: int, contact: str
) -> None:
    """Our verbs with our addresses; whom a call goes to stands in the document, and nowhere else."""
    call = at(turn=turn, contact=contact.encode("utf-8", "replace").decode())
    spoken = Spoken(texts=tuple(said), outcome=outcome, language="es")
    answers = [
        answer_call(tenant),
        VoiceAnswers(tenant, call).after(spoken),
        VoiceAnswers(tenant, call).silence(),
        VoiceAnswers(tenant, call).wait(),
        VoiceAnswers(tenant, call).give_up(),
        VoiceAnswers(tenant, call).dialled("busy"),
        VoiceAnswers(tenant, call).recorded(),
    ]
    for root in map(ET.fromstring, answers):
        assert {element.tag for element in root.iter()} <= {"Response", *VERBS}
        for element in root.iter():
            addresses = [value for name, value in element.items() if name.endswith(("action", "Callback"))]
            addresses += [element.text or ""] if element.tag == "Redirect" else []
            assert all(one.startswith(f"{tenant.url}/bot/twilio/voice/") for one in addresses)
            if element.tag in {"Number", "Sip"}:
                assert element.text in {"+5491155550300", "sip:ventas@pbx.example.com"}


@given(text=st.text(max_size=200) | st.sampled_from(HOSTILE))
def test_what_is_spoken_is_plain(text: str) -> None:
    """One line, nothing that XML or a voice cannot carry, and the same when it is read again."""
    spoken = speakable(text)

    assert spoken == speakable(spoken)
    assert spoken == " ".join(spoken.split())
    assert not {unicodedata.category(character) for character in spoken} & {"Cc", "Cs", "Cn", "Co"}
    assert not set("*`~#") & set(spoken)


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Tenemos **tres**:\n- Mesa\n- Silla", "Tenemos tres: Mesa. Silla"),
        ("# Precios\nMesa: $120.000", "Precios. Mesa: $120.000"),
        ("Mire [el sitio](https://x.example.com/a) 👍🏽", "Mire el sitio"),
        ("¡Hola!\n\n¿Qué tal?", "¡Hola! ¿Qué tal?"),
        ("20 °C", "20 °C"),
        ("snake_case@example.com", "snake_case@example.com"),
    ],
)
def test_what_is_written_for_the_eye_is_said_for_the_ear(text: str, spoken: str) -> None:
    """Lists are sentences, marks are not read out."""
    assert speakable(text) == spoken


@given(text=st.lists(st.sampled_from(["uno", "dos.", "tres!", "cuatro"]), min_size=1, max_size=60).map(" ".join))
def test_a_long_answer_is_cut_after_a_word(text: str) -> None:
    """After a sentence if there is one."""
    cut = speakable(text, longest=50)

    assert len(cut) <= 50
    assert text.startswith(cut)
    assert text == cut or text[len(cut)] == " "


@given(
    mode=st.sampled_from(["Assistant", "Menu"]),
    acts=st.lists(st.sampled_from(["silence", "answered", "key: assistant", "not understood"]), max_size=400),
    turns=st.integers(1, 9),
    silences=st.integers(0, 3),
)
def test_every_call_ends(mode: str, acts: list[str], turns: int, silences: int) -> None:
    """Whatever the caller does, the addresses count it: no call listens more often than it may."""
    tenant = read(calls(mode, menu=MENU, voicemail={}, maxTurns=turns, maxSilences=silences))
    call = at()
    heard = Heard.of(VoiceAnswers(tenant, call).after(Spoken(texts=("Hola",), outcome="call greeted", language=None)))
    row = 0
    for count, act in enumerate([*acts, *["silence"] * 10], start=1):
        if "Gather" not in heard.verbs:
            break
        query = dict(parse_qsl(urlsplit(heard.next).query))
        call = read_call({"CallSid": "CA1", "To": NUMBER, "From": PHONE}, (), query, languages=tenant.languages) or at()
        row = row + 1 if act == "silence" else 0
        assert (call.turn, call.silences) == (count, row - 1 if act == "silence" else call.silences)
        answers = VoiceAnswers(tenant, call)
        spoken = Spoken(texts=("Sí",), outcome=act, language="es")
        heard = Heard.of(answers.silence() if act == "silence" else answers.after(spoken))

    assert "Gather" not in heard.verbs
    assert call.turn <= turns


@pytest.mark.parametrize(
    ("form", "about"),
    [
        ({"CallSid": "CA1"}, True),
        ({"CallSid": "CA1", "MessageSid": "SM1"}, False),
        ({"SmsSid": "SM1"}, False),
        ({}, False),
    ],
)
def test_a_form_is_about_a_call_or_about_a_message(form: dict[str, str], about: bool) -> None:
    """The shared addresses get both."""
    assert is_call(form) is about


@given(query=st.dictionaries(st.sampled_from("nwsal"), st.text(max_size=5)))
def test_an_address_that_is_not_ours_counts_as_the_beginning(query: dict[str, str]) -> None:
    """Nothing in it raises."""
    call = read_call({"CallSid": "CA1", "To": NUMBER}, (), query, languages=("es",))

    assert call is not None
    assert 0 <= call.turn <= 999
    assert call.language in {None, "es"}


def test_a_name_is_said_as_it_is() -> None:
    """The polite text, and a greeting in its place."""
    named = document(voice={"greeting": {"es": "Cerramos por <vacaciones> & más."}})

    assert Heard.of(answer_call(read(document()))).said[0].startswith("Gracias por llamar a Muebles del Sur.")
    assert Heard.of(answer_call(read(named))).said == ["Cerramos por <vacaciones> & más."]


def test_a_suspended_tenant_rejects_the_call() -> None:
    """Nobody pays for it."""
    suspended = document(tenant={**document()["tenant"], "status": "Suspended"})

    assert Heard.of(answer_call(read(suspended))).verbs == ["Reject"]
