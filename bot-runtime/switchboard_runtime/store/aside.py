"""SQL of what was put aside: webhooks not understood, and dead letters. Functions of a connection, no clock."""

from __future__ import annotations

import sqlite3  # noqa: TC003  # the type of every first argument

from switchboard_runtime.store.records import DeadLetter, Quarantined, Webhook

_DEAD_MESSAGE = "state = 'done' AND outcome = 'assistant failed'"

_DEAD_REPLY = "state = 'failed' AND sid IS NULL AND error LIKE 'given up%'"

_LETTERS = f"""
SELECT 'inbox' AS queue, w.id, m.trace, w.outcome AS reason, w.attempts
FROM work AS w JOIN message AS m ON m.id = w.message_id WHERE {_DEAD_MESSAGE} AND ('inbox', w.id) > (?1, ?2)
UNION ALL SELECT 'outbox', seq, trace, error, attempts FROM outbox WHERE {_DEAD_REPLY} AND ('outbox', seq) > (?1, ?2)
ORDER BY 1, 2 LIMIT ?3
"""  # noqa: S608  # put together from constants

_REVIVE = {
    "inbox": f"""
UPDATE work SET state = 'pending', outcome = NULL, due = :now, lease_until = 0, attempts = 0, head = NOT EXISTS (
    SELECT 1 FROM work AS other WHERE other.conversation_id = work.conversation_id AND other.state = 'pending')
WHERE id = :id AND {_DEAD_MESSAGE}
""",  # noqa: S608  # put together from constants
    "outbox": f"""
UPDATE outbox SET state = 'queued', error = NULL, due = :now, lease_until = 0, attempts = 0, created_at = :now,
    updated_at = :now, head = NOT EXISTS (
        SELECT 1 FROM outbox AS other
        WHERE other.conversation_id = outbox.conversation_id AND other.state IN ('queued', 'sending'))
WHERE seq = :id AND {_DEAD_REPLY}
""",  # noqa: S608  # put together from constants
}
"""A lane that is busy finishes what it has in hand: its end then marks the oldest, which may be the revived one."""


def quarantine(db: sqlite3.Connection, webhook: Webhook) -> bool:
    """Keep a webhook once."""
    kept = db.execute(
        "INSERT OR IGNORE INTO quarantine (key, path, content_type, body, reason, received_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (webhook.key, webhook.path, webhook.content_type, webhook.body, webhook.reason, webhook.received_at),
    )
    return kept.rowcount == 1


def quarantined(db: sqlite3.Connection, *, limit: int, after: int) -> tuple[Quarantined, ...]:
    """What waits to be understood."""
    rows = db.execute(
        "SELECT * FROM quarantine WHERE replayed_at IS NULL AND id > ? ORDER BY id LIMIT ?", (after, limit)
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


def settle(db: sqlite3.Connection, quarantined_id: int, *, now: float) -> None:
    """It was understood."""
    db.execute("UPDATE quarantine SET replayed_at = ? WHERE id = ?", (now, quarantined_id))


def dead_letters(db: sqlite3.Connection, *, limit: int, after: tuple[str, int]) -> tuple[DeadLetter, ...]:
    """What was given up."""
    return tuple(DeadLetter(**dict(row)) for row in db.execute(_LETTERS, (*after, limit)))


def revive(db: sqlite3.Connection, letter: DeadLetter, *, now: float) -> bool:
    """Put it back."""
    return db.execute(_REVIVE[letter.queue], {"id": letter.id, "now": now}).rowcount == 1
