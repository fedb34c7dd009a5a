"""One turn: who is answered, who is not, and what is remembered."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from switchboard_runtime.assistants import Answer
from switchboard_runtime.config import TenantDocument
from switchboard_runtime.conversation.turn import Ask, begin_burst, begin_turn, end_turn, split
from switchboard_runtime.store import ConversationState, Inbound, Turn
from tests.unit.runtime.kit import document

FRESH = ConversationState()
KNOWN = ConversationState(contacted=True, language="es")


def read(**changes: Any) -> TenantDocument:
    """The example document with changes."""
    return TenantDocument.model_validate_json(json.dumps(document(**changes)))


def message(text: str, **changes: Any) -> Inbound:
    """A WhatsApp message."""
    base = Inbound(
        provider="twilio",
        account="AC",
        sid="SM1",
        channel="whatsapp",
        own="whatsapp:+13055550123",
        contact="whatsapp:+1",
        text=text,
        trace="t",
        received_at=0.0,
    )
    return structs.replace(base, **changes)


def turn(tenant: TenantDocument, state: ConversationState, inbound: Inbound, *, said: str | None = "A.") -> Turn:
    """The whole turn, the assistant saying ``said``."""
    step = begin_turn(tenant, state, inbound)
    return end_turn(tenant, step, Answer(text=said) if said else None) if isinstance(step, Ask) else step


@pytest.mark.parametrize(
    "word", ["STOP", "stop", " Stop. ", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"]
)
def test_a_stop_word_alone_is_kept_and_not_answered(word: str) -> None:
    """On SMS Twilio answers it; we must not."""
    after = turn(read(), KNOWN, message(word, channel="sms"))

    assert (after.texts, after.state.opted_out) == ((), True)


@pytest.mark.parametrize("text", ["please stop calling", "the end", "end of month?", "cancel my order"])
def test_a_stop_word_inside_a_sentence_is_none(text: str) -> None:
    """A person who writes a sentence wants an answer."""
    assert turn(read(), KNOWN, message(text)).texts == ("A.",)


def test_what_twilio_has_answered_is_not_answered_again() -> None:
    """OptOutType comes with Advanced Opt-Out, for words of the tenant's own too."""
    stop = turn(read(), KNOWN, message("basta", opt_out="STOP"))
    help_ = turn(read(), KNOWN, message("ayuda", opt_out="HELP"))
    start = turn(read(), stop.state, message("alta", opt_out="START"))

    assert (stop.texts, help_.texts, start.texts) == ((), (), ())
    assert (stop.state.opted_out, help_.state.opted_out, start.state.opted_out) == (True, False, False)


def test_only_start_ends_the_silence_after_stop() -> None:
    """Any other text from someone who opted out gets nothing."""
    stopped = turn(read(), KNOWN, message("STOP")).state
    hello = turn(read(), stopped, message("hola"))
    started = turn(read(), hello.state, message("Start"))

    assert (hello.texts, hello.state.opted_out) == ((), True)
    assert turn(read(), started.state, message("hola")).texts == ("A.",)


def test_start_is_a_word_like_others_to_those_who_never_stopped() -> None:
    """Many apps open a chat with it."""
    assert turn(read(), FRESH, message("start")).texts == ("A.",)


def test_who_asks_for_a_human_gets_one_and_the_bot_falls_silent() -> None:
    """The epoch moves, so that an answer in flight is not kept."""
    asked = turn(read(), KNOWN, message("quiero hablar con un HUMANO"))
    later = turn(read(), asked.state, message("hola?"))

    assert asked.texts == ("Te paso con una persona de Muebles del Sur; te va a escribir por acá.",)
    assert (asked.state.mode, asked.state.epoch, later.texts) == ("human", KNOWN.epoch + 1, ())


def test_the_first_answer_opens_with_greeting_and_disclosure_in_one_message() -> None:
    """Once; bubbles cost money."""
    assistants = [{**document()["assistants"][0], "disclosure": {"es": "Soy un asistente automático."}}]
    tenant = read(greeting={"es": "Bienvenido."}, assistants=assistants)
    first = turn(tenant, FRESH, message("mesa"))
    second = turn(tenant, first.state, message("mesa"))

    assert first.texts == ("Bienvenido.\n\nSoy un asistente automático.\n\nA.",)
    assert second.texts == ("A.",)


def test_a_suspended_tenant_is_silent_but_keeps_an_opt_out() -> None:
    """Suspension is the platform's matter, an opt-out the contact's."""
    tenant = read(tenant={**document()["tenant"], "status": "Suspended"})

    assert turn(tenant, KNOWN, message("hola")).outcome == "suspended"
    assert turn(tenant, KNOWN, message("STOP")).state.opted_out


@pytest.mark.parametrize(
    ("changes", "text", "said", "reply"),
    [
        ({"assistants": [], "defaultAssistant": None, "numbers": []}, "hola", None, "Gracias por escribir"),
        ({}, "hola", None, "Gracias por escribir a Muebles del Sur."),
        ({}, "  ", "A.", "Recibimos lo que enviaste."),
    ],
)
def test_a_polite_text_is_better_than_silence(changes: dict[str, Any], text: str, said: str | None, reply: str) -> None:
    """No assistant, one that has nothing to say, or a message without words."""
    [answer] = turn(read(**changes), KNOWN, message(text), said=said).texts

    assert answer.startswith(reply)


def test_the_number_written_to_chooses_the_assistant() -> None:
    """Its own, else the tenant's default."""
    base = document()["assistants"][0]
    number = document()["numbers"][0]
    tenant = read(
        assistants=[base, {**base, "name": "soporte"}],
        numbers=[
            number,
            {**number, "name": "soporte", "phoneNumber": "+13055550124", "assistant": "soporte"},
            {**number, "name": "other", "phoneNumber": "+13055550125", "assistant": None},
        ],
    )
    chosen = []
    for own in ("whatsapp:+13055550123", "+13055550124", "+13055550125"):
        step = begin_turn(tenant, KNOWN, message("hola", own=own))
        assert isinstance(step, Ask)
        chosen.append(step.assistant.name)

    assert chosen == ["ventas", "soporte", "ventas"]


def burst(tenant: TenantDocument, state: ConversationState, *texts: str) -> Turn:
    """The turn of several messages, the assistant saying back what it was asked."""
    step = begin_burst(tenant, state, [message(text) for text in texts])
    return end_turn(tenant, step, Answer(text=step.question.text)) if isinstance(step, Ask) else step


def test_a_burst_is_one_question() -> None:
    """A line each; a picture among them is not answered by itself."""
    turned = burst(read(), FRESH, "hola", "", "la mesa", "¿cuánto sale?")

    assert turned.texts == ("hola\nla mesa\n¿cuánto sale?",)


def test_a_burst_of_pictures_gets_one_answer() -> None:
    """Not one each."""
    assert len(burst(read(), KNOWN, "", "", "").texts) == 1


@pytest.mark.parametrize("texts", [("mesa", "STOP"), ("STOP", "mesa"), ("mesa", "STOP", "sillas")])
def test_stop_anywhere_in_a_burst_silences_it(texts: tuple[str, ...]) -> None:
    """What was asked before is not answered after."""
    turned = burst(read(), KNOWN, *texts)

    assert ([reply.notice for reply in turned.replies], turned.state.opted_out) == ([True], True)


def test_what_is_asked_after_start_in_the_same_burst_is_answered() -> None:
    """STOP, START and a question within a second."""
    turned = burst(read(), KNOWN, "mesa", "STOP", "START", "sillas")

    assert (turned.texts, turned.state.opted_out) == (("sillas",), False)


def test_who_asks_for_a_human_within_a_burst_gets_one() -> None:
    """The bot does not answer beside them."""
    turned = burst(read(), KNOWN, "mesa", "quiero un humano", "hola?")

    assert turned.texts == ("Te paso con una persona de Muebles del Sur; te va a escribir por acá.",)
    assert (turned.state.mode, turned.state.epoch) == ("human", KNOWN.epoch + 1)


@given(st.lists(st.sampled_from(["hola", "STOP", "START", "humano", "", "mesa"]), min_size=1, max_size=6))
def test_a_burst_leaves_the_conversation_as_its_messages_one_by_one_would(texts: list[str]) -> None:
    """Who is opted out, who is with a human: no matter how they came."""
    tenant, state = read(), KNOWN
    for text in texts:
        state = turn(tenant, state, message(text)).state
    together = burst(tenant, KNOWN, *texts).state

    assert (together.opted_out, together.mode, together.epoch) == (state.opted_out, state.mode, state.epoch)
    assert len(burst(tenant, KNOWN, *texts).texts) <= 1


@given(st.text(max_size=300), st.integers(1, 40))
def test_a_long_text_is_split_without_losing_a_word(text: str, longest: int) -> None:
    """Every part fits and nothing but white space is lost."""
    parts = split(text, longest=longest)

    assert all(0 < len(part) <= longest for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())
