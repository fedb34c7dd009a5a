"""What a script may say of a product: the words in braces that the runtime fills in.

The runtime refuses a whole document with an unknown one, so that a typo is never read out to people. It is refused
here, where its author sees it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from switchboard_operator import reasons
from switchboard_operator.errors import Invalid

if TYPE_CHECKING:
    from switchboard_operator.api import Assistant

PLACEHOLDERS = frozenset({"name", "price", "currency", "stock", "status", "description"})
_PLACEHOLDER = re.compile(r"\{(\w*)\}")


def check_script(assistant: Assistant) -> None:
    """See that the replies about products ask for what a product has.

    Raises:
        Invalid: ScriptInvalid, with the rule, the word and the cure.
    """
    rules = assistant.spec.script.rules if assistant.spec.script else []
    for position, rule in enumerate(rules):
        for language, text in rule.reply.items() if rule.when.catalogue else ():
            unknown = sorted(set(_PLACEHOLDER.findall(text)) - PLACEHOLDERS)
            if unknown:
                known = ", ".join(f"{{{name}}}" for name in sorted(PLACEHOLDERS))
                raise Invalid(
                    reasons.SCRIPT_INVALID,
                    f"Assistant {assistant.name}, spec.script.rules[{position}].reply.{language}: "
                    f"{{{unknown[0]}}} is unknown; use {known}",
                )
