"""What an assistant keeps to besides numbers, pure: its languages, and a source for what it states."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard_runtime.assistants import Question
from switchboard_runtime.assistants.bounds import asked_within, faults, told
from switchboard_runtime.assistants.languages import other_language
from switchboard_runtime.config.documents import LanguageModel

NO_SOURCE = "nothing was looked up for it; use the search tools first"


def settings(**given_settings: Any) -> LanguageModel:
    """A model's settings."""
    choices = [{"provider": "openai", "model": "m"}]
    return LanguageModel.model_validate_json(json.dumps({"choices": choices, **given_settings}))


def question(text: str, language: str = "es", **changes: Any) -> Question:
    """A question to a tenant that speaks Spanish and English."""
    return Question(text=text, language=language, languages=("es", "en"), display_name="Acme", **changes)


@pytest.mark.parametrize(
    ("text", "current", "languages", "answered"),
    [
        ("hello, how much is the table?", "en", (), "en"),
        ("hello, how much is the table?", "en", ("es",), "es"),
        ("hola, ¿cuánto sale la mesa?", "es", ("es", "en"), "es"),
        ("olá, quanto custa a mesa?", "es", ("pt", "es"), "pt"),
        ("mesa", "es-AR", ("en", "es"), "es"),
        ("mesa", "de", ("en", "es"), "en"),
    ],
)
def test_it_answers_in_one_of_its_languages(text: str, current: str, languages: tuple[str, ...], answered: str) -> None:
    """That of the message if it is one, else that of the conversation, else its first."""
    assert asked_within(question(text, current), languages).language == answered


def test_on_the_phone_a_word_of_another_language_changes_nothing() -> None:
    """The voice has been chosen."""
    heard = question("hello, how much is the table?", "es", spoken=True)

    assert asked_within(heard, ("es", "en")).language == "es"


@pytest.mark.parametrize(
    ("text", "languages", "other"),
    [
        ("Hello! The oak table is 450 USD, do you want it?", ("es",), "en"),
        ("Hello! The oak table is 450 USD, do you want it?", ("es", "en-GB"), None),
        ("¡Hola! La mesa sale 450 y tenemos 3 en el local.", ("pt",), "es"),
        ("¡Hola! La mesa sale 450 y tenemos 3 en el local.", ("es-AR",), None),
        ("Oak table: 450 USD.", ("es",), None),
        ("Hello! The oak table is 450 USD, do you want it?", ("ja",), None),
        ("", ("es",), None),
    ],
)
def test_only_what_is_clear_is_another_language(text: str, languages: tuple[str, ...], other: str | None) -> None:
    """Names and numbers are of none; beside a language that we do not know nothing is clear."""
    assert other_language(text, languages=languages) == other
    found = faults(text, settings(languages=list(languages)), sourced=True)
    assert found == ((f'it is in the language "{other}"',) if other else ())


@pytest.mark.parametrize(
    ("text", "states"),
    [
        ("We are open on Sundays.", True),
        ("Yes.", True),
        ("¡Claro! ¿Qué día?", True),
        ("Abrimos los domingos, ¿querés venir?", True),
        ("¡Hola! ¿En qué te puedo ayudar?", False),
        ("Hello! Which table are you looking for?", False),
        ("¡Muchas gracias, buen día! 🙂", False),
        ("De nada.", False),
        ("", False),
    ],
)
def test_a_statement_needs_a_source(text: str, *, states: bool) -> None:
    """A question and a courtesy need none; with a source, or where nobody asked for one, all may go out."""
    strict = settings(onlyFromKnowledge=True)

    assert faults(text, strict, sourced=False) == ((NO_SOURCE,) if states else ())
    assert faults(text, strict, sourced=True) == faults(text, settings(), sourced=False) == ()


def test_a_model_is_told_its_bounds_and_no_others() -> None:
    """Nothing where there are none."""
    strict = told(settings(languages=["es"], onlyFromKnowledge=True), language="es")

    assert told(settings(), language="es") == ""
    assert 'Never answer in another language than "es"' in strict
    assert "look it up first" in strict


@given(text=st.text(max_size=200), languages=st.lists(st.sampled_from(["es", "en", "pt-BR", "ja"]), unique=True))
def test_any_text_at_all_is_looked_at(text: str, languages: list[str]) -> None:
    """And the question is in one of the languages, if there are any."""
    bound = settings(languages=languages, onlyFromKnowledge=True)
    asked = asked_within(question(text), tuple(languages))

    assert isinstance(faults(text, bound, sourced=False), tuple)
    assert asked.language in (languages or ["es"])
