"""The part of a document about scripts, and what one may say of a product: the words in braces that are filled in.

The runtime refuses a whole document with an unknown one, so that a typo is never read out to people. It is refused
here, where its author sees it; the API server, which knows no product's fields, refuses those where none is spoken of.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from switchboard_operator import reasons
from switchboard_operator.api import grammar
from switchboard_operator.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from switchboard_operator.api import Assistant
    from switchboard_operator.api.script import Script, ScriptRule

PLACEHOLDERS = frozenset({"name", "price", "currency", "stock", "status", "description"})
_SHOWN = 40


def script_of(script: Script) -> dict[str, Any]:
    """What the runtime is told of a script; a part that is left out is not there."""
    return {"rules": [_rule(rule) for rule in script.rules], "otherwise": dict(script.otherwise)}


def check_templates(assistants: Iterable[Assistant], templates: Collection[str]) -> None:
    """See that the tenant has each template that the scripts of its assistants name.

    Raises:
        Invalid: TemplateNotFound, with the rule and the cure.
    """
    for assistant in assistants:
        for position, rule in enumerate(assistant.spec.script.rules if assistant.spec.script else []):
            if rule.template is not None and rule.template not in templates:
                raise Invalid(
                    reasons.TEMPLATE_NOT_FOUND,
                    f"Assistant {assistant.name}, spec.script.rules[{position}].template: {rule.template!r} is none of "
                    "the Tenant's; add it to its spec.bot.whatsapp.templates",
                )


def _rule(rule: ScriptRule) -> dict[str, Any]:
    told = rule.manifest()
    if rule.when.received is not None:
        told["when"] = {"received": [kind.lower() for kind in rule.when.received]}
    if rule.location is not None:
        place = {"latitude": float(rule.location.latitude), "longitude": float(rule.location.longitude)}
        told["location"] |= place
    return told


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
