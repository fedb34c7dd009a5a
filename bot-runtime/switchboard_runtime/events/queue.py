"""Statements of the deliveries' queue, for both stores. A lane is an endpoint: the head is told first.

What the endpoint refused has a ``due`` of its own and lets those behind it pass; when that comes it is the head again.
The lease is the endpoint's, so that of several processes one tells it; a fence keeps a late one from writing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from switchboard_runtime.store import statement

if TYPE_CHECKING:
    from collections.abc import Generator

    from switchboard_runtime.store import Row, Rows, Statement

__all__ = [
    "Claimed",
    "Delivery",
    "add",
    "claim",
    "enable",
    "end",
    "forget",
    "give_back",
    "pass_by",
    "put_off",
    "settle",
]

_EACH = "tenant_id = :tenant AND name = :name"

_WAITING = "tenant_id = :tenant AND endpoint = :name AND state = 'pending'"

_ADD = """
INSERT INTO webhook_delivery (tenant_id, endpoint, id, type, body, state, attempts, created_at, updated_at)
SELECT CAST(:tenant AS INTEGER), CAST(:endpoint AS TEXT), CAST(:id AS TEXT), CAST(:type AS TEXT), CAST(:body AS TEXT),
       'pending', 0, CAST(:now AS DOUBLE PRECISION), CAST(:now AS DOUBLE PRECISION)
WHERE NOT EXISTS (
    SELECT 1 FROM webhook_endpoint WHERE tenant_id = :tenant AND name = :endpoint AND disabled_at IS NOT NULL)
ON CONFLICT (tenant_id, endpoint, id) DO NOTHING
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event on its way to one endpoint; ``passed`` once it was refused, so that those after it go on."""

    seq: int
    id: str
    type: str
    body: str
    attempts: int
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """An endpoint held under a lease with what waits for it, oldest first; or, empty, when to look again.

    ``refused`` events in a row were refused for the first time, since one was taken.
    """

    fence: int = 0
    failing_since: float | None = None
    refused: int = 0
    deliveries: tuple[Delivery, ...] = ()
    due: float | None = None


def add(*, endpoint: str, event_id: str, event: str, body: str, now: float) -> Generator[Statement, Rows, None]:
    """Queue an event for an endpoint, once; not for one that was ended."""
    yield statement(_ADD, endpoint=endpoint, id=event_id, type=event, body=body, now=now)


def claim(name: str, *, now: float, lease: float, limit: int) -> Generator[Statement, Rows, Claimed]:
    """Lease an endpoint that something waits for."""
    waiting = yield statement(
        f"SELECT seq, id, type, body, attempts, due FROM webhook_delivery WHERE {_WAITING} AND due <= :now"  # noqa: S608
        " ORDER BY seq LIMIT :limit",
        name=name,
        now=now,
        limit=limit,
    )
    if not waiting:
        (first,) = yield statement(f"SELECT min(due) AS due FROM webhook_delivery WHERE {_WAITING}", name=name)  # noqa: S608
        return Claimed(due=first["due"])
    yield statement(
        "INSERT INTO webhook_endpoint (tenant_id, name) VALUES (:tenant, :name)"
        " ON CONFLICT (tenant_id, name) DO NOTHING",
        name=name,
    )
    held = yield statement(
        f"UPDATE webhook_endpoint SET lease_until = :until, fence = fence + 1 WHERE {_EACH}"  # noqa: S608
        " AND disabled_at IS NULL AND lease_until <= :now AND due <= :now RETURNING fence, failing_since, refused",
        name=name,
        now=now,
        until=now + lease,
    )
    if held:
        return Claimed(**dict(held[0]), deliveries=tuple(map(_delivery, waiting)))
    rows = yield statement(
        f"SELECT due, lease_until FROM webhook_endpoint WHERE {_EACH} AND disabled_at IS NULL",  # noqa: S608
        name=name,
    )
    return Claimed(due=max(rows[0]["due"], rows[0]["lease_until"]) if rows else None)


def _delivery(row: Row) -> Delivery:
    return Delivery(
        seq=row["seq"],
        id=row["id"],
        type=row["type"],
        body=row["body"],
        attempts=row["attempts"],
        passed=row["due"] > 0,
    )


def settle(
    name: str,
    delivery: Delivery,
    *,
    fence: int,
    state: Literal["delivered", "dead"],
    status: int | None,
    reason: str | None,
    now: float,
    lease: float,
) -> Generator[Statement, Rows, bool]:
    """End a delivery and keep the lease for the next. False when somebody else has the endpoint."""
    since = "COALESCE(failing_since, :now)" if state == "dead" else "NULL, refused = 0"
    held = yield statement(
        f"UPDATE webhook_endpoint SET lease_until = :until, due = 0, failing_since = {since} WHERE {_EACH}"  # noqa: S608
        " AND fence = :fence AND disabled_at IS NULL RETURNING 1",
        name=name,
        fence=fence,
        until=now + lease,
        now=now,
    )
    if held:
        yield _ended(delivery, state=state, status=status, reason=reason, now=now)
    return bool(held)


def put_off(
    name: str, delivery: Delivery, *, fence: int, status: int | None, reason: str, due: float, now: float
) -> Generator[Statement, Rows, bool]:
    """Keep a failed attempt, and give the endpoint back until ``due``. False when somebody else has it."""
    held = yield statement(
        "UPDATE webhook_endpoint SET lease_until = 0, due = :due, failing_since = COALESCE(failing_since, :now)"  # noqa: S608
        f" WHERE {_EACH} AND fence = :fence RETURNING 1",
        name=name,
        fence=fence,
        due=due,
        now=now,
    )
    if held:
        yield _ended(delivery, state="pending", status=status, reason=reason, now=now)
    return bool(held)


def pass_by(
    name: str,
    delivery: Delivery,
    *,
    fence: int,
    status: int | None,
    reason: str,
    due: float,
    pause: float | None,
    now: float,
    lease: float,
) -> Generator[Statement, Rows, bool]:
    """Keep a failed attempt of a delivery that has a time of its own from now on, and the lease for the next.

    With a ``pause`` the endpoint is given back until then. False when somebody else has the endpoint.
    """
    held = yield statement(
        "UPDATE webhook_endpoint SET lease_until = :until, due = :pause, refused = refused + :new,"  # noqa: S608
        f" failing_since = COALESCE(failing_since, :now) WHERE {_EACH}"
        " AND fence = :fence AND disabled_at IS NULL RETURNING 1",
        name=name,
        fence=fence,
        until=now + lease if pause is None else 0.0,
        pause=pause or 0.0,
        new=0 if delivery.passed else 1,
        now=now,
    )
    if held:
        yield _ended(delivery, state="pending", status=status, reason=reason, now=now, due=due)
    return bool(held)


def end(
    name: str, delivery: Delivery, *, fence: int, status: int | None, reason: str, now: float
) -> Generator[Statement, Rows, bool]:
    """Tell an endpoint nothing more; all that waits for it is put aside. False when somebody else has it."""
    held = yield statement(
        "UPDATE webhook_endpoint SET lease_until = 0, disabled_at = :now, reason = :reason"  # noqa: S608
        f" WHERE {_EACH} AND fence = :fence AND disabled_at IS NULL RETURNING 1",
        name=name,
        fence=fence,
        now=now,
        reason=reason,
    )
    if held:
        yield _ended(delivery, state="dead", status=status, reason=reason, now=now)
        yield statement(
            "UPDATE webhook_delivery SET state = 'dead', error = 'the endpoint was ended', updated_at = :now"
            " WHERE tenant_id = :tenant AND endpoint = :name AND state = 'pending'",
            name=name,
            now=now,
        )
    return bool(held)


def give_back(name: str, *, fence: int) -> Generator[Statement, Rows, None]:
    """End a lease, so that nobody waits for it."""
    yield statement(
        f"UPDATE webhook_endpoint SET lease_until = 0 WHERE {_EACH} AND fence = :fence",  # noqa: S608
        name=name,
        fence=fence,
    )


def enable(name: str) -> Generator[Statement, Rows, None]:
    """Tell an endpoint again, or now instead of when its back-off ends."""
    yield statement(
        "UPDATE webhook_endpoint SET due = 0, refused = 0, failing_since = NULL, disabled_at = NULL, reason = NULL"  # noqa: S608
        f" WHERE {_EACH}",
        name=name,
    )


def forget(*, before: float) -> Generator[Statement, Rows, int]:
    """Remove deliveries that ended before a date."""
    rows = yield statement(
        "DELETE FROM webhook_delivery WHERE tenant_id = :tenant AND state <> 'pending' AND updated_at < :before"
        " RETURNING 1",
        before=before,
    )
    return len(rows)


def _ended(
    delivery: Delivery, *, state: str, status: int | None, reason: str | None, now: float, due: float = 0.0
) -> Statement:
    return statement(
        "UPDATE webhook_delivery SET state = :state, attempts = attempts + 1, status = :status, error = :reason,"
        " updated_at = :now, due = :due WHERE tenant_id = :tenant AND seq = :seq",
        due=due,
        state=state,
        status=status,
        reason=reason,
        now=now,
        seq=delivery.seq,
    )
