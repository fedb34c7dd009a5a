"""What is told of people: frozen records without behaviour."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Contact", "ContactNote", "Conversation", "FieldValue", "Hit", "Identity", "KeptLead"]

FieldValue = str | int | float | bool
"""A value of a custom field; dates are ISO texts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """An address that a contact writes from, as the provider writes it; not always a phone number."""

    channel: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """The lane between one of our addresses and one of a contact's.

    Attributes:
        id: unique in the tenant.
        channel: ``sms``, ``whatsapp``, ``voice``, ``http``.
        own: our address.
        contact: theirs.
        contact_id: who it is, None until their first message was worked on.
        name: theirs, if it is known.
        tags: the contact's.
        mode: who answers.
        person: who of us has it, None while the bot has, or nobody took it yet.
        since: from when a person has it, or is wanted; None while the bot has it.
        opted_out: they said STOP.
        language: what is spoken.
        epoch: how often it changed hands.
        created_at: seconds since the epoch, as all times.
        updated_at: when something last happened in it.
        last_inbound_at: when they wrote last, None if never.
    """

    id: int
    channel: str
    own: str
    contact: str
    contact_id: str | None
    name: str | None
    tags: tuple[str, ...]
    mode: Literal["bot", "human"]
    person: str | None
    since: float | None
    opted_out: bool
    language: str | None
    epoch: int
    created_at: float
    updated_at: float
    last_inbound_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """Something said that a search found; ``id`` is that of its entry in the history."""

    id: str
    conversation_id: int
    at: float
    direction: Literal["in", "out"]
    author: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person or firm that writes, by one address or several.

    Attributes:
        id: of letters and digits, for ever.
        name: as they or the provider call them.
        phone: in E.164; None when no address of theirs is one.
        email: if they told it.
        language: the one that was chosen for them, which sticks; None follows what they write.
        stage: of the lead pipeline.
        fields: custom ones, typed by the tenant's document.
        tags: in alphabetical order.
        identities: their addresses.
        first_seen: seconds since the epoch.
        last_seen: when they wrote last.
    """

    id: str
    name: str | None
    phone: str | None
    email: str | None
    language: str | None
    stage: str
    fields: Mapping[str, FieldValue]
    tags: tuple[str, ...]
    identities: tuple[Identity, ...]
    first_seen: float
    last_seen: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactNote:
    """What somebody noted of a contact."""

    id: str
    at: float
    author: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLead:
    """A wish that an assistant understood, once for the turn it was told in."""

    id: str
    contact_id: str
    conversation_id: int
    at: float
    name: str | None
    phone: str | None
    email: str | None
    interest: str = field(repr=False)
