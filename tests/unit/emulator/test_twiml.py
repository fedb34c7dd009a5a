"""Answers to a message webhook."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.twiml.messaging_response import MessagingResponse

from twilio_emulator.webhooks.twiml import InvalidReply, Redirect, Reply, parse_reply

XML_TEXT = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="￾￿"))

CONTENT_TYPES = st.sampled_from(["text/xml", "text/plain", "text/html", "image/png", ""])


@given(bodies=st.lists(XML_TEXT.map(str.strip), max_size=5))
def test_what_the_sdk_writes_is_read_back(bodies: list[str]) -> None:
    """Each Message, in order, whatever its text."""
    response = MessagingResponse()
    for body in bodies:
        response.message(body)

    assert parse_reply(str(response).encode(), "text/xml") == [Reply(body=body) for body in bodies]


@given(bodies=st.lists(XML_TEXT.map(str.strip), max_size=3))
def test_nothing_counts_after_a_redirect(bodies: list[str]) -> None:
    """The other document goes on."""
    response = MessagingResponse()
    for body in bodies:
        response.message(body)
    response.redirect("/next", method="GET")
    response.message("too late")

    *messages, last = parse_reply(str(response).encode(), "text/xml")
    assert messages == [Reply(body=body) for body in bodies]
    assert last == Redirect(url="/next", method="GET")


def test_a_message_can_name_its_ends_media_and_callback() -> None:
    """As attributes, and Body and Media as elements."""
    response = MessagingResponse()
    message = response.message(to="+1", from_="+2", status_callback="https://a.example/")
    message.body("hi")
    message.media("https://a.example/1.png")

    assert parse_reply(str(response).encode(), "application/xml") == [
        Reply(
            body="hi",
            media=("https://a.example/1.png",),
            recipient="+1",
            sender="+2",
            status_callback="https://a.example/",
        )
    ]


@given(
    body=st.binary(max_size=200), content_type=st.sampled_from(["text/xml", "text/plain", "text/html", "image/png", ""])
)
def test_any_answer_is_either_read_or_refused_with_an_alert(body: bytes, content_type: str) -> None:
    """Nothing else can happen, whatever a customer's server sends."""
    alert = None
    try:
        parse_reply(body, content_type)
    except InvalidReply as invalid:
        alert = invalid.code

    assert alert in {None, 11750, 12100, 12102, 12200, 12300}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_the_documents_own_encoding_counts(encoding: str) -> None:
    """An answer may say which one it is in."""
    document = f"<?xml version='1.0' encoding='{encoding}'?><Response><Message>año</Message></Response>"

    assert parse_reply(document.encode(encoding), "text/xml") == [Reply(body="año")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused_in_every_encoding(encoding: str) -> None:
    """So that no entity is ever declared."""
    text = f"<?xml version='1.0' encoding='{encoding}'?><!DOCTYPE Response [<!ENTITY a 'b'>]><Response>&a;</Response>"
    with pytest.raises(InvalidReply, match="document type") as caught:
        parse_reply(text.encode(encoding), "text/xml")

    assert caught.value.code == 12100
