"""The deterministic assistant: the first rule that applies answers.

For: demos, small tenants, and the fallback of an assistant that fails.
Refuses: to say a price, a stock or a product that is not in the document.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchboard_runtime.assistants.catalogue import describe, find_products, list_products
from switchboard_runtime.assistants.words import contains, words
from switchboard_runtime.config import localized

if TYPE_CHECKING:
    from switchboard_runtime.assistants.base import Question
    from switchboard_runtime.config import Assistant, Rule

__all__ = ["ScriptAssistant", "answer_by_script"]


class ScriptAssistant:
    """A :class:`~switchboard_runtime.assistants.base.Responder` from a document's ``script``."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant

    async def answer(self, question: Question) -> str | None:
        """The first rule's reply."""
        return answer_by_script(self._assistant, question)


def answer_by_script(assistant: Assistant, question: Question) -> str | None:
    """The reply of the first rule that applies, else ``otherwise``, else None."""
    script = assistant.script
    if script is None:
        return None
    for rule in script.rules:
        reply = _apply(rule, assistant, question)
        if reply is not None:
            return reply
    if script.otherwise is None:
        return None
    return localized(script.otherwise, language=question.language, languages=question.languages)


def _apply(rule: Rule, assistant: Assistant, question: Question) -> str | None:
    template = localized(rule.reply, language=question.language, languages=question.languages)
    if rule.when.matches is not None:
        said = words(question.text)
        return template if any(contains(said, words(phrase)) for phrase in rule.when.matches) else None
    products = find_products(question.text, assistant.products)
    if not products:
        return None
    if len(products) > 1:
        return list_products(products, language=question.language)
    return describe(template, products[0], language=question.language)
