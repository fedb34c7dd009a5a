"""What a script may say of a product: the words in braces that the runtime fills in.

The runtime refuses a whole document with an unknown one, so that a typo is never read out to people. It is refused
here, where its author sees it; the API server, which knows no product's fields, refuses those where none is spoken of.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from switchboard_operator import reasons
from switchboard_operator.api import grammar
from switchboard_operator.errors import Invalid

if TYPE_CHECKING:
    from switchboard_operator.api import Assistant
    from switchboard_operator.api.assistant import ScriptRule

PLACEHOLDERS = frozenset({"name", "price", "currency", "stock", "status", "description"})
_SHOWN = 40


def check_script(assistant: Assistant) -> None:
    """See that replies ask for what a product has, and only where one is spoken of.

    Raises:
        Invalid: ScriptInvalid, with the rule, the word and the cure.
    """
    rules = assistant.spec.script.rules if assistant.spec.script else []
    for position, rule in enumerate(rules):
        for language, text in rule.reply.items():
            fault = _fault(rule, text)
            if fault:
                where = f"Assistant {assistant.name}, spec.script.rules[{position}].reply.{language}"
                raise Invalid(reasons.SCRIPT_INVALID, f"{where}: {fault}")


def _fault(rule: ScriptRule, text: str) -> str | None:
    known = {f"{{{name}}}" for name in PLACEHOLDERS} if rule.when.catalogue else set()
    unknown = next((found for found in re.findall(grammar.BRACES, text) if found not in known), None)
    if unknown is None:
        return None
    cure = f"use {', '.join(sorted(known))}" if known else "only a rule with when.catalogue fills in words, take it out"
    return f"{unknown[:_SHOWN]} is unknown; {cure}"
