"""What a tenant's messages may be besides answers: the parts ``whatsapp`` and ``optOut`` of the tenant document."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from switchboard_runtime.config.fields import ContentSid, Filled, Language, Model, Phrase, Texts, VariableName, braces

__all__ = ["OptOut", "Template", "WhatsApp"]

_KNOWN = frozenset({"{text}", "{tenant}"})


class Template(Model):
    """A content template at Twilio: its SID by language, and what goes into its placeholders.

    ``{text}`` in a variable is the reply's words, ``{tenant}`` the tenant's name.
    """

    sid: Annotated[dict[Language, ContentSid], Field(min_length=1)]
    variables: dict[VariableName, Filled] = Field(default_factory=dict)

    @field_validator("variables")
    @classmethod
    def _known_placeholders(cls, value: dict[str, str]) -> dict[str, str]:
        for name, text in value.items():
            unknown = [found for found in braces(text) if found not in _KNOWN]
            if unknown:
                raise ValueError(f"{name}: unknown placeholder {unknown[0]}; use {{text}} or {{tenant}}")
        return value

    @property
    def carries_text(self) -> bool:
        """Whether the reply's words are in it."""
        return any("{text}" in text for text in self.variables.values())


class WhatsApp(Model):
    """``reopen_template`` is sent in place of a reply when the contact wrote more than 24 hours ago."""

    reopen_template: Template | None = None


class OptOut(Model):
    """Words that stop, restart or ask for help besides those of the tenant's languages, and what they are answered.

    A word that is in two of the lists stops before it starts, and starts before it helps. Without ``help_reply`` a
    contact that has not opted out and asks for help gets the assistant.
    """

    stop: tuple[Phrase, ...] = ()
    start: tuple[Phrase, ...] = ()
    help: tuple[Phrase, ...] = ()
    stop_reply: Texts | None = None
    start_reply: Texts | None = None
    help_reply: Texts | None = None
