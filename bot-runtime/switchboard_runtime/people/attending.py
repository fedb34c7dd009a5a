"""Who of us has a conversation, and since when: statements for other transactions.

A row is open from the hand-over to a person until the bot answers again. ``last_at`` is when a person last did
something; from it the time runs after which the bot takes over by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchboard_runtime.errors import Conflict, NotFound
from switchboard_runtime.store import statement

if TYPE_CHECKING:
    from collections.abc import Generator

    from switchboard_runtime.store import Rows, Statement

__all__ = ["adopt", "attended", "begin", "end", "forgotten", "still_forgotten", "take"]


def begin(conversation_id: int, *, person: str | None, at: float) -> Generator[Statement, Rows, None]:
    """A person has it from now on; None while nobody took it yet."""
    yield statement(
        "INSERT INTO attendance (tenant_id, conversation_id, person, since, last_at, ended_at)"
        " VALUES (:tenant, :conversation, CAST(:person AS TEXT), :at, :at, NULL)"
        " ON CONFLICT (tenant_id, conversation_id) DO UPDATE SET person = excluded.person, since = excluded.since,"
        " last_at = excluded.last_at, ended_at = NULL",
        conversation=conversation_id,
        person=person,
        at=float(at),
    )


def take(conversation_id: int, *, person: str, at: float, force: bool) -> Generator[Statement, Rows, bool]:
    """Make it a person's, that no bot has already. Returns whether that changed who has it.

    Raises:
        NotFound: no such conversation.
        Conflict: somebody else has it, or the bot has.
    """
    rows = yield statement(
        "SELECT c.mode, a.person FROM conversation AS c LEFT JOIN attendance AS a ON a.tenant_id = c.tenant_id"
        " AND a.conversation_id = c.id AND a.ended_at IS NULL WHERE c.tenant_id = :tenant AND c.id = :conversation",
        conversation=conversation_id,
    )
    if not rows:
        raise NotFound(f"conversation {conversation_id} is not there")
    if rows[0]["mode"] != "human":
        raise Conflict(f"conversation {conversation_id} went back to the bot meanwhile; take it over again")
    if rows[0]["person"] == person:
        return False
    if rows[0]["person"] is not None and not force:
        raise Conflict(f"conversation {conversation_id} is with {rows[0]['person']}; ask them, or take it by force")
    yield from begin(conversation_id, person=person, at=at)
    return True


def attended(conversation_id: int, *, at: float) -> Generator[Statement, Rows, None]:
    """A person did something in it."""
    yield statement(
        "UPDATE attendance SET last_at = :at WHERE tenant_id = :tenant AND conversation_id = :conversation"
        " AND ended_at IS NULL AND last_at < :at",
        conversation=conversation_id,
        at=float(at),
    )


def end(conversation_id: int, *, at: float) -> Generator[Statement, Rows, None]:
    """The bot answers again; what was written until now is not for it."""
    yield statement(
        "INSERT INTO attendance (tenant_id, conversation_id, person, since, last_at, ended_at)"
        " VALUES (:tenant, :conversation, NULL, :at, :at, :at)"
        " ON CONFLICT (tenant_id, conversation_id) DO UPDATE SET ended_at = excluded.ended_at",
        conversation=conversation_id,
        at=float(at),
    )


def forgotten(*, before: float, limit: int) -> Generator[Statement, Rows, tuple[int, ...]]:
    """Conversations in which no person did anything since ``before``, longest first."""
    rows = yield statement(
        "SELECT conversation_id FROM attendance WHERE tenant_id = :tenant AND ended_at IS NULL AND last_at <= :before"
        " ORDER BY last_at LIMIT :limit",
        before=float(before),
        limit=limit,
    )
    return tuple(int(row["conversation_id"]) for row in rows)


def still_forgotten(conversation_id: int, *, before: float) -> Generator[Statement, Rows, None]:
    """Undo the caller's transaction if a person did something meanwhile.

    Raises:
        Conflict: one did.
    """
    rows = yield statement(
        "SELECT 1 AS forgotten FROM attendance WHERE tenant_id = :tenant AND conversation_id = :conversation"
        " AND ended_at IS NULL AND last_at <= :before",
        conversation=conversation_id,
        before=float(before),
    )
    if not rows:
        raise Conflict(f"conversation {conversation_id} is attended to")


def adopt(*, at: float) -> Generator[Statement, Rows, None]:
    """Open a row for conversations that went to a person before there were rows."""
    yield statement(
        "INSERT INTO attendance (tenant_id, conversation_id, person, since, last_at)"
        " SELECT c.tenant_id, c.id, NULL, CAST(:at AS DOUBLE PRECISION), CAST(:at AS DOUBLE PRECISION)"
        " FROM conversation AS c WHERE c.tenant_id = :tenant AND c.mode = 'human'"
        " ON CONFLICT (tenant_id, conversation_id) DO NOTHING",
        at=float(at),
    )
