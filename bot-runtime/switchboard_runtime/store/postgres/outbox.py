"""SQL of the outbox: replies and their intents. Functions of a connection, no clock.

A reply is ``queued`` while it is certain that no POST of it was done, ``sending`` from its intent on, and then
``sent`` or ``failed``. The ``due`` of one that is sent is when the next of its lane may follow it. Each function that
ends a reply holds its conversation first.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from switchboard_runtime.errors import LeaseLost
from switchboard_runtime.store.delivery import OPTED_OUT
from switchboard_runtime.store.payload import payload_of, reply_of
from switchboard_runtime.store.postgres import lanes
from switchboard_runtime.store.postgres.lanes import clean
from switchboard_runtime.store.records import Claim, OutboxItem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from switchboard_runtime.store.records import Reply, Turn, WorkItem

_ENQUEUE = """
INSERT INTO switchboard.outbox (tenant_id, id, conversation_id, work_id, channel, sender, recipient, text, trace,
                                received_at, state, due, created_at, updated_at, payload, author, head)
SELECT $1, g.id, $2, $3, $6, $7, $8, g.text, $9, $10, $11, $12, $12, $12, g.payload, g.author,
       g.place = 1 AND $11 = 'queued' AND NOT EXISTS (
           SELECT FROM switchboard.outbox AS o
           WHERE o.tenant_id = $1 AND o.conversation_id = $2 AND o.state IN ('queued', 'sending'))
FROM unnest($4::text[], $5::text[], $13::text[], $14::text[])
WITH ORDINALITY AS g (id, text, payload, author, place) ORDER BY g.place
"""

_SAY = """
INSERT INTO switchboard.outbox (tenant_id, id, conversation_id, channel, sender, recipient, text, payload, author,
                                trace, received_at, state, due, created_at, updated_at, head)
SELECT $1, g.id, $2, $3, $4, $5, g.text, g.payload, g.author, $6, $7, 'queued', $7, $7, $7, false
FROM unnest($8::text[], $9::text[], $10::text[], $11::text[])
WITH ORDINALITY AS g (id, text, payload, author, place) ORDER BY g.place
ON CONFLICT (tenant_id, id) DO NOTHING
"""

_LANE = """
SELECT channel, own, contact FROM switchboard.conversation WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE
"""

_FREE = """
SELECT o.seq, o.state, o.conversation_id, o.payload, c.opted_out, c.last_inbound_at, c.language
FROM switchboard.outbox AS o
JOIN switchboard.conversation AS c ON c.tenant_id = o.tenant_id AND c.id = o.conversation_id
WHERE o.tenant_id = $1 AND o.head AND o.free_at <= $2 AND o.seq <> ALL ($3::bigint[])
ORDER BY o.free_at, o.seq LIMIT $4 FOR NO KEY UPDATE OF o, c SKIP LOCKED
"""

_INTEND = """
UPDATE switchboard.outbox SET
    state = 'sending', intent_at = CASE state WHEN 'sending' THEN intent_at ELSE $3 END,
    lease_until = $4, owner = $5, fence = fence + 1, attempts = attempts + 1, updated_at = $3
WHERE tenant_id = $1 AND seq = ANY ($2::bigint[]) RETURNING *
"""

_WAIT = """
UPDATE switchboard.outbox AS o SET due = greatest(o.due, (
    SELECT s.due FROM switchboard.outbox AS s
    WHERE s.tenant_id = $1 AND s.conversation_id = $2 AND s.state = 'sent' ORDER BY s.seq DESC LIMIT 1))
WHERE o.tenant_id = $1 AND o.conversation_id = $2 AND o.head AND o.state = 'queued' AND o.attempts = 0
"""

_HOLD = """
SELECT c.id, c.opted_out FROM switchboard.conversation AS c WHERE c.tenant_id = $1 AND c.id = (
    SELECT o.conversation_id FROM switchboard.outbox AS o WHERE o.tenant_id = $1 AND o.id = $2
) FOR NO KEY UPDATE
"""


async def enqueue(
    db: Any, tenant: int, item: WorkItem, turn: Turn, *, now: float, new_id: Callable[[], str], by_provider: bool
) -> None:
    """Queue a turn's replies; without a provider the caller hands them over itself, and they are ``sent``."""
    message = item.message
    if turn.replies:
        await db.execute(
            _ENQUEUE,
            tenant,
            item.conversation_id,
            item.id,
            [new_id() for _ in turn.replies],
            [clean(reply.text) for reply in turn.replies],
            message.channel,
            message.own,
            message.contact,
            message.trace,
            message.received_at,
            "queued" if by_provider else "sent",
            now,
            [clean(payload_of(reply)) for reply in turn.replies],
            [clean(reply.author) for reply in turn.replies],
        )
        if by_provider:
            await wait_for_report(db, tenant, item.conversation_id)


async def say(
    db: Any, tenant: int, conversation_id: int, replies: Sequence[tuple[str, Reply]], *, trace: str, now: float
) -> bool:
    """Queue replies that answer no message. False when there is no such conversation."""
    lane = await db.fetchrow(_LANE, tenant, conversation_id)
    if lane is None:
        return False
    await db.execute(
        _SAY,
        tenant,
        conversation_id,
        *lane,
        clean(trace),
        now,
        [clean(reply_id) for reply_id, _ in replies],
        [clean(reply.text) for _, reply in replies],
        [clean(payload_of(reply)) for _, reply in replies],
        [clean(reply.author) for _, reply in replies],
    )
    await lanes.promote(db, "outbox", tenant, [conversation_id])
    await wait_for_report(db, tenant, conversation_id)
    return True


async def wait_for_report(db: Any, tenant: int, conversation_id: int) -> None:
    """Let a lane's oldest reply wait until the one sent before it may be followed; one that was tried is left alone."""
    await db.execute(_WAIT, tenant, conversation_id)


async def hold(db: Any, tenant: int, item_id: str) -> int | None:
    """Hold the conversation of a reply, and return its id."""
    held = await db.fetchrow(_HOLD, tenant, item_id)
    return None if held is None else int(held["id"])


async def cancel(
    db: Any, tenant: int, conversations: Collection[int], *, reason: str, now: float, author: str | None = None
) -> None:
    """End the replies of held conversations that were certainly not sent yet; those of one author, if given."""
    await db.execute(
        "UPDATE switchboard.outbox SET state = 'failed', head = false, error = $3, updated_at = $4"
        " WHERE tenant_id = $1 AND conversation_id = ANY ($2::bigint[]) AND state = 'queued'"
        " AND ($5::text IS NULL OR author = $5)",
        tenant,
        list(conversations),
        reason,
        now,
        author,
    )
    await lanes.promote(db, "outbox", tenant, list(conversations))


async def replies(db: Any, tenant: int, work_id: int) -> tuple[str, ...] | None:
    """Texts of a finished work item's replies in order, None while it is not finished."""
    done = await db.fetchval(
        "SELECT 1 FROM switchboard.work WHERE tenant_id = $1 AND id = $2 AND state = 'done'", tenant, work_id
    )
    if not done:
        return None
    rows = await db.fetch(
        "SELECT text FROM switchboard.outbox WHERE tenant_id = $1 AND work_id = $2 ORDER BY seq", tenant, work_id
    )
    return tuple(row["text"] for row in rows)


async def claim(
    db: Any, tenant: int, *, now: float, lease: float, owner: str, limit: int, held: Collection[int]
) -> Claim[OutboxItem]:
    """Lease the heads of free lanes and write their intents; who opted out meanwhile gets nothing any more."""
    due = await lanes.next_due(db, "outbox", tenant, now=now, held=held)
    if due is None or due > now:
        return Claim(items=(), next_due=due)
    async with db.transaction():
        free = await db.fetch(_FREE, tenant, now, list(held), limit)
        silent = [row for row in free if _is_unwanted(row)]
        wanted = [row["seq"] for row in free if row not in silent]
        rows = await db.fetch(_INTEND, tenant, wanted, now, now + lease, owner) if wanted else ()
        if silent:
            await _drop(db, tenant, silent, now=now)
    lane = {row["seq"]: row for row in free}
    items = tuple(sorted((item_of(row, lane[row["seq"]]) for row in rows), key=lambda item: item.seq))
    mine = [*held, *(item.seq for item in items)]
    return Claim(items=items, next_due=await lanes.next_due(db, "outbox", tenant, now=now, held=mine))


def _is_unwanted(row: Any) -> bool:
    """Whether nobody wants a reply any more; one whose POST may be done is looked for all the same."""
    queued = row["opted_out"] and row["state"] == "queued"
    return bool(queued and not reply_of(text="", payload=row["payload"]).notice)


async def _drop(db: Any, tenant: int, rows: Sequence[Any], *, now: float) -> None:
    """End replies; what is behind them in their lanes is looked at by the next claim."""
    await db.execute(
        "UPDATE switchboard.outbox SET state = 'failed', head = false, error = 'opted out', updated_at = $3"
        " WHERE tenant_id = $1 AND seq = ANY ($2::bigint[])",
        tenant,
        [row["seq"] for row in rows],
        now,
    )
    await lanes.promote(db, "outbox", tenant, [row["conversation_id"] for row in rows])


def item_of(row: Any, lane: Any) -> OutboxItem:
    """A reply's row, with its conversation's and the state it was in."""
    return OutboxItem(
        id=row["id"],
        seq=row["seq"],
        fence=row["fence"],
        attempts=row["attempts"],
        channel=row["channel"],
        conversation_id=row["conversation_id"],
        sender=row["sender"],
        recipient=row["recipient"],
        reply=reply_of(text=row["text"], payload=row["payload"], author=row["author"]),
        trace=row["trace"],
        received_at=row["received_at"],
        created_at=row["created_at"],
        intent_at=row["intent_at"],
        last_inbound_at=lane["last_inbound_at"],
        look_first=lane["state"] == "sending",
        language=lane["language"],
    )


async def renew(db: Any, tenant: int, item: OutboxItem, *, now: float, lease: float, again: bool) -> OutboxItem | None:
    """Date the intent anew, if the item is still ours and unsent; None ends it, since the contact opted out."""
    conversation = await db.fetchrow(_HOLD, tenant, item.id)
    if conversation["opted_out"] and not item.reply.notice:
        await mark_failed(db, tenant, item, code=None, reason="opted out", now=now, again=again)
        return None
    renewed = await db.fetchval(
        "UPDATE switchboard.outbox SET intent_at = $4, lease_until = $5, updated_at = $4"
        " WHERE tenant_id = $1 AND seq = $2 AND fence = $3 AND state = 'sending' RETURNING 1",
        tenant,
        item.seq,
        item.fence,
        now,
        now + lease,
    )
    if not renewed:
        raise LeaseLost(f"reply {item.id} was taken over, or is sent")
    return replace(item, intent_at=now, look_first=False)


async def mark_failed(
    db: Any,
    tenant: int,
    item: OutboxItem,
    *,
    code: int | None,
    reason: str,
    now: float,
    again: bool,
    instead: tuple[str, Reply] | None = None,
) -> None:
    """End a reply that will not be sent, if it is still ours; an opt-out at the provider becomes ours too."""
    await db.fetchrow(_HOLD, tenant, item.id)
    ended = await db.fetchval(
        "UPDATE switchboard.outbox SET state = 'failed', head = false, error_code = $4, error = $5, lease_until = 0,"
        " updated_at = $6 WHERE tenant_id = $1 AND seq = $2 AND fence = $3 AND state = 'sending' RETURNING 1",
        tenant,
        item.seq,
        item.fence,
        code,
        clean(reason),
        now,
    )
    if not ended:
        if again and await _is_failed(db, tenant, item):
            return
        raise LeaseLost(f"reply {item.id} was taken over, or is sent")
    await lanes.promote(db, "outbox", tenant, [item.conversation_id])
    if instead is not None:
        await say(db, tenant, item.conversation_id, [instead], trace=item.trace, now=now)
    if code == OPTED_OUT:
        await opt_out(db, tenant, item.conversation_id, now=now)


async def _is_failed(db: Any, tenant: int, item: OutboxItem) -> bool:
    return bool(
        await db.fetchval(
            "SELECT 1 FROM switchboard.outbox WHERE tenant_id = $1 AND seq = $2 AND fence = $3 AND state = 'failed'",
            tenant,
            item.seq,
            item.fence,
        )
    )


async def opt_out(db: Any, tenant: int, conversation_id: int, *, now: float) -> None:
    """Silence a conversation that the provider does not let us write to; a turn in flight is not kept."""
    changed = await db.fetchval(
        "UPDATE switchboard.conversation SET opted_out = true, epoch = epoch + 1, updated_at = $3"
        " WHERE tenant_id = $1 AND id = $2 AND NOT opted_out RETURNING 1",
        tenant,
        conversation_id,
        now,
    )
    if changed:
        await lanes.tell_changed(db, tenant)
    await cancel(db, tenant, [conversation_id], reason="opted out", now=now)


async def postpone(db: Any, tenant: int, item: OutboxItem, *, due: float, unsent: bool, now: float) -> None:
    """Give a reply back until ``due``; nothing happens when it is not ours any more."""
    await db.execute(
        "UPDATE switchboard.outbox SET state = $4, due = $5, lease_until = 0, updated_at = $6"
        " WHERE tenant_id = $1 AND seq = $2 AND fence = $3 AND state = 'sending'",
        tenant,
        item.seq,
        item.fence,
        "queued" if unsent else "sending",
        due,
        now,
    )


async def claimed_sids(db: Any, tenant: int, sids: Collection[str], *, other_than: str) -> frozenset[str]:
    """Which SIDs belong to other replies."""
    rows = await db.fetch(
        "SELECT sid FROM switchboard.outbox WHERE tenant_id = $1 AND id <> $2 AND sid = ANY ($3::text[])",
        tenant,
        other_than,
        [clean(sid) for sid in sids],
    )
    return frozenset(row["sid"] for row in rows)
