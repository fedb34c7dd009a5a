"""SQL of contacts, their addresses, tags, notes and leads: bodies of transactions."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from typing import TYPE_CHECKING

from switchboard_runtime.people.listing import tags_of
from switchboard_runtime.people.records import Contact, ContactNote, Identity, KeptLead
from switchboard_runtime.store import Statement, statement

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from switchboard_runtime.people.records import FieldValue
    from switchboard_runtime.store import Row, Rows

__all__ = [
    "by_address",
    "changed",
    "leads",
    "listed",
    "merged",
    "noted",
    "notes",
    "one",
    "spoken",
    "tagged",
]

_MOST_NOTES = 200
_MOST_MERGES = 20

_CONDITIONS = {
    "stage": "p.stage = :stage",
    "tag": "EXISTS (SELECT 1 FROM contact_tag AS t WHERE t.tenant_id = p.tenant_id AND t.contact_id = p.id"
    " AND t.tag = :tag)",
    "words": "(folded(coalesce(p.name, '')) LIKE folded(:words) ESCAPE '!'"
    " OR folded(coalesce(p.email, '')) LIKE folded(:words) ESCAPE '!' OR p.phone LIKE :words ESCAPE '!')",
}

_LEAD_CONDITIONS = {"contact": "contact_id = :contact", "since": "at >= :since"}


def listed(
    chosen: Mapping[str, str | None], *, before: Sequence[float | str] | None, limit: int
) -> Generator[Statement, Rows, tuple[Contact, ...]]:
    """Contacts that fit, newest first."""
    given = {name: value for name, value in chosen.items() if value is not None}
    if "words" in given:
        escaped = "".join(f"!{letter}" if letter in "!%_" else letter for letter in given["words"].strip())
        given["words"] = f"%{escaped}%"
    at, contact_id = before or (math.inf, "")
    conditions = ["p.merged_into IS NULL", "(p.created_at, p.id) < (:at, :id)", *(_CONDITIONS[name] for name in given)]
    sql = (
        f"SELECT p.* FROM contact AS p WHERE p.tenant_id = :tenant AND {' AND '.join(conditions)}"  # noqa: S608
        " ORDER BY p.created_at DESC, p.id DESC LIMIT :limit"
    )
    rows = yield Statement(sql, {**given, "at": float(at), "id": str(contact_id), "limit": limit})
    return (yield from _whole(rows))


def one(contact_id: str) -> Generator[Statement, Rows, Contact | None]:
    """A contact, or the one it was merged into."""
    for _ in range(_MOST_MERGES):
        rows = yield statement("SELECT * FROM contact WHERE tenant_id = :tenant AND id = :id", id=contact_id)
        if not rows:
            return None
        if rows[0]["merged_into"] is None:
            return (yield from _whole(rows))[0]
        contact_id = rows[0]["merged_into"]
    return None


def held(contact_id: str) -> Generator[Statement, Rows, None]:
    """Keep others from changing a contact until the transaction ends."""
    yield statement("UPDATE contact SET updated_at = updated_at WHERE tenant_id = :tenant AND id = :id", id=contact_id)


def by_address(channel: str, address: str) -> Generator[Statement, Rows, Contact | None]:
    """Who writes from an address."""
    rows = yield statement(
        "SELECT contact_id FROM identity WHERE tenant_id = :tenant AND channel = :channel AND address = :address",
        channel=channel,
        address=address,
    )
    return (yield from one(rows[0]["contact_id"])) if rows else None


def changed(
    contact: Contact, columns: Mapping[str, str | None], fields: Mapping[str, FieldValue | None], *, at: float
) -> Generator[Statement, Rows, None]:
    """Set columns and custom fields."""
    merged_fields = {name: value for name, value in {**contact.fields, **fields}.items() if value is not None}
    values = {"name": contact.name, "email": contact.email, "language": contact.language, "stage": contact.stage}
    yield Statement(
        "UPDATE contact SET name = CAST(:name AS TEXT), email = CAST(:email AS TEXT),"
        " language = CAST(:language AS TEXT), stage = :stage, fields = :fields, updated_at = :at"
        " WHERE tenant_id = :tenant AND id = :id",
        {**values, **columns, "fields": json.dumps(merged_fields), "at": float(at), "id": contact.id},
    )


def spoken(contact_id: str, language: str) -> Generator[Statement, Rows, None]:
    """All conversations of a contact go on in a language."""
    yield statement(
        "UPDATE conversation SET language = :language WHERE tenant_id = :tenant AND EXISTS ("
        "SELECT 1 FROM identity AS i WHERE i.tenant_id = :tenant AND i.contact_id = :id"
        " AND i.channel = conversation.channel AND i.address = conversation.contact)",
        language=language,
        id=contact_id,
    )


def tagged(contact_id: str, *, add: Sequence[str], remove: Sequence[str]) -> Generator[Statement, Rows, None]:
    """Give and take tags."""
    for tag in add:
        yield statement(
            "INSERT INTO contact_tag (tenant_id, contact_id, tag) VALUES (:tenant, :id, :tag)"
            " ON CONFLICT (tenant_id, contact_id, tag) DO NOTHING",
            id=contact_id,
            tag=tag,
        )
    if remove:
        yield statement(
            "DELETE FROM contact_tag WHERE tenant_id = :tenant AND contact_id = :id AND tag IN :tags",
            id=contact_id,
            tags=tuple(remove),
        )


def noted(contact_id: str, *, note_id: str, author: str, text: str, at: float) -> Generator[Statement, Rows, None]:
    """Keep a note."""
    yield statement(
        "INSERT INTO contact_note (tenant_id, id, contact_id, at, author, text)"
        " VALUES (:tenant, :id, :contact, :at, :author, :text) ON CONFLICT (tenant_id, id) DO NOTHING",
        id=note_id,
        contact=contact_id,
        at=float(at),
        author=author,
        text=text,
    )


def notes(contact_id: str, *, note_id: str | None = None) -> Generator[Statement, Rows, tuple[ContactNote, ...]]:
    """Notes of a contact, newest first; or one of them."""
    rows = yield Statement(
        "SELECT id, at, author, text FROM contact_note WHERE tenant_id = :tenant AND contact_id = :contact"  # noqa: S608
        + (" AND id = :id" if note_id else "")
        + " ORDER BY at DESC, id DESC LIMIT :limit",
        {"contact": contact_id, "limit": _MOST_NOTES, **({"id": note_id} if note_id else {})},
    )
    return tuple(ContactNote(id=row["id"], at=row["at"], author=row["author"], text=row["text"]) for row in rows)


def merged(first: Contact, second: Contact, *, at: float) -> Generator[Statement, Rows, None]:
    """All that is the first's becomes the second's; the first stays as a signpost, empty."""
    for table in ("identity", "contact_note", "lead"):
        yield Statement(
            f"UPDATE {table} SET contact_id = :second WHERE tenant_id = :tenant AND contact_id = :first",  # noqa: S608
            {"first": first.id, "second": second.id},
        )
    yield from tagged(second.id, add=first.tags, remove=())
    yield from tagged(first.id, add=(), remove=first.tags)
    own = {name: getattr(second, name) or getattr(first, name) for name in ("name", "email", "language")}
    yield from changed(second, own, {**first.fields, **second.fields}, at=at)
    yield statement(
        "UPDATE contact SET phone = coalesce(phone, CAST(:phone AS TEXT)), created_at = :first_seen,"
        " last_seen = :last_seen WHERE tenant_id = :tenant AND id = :id",
        phone=first.phone,
        first_seen=min(first.first_seen, second.first_seen),
        last_seen=max(first.last_seen, second.last_seen),
        id=second.id,
    )
    yield statement(
        "UPDATE contact SET merged_into = :into, name = NULL, phone = NULL, email = NULL, fields = '{}',"
        " updated_at = :at WHERE tenant_id = :tenant AND id = :id",
        into=second.id,
        at=float(at),
        id=first.id,
    )


def leads(
    chosen: Mapping[str, object], *, before: Sequence[float | str] | None, limit: int
) -> Generator[Statement, Rows, tuple[KeptLead, ...]]:
    """Leads that fit, newest first."""
    given = {name: value for name, value in chosen.items() if value is not None}
    at, lead_id = before or (math.inf, "")
    conditions = ["(at, id) < (:at, :id)", *(_LEAD_CONDITIONS[name] for name in given)]
    sql = (
        "SELECT id, contact_id, conversation_id, at, name, phone, email, interest FROM lead"  # noqa: S608
        f" WHERE tenant_id = :tenant AND {' AND '.join(conditions)} ORDER BY at DESC, id DESC LIMIT :limit"
    )
    rows = yield Statement(sql, {**given, "at": float(at), "id": str(lead_id), "limit": limit})
    return tuple(KeptLead(**row) for row in rows)


def _whole(rows: Rows) -> Generator[Statement, Rows, tuple[Contact, ...]]:
    ids = tuple(row["id"] for row in rows)
    found = yield statement(
        "SELECT contact_id, channel, address FROM identity WHERE tenant_id = :tenant AND contact_id IN :ids"
        " ORDER BY channel, address",
        ids=ids,
    )
    tags = yield from tags_of(ids)
    addresses = defaultdict[str, list[Identity]](list)
    for row in found:
        addresses[row["contact_id"]].append(Identity(channel=row["channel"], address=row["address"]))
    return tuple(_contact(row, tuple(addresses[row["id"]]), tags.get(row["id"], ())) for row in rows)


def _contact(row: Row, identities: tuple[Identity, ...], tags: tuple[str, ...]) -> Contact:
    return Contact(
        id=row["id"],
        name=row["name"],
        phone=row["phone"],
        email=row["email"],
        language=row["language"],
        stage=row["stage"],
        fields=json.loads(row["fields"]),
        tags=tags,
        identities=identities,
        first_seen=float(row["created_at"]),
        last_seen=float(row["last_seen"]),
    )
