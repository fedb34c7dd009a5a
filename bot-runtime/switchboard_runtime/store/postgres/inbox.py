"""SQL of the inbox: messages, conversations and the work they make. Functions of a connection, no clock."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from switchboard_runtime.errors import LeaseLost
from switchboard_runtime.store.postgres import lanes
from switchboard_runtime.store.postgres.lanes import clean
from switchboard_runtime.store.records import Accepted, Claim, ConversationState, Inbound, WorkItem

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from switchboard_runtime.store.records import Turn

_MESSAGES = """
WITH given AS (
    SELECT * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                         $9::text[], $10::text[], $11::text[], $12::text[], $13::float8[])
    WITH ORDINALITY AS g (provider, account, sid, channel, own, contact, kind, text, opt_out, fields, trace,
                          received_at, place)
), lane AS (
    INSERT INTO switchboard.conversation AS c (tenant_id, channel, own, contact, created_at, updated_at,
                                               last_inbound_at)
    SELECT $1, channel, own, contact, max(received_at), max(received_at), max(received_at) FROM given WHERE NOT EXISTS (
        SELECT FROM switchboard.message AS k WHERE k.tenant_id = $1
        AND k.provider = given.provider AND k.account = given.account AND k.sid = given.sid)
    GROUP BY channel, own, contact ORDER BY channel, own, contact
    ON CONFLICT (tenant_id, channel, own, contact)
    DO UPDATE SET updated_at = excluded.updated_at,
                  last_inbound_at = greatest(excluded.last_inbound_at, c.last_inbound_at)
    RETURNING c.id, c.channel, c.own, c.contact, c.xmax = 0 AS fresh
), kept AS (
    INSERT INTO switchboard.message AS m (tenant_id, conversation_id, provider, account, sid, kind, text, opt_out,
                                          fields, trace, received_at)
    SELECT $1, lane.id, provider, account, sid, kind, text, opt_out, fields, trace, received_at
    FROM given JOIN lane USING (channel, own, contact) ORDER BY place
    ON CONFLICT (tenant_id, provider, account, sid) DO NOTHING
    RETURNING m.id, m.conversation_id, m.provider, m.account, m.sid, m.received_at
)
SELECT kept.id, lane.id AS conversation_id, lane.fresh, provider, account, sid, received_at
FROM lane LEFT JOIN kept ON kept.conversation_id = lane.id ORDER BY kept.id
"""
"""Locks the conversations, in one order for all; a statement of its own, so that the next one sees what they hold.

A message that is known already is no sign of life: it changes no date, and makes no conversation, also if the one that
it was of is nobody's any more.
"""

_WORK = """
INSERT INTO switchboard.work AS w (tenant_id, conversation_id, message_id, due, created_at, head)
SELECT $1, g.conversation_id, g.message_id, greatest(g.received_at, g.not_before), g.received_at,
       row_number() OVER (PARTITION BY g.conversation_id ORDER BY g.place) = 1 AND NOT EXISTS (
           SELECT FROM switchboard.work AS o
           WHERE o.tenant_id = $1 AND o.conversation_id = g.conversation_id AND o.state = 'pending')
FROM unnest($2::bigint[], $3::bigint[], $4::float8[], $5::float8[])
WITH ORDINALITY AS g (conversation_id, message_id, received_at, not_before, place)
ORDER BY g.place
RETURNING w.id, w.message_id
"""

_KNOWN = """
SELECT m.provider, m.account, m.sid, m.trace, w.id
FROM unnest($2::text[], $3::text[], $4::text[]) AS g (provider, account, sid)
JOIN switchboard.message AS m
  ON m.tenant_id = $1 AND m.provider = g.provider AND m.account = g.account AND m.sid = g.sid
JOIN switchboard.work AS w ON w.tenant_id = $1 AND w.message_id = m.id
"""

_COLUMNS = """
w.id AS work_id, w.fence, w.attempts, w.conversation_id, c.mode, c.opted_out, c.contacted, c.language, c.epoch,
c.channel, c.own, c.contact, m.provider, m.account, m.sid, m.kind, m.text, m.opt_out, m.fields, m.trace, m.received_at
"""

_REST = """
JOIN switchboard.message AS m ON m.tenant_id = $1 AND m.id = w.message_id
JOIN switchboard.conversation AS c ON c.tenant_id = $1 AND c.id = w.conversation_id
"""

_CLAIM = f"""
WITH free AS (
    SELECT id FROM switchboard.work
    WHERE tenant_id = $1 AND head AND free_at <= $2 AND id <> ALL ($3::bigint[])
    ORDER BY free_at, id LIMIT $4 FOR NO KEY UPDATE SKIP LOCKED
), taken AS (
    UPDATE switchboard.work AS w SET lease_until = $5, owner = $6, fence = fence + 1, attempts = attempts + 1
    FROM free WHERE w.tenant_id = $1 AND w.id = free.id
    RETURNING w.id, w.fence, w.attempts, w.conversation_id, w.message_id
)
SELECT {_COLUMNS} FROM taken AS w {_REST} ORDER BY w.id
"""  # noqa: S608  # put together from constants

_BEHIND = f"""
SELECT {_COLUMNS} FROM switchboard.work AS w {_REST}
WHERE w.tenant_id = $1 AND w.conversation_id = $2 AND w.state = 'pending' AND w.id > $3 ORDER BY w.id LIMIT $4
"""  # noqa: S608  # put together from constants

_Key = tuple[str, str, str]


async def accept(db: Any, tenant: int, messages: Sequence[Inbound], *, again: bool) -> list[Accepted]:
    """Store messages with their conversations and work items; recognise those of earlier deliveries.

    ``again`` says that they may have been stored by a try whose end nobody saw: those are not duplicates.
    """
    keys = [_key(message) for message in messages]
    not_before = {key: message.not_before for key, message in reversed(list(zip(keys, messages, strict=True)))}
    async with db.transaction():
        columns = zip(*(_row(message) for message in messages), strict=True)
        rows = await db.fetch(_MESSAGES, tenant, *(list(column) for column in columns))
        stored = [row for row in rows if row["id"] is not None]
        if fresh := list({row["conversation_id"] for row in rows if row["fresh"]}):
            await lanes.suppress(db, tenant, fresh)
        made: dict[_Key, int] = {}
        if stored:
            works = await db.fetch(
                _WORK,
                tenant,
                [row["conversation_id"] for row in stored],
                [row["id"] for row in stored],
                [row["received_at"] for row in stored],
                [not_before[row["provider"], row["account"], row["sid"]] for row in stored],
            )
            by_message = {row["message_id"]: row["id"] for row in works}
            made = {(row["provider"], row["account"], row["sid"]): by_message[row["id"]] for row in stored}
        known = await _known(db, tenant, {key for key in keys if key not in made})
    accepted = []
    for key, message in zip(keys, messages, strict=True):
        if key in known:
            work_id, trace = known[key]
            accepted.append(Accepted(work_id=work_id, duplicate=not (again and trace == clean(message.trace))))
        else:
            accepted.append(Accepted(work_id=made[key], duplicate=keys.index(key) != len(accepted)))
    return accepted


async def _known(db: Any, tenant: int, keys: set[_Key]) -> dict[_Key, tuple[int, str]]:
    if not keys:
        return {}
    rows = await db.fetch(_KNOWN, tenant, *(list(column) for column in zip(*keys, strict=True)))
    return {(row["provider"], row["account"], row["sid"]): (row["id"], row["trace"]) for row in rows}


def _key(message: Inbound) -> _Key:
    return clean(message.provider), clean(message.account), clean(message.sid)


def _row(message: Inbound) -> tuple[object, ...]:
    return (
        *_key(message),
        clean(message.channel),
        clean(message.own),
        clean(message.contact),
        clean(message.kind),
        clean(message.text),
        None if message.opt_out is None else clean(message.opt_out),
        json.dumps(message.fields),
        clean(message.trace),
        message.received_at,
    )


async def claim(
    db: Any, tenant: int, *, now: float, lease: float, owner: str, limit: int, held: Collection[int]
) -> Claim[WorkItem]:
    """Lease the heads of free lanes."""
    rows = await db.fetch(_CLAIM, tenant, now, list(held), limit, now + lease, owner)
    items = tuple(_item(row) for row in rows)
    mine = [*held, *(item.id for item in items)]
    return Claim(items=items, next_due=await lanes.next_due(db, "work", tenant, now=now, held=mine))


def _item(row: Any) -> WorkItem:
    return WorkItem(
        id=row["work_id"],
        fence=row["fence"],
        attempts=row["attempts"],
        conversation_id=row["conversation_id"],
        state=ConversationState(
            mode=row["mode"],
            opted_out=row["opted_out"],
            contacted=row["contacted"],
            language=row["language"],
            epoch=row["epoch"],
        ),
        message=Inbound(
            provider=row["provider"],
            account=row["account"],
            sid=row["sid"],
            channel=row["channel"],
            own=row["own"],
            contact=row["contact"],
            text=row["text"],
            kind=row["kind"],
            opt_out=row["opt_out"],
            fields=tuple((name, value) for name, value in json.loads(row["fields"])),
            trace=row["trace"],
            received_at=row["received_at"],
        ),
    )


async def take_along(db: Any, tenant: int, item: WorkItem, *, limit: int) -> WorkItem:
    """Add the messages behind an item; they stay in their lane until the item is finished with them."""
    rows = await db.fetch(_BEHIND, tenant, item.conversation_id, item.id, limit)
    return replace(item, joined=tuple((row["work_id"], _item(row).message) for row in rows))


async def finish(db: Any, tenant: int, item: WorkItem, turn: Turn, *, now: float) -> None:
    """End a work item and keep the conversation's state, if both are as they were claimed."""
    after = turn.state
    kept = await db.fetchval(
        "UPDATE switchboard.conversation SET mode = $4, opted_out = $5, contacted = $6, language = $7, epoch = $8,"
        " updated_at = $9 WHERE tenant_id = $1 AND id = $2 AND epoch = $3 RETURNING 1",
        tenant,
        item.conversation_id,
        item.state.epoch,
        after.mode,
        after.opted_out,
        after.contacted,
        after.language,
        after.epoch,
        now,
    )
    done = kept and await db.fetchval(
        "UPDATE switchboard.work SET state = 'done', head = false, outcome = $4, lease_until = 0"
        " WHERE tenant_id = $1 AND id = $2 AND fence = $3 AND state = 'pending' RETURNING 1",
        tenant,
        item.id,
        item.fence,
        turn.outcome,
    )
    if not done:
        raise LeaseLost(f"work {item.id} was taken over, or its conversation was")
    if item.joined:
        await db.execute(
            "UPDATE switchboard.work SET state = 'done', head = false, outcome = $3"
            " WHERE tenant_id = $1 AND id = ANY ($2::bigint[]) AND state = 'pending'",
            tenant,
            [work_id for work_id, _ in item.joined],
            turn.outcome,
        )
    await lanes.promote(db, "work", tenant, [item.conversation_id])


async def is_finished(db: Any, tenant: int, item: WorkItem) -> bool:
    """Whether this very claim finished it: nobody else ever has its fence."""
    return bool(
        await db.fetchval(
            "SELECT 1 FROM switchboard.work WHERE tenant_id = $1 AND id = $2 AND fence = $3 AND state = 'done'",
            tenant,
            item.id,
            item.fence,
        )
    )


async def postpone(db: Any, tenant: int, item: WorkItem, *, due: float, counted: bool) -> None:
    """Give an item back until ``due``; nothing happens when it is not ours any more.

    Done twice it takes nothing more: the attempts follow from what was claimed.
    """
    await db.execute(
        "UPDATE switchboard.work SET due = $4, lease_until = 0, attempts = $5"
        " WHERE tenant_id = $1 AND id = $2 AND fence = $3 AND state = 'pending'",
        tenant,
        item.id,
        item.fence,
        due,
        item.attempts if counted else item.attempts - 1,
    )
