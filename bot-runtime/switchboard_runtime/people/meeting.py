"""What is kept of a contact with each turn: who they are, what they want. Statements for the turn's transaction."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchboard_runtime.store import statement

if TYPE_CHECKING:
    from collections.abc import Generator

    from switchboard_runtime.assistants import Lead
    from switchboard_runtime.store import Rows, Statement

__all__ = ["Met", "captured", "phone_of", "seen"]

_PHONE = re.compile(r"\+[1-9][0-9]{4,14}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """A contact as they came.

    Attributes:
        channel: of the message.
        address: theirs on it, as the provider writes it.
        new_id: the contact's, if they are new.
        name: as the provider tells it.
        stage: in which a new contact begins.
        at: seconds since the epoch.
    """

    channel: str
    address: str
    new_id: str
    name: str | None
    stage: str
    at: float


def phone_of(address: str) -> str | None:
    """The phone number in an address; None when it has none, as WhatsApp's names for people have none."""
    number = address.rpartition(":")[2].strip()
    return number if _PHONE.fullmatch(number) else None


def seen(met: Met) -> Generator[Statement, Rows, str]:
    """The id of who wrote; a new address of a known phone number is the same contact's."""
    rows = yield statement(
        "SELECT i.contact_id, p.name, p.last_seen FROM identity AS i JOIN contact AS p ON p.tenant_id = i.tenant_id"
        " AND p.id = i.contact_id WHERE i.tenant_id = :tenant AND i.channel = :channel AND i.address = :address",
        channel=met.channel,
        address=met.address,
    )
    if not rows:
        return (yield from _introduced(met))
    contact_id: str = rows[0]["contact_id"]
    named = rows[0]["name"] or met.name
    if named != rows[0]["name"] or rows[0]["last_seen"] < met.at:
        yield statement(
            "UPDATE contact SET name = :name, last_seen = CASE WHEN last_seen < :at THEN :at ELSE last_seen END"
            " WHERE tenant_id = :tenant AND id = :id",
            name=named,
            at=float(met.at),
            id=contact_id,
        )
    return contact_id


def _introduced(met: Met) -> Generator[Statement, Rows, str]:
    """A new address: of a known contact, of a new one, or of one that another lane met at this very moment."""
    phone = phone_of(met.address)
    known: Rows = ()
    if phone is not None:
        known = yield statement(
            "SELECT id FROM contact WHERE tenant_id = :tenant AND phone = :phone AND merged_into IS NULL"
            " ORDER BY created_at, id LIMIT 1",
            phone=phone,
        )
    contact_id: str = known[0]["id"] if known else met.new_id
    won = yield statement(
        "INSERT INTO identity (tenant_id, channel, address, contact_id, created_at)"
        " VALUES (:tenant, :channel, :address, :contact, :at)"
        " ON CONFLICT (tenant_id, channel, address) DO NOTHING RETURNING contact_id",
        channel=met.channel,
        address=met.address,
        contact=contact_id,
        at=float(met.at),
    )
    if not won:
        return (yield from seen(met))
    yield statement(
        "INSERT INTO contact (tenant_id, id, name, phone, stage, created_at, updated_at, last_seen)"
        " VALUES (:tenant, :id, CAST(:name AS TEXT), CAST(:phone AS TEXT), :stage, :at, :at, :at)"
        " ON CONFLICT (tenant_id, id) DO UPDATE SET name = coalesce(contact.name, excluded.name),"
        " last_seen = excluded.last_seen",
        id=contact_id,
        name=met.name,
        phone=phone,
        stage=met.stage,
        at=float(met.at),
    )
    return contact_id


def captured(
    lead: Lead, *, lead_id: str, contact_id: str, conversation_id: int, trace: str, at: float
) -> Generator[Statement, Rows, None]:
    """Keep a lead once, and what it tells of the contact where nothing was known."""
    yield statement(
        "INSERT INTO lead (tenant_id, id, contact_id, conversation_id, at, name, phone, email, interest, trace)"
        " VALUES (:tenant, :id, :contact, :conversation, :at, CAST(:name AS TEXT), CAST(:phone AS TEXT),"
        " CAST(:email AS TEXT), :interest, :trace) ON CONFLICT (tenant_id, id) DO NOTHING",
        id=lead_id,
        contact=contact_id,
        conversation=conversation_id,
        at=float(at),
        name=lead.name,
        phone=lead.phone,
        email=lead.email,
        interest=lead.interest,
        trace=trace,
    )
    yield statement(
        "UPDATE contact SET name = coalesce(name, CAST(:name AS TEXT)), email = coalesce(email, CAST(:email AS TEXT)),"
        " updated_at = :at WHERE tenant_id = :tenant AND id = :contact",
        name=lead.name,
        email=lead.email,
        contact=contact_id,
        at=float(at),
    )
