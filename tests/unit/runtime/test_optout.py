"""STOP, START and HELP: which words they are, who answers, and that one confirmation is all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard_runtime.conversation.optout import OPT_OUT_WORDS, Wish
from switchboard_runtime.conversation.turn import Ask, begin_burst, begin_turn
from switchboard_runtime.store import ConversationState, Inbound, Turn
from tests.unit.runtime.kit import document
from tests.unit.runtime.test_turn import message, read

if TYPE_CHECKING:
    from switchboard_runtime.config import TenantDocument

KNOWN = ConversationState(contacted=True, language="es")
STOPPED = replace(KNOWN, opted_out=True)


def turn(state: ConversationState, inbound: Inbound, tenant: TenantDocument | None = None) -> Turn:
    """The turn, which needs no assistant."""
    step = begin_turn(tenant or read(), state, inbound)
    assert isinstance(step, Turn)
    return step


PHRASES = [(lang, wish, phrase) for lang, kinds in OPT_OUT_WORDS.items() for wish in kinds for phrase in kinds[wish]]


@pytest.mark.parametrize(("language", "wish", "phrase"), PHRASES)
def test_every_word_of_the_table_counts_for_a_tenant_of_its_language(language: str, wish: Wish, phrase: str) -> None:
    """As a whole message, in any case, and with what people put around it."""
    state = STOPPED if wish != "STOP" else KNOWN
    for text in (phrase, f" {phrase.upper()}! ", f"{phrase} \U0001f64f\U0001f3fd"):
        turned = turn(state, message(text), read(languages=[language]))
        assert turned.outcome == {"STOP": "opted out", "START": "opted in", "HELP": "helped"}[wish]
        assert len(turned.replies) == 1


@pytest.mark.parametrize("text", ["Baja", "bája", "DAR DE BAJA", "no más mensajes.", "Alto ✋"])
def test_accents_case_and_emoji_do_not_matter(text: str) -> None:
    """People write as they do."""
    assert turn(KNOWN, message(text)).state.opted_out


@pytest.mark.parametrize(
    ("text", "before", "language"),
    [
        ("BAJA", None, "es"),
        ("Sair", None, "pt-BR"),
        ("baja", "pt-BR", "es"),
        ("parar", "pt-BR", "pt-BR"),
        ("parar", None, "es"),
        ("stop", None, None),
        ("stop", "es", "es"),
        ("chau", None, None),
    ],
)
def test_a_word_is_confirmed_in_the_language_it_is_of(text: str, before: str | None, language: str | None) -> None:
    """Also when it is the first that a contact writes to a tenant whose first language is another."""
    tenant = read(languages=["en", "es", "pt-BR"], optOut={"stop": ["chau"]})
    turned = turn(ConversationState(language=before), message(text), tenant)
    opening = {"es": "Listo, ", "pt-BR": "Pronto, "}.get(language or "", "Done, ")

    assert turned.state.language == language
    assert turned.replies[0].text.startswith(opening)


@pytest.mark.parametrize("text", ["sair", "aide", "stopp"])
def test_another_languages_words_are_words(text: str) -> None:
    """The tenant speaks Spanish and English."""
    assert isinstance(begin_turn(read(), KNOWN, message(text)), Ask)


@given(st.sampled_from([phrase for _, wish, phrase in PHRASES if wish == "STOP"]), st.sampled_from(["mesa", "luego"]))
def test_a_word_within_a_sentence_is_none(phrase: str, other: str) -> None:
    """A person who writes a sentence wants an answer."""
    assert isinstance(begin_turn(read(), KNOWN, message(f"{phrase} {other}")), Ask)


def test_a_button_that_was_pressed_is_no_stop() -> None:
    """Cancelar under an order means the order; on a template it means what it says."""
    assert isinstance(begin_turn(read(), KNOWN, message("Cancelar", kind="interactive")), Ask)
    assert turn(KNOWN, message("Baja", kind="button")).state.opted_out


@pytest.mark.parametrize(
    ("text", "changes", "answered"),
    [
        ("STOP", {"channel": "sms"}, False),
        ("BAJA", {"channel": "sms"}, True),
        ("STOP", {}, True),
        ("no quiero más", {"channel": "sms", "opt_out": "STOP"}, False),
    ],
)
def test_what_twilio_has_answered_is_not_answered_again(text: str, changes: dict[str, Any], answered: bool) -> None:
    """Its own words on SMS, and whatever OptOutType names."""
    turned = turn(KNOWN, message(text, **changes))

    assert (len(turned.replies), turned.state.opted_out) == (answered, True)


def test_help_that_twilio_answers_is_left_to_it() -> None:
    """On SMS, in English; the tenant's own words are for the rest."""
    tenant = read(optOut={"helpReply": {"es": "Llamanos al 123."}})

    assert turn(KNOWN, message("HELP", channel="sms"), tenant).outcome == "answered by provider"
    assert turn(KNOWN, message("AYUDA", channel="sms"), tenant).texts == ("Llamanos al 123.",)


def test_a_second_stop_is_not_confirmed_again() -> None:
    """One confirmation, then silence."""
    assert turn(STOPPED, message("BAJA")).replies == ()
    assert turn(STOPPED, message("hola")).replies == ()


def test_only_start_opens_again_and_is_confirmed() -> None:
    """In words that say how to stop."""
    opened = turn(STOPPED, message("ALTA"))

    assert (opened.state.opted_out, opened.outcome) == (False, "opted in")
    assert "BAJA" in opened.texts[0]
    assert turn(STOPPED, message("START", channel="sms")).replies == ()


def test_help_reaches_also_who_opted_out() -> None:
    """With the tenant's words if it has some; it opens nothing."""
    tenant = read(optOut={"helpReply": {"es": "Llamanos al 123."}})
    helped = turn(STOPPED, message("AYUDA"), tenant)

    assert helped.texts == ("Llamanos al 123.",)
    assert helped.state == STOPPED
    assert "ALTA" in turn(STOPPED, message("ayuda")).texts[0]


def test_help_is_the_assistants_when_the_tenant_says_nothing_about_it() -> None:
    """It is how many a conversation begins."""
    assert isinstance(begin_turn(read(), KNOWN, message("ayuda")), Ask)
    assert turn(replace(KNOWN, mode="human"), message("ayuda")).replies == ()


def test_a_tenants_own_words_and_texts_are_used() -> None:
    """Beside the table's."""
    texts = {"stopReply": {"es": "Chau."}, "startReply": {"es": "Bienvenido."}}
    tenant = read(optOut={"stop": ["Chau chau"], "start": ["vuelvo"], **texts})

    assert turn(KNOWN, message("¡chau, chau!"), tenant).texts == ("Chau.",)
    assert turn(KNOWN, message("baja"), tenant).texts == ("Chau.",)
    assert turn(STOPPED, message("Vuelvo"), tenant).texts == ("Bienvenido.",)


def test_a_suspended_tenant_keeps_a_stop_and_says_nothing() -> None:
    """Nothing leaves while it is suspended."""
    tenant = read(tenant={**document()["tenant"], "status": "Suspended"})

    assert turn(KNOWN, message("BAJA"), tenant).replies == ()
    assert turn(KNOWN, message("BAJA"), tenant).state.opted_out
    assert turn(STOPPED, message("AYUDA"), tenant).replies == ()


def test_of_stop_and_start_in_one_burst_the_last_is_confirmed() -> None:
    """Not the one that does not hold any more."""
    back = begin_burst(read(), KNOWN, [message("BAJA"), message("ALTA")])
    gone = begin_burst(read(), STOPPED, [message("ALTA"), message("BAJA")])

    assert isinstance(back, Turn)
    assert isinstance(gone, Turn)
    assert (back.outcome, back.state.opted_out) == ("opted in", False)
    assert (gone.outcome, gone.state.opted_out) == ("opted out", True)


@pytest.mark.parametrize("own", [{"stop": ["!"]}, {"stopp": ["a"]}])
def test_words_that_cannot_work_are_refused_in_the_document(own: dict[str, Any]) -> None:
    """With the field's name."""
    with pytest.raises(ValueError, match="optOut"):
        read(optOut=own)
