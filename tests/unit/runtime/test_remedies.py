"""What is done about each of Twilio's codes: the table, what is sent instead, which senders pause."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard_runtime.config import TenantDocument
from switchboard_runtime.conversation import Policy
from switchboard_runtime.conversation.codes import CODES, WINDOW_CLOSED, Treatment, treatment_of
from switchboard_runtime.conversation.remedies import is_window_closed, remedy
from switchboard_runtime.conversation.senders import Senders
from switchboard_runtime.store import Content, OutboxItem, Reply
from tests.unit.runtime.kit import document

SPANISH, ENGLISH = f"HX{'a' * 32}", f"HX{'b' * 32}"
DAY = 24 * 3600.0


def tenant(variables: dict[str, str] | None = None) -> TenantDocument:
    """A tenant that has a reopening template."""
    template = {"sid": {"es": SPANISH, "en": ENGLISH}, "variables": variables or {}}
    return TenantDocument.model_validate_json(json.dumps(document(whatsapp={"reopenTemplate": template})))


def item(reply: Reply, **changes: Any) -> OutboxItem:
    """A reply on its way."""
    given: dict[str, Any] = {
        "id": "r1",
        "seq": 1,
        "fence": 1,
        "attempts": 1,
        "conversation_id": 7,
        "channel": "whatsapp",
        "sender": "whatsapp:+9",
        "recipient": "whatsapp:+1",
        "reply": reply,
        "trace": "t",
        "received_at": 0.0,
        "created_at": 0.0,
        "intent_at": 1001.0,
        "last_inbound_at": 1000.0,
        "look_first": False,
        "language": "es",
    }
    return OutboxItem(**{**given, **changes})


@pytest.mark.parametrize(
    ("codes", "treatment"),
    [
        ((21610,), "opt out"),
        ((63016,), "template"),
        ((63018, 21611, 30001, 63007), "pause"),
        ((14107, 20429), "later"),
        ((21614, 21408, 30003, 30004, 30005, 30006, 30007, 63024), "fail"),
        ((21620, 63019), "words"),
        ((99999, None), None),
    ],
)
def test_each_code_has_its_treatment(codes: tuple[int | None, ...], treatment: Treatment | None) -> None:
    """As the page of channels says."""
    assert {treatment_of(code) for code in codes} == {treatment}


@pytest.mark.parametrize(
    "code", sorted(code for code, known in CODES.items() if known.treatment in {"fail", "opt out"})
)
def test_what_ends_a_reply_has_nothing_sent_instead(code: int) -> None:
    """It would fail again, or nobody wants it."""
    assert remedy(tenant({"1": "{text}"}), item(Reply(text="a", media=("https://m.example/a.jpg",))), code) is None


@pytest.mark.parametrize(("last", "closed"), [(None, False), (0.0, False), (-1.0, True)])
def test_the_window_is_open_for_a_day_after_the_contact_wrote(last: float | None, closed: bool) -> None:
    """What is not known is left to Twilio."""
    assert is_window_closed(item(Reply(text="a"), last_inbound_at=last), now=DAY) == closed


def test_only_free_text_on_whatsapp_needs_an_open_window() -> None:
    """SMS has none; an approved template may go at any time."""
    template = Reply(text="a", content=Content(sid=SPANISH))

    assert not is_window_closed(item(Reply(text="a"), channel="sms"), now=10 * DAY)
    assert not is_window_closed(item(template), now=10 * DAY)


def test_a_template_that_carries_the_words_stands_for_each_reply_once() -> None:
    """On one line, in the conversation's language; a template that is refused has no other."""
    reopened = remedy(tenant({"1": "{tenant}: {text}"}), item(Reply(text="a\n\tb", author="Ana")), WINDOW_CLOSED)
    english = remedy(tenant({"1": "{text}"}), item(Reply(text="a"), language="en"), WINDOW_CLOSED)

    content = Content(sid=SPANISH, variables=(("1", "Muebles del Sur: a b"),))
    assert reopened == ("r1-reopen", Reply(text="a\n\tb", content=content, author="Ana"))
    assert english is not None
    assert english[1].content == Content(sid=ENGLISH, variables=(("1", "a"),))
    assert remedy(tenant({"1": "{text}"}), item(reopened[1], id="r1-reopen"), WINDOW_CLOSED) is None


def test_a_template_without_the_words_is_sent_once_until_the_contact_writes_again() -> None:
    """Three bubbles make one template: the id is the window's."""
    ids = []
    for bubble, last in (("r1", 5.0), ("r2", 5.0), ("r3", 5.0), ("r4", 9.0)):
        instead = remedy(tenant(), item(Reply(text=bubble), id=bubble, last_inbound_at=last), WINDOW_CLOSED)
        assert instead is not None
        ids.append(instead[0])

    assert len(set(ids)) == 2
    assert ids[0] == ids[1] == ids[2]


def test_a_contact_who_has_written_since_gets_the_reply_itself() -> None:
    """The window is open again by the time that Twilio says it was closed."""
    reply = Reply(text="a")

    assert remedy(tenant(), item(reply, last_inbound_at=1002.0), WINDOW_CLOSED) == ("r1-again2", reply)


def test_without_a_template_a_closed_window_is_a_refusal() -> None:
    """Nothing is sent behind the tenant's back."""
    plain = TenantDocument.model_validate_json(json.dumps(document()))

    assert remedy(plain, item(Reply(text="a")), WINDOW_CLOSED) is None


def test_what_a_full_queue_swallowed_is_sent_three_times_at_most() -> None:
    """The same words, under an id a try."""
    now, ids = item(Reply(text="a")), []
    while again := remedy(tenant(), now, 63018):
        ids.append(again[0])
        now = item(again[1], id=again[0])

    assert ids == ["r1-again2", "r1-again3"]


def test_media_that_is_refused_goes_as_a_link() -> None:
    """The contact gets the words, and a way to the rest."""
    reply = Reply(text="Look.", media=("https://m.example/a.jpg",))

    instead = remedy(tenant(), item(reply), 63019)

    assert instead == ("r1-words", Reply(text="Look.\nhttps://m.example/a.jpg"))
    assert remedy(tenant(), item(instead[1]), 63019) is None


@given(st.text(max_size=2000))
def test_a_value_of_a_template_is_always_one_that_whatsapp_takes(text: str) -> None:
    """Never empty, no line breaks or tabs, no five spaces, and short enough."""
    instead = remedy(tenant({"1": "{text}"}), item(Reply(text=text)), WINDOW_CLOSED)
    assert instead is not None
    assert instead[1].content is not None
    [(_, value)] = instead[1].content.variables

    assert 0 < len(value) <= 1600
    assert value == " ".join(value.split())


def test_a_sender_pauses_longer_each_time_and_only_it() -> None:
    """What was in flight when the pause began does not make it longer."""
    senders = Senders(Policy(first_delay=1.0, longest_delay=300.0))
    first = senders.pause("a", now=0.0, chance=1.0)
    same = senders.pause("a", now=0.5, chance=1.0)
    second = senders.pause("a", now=first, chance=1.0)

    assert (first, same, second) == (1.0, 1.0, 3.0)
    assert senders.free_at("b", now=0.0, chance=0.0) is None
    assert senders.free_at("a", now=2.0, chance=0.0) == 3.0
    assert 3.0 < (senders.free_at("a", now=2.0, chance=1.0) or 0.0) <= 3.5


def test_a_message_that_passes_ends_a_senders_row_of_pauses() -> None:
    """One sent after the pause, not one that was in flight before it."""
    senders = Senders(Policy(first_delay=1.0))
    senders.pause("a", now=0.0, chance=1.0)
    senders.passed("a", now=0.5)
    assert senders.free_at("a", now=0.5, chance=0.0) == 1.0
    senders.passed("a", now=1.0)

    assert senders.pause("a", now=2.0, chance=1.0) == 3.0


@pytest.mark.parametrize("variables", [{"1": "{name}"}, {"no spaces": "a"}, {"1": ""}])
def test_a_template_that_cannot_be_filled_is_refused_in_the_document(variables: dict[str, str]) -> None:
    """Before anybody waits for it."""
    with pytest.raises(ValueError, match=r"(?s)reopenTemplate.*variables"):
        tenant(variables)
