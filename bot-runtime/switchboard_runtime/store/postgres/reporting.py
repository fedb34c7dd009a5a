"""SQL of what the provider says became of replies: their SIDs, their delivery. Functions of a connection, no clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchboard_runtime.store.delivery import DELIVERY_RANK, OPTED_OUT, REPORTED, UNDELIVERED
from switchboard_runtime.store.postgres import lanes, outbox
from switchboard_runtime.store.postgres.lanes import clean

if TYPE_CHECKING:
    from switchboard_runtime.store.base import Instead
    from switchboard_runtime.store.records import StatusUpdate

_ROW = """
SELECT o.*, c.opted_out, c.last_inbound_at, c.language
FROM switchboard.outbox AS o
JOIN switchboard.conversation AS c ON c.tenant_id = o.tenant_id AND c.id = o.conversation_id
WHERE o.tenant_id = $1 AND o.id = $2
"""

_RELEASE = """
UPDATE switchboard.outbox AS o SET due = $4
WHERE o.tenant_id = $1 AND o.conversation_id = $2 AND o.head AND o.state = 'queued' AND o.attempts = 0
  AND o.due > $4 AND o.seq > $3 AND NOT EXISTS (
    SELECT FROM switchboard.outbox AS later
    WHERE later.tenant_id = $1 AND later.conversation_id = $2 AND later.seq > $3
      AND later.seq < o.seq AND later.state = 'sent')
"""
"""A report about a reply frees the next one, not one that waits for a later reply."""


async def mark_sent(db: Any, tenant: int, item_id: str, *, sid: str, now: float, wait: float) -> bool:
    """Record the provider's SID. False when the reply has another one.

    The next of the lane waits ``wait`` seconds, unless the provider has reported this one already, or does.
    """
    conversation = await outbox.hold(db, tenant, item_id)
    if conversation is None:
        return False
    sent = await db.fetchval(
        "UPDATE switchboard.outbox SET state = 'sent', head = false, sid = $3, due = $5, lease_until = 0,"
        " error_code = NULL, error = NULL, updated_at = $4 WHERE tenant_id = $1 AND id = $2 AND sid IS NULL"
        " RETURNING 1",
        tenant,
        item_id,
        sid,
        now,
        now + wait,
    )
    if not sent:
        kept = await db.fetchval("SELECT sid FROM switchboard.outbox WHERE tenant_id = $1 AND id = $2", tenant, item_id)
        return bool(kept == sid)
    await lanes.promote(db, "outbox", tenant, [conversation])
    if wait > 0:
        await outbox.wait_for_report(db, tenant, conversation)
    told = "SELECT status, error_code FROM switchboard.callback WHERE tenant_id = $1 AND sid = $2"
    for one in await db.fetch(told, tenant, sid):
        await _raise(db, tenant, item_id, status=one["status"], error_code=one["error_code"], now=now)
    return True


async def record_status(db: Any, tenant: int, update: StatusUpdate, *, wait: float, instead: Instead | None) -> bool:
    """Keep a callback, learn an unsure send's SID from it, and raise (never lower) the delivery status."""
    found = await _ours(db, tenant, update)
    if found is not None:
        await mark_sent(db, tenant, found, sid=clean(update.sid), now=update.received_at, wait=wait)
    await db.execute(
        "INSERT INTO switchboard.callback (tenant_id, sid, status, outbox_id, error_code, received_at)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        tenant,
        clean(update.sid),
        clean(update.status),
        clean(update.outbox_id) if update.outbox_id else None,
        update.error_code,
        update.received_at,
    )
    if found is None:
        return False
    raised = await _raise(db, tenant, found, status=update.status, error_code=update.error_code, now=update.received_at)
    row = await db.fetchrow(_ROW, tenant, found)
    if raised and update.status in UNDELIVERED and instead is not None:
        reply = instead(outbox.item_of(row, row))
        if reply is not None:
            lane = row["conversation_id"]
            await outbox.say(db, tenant, lane, [reply], trace=row["trace"], now=update.received_at)
    if update.error_code == OPTED_OUT:
        await outbox.opt_out(db, tenant, row["conversation_id"], now=update.received_at)
    return True


async def _ours(db: Any, tenant: int, update: StatusUpdate) -> str | None:
    """The id of the reply that a callback is about."""
    sid = clean(update.sid)
    found = await db.fetchval("SELECT id FROM switchboard.outbox WHERE tenant_id = $1 AND sid = $2", tenant, sid)
    if found is None and update.outbox_id:
        found = await db.fetchval(
            "SELECT id FROM switchboard.outbox"
            " WHERE tenant_id = $1 AND id = $2 AND sender = $3 AND recipient = $4 AND (sid IS NULL OR sid = $5)",
            tenant,
            clean(update.outbox_id),
            clean(update.sender),
            clean(update.recipient),
            sid,
        )
    return None if found is None else str(found)


async def _raise(db: Any, tenant: int, item_id: str, *, status: str, error_code: int | None, now: float) -> bool:
    """Take over a status that is higher; from "sent" on the next reply may follow. Whether it was higher."""
    row = await db.fetchrow(
        "SELECT seq, conversation_id, delivery FROM switchboard.outbox WHERE tenant_id = $1 AND id = $2",
        tenant,
        item_id,
    )
    rank = DELIVERY_RANK.get(status, -1)
    if rank <= DELIVERY_RANK.get(row["delivery"] or "", -1):
        return False
    await db.execute(
        "UPDATE switchboard.outbox SET delivery = $3, error_code = $4, updated_at = $5,"
        " due = CASE WHEN $6 THEN least(due, $5) ELSE due END WHERE tenant_id = $1 AND id = $2",
        tenant,
        item_id,
        status,
        error_code,
        now,
        rank >= REPORTED,
    )
    if rank >= REPORTED:
        await db.execute(_RELEASE, tenant, row["conversation_id"], row["seq"], now)
    return True
