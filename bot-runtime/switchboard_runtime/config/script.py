"""What a deterministic assistant says, and what there is to sell: parts of the tenant document."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from switchboard_runtime.config.fields import (
    Filled,
    HttpUrl,
    Identifier,
    Model,
    Phrase,
    Price,
    Replies,
    Texts,
    braces,
    unique,
)

__all__ = ["PLACEHOLDERS", "Choice", "Location", "Product", "ReceivedKind", "Rule", "Script", "When"]

PLACEHOLDERS = frozenset({"name", "price", "currency", "stock", "status", "description"})
"""What a catalogue reply may hold in braces."""

ReceivedKind = Literal["image", "audio", "video", "document", "sticker", "contacts", "location"]

_MOST_STOCK = 10**15


class Product(Model):
    """Something the tenant sells. ``price`` is the number as people are shown it; only Active ones are spoken of."""

    name: Phrase
    price: Price | None = None
    currency: Filled | None = None
    stock: Annotated[int, Field(ge=0, le=_MOST_STOCK)] | None = None
    status: Literal["Active", "Draft", "Discontinued"] = "Active"
    aliases: tuple[Phrase, ...] = ()
    description: str | None = None


class When(Model):
    """When a rule applies: one of ``matches`` is in the text as whole words, the text names a product, or such came.

    ``matches`` are also looked for in the id of a button that was pressed or a line that was chosen.
    """

    matches: Annotated[tuple[Phrase, ...], Field(min_length=1)] | None = None
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
    ``content``, which WhatsApp shows in place of words and list. Words in braces are filled in where a product is
    spoken of, and nowhere else.
    """

    when: When
    reply: Replies
    media: Annotated[tuple[HttpUrl, ...], Field(max_length=10)] = ()
    choices: Annotated[tuple[Choice, ...], Field(max_length=10)] = ()
    location: Location | None = None
    template: Identifier | None = None

    @field_validator("choices")
    @classmethod
    def _choices_differ(cls, value: tuple[Choice, ...]) -> tuple[Choice, ...]:
        unique("choices", [choice.id for choice in value if choice.id is not None])
        for language in sorted({language for choice in value for language in choice.title}):
            unique(
                f"choices, title.{language}", [choice.title[language] for choice in value if language in choice.title]
            )
        return value

    @model_validator(mode="after")
    def _known_placeholders(self) -> Self:
        for language, text in self.reply.items():
            unknown = [found for found in braces(text) if not (self.when.catalogue and found[1:-1] in PLACEHOLDERS)]
            if unknown:
                raise ValueError(f"reply.{language}: {self._cure(unknown[0])}")
        return self

    def _cure(self, found: str) -> str:
        if self.when.catalogue is None:
            return f"{found} would be said as it stands, only a rule with catalogue fills in words; take it out"
        return f"unknown placeholder {found}; use one of {', '.join(sorted(PLACEHOLDERS))}"


class Script(Model):
    """A deterministic assistant: the first rule that applies answers, else ``otherwise``."""

    rules: tuple[Rule, ...] = ()
    otherwise: Texts | None = None
