"""SQL that lists conversations with what is known of their contacts."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

from switchboard_runtime.people.records import Conversation
from switchboard_runtime.store import Statement

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from switchboard_runtime.store import Row, Rows

__all__ = ["found", "listed", "one", "tags_of"]

_SELECT = """
SELECT c.id, c.channel, c.own, c.contact, c.mode, c.opted_out, c.language, c.epoch, c.created_at, c.updated_at,
       c.last_inbound_at, a.person, a.since, i.contact_id, p.name
FROM (SELECT * FROM conversation AS c WHERE c.tenant_id = :tenant AND {conditions}{order}) AS c
LEFT JOIN attendance AS a ON a.tenant_id = c.tenant_id AND a.conversation_id = c.id AND a.ended_at IS NULL
LEFT JOIN identity AS i ON i.tenant_id = c.tenant_id AND i.channel = c.channel AND i.address = c.contact
LEFT JOIN contact AS p ON p.tenant_id = c.tenant_id AND p.id = i.contact_id
{order}
"""
"""What is known of contacts is joined to what is shown alone, not to all that had to be looked through."""

_ORDER = " ORDER BY c.updated_at DESC, c.id DESC LIMIT :limit"
_THEIRS = (
    "EXISTS (SELECT 1 FROM identity AS o WHERE o.tenant_id = c.tenant_id AND o.channel = c.channel"
    " AND o.address = c.contact AND {condition})"
)

_CONDITIONS = {
    "mode": "c.mode = :mode",
    "opted_out": "c.opted_out = :opted_out",
    "contact": f"(c.contact = :contact OR {_THEIRS.format(condition='o.contact_id = :contact')})",
    "tag": _THEIRS.format(
        condition="EXISTS (SELECT 1 FROM contact_tag AS t WHERE t.tenant_id = o.tenant_id"
        " AND t.contact_id = o.contact_id AND t.tag = :tag)"
    ),
    "since": "c.updated_at >= :since",
}


def listed(
    chosen: Mapping[str, object], *, before: Sequence[float | str] | None, limit: int
) -> Generator[Statement, Rows, tuple[Conversation, ...]]:
    """Conversations that fit, by when something happened in them, newest first.

    Args:
        chosen: values by condition; None leaves it out.
        before: time and id of the last that was shown.
        limit: rows at most.
    """
    given = {name: value for name, value in chosen.items() if value is not None}
    at, conversation_id = before or (math.inf, 0)
    conditions = ["(c.updated_at, c.id) < (:at, :id)", *(_CONDITIONS[name] for name in given)]
    sql = _SELECT.format(conditions=" AND ".join(conditions), order=_ORDER)
    values = {**given, "at": float(at), "id": int(conversation_id), "limit": limit}
    return (yield from _with_tags(Statement(sql, values)))


def one(conversation_id: int) -> Generator[Statement, Rows, Conversation | None]:
    """A conversation by its id."""
    sql = _SELECT.format(conditions="c.id = :id", order="")
    rows = yield from _with_tags(Statement(sql, {"id": conversation_id}))
    return rows[0] if rows else None


def found(contact: str) -> Generator[Statement, Rows, tuple[Conversation, ...]]:
    """A contact's conversations, by its id or an address."""
    sql = _SELECT.format(conditions=_CONDITIONS["contact"], order=" ORDER BY c.id")
    return (yield from _with_tags(Statement(sql, {"contact": contact})))


def tags_of(contact_ids: Sequence[str]) -> Generator[Statement, Rows, dict[str, tuple[str, ...]]]:
    """The tags of some contacts, in alphabetical order."""
    rows = yield Statement(
        "SELECT contact_id, tag FROM contact_tag WHERE tenant_id = :tenant AND contact_id IN :ids",
        {"ids": tuple(contact_ids)},
    )
    tags = defaultdict[str, list[str]](list)
    for row in rows:
        tags[row["contact_id"]].append(row["tag"])
    return {contact_id: tuple(sorted(names)) for contact_id, names in tags.items()}


def _with_tags(asked: Statement) -> Generator[Statement, Rows, tuple[Conversation, ...]]:
    rows = yield asked
    tags = yield from tags_of([row["contact_id"] for row in rows if row["contact_id"] is not None])
    return tuple(_conversation(row, tags.get(row["contact_id"] or "", ())) for row in rows)


def _conversation(row: Row, tags: tuple[str, ...]) -> Conversation:
    with_human = row["mode"] == "human"
    return Conversation(
        id=int(row["id"]),
        channel=row["channel"],
        own=row["own"],
        contact=row["contact"],
        contact_id=row["contact_id"],
        name=row["name"],
        tags=tags,
        mode=row["mode"],
        person=row["person"] if with_human else None,
        since=row["since"] if with_human else None,
        opted_out=bool(row["opted_out"]),
        language=row["language"],
        epoch=int(row["epoch"]),
        created_at=float(row["created_at"]),
        updated_at=float(row["updated_at"]),
        last_inbound_at=row["last_inbound_at"],
    )
