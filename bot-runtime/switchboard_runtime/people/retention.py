"""Takes away what is older than the tenant's document lets it be: a little at a time, beside the work.

Messages go with their work, replies and callbacks, once nothing of them waits; contacts that have not written for long
are erased as if they had asked for it, but for what the provider keeps by rules of its own. What was counted stays
counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchboard_runtime.errors import NotFound
from switchboard_runtime.people.erasure import RETENTION
from switchboard_runtime.store import statement

if TYPE_CHECKING:
    from collections.abc import Generator

    from switchboard_runtime.clock import Clock
    from switchboard_runtime.config.people import Retention
    from switchboard_runtime.people.erasure import Erasures
    from switchboard_runtime.store import Rows, Statement, Store

__all__ = ["Keeping"]

_SLICE = 200
_MOST_SLICES = 20
_MOST_CONTACTS = 20


class Keeping:
    """Keeps a tenant's rows no longer than the document says.

    Args:
        store: the tenant's.
        retention: how long.
        erasures: the tenant's.
        clock: time.
    """

    def __init__(self, *, store: Store, retention: Retention, erasures: Erasures, clock: Clock) -> None:
        self._store = store
        self._retention = retention
        self._erasures = erasures
        self._clock = clock

    async def sweep(self) -> tuple[int, int]:
        """Take away some of what is too old. Returns how many messages and replies, and how many contacts."""
        said = gone = 0
        now = self._clock.now()
        if self._retention.messages is not None:
            before = now - self._retention.messages
            for _ in range(_MOST_SLICES):
                found = await self._store.transact(lambda: _said_before(before))
                said += found
                if found < _SLICE // 2:
                    break
            await self._store.transact(lambda: _quarantined_before(before, at=now))
        if self._retention.contacts is not None:
            before = now - self._retention.contacts
            for contact_id in await self._store.transact(lambda: _unseen_since(before)):
                gone += await self._expired(contact_id)
        return said, gone

    async def _expired(self, contact_id: str) -> int:
        try:
            await self._erasures.erase(contact_id, actor=RETENTION, action="contact.expired", remote=False)
        except NotFound:
            return 0  # erased meanwhile
        return 1


def _said_before(before: float) -> Generator[Statement, Rows, int]:
    """Take away the oldest messages with all they led to, and the oldest words that answered none."""
    old = yield statement(
        "SELECT w.id AS work, w.message_id AS message FROM (SELECT id, received_at FROM message"
        " WHERE tenant_id = :tenant ORDER BY id LIMIT :limit) AS m"
        " JOIN work AS w ON w.tenant_id = :tenant AND w.message_id = m.id AND w.state = 'done'"
        " WHERE m.received_at < :before AND NOT EXISTS (SELECT 1 FROM outbox AS o WHERE o.tenant_id = :tenant"
        " AND o.work_id = w.id AND o.state IN ('queued', 'sending'))",
        before=before,
        limit=_SLICE,
    )
    works, messages = (tuple(int(row[name]) for row in old) for name in ("work", "message"))
    alone = yield statement(
        "SELECT o.seq FROM (SELECT seq, work_id, created_at, state FROM outbox WHERE tenant_id = :tenant"
        " ORDER BY seq LIMIT :limit) AS o WHERE o.created_at < :before AND o.work_id IS NULL"
        " AND o.state NOT IN ('queued', 'sending')",
        before=before,
        limit=_SLICE,
    )
    given = {"works": works, "seqs": tuple(int(row["seq"]) for row in alone)}
    ours = "tenant_id = :tenant AND (work_id IN :works OR seq IN :seqs)"
    yield statement(
        f"DELETE FROM callback WHERE tenant_id = :tenant AND sid IN (SELECT sid FROM outbox WHERE {ours}"  # noqa: S608
        " AND sid IS NOT NULL)",
        **given,
    )
    replies = yield statement(f"DELETE FROM outbox WHERE {ours} RETURNING 1 AS one", **given)  # noqa: S608
    yield statement("DELETE FROM work WHERE tenant_id = :tenant AND id IN :works", works=works)
    yield statement("DELETE FROM message WHERE tenant_id = :tenant AND id IN :messages", messages=messages)
    return len(messages) + len(replies)


def _quarantined_before(before: float, *, at: float) -> Generator[Statement, Rows, None]:
    """Empty webhooks that nobody understood in time."""
    yield statement(
        "UPDATE quarantine SET body = :nothing, path = '', replayed_at = coalesce(replayed_at, :at)"
        " WHERE tenant_id = :tenant AND received_at < :before AND length(body) > 0",
        nothing=b"",
        at=float(at),
        before=before,
    )


def _unseen_since(before: float) -> Generator[Statement, Rows, tuple[str, ...]]:
    """Contacts who wrote last before an instant; some of them."""
    rows = yield statement(
        "SELECT id FROM contact WHERE tenant_id = :tenant AND merged_into IS NULL AND last_seen < :before"
        " ORDER BY last_seen LIMIT :limit",
        before=before,
        limit=_MOST_CONTACTS,
    )
    return tuple(row["id"] for row in rows)
