"""What is understood of a message: captured webhooks, and whatever else may stand in their fields."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard_runtime.assistants import Answer
from switchboard_runtime.channels.twilio_forms import read_message
from switchboard_runtime.config import TenantDocument
from switchboard_runtime.conversation.choosing import chosen, may_choose
from switchboard_runtime.conversation.received import Place, notes_of, received
from switchboard_runtime.conversation.turn import Ask, begin_turn, end_turn
from switchboard_runtime.store import ConversationState, Inbound
from tests.unit.runtime.kit import document

KNOWN = ConversationState(contacted=True, language="es")
CORPUS = Path(__file__).parent / "corpus"


def captured(name: str) -> Inbound:
    """A case of the corpus as the engine has it."""
    form = json.loads((CORPUS / f"{name}.json").read_text(encoding="utf-8"))["form"]
    return of(dict(form))


def of(fields: dict[str, str]) -> Inbound:
    """A form as the engine has it."""
    base = {"MessageSid": "SM1", "AccountSid": "AC1", "From": "whatsapp:+1", "To": "whatsapp:+13055550123", "Body": ""}
    given_fields = {**base, **fields}
    message = read_message(given_fields, list(given_fields.items()), trace="t", now=0.0)
    assert message is not None
    return message


def parts(message: Inbound) -> Any:
    """Its parts."""
    return received(dict(message.fields))


@pytest.mark.parametrize(
    ("name", "kind", "text", "choice"),
    [
        ("wa-text", "text", "Hola! Quiero info del depto de 2 ambientes 🏠", None),
        ("wa-interactive-button", "interactive", "Konfirmasi", "verify:asd@example.com"),
        ("wa-interactive-list", "interactive", "Visita por la tarde", "visit_pm"),
        ("wa-template-quick-reply", "button", "Sí, quiero", "si_quiero"),
        ("wa-location", "location", "location: Home, West Bay St, Nassau (25.018766403198, -77.395950317383)", None),
        ("wa-image-caption", "image", "¿esto tiene arreglo?", None),
        ("wa-sticker", "sticker", "", None),
        ("wa-contact", "contacts", "", None),
        ("mms-two-media", "image", "", None),
        ("sms-us-text", "text", None, None),
    ],
)
def test_a_captured_message_is_words_a_kind_and_a_choice(
    name: str, kind: str, text: str | None, choice: str | None
) -> None:
    """As a person would read it."""
    message = captured(name)

    assert message.kind == kind
    assert text is None or message.text == text
    assert parts(message).choice == choice


def test_media_are_listed_with_their_kinds_and_not_fetched() -> None:
    """In the order they came."""
    two = parts(captured("mms-two-media")).media

    assert [(one.kind, one.content_type) for one in two] == [("image", "image/jpeg"), ("image", "image/png")]
    assert all(one.url.startswith("https://api.twilio.com/") for one in two)
    assert [one.kind for one in parts(captured("wa-sticker")).media] == ["sticker"]
    assert [one.kind for one in parts(captured("wa-contact")).media] == ["contacts"]


def test_a_place_a_reply_an_advertisement_and_a_sender_are_understood() -> None:
    """What came beside the words."""
    assert parts(captured("wa-location")).place == Place(
        "25.018766403198", "-77.395950317383", "West Bay St, Nassau", "Home"
    )
    assert parts(captured("wa-reply-to")).reply_to == "MM025f253325b46929cd34f2a7c3c55e7c"
    assert notes_of(parts(captured("wa-referral-ad"))) == (
        "wrote from this advertisement: Chatea con nosotros - 2 ambientes en Palermo desde USD 95.000",
    )
    both = parts(captured("wa-bsuid-with-phone"))
    assert (both.user_id, both.profile_name) == ("whatsapp:AR.1502576394655843", "Ana Pérez")


def test_a_sender_without_a_phone_number_is_a_contact_like_others() -> None:
    """By what Twilio calls it, also if that stands in ExternalUserId alone."""
    assert captured("wa-bsuid-no-phone").contact == "whatsapp:US.13491208655302741918"
    assert of({"From": "", "ExternalUserId": "whatsapp:AR.15"}).contact == "whatsapp:AR.15"


VALUES = st.text(max_size=20) | st.sampled_from(["0", "3", "-1", "99999999", "٣", "image/jpeg", "https://m.example/a"])
NAMES = ["NumMedia", "MediaUrl0", "MediaContentType0", "MediaUrl1", "Latitude", "Longitude", "MessageType", "Body"]
NAMES += ["ButtonPayload", "ButtonText", "ListId", "ListTitle", "ReferralBody", "Forwarded", "OptOutType"]


@given(st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_whatever_stands_in_the_fields_is_read(fields: dict[str, str]) -> None:
    """Parameters come and go without notice."""
    message = of(fields)

    assert len(parts(message).media) <= 20
    assert all(isinstance(note, str) for note in notes_of(parts(message)))


def read(*rules: dict[str, Any], **changes: Any) -> TenantDocument:
    """A tenant whose script has these rules."""
    assistant = {**document()["assistants"][0], "script": {"rules": list(rules), "otherwise": {"es": "No entendí."}}}
    return TenantDocument.model_validate_json(json.dumps(document(assistants=[assistant], **changes)))


def asked(tenant: TenantDocument, message: Inbound) -> Ask:
    """The question that is asked."""
    step = begin_turn(tenant, KNOWN, message)
    assert isinstance(step, Ask)
    return step


def test_an_assistant_is_told_what_came_beside_the_words() -> None:
    """The caption is the contact's, the note is ours."""
    question = asked(read(), captured("wa-image-caption")).question

    assert (question.text, question.kind) == ("¿esto tiene arreglo?", "image")
    assert question.notes == ("attached: image (image/jpeg)",)


def test_a_rule_may_answer_what_came_without_words() -> None:
    """Without one, the contact is asked for words."""
    rule = {"when": {"received": ["image", "audio"]}, "reply": {"es": "Gracias por la foto."}}
    plain = begin_turn(read(), KNOWN, captured("mms-two-media"))

    assert not isinstance(plain, Ask)
    assert plain.outcome == "no words"
    assert asked(read(rule), captured("mms-two-media")).question.text == ""


MENU = (("red", "Rojo"), ("blue", "Azul oscuro"), ("stop", "Cancelar"))


@pytest.mark.parametrize(
    ("text", "choice"), [("2", "blue"), (" 2. ", "blue"), ("2️⃣", "blue"), ("azul OSCURO", "blue"), ("Cancelar", "stop")]
)
def test_a_number_or_the_words_of_a_line_choose_it(text: str, choice: str) -> None:
    """As if it had been pressed, so that it is no STOP either."""
    message = chosen(of({"Body": text}), MENU)

    assert (parts(message).choice, message.kind) == (choice, "interactive")
    assert isinstance(begin_turn(read(), KNOWN, message), Ask)


@pytest.mark.parametrize("text", ["4", "0", "22", "rojo y azul"])
def test_what_names_no_line_is_what_it_says(text: str) -> None:
    """Nothing is guessed."""
    message = of({"Body": text})

    assert chosen(message, MENU) == message
    assert chosen(message, ()) == message


@pytest.mark.parametrize(
    ("text", "may"),
    [("2", True), ("Cancelar", True), ("mesa", False), ("2 mesas", False), ("STOP", False), ("", False)],
)
def test_only_a_number_or_a_word_that_would_end_it_is_looked_up(text: str, may: bool) -> None:
    """STOP itself always stops."""
    assert may_choose(read(), KNOWN, of({"Body": text})) == may


def test_a_script_hears_the_id_of_what_was_pressed() -> None:
    """The words on a button may be of any language."""
    rule = {"when": {"matches": ["visit_pm"]}, "reply": {"es": "A la tarde, entonces."}}
    ask = asked(read(rule), captured("wa-interactive-list"))
    turn = end_turn(read(rule), ask, Answer(text="x"))

    assert ask.question.choice == "visit_pm"
    assert turn.texts == ("x",)
