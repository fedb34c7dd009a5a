"""The deterministic assistant: the first rule that applies answers.

For: demos, small tenants, and the fallback of an assistant that fails.
Refuses: to say a price, a stock or a product that is not in the document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchboard_runtime.assistants.base import Answer, Parts
from switchboard_runtime.assistants.catalogue import describe, find_products, list_products
from switchboard_runtime.assistants.words import contains, words
from switchboard_runtime.config import localized

if TYPE_CHECKING:
    from switchboard_runtime.assistants.base import Question
    from switchboard_runtime.config import Assistant, Rule

__all__ = ["ScriptAssistant", "answer_by_script", "has_rule_for"]


class ScriptAssistant:
    """A :class:`~switchboard_runtime.assistants.base.Responder` from a document's ``script``."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant

    async def answer(self, question: Question) -> Answer | None:
        """The first rule's reply."""
        return answer_by_script(self._assistant, question)


def answer_by_script(assistant: Assistant, question: Question) -> Answer | None:
    """The reply of the first rule that applies, else ``otherwise``, else None."""
    script = assistant.script
    if script is None:
        return None
    for rule in script.rules:
        answer = _apply(rule, assistant, question)
        if answer is not None:
            return answer
    if script.otherwise is None:
        return None
    return Answer(text=localized(script.otherwise, language=question.language, languages=question.languages))


def has_rule_for(assistant: Assistant, kind: str) -> bool:
    """Whether an assistant without models answers what came without words."""
    if assistant.model is not None or assistant.script is None:
        return False
    return any(kind in (rule.when.received or ()) for rule in assistant.script.rules)


def _apply(rule: Rule, assistant: Assistant, question: Question) -> Answer | None:
    template = localized(rule.reply, language=question.language, languages=question.languages)
    if rule.when.received is not None:
        return Answer(text=template, parts=_parts(rule, question)) if question.kind in rule.when.received else None
    if rule.when.matches is not None:
        heard = (words(question.text), words(question.choice or ""))
        matches = any(contains(said, words(phrase)) for phrase in rule.when.matches for said in heard)
        return Answer(text=template, parts=_parts(rule, question)) if matches else None
    products = find_products(question.text, assistant.products)
    if not products:
        return None
    if len(products) > 1:
        return Answer(text=list_products(products, language=question.language))
    return Answer(text=describe(template, products[0], language=question.language), parts=_parts(rule, question))


def _parts(rule: Rule, question: Question) -> Parts | None:
    """What goes with a rule's words."""
    if not (rule.media or rule.choices or rule.location or rule.template):
        return None
    titles = [
        (choice.id, localized(choice.title, language=question.language, languages=question.languages))
        for choice in rule.choices
    ]
    return Parts(
        media=rule.media,
        choices=tuple((chosen or title, title) for chosen, title in titles),
        location=rule.location,
        template=rule.template,
    )
