"""What inbox and outbox have in common: a lane is a conversation, its oldest waiting item is marked ``head``.

Claims read heads alone, by an index of them, however much waits behind. Whoever adds to a lane or takes from it
holds the conversation's row, always before any other; a unique index makes a second head impossible.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from switchboard_runtime.store.postgres.wake import CHANGED
from switchboard_runtime.store.records import Queue

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

OTHERS_POLL = 0.5
"""Seconds until an item in another process's hands is looked at again; it may finish long before its lease."""

_SUPPRESS = """
UPDATE switchboard.conversation AS c SET opted_out = true
FROM switchboard.suppression_key AS k JOIN switchboard.suppression AS s ON s.tenant_id = k.tenant_id
WHERE k.tenant_id = $1 AND c.tenant_id = $1 AND c.id = ANY ($2::bigint[])
AND s.digest = sha256(k.opad || sha256(k.ipad || convert_to(concat_ws(chr(10), c.channel, c.own, c.contact), 'UTF8')))
"""
"""HMAC-SHA-256 by its blocks (:class:`~switchboard_runtime.store.suppressing.Key`)."""

_KEYS = {"work": ("id", "state = 'pending'"), "outbox": ("seq", "state IN ('queued', 'sending')")}


def clean(text: str) -> str:
    """Text as PostgreSQL can keep it: no NUL, no half of a surrogate pair."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


async def conversation(db: Any, tenant: int, *, channel: str, own: str, contact: str, now: float) -> int:
    """The conversation between two addresses, made if it is new."""
    made = await db.fetchrow(
        "INSERT INTO switchboard.conversation AS c (tenant_id, channel, own, contact, created_at, updated_at)"
        " VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (tenant_id, channel, own, contact)"
        " DO UPDATE SET updated_at = c.updated_at RETURNING c.id, c.xmax = 0 AS fresh",
        tenant,
        clean(channel),
        clean(own),
        clean(contact),
        now,
    )
    if made["fresh"]:
        await suppress(db, tenant, [made["id"]])
    return int(made["id"])


async def suppress(db: Any, tenant: int, conversations: Sequence[int]) -> None:
    """Let conversations that the caller's transaction has just made begin opted out, if their contacts are to.

    A statement of its own: making one may have waited for an erasure of who had it before, and this one sees what came
    of that.
    """
    await db.execute(_SUPPRESS, tenant, conversations)


async def is_handed_over(
    db: Any, tenant: int, conversation_id: int, *, to: Literal["bot", "human"], now: float
) -> bool:
    """Whether a hand-over of this very moment is what was done last: a try before was committed after all."""
    return bool(
        await db.fetchval(
            "SELECT 1 FROM switchboard.conversation WHERE tenant_id = $1 AND id = $2 AND mode = $3 AND updated_at = $4",
            tenant,
            conversation_id,
            to,
            now,
        )
    )


async def hand_over(db: Any, tenant: int, conversation_id: int, *, to: Literal["bot", "human"], now: float) -> bool:
    """Change who answers; whoever was about to finds the epoch changed."""
    changed = await db.fetchval(
        "UPDATE switchboard.conversation SET mode = $3, epoch = epoch + 1, updated_at = $4"
        " WHERE tenant_id = $1 AND id = $2 AND mode <> $3 RETURNING 1",
        tenant,
        conversation_id,
        to,
        now,
    )
    return bool(changed)


async def tell_changed(db: Any, tenant: int) -> None:
    """Have every process of the tenant look at what it is answering, as soon as the caller's transaction is committed.

    It makes commits of the database that tell something wait for one another, so it is for what is rare.
    """
    await db.execute("SELECT pg_notify(channel, $2) FROM switchboard.tenant WHERE id = $1", tenant, CHANGED)


async def epochs(db: Any, tenant: int, conversations: Collection[int]) -> Mapping[int, int]:
    """The epochs of conversations."""
    rows = await db.fetch(
        "SELECT id, epoch FROM switchboard.conversation WHERE tenant_id = $1 AND id = ANY ($2::bigint[])",
        tenant,
        list(conversations),
    )
    return {row["id"]: row["epoch"] for row in rows}


async def promote(db: Any, queue: str, tenant: int, conversations: Sequence[int]) -> None:
    """Mark the oldest waiting item of lanes that the caller holds and that have no head."""
    key, waiting = _KEYS[queue]
    await db.execute(
        f"""
        UPDATE switchboard.{queue} AS q SET head = true
        FROM unnest($2::bigint[]) AS lane (conversation_id) CROSS JOIN LATERAL (
            SELECT o.{key} FROM switchboard.{queue} AS o
            WHERE o.tenant_id = $1 AND o.conversation_id = lane.conversation_id AND o.{waiting}
            ORDER BY o.{key} LIMIT 1
        ) AS first
        WHERE q.tenant_id = $1 AND q.{key} = first.{key} AND NOT EXISTS (
            SELECT FROM switchboard.{queue} AS h
            WHERE h.tenant_id = $1 AND h.conversation_id = lane.conversation_id AND h.head)
        """,  # noqa: S608  # put together from constants
        tenant,
        conversations,
    )


async def next_due(db: Any, queue: str, tenant: int, *, now: float, held: Collection[int]) -> float | None:
    """When to look again: the next free head, or soon when another process holds one."""
    key, _ = _KEYS[queue]
    value: float | None = await db.fetchval(
        f"""
        SELECT least(
            (SELECT free_at FROM switchboard.{queue}
             WHERE tenant_id = $1 AND head AND {key} <> ALL ($2::bigint[]) ORDER BY free_at LIMIT 1),
            (SELECT $4::float8 FROM switchboard.{queue}
             WHERE tenant_id = $1 AND head AND lease_until > 0 AND lease_until > $3
               AND {key} <> ALL ($2::bigint[]) LIMIT 1))
        """,  # noqa: S608  # put together from constants
        tenant,
        list(held),
        now,
        now + OTHERS_POLL,
    )
    return value


async def waiting(db: Any, queue: str, tenant: int) -> Queue:
    """Depth and age of a queue."""
    _, condition = _KEYS[queue]
    row = await db.fetchrow(
        f"SELECT count(*) AS depth, min(created_at) AS oldest FROM switchboard.{queue}"  # noqa: S608
        f" WHERE tenant_id = $1 AND {condition}",
        tenant,
    )
    return Queue(depth=row["depth"], oldest=row["oldest"])


async def release(db: Any, queue: str, tenant: int, *, owner: str, now: float) -> None:
    """End an owner's leases; a reply whose POST may be done stays one to look up."""
    await db.execute(
        f"UPDATE switchboard.{queue} SET lease_until = 0"  # noqa: S608
        " WHERE tenant_id = $1 AND head AND lease_until > 0 AND lease_until > $2 AND owner = $3",
        tenant,
        now,
        owner,
    )


async def owners(db: Any, tenant: int, *, now: float) -> frozenset[str]:
    """Who holds leases."""
    rows = await db.fetch(
        "SELECT owner FROM switchboard.work WHERE tenant_id = $1 AND head AND lease_until > 0 AND lease_until > $2"
        " UNION SELECT owner FROM switchboard.outbox"
        " WHERE tenant_id = $1 AND head AND lease_until > 0 AND lease_until > $2",
        tenant,
        now,
    )
    return frozenset(row["owner"] for row in rows)
