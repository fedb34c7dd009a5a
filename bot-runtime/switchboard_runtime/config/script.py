"""What a deterministic assistant says, and what there is to sell: parts of the tenant document."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from switchboard_runtime.config.fields import Filled, HttpUrl, Identifier, Model, Texts, unique

__all__ = ["PLACEHOLDERS", "Choice", "Location", "Product", "ReceivedKind", "Rule", "Script", "When"]

PLACEHOLDERS = frozenset({"name", "price", "currency", "stock", "status", "description"})
"""What a catalogue reply may hold in braces."""

ReceivedKind = Literal["image", "audio", "video", "document", "sticker", "contacts", "location"]

_PLACEHOLDER = re.compile(r"\{(\w*)\}")


class Product(Model):
    """Something the tenant sells. ``price`` is the text shown to people; only Active ones are spoken of."""

    name: Filled
    price: str | None = None
    currency: str | None = None
    stock: int | None = None
    status: Literal["Active", "Draft", "Discontinued"] = "Active"
    aliases: tuple[Filled, ...] = ()
    description: str | None = None


class When(Model):
    """When a rule applies: one of ``matches`` is in the text as whole words, the text names a product, or such came.

    ``matches`` are also looked for in the id of a button that was pressed or a line that was chosen.
    """

    matches: tuple[Filled, ...] | None = None
    catalogue: Literal[True] | None = None
    received: Annotated[tuple[ReceivedKind, ...], Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(given is not None for given in (self.matches, self.catalogue, self.received)) != 1:
            raise ValueError("give exactly one of matches, catalogue and received")
        return self


class Choice(Model):
    """A line that the contact may choose, and what it is to us; without ``id`` that is its title."""

    title: Texts
    id: Identifier | None = None


class Location(Model):
    """A place to send: degrees, what it is called, where it is."""

    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    label: Filled | None = None
    address: Filled | None = None


class Rule(Model):
    """One line of a script: words, and what else goes with them.

    ``media`` are public addresses; ``choices`` a list to choose from; ``template`` names one of the document's
    ``content``, which WhatsApp shows in place of words and list.
    """

    when: When
    reply: Texts
    media: Annotated[tuple[HttpUrl, ...], Field(max_length=10)] = ()
    choices: Annotated[tuple[Choice, ...], Field(max_length=10)] = ()
    location: Location | None = None
    template: Identifier | None = None

    @field_validator("choices")
    @classmethod
    def _choices_differ(cls, value: tuple[Choice, ...]) -> tuple[Choice, ...]:
        unique("choices", [choice.id for choice in value if choice.id is not None])
        return value

    @model_validator(mode="after")
    def _known_placeholders(self) -> Self:
        if self.when.catalogue:
            for text in self.reply.values():
                unknown = set(_PLACEHOLDER.findall(text)) - PLACEHOLDERS
                if unknown:
                    known = ", ".join(sorted(PLACEHOLDERS))
                    raise ValueError(f"reply: unknown placeholder {{{min(unknown)}}}; use one of {known}")
        return self


class Script(Model):
    """A deterministic assistant: the first rule that applies answers, else ``otherwise``."""

    rules: tuple[Rule, ...] = ()
    otherwise: Texts | None = None
