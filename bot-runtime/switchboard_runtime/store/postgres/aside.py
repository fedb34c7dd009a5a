"""SQL of what was put aside: webhooks not understood, and dead letters. Functions of a connection, no clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchboard_runtime.store.postgres import lanes
from switchboard_runtime.store.postgres.lanes import clean
from switchboard_runtime.store.records import DeadLetter, Quarantined, Webhook

if TYPE_CHECKING:
    from collections.abc import Mapping

_DEAD_MESSAGE = "state = 'done' AND outcome = 'assistant failed'"

_DEAD_REPLY = "state = 'failed' AND sid IS NULL AND error LIKE 'given up%'"

_LETTERS = f"""
SELECT 'inbox' AS queue, w.id, m.trace, w.outcome AS reason, w.attempts
FROM switchboard.work AS w JOIN switchboard.message AS m ON m.tenant_id = $1 AND m.id = w.message_id
WHERE w.tenant_id = $1 AND {_DEAD_MESSAGE} AND ('inbox', w.id) > ($2::text, $3::bigint)
UNION ALL SELECT 'outbox', seq, trace, error, attempts FROM switchboard.outbox
WHERE tenant_id = $1 AND {_DEAD_REPLY} AND ('outbox', seq) > ($2::text, $3::bigint)
ORDER BY 1, 2 LIMIT $4
"""  # noqa: S608  # put together from constants

_TABLES: Mapping[str, tuple[str, str, str, str]] = {
    "inbox": ("work", "id", _DEAD_MESSAGE, "state = 'pending', outcome = NULL"),
    "outbox": ("outbox", "seq", _DEAD_REPLY, "state = 'queued', error = NULL, created_at = $3, updated_at = $3"),
}


async def quarantine(db: Any, tenant: int, webhook: Webhook, *, again: bool) -> bool:
    """Keep a webhook once; one that a try before may have kept is told as new."""
    kept = await db.fetchval(
        "INSERT INTO switchboard.quarantine (tenant_id, key, path, content_type, body, reason, received_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant_id, key) DO NOTHING RETURNING 1",
        tenant,
        clean(webhook.key),
        clean(webhook.path),
        clean(webhook.content_type),
        webhook.body,
        clean(webhook.reason),
        webhook.received_at,
    )
    return bool(kept) or again


async def quarantined(db: Any, tenant: int, *, limit: int, after: int) -> tuple[Quarantined, ...]:
    """What waits to be understood."""
    rows = await db.fetch(
        "SELECT * FROM switchboard.quarantine WHERE tenant_id = $1 AND replayed_at IS NULL AND id > $2"
        " ORDER BY id LIMIT $3",
        tenant,
        after,
        limit,
    )
    return tuple(
        Quarantined(
            id=row["id"],
            webhook=Webhook(
                key=row["key"],
                path=row["path"],
                content_type=row["content_type"],
                body=row["body"],
                reason=row["reason"],
                received_at=row["received_at"],
            ),
        )
        for row in rows
    )


async def settle(db: Any, tenant: int, quarantined_id: int, *, now: float) -> None:
    """It was understood."""
    await db.execute(
        "UPDATE switchboard.quarantine SET replayed_at = $3 WHERE tenant_id = $1 AND id = $2",
        tenant,
        quarantined_id,
        now,
    )


async def dead_letters(db: Any, tenant: int, *, limit: int, after: tuple[str, int]) -> tuple[DeadLetter, ...]:
    """What was given up."""
    return tuple(DeadLetter(**dict(row)) for row in await db.fetch(_LETTERS, tenant, *after, limit))


async def revive(db: Any, tenant: int, letter: DeadLetter, *, now: float) -> bool:
    """Put it back. A lane that is busy finishes what it has in hand, and then the oldest is next."""
    table, key, dead, alive = _TABLES[letter.queue]
    conversation = await db.fetchval(
        f"SELECT c.id FROM switchboard.conversation AS c WHERE c.tenant_id = $1 AND c.id = ("  # noqa: S608
        f"SELECT o.conversation_id FROM switchboard.{table} AS o WHERE o.tenant_id = $1 AND o.{key} = $2)"
        " FOR NO KEY UPDATE",
        tenant,
        letter.id,
    )
    revived = await db.fetchval(
        f"UPDATE switchboard.{table} SET {alive}, due = $3::float8, lease_until = 0, attempts = 0"  # noqa: S608
        f" WHERE tenant_id = $1 AND {key} = $2 AND {dead} RETURNING 1",
        tenant,
        letter.id,
        now,
    )
    if revived:
        await lanes.promote(db, table, tenant, [conversation])
    return bool(revived)
