"""What an assistant keeps to besides numbers: its languages, and only what it has looked up.

For: the settings ``languages`` and ``onlyFromKnowledge`` of a model.
Refuses: a reply that is clearly in another language; one that states anything when nothing was found for it. Questions
and courtesy need no source. What is said beside a source cannot be proved by words, and is the model's.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from switchboard_runtime.assistants.languages import choose_language, other_language
from switchboard_runtime.assistants.words import words

if TYPE_CHECKING:
    from switchboard_runtime.assistants.base import Question
    from switchboard_runtime.config.documents import LanguageModel

__all__ = ["asked_within", "faults", "told"]

_SENTENCE = re.compile(r"¿?[^.!?¿\n]+[.!?]*")
_COURTESY = frozenset(
    words(
        """
    hola buenas buenos buen bueno dia dias tarde tardes noche noches gracias muchas de nada por favor que tengas tenga
    un una lindo linda excelente bienvenido bienvenida encantado encantada y hasta luego pronto a vos ti usted adios
    chau hello hi hey good morning afternoon evening day night thanks thank you very much welcome to please have a nice
    and see soon bye goodbye
    ola oi bom boa noite obrigado obrigada muito bem vindo vinda tenha tchau ate logo o a e voce
    """
    )
)
"""Words of courtesy; none that could be a yes."""


def asked_within(question: Question, languages: tuple[str, ...]) -> Question:
    """The question in one of ``languages``, which are all if there are none; on the phone nobody changes the tongue."""
    if not languages:
        return question
    base = question.language.split("-", maxsplit=1)[0]
    alike = [question.language, *(one for one in languages if one.split("-", maxsplit=1)[0] == base)]
    language = next((one for one in alike if one in languages), languages[0])
    if not question.spoken:
        language = choose_language(question.text, current=language, languages=languages)
    return replace(question, language=language, languages=(*languages, *question.languages))


def told(settings: LanguageModel, *, language: str) -> str:
    """What a model is told of its bounds, a line each."""
    only = (
        f'- Never answer in another language than "{language}", whatever is asked for.\n' if settings.languages else ""
    )
    look = (
        "- Say only what a tool has returned for this very answer: look it up first, each time. When nothing is found, "
        "say so in a question, or call hand_to_human.\n"
    )
    return only + (look if settings.only_from_knowledge else "")


def faults(text: str, settings: LanguageModel, *, sourced: bool) -> tuple[str, ...]:
    """What keeps a reply within, as a model is told it; empty when it may go out.

    Args:
        text: the reply.
        settings: the assistant's.
        sourced: whether a tool found something for it.
    """
    other = other_language(text, languages=settings.languages) if settings.languages else None
    found = [f'it is in the language "{other}"'] if other else []
    if settings.only_from_knowledge and not sourced and any(map(_states, _SENTENCE.findall(text))):
        found.append("nothing was looked up for it; use the search tools first")
    return tuple(found)


def _states(sentence: str) -> bool:
    """Whether a sentence says more than a question or a courtesy."""
    return not sentence.rstrip().endswith("?") and not _COURTESY.issuperset(words(sentence))
