"""A reply with media, choices, a place or a template, as each channel can carry it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard_runtime.assistants import Question
from switchboard_runtime.assistants.base import Parts
from switchboard_runtime.assistants.script import answer_by_script
from switchboard_runtime.config import TenantDocument
from switchboard_runtime.config.script import Location
from switchboard_runtime.conversation.shaping import LONGEST, shaped
from switchboard_runtime.store import Content, Reply
from tests.unit.runtime.kit import document

SID = f"HX{'a' * 32}"
CONTENT = {"colours": {"sid": {"es": SID}, "variables": {"1": "{text}"}}, "plain": {"sid": {"es": SID}}}
CHOICES = (("red", "Rojo"), ("blue", "Azul"))
PHOTO, SONG = "https://m.example/a.jpg", "https://m.example/a.ogg?x=1"
SHOP = Location(latitude=-34.6, longitude=-58.4, label="Local", address="Callao 1")
LIST = "¿Cuál?\n1. Rojo\n2. Azul"


def read(**changes: Any) -> TenantDocument:
    """A tenant with templates."""
    return TenantDocument.model_validate_json(json.dumps(document(content=CONTENT, **changes)))


def said(text: str, channel: str, **parts: Any) -> tuple[Reply, ...]:
    """What is sent."""
    return shaped(read(), text, Parts(**parts), channel=channel, language="es")


def test_choices_are_a_numbered_list_where_there_is_no_template() -> None:
    """On every channel; what was offered is kept with it."""
    for channel in ("sms", "whatsapp", "http"):
        assert said("¿Cuál?", channel, choices=CHOICES) == (Reply(text=LIST, choices=CHOICES),)


def test_a_template_shows_choices_on_whatsapp_and_nowhere_else() -> None:
    """The history has the words and the list."""
    content = Content(sid=SID, variables=(("1", "¿Cuál?"),))

    assert said("¿Cuál?", "whatsapp", choices=CHOICES, template="colours") == (
        Reply(text=LIST, content=content, choices=CHOICES),
    )
    assert said("¿Cuál?", "sms", choices=CHOICES, template="colours") == (Reply(text=LIST, choices=CHOICES),)


def test_a_template_that_cannot_hold_the_words_gives_way_to_them() -> None:
    """Nothing is cut off."""
    replies = said("palabra " * 200, "whatsapp", choices=CHOICES, template="colours")

    assert all(reply.content is None for reply in replies)
    assert replies[-1].choices == CHOICES


def test_media_have_their_words_with_them() -> None:
    """WhatsApp takes one a message, MMS ten, JSON none."""
    assert said("Mirá.", "whatsapp", media=(PHOTO, PHOTO)) == (
        Reply(text="Mirá.", media=(PHOTO,)),
        Reply(media=(PHOTO,)),
    )
    assert said("Mirá.", "sms", media=(PHOTO, PHOTO)) == (Reply(text="Mirá.", media=(PHOTO, PHOTO)),)
    assert said("Mirá.", "http", media=(PHOTO,)) == (Reply(text=f"Mirá.\n{PHOTO}"),)


@pytest.mark.parametrize(("text", "media"), [("Oí.", SONG), ("p" * 1025, PHOTO)])
def test_words_that_cannot_stand_under_a_medium_go_before_it(text: str, media: str) -> None:
    """Sound has no caption, and a caption has a limit."""
    assert said(text, "whatsapp", media=(media,)) == (Reply(text=text), Reply(media=(media,)))


def test_a_place_is_a_pin_on_whatsapp_and_a_link_elsewhere() -> None:
    """With its name."""
    pin = Reply(text="Local, Callao 1", action="geo:-34.600000,-58.400000|Local")
    [sms] = said("Acá:", "sms", location=SHOP)

    assert said("Acá:", "whatsapp", location=SHOP) == (Reply(text="Acá:"), pin)
    assert sms.text.startswith("Acá:\nLocal, Callao 1\nhttps://")
    assert sms.text.endswith("-34.600000,-58.400000")


PARTS = st.builds(
    Parts,
    media=st.lists(st.sampled_from([PHOTO, SONG]), max_size=10).map(tuple),
    choices=st.sampled_from([(), CHOICES]),
    location=st.sampled_from([None, SHOP]),
    template=st.sampled_from([None, "colours", "plain"]),
)


@given(st.text(max_size=4000), PARTS, st.sampled_from(["sms", "whatsapp", "http"]))
def test_whatever_is_said_fits_its_channel_and_is_all_there(text: str, parts: Parts, channel: str) -> None:
    """No message too long or empty; all words, media and the list, which comes last."""
    replies = shaped(read(), text, parts, channel=channel, language="es")

    assert all(len(reply.text) <= LONGEST for reply in replies if reply.content is None)
    assert all(reply.text or reply.media or reply.content or reply.action for reply in replies)
    assert all(len(reply.media) <= {"whatsapp": 1, "sms": 10}.get(channel, 0) for reply in replies)
    if channel != "http":
        assert sorted(url for reply in replies for url in reply.media) == sorted(parts.media)
    if parts.choices:
        assert replies[-1].choices == parts.choices
    if not any(reply.content for reply in replies):
        assert set(text.split()) <= set(" ".join(reply.text for reply in replies).split()) or len(text) > LONGEST


def rule(**parts: Any) -> dict[str, Any]:
    """A document whose first rule has more than words."""
    base = document()["assistants"][0]
    rules = [{"when": {"matches": ["color"]}, "reply": {"es": "¿Cuál?"}, **parts}]
    return document(content=CONTENT, assistants=[{**base, "script": {"rules": rules}}])


def test_a_rule_says_what_goes_with_its_words() -> None:
    """In the contact's language; an id is the title where none is given."""
    choices = [{"title": {"es": "Rojo", "en": "Red"}, "id": "red"}, {"title": {"es": "Azul"}}]
    tenant = TenantDocument.model_validate_json(
        json.dumps(rule(media=[PHOTO], choices=choices, location={"latitude": 1.0, "longitude": 2.0}, template="plain"))
    )
    question = Question(text="¿qué color?", language="en", languages=("es", "en"), display_name="Sur")
    answer = answer_by_script(tenant.assistants[0], question)

    assert answer is not None
    assert answer.parts == Parts(
        media=(PHOTO,),
        choices=(("red", "Red"), ("Azul", "Azul")),
        location=Location(latitude=1.0, longitude=2.0),
        template="plain",
    )


@pytest.mark.parametrize(
    ("parts", "named"),
    [
        ({"template": "nothing"}, "template: no template is named 'nothing'; add it to content"),
        ({"media": ["ftp://m.example/a"]}, "media"),
        ({"media": [PHOTO] * 11}, "media"),
        ({"choices": [{"title": {"es": "a"}, "id": "x"}, {"title": {"es": "b"}, "id": "x"}]}, "choices: 'x' is there"),
        ({"location": {"latitude": 91.0, "longitude": 0.0}}, "latitude"),
        ({"when": {"received": ["smell"]}}, "received"),
        ({"when": {"received": ["image"], "matches": ["a"]}}, "exactly one of matches, catalogue and received"),
    ],
)
def test_what_cannot_be_sent_is_refused_in_the_document(parts: dict[str, Any], named: str) -> None:
    """With the field's name and the cure."""
    with pytest.raises(ValueError, match=named):
        TenantDocument.model_validate_json(json.dumps(rule(**parts)))
