"""What people ask of deliveries: how endpoints do, what was told, and to tell it again. Statements for both stores."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from switchboard_runtime.events import queue
from switchboard_runtime.events.telling import stamp
from switchboard_runtime.store import Queue, statement

if TYPE_CHECKING:
    from collections.abc import Generator

    from switchboard_runtime.store import Rows, Statement

__all__ = ["TEST", "deliveries", "endpoints", "retry", "test", "waiting"]

TEST = "webhook.test"
"""The type of an event that tells nothing but that it came."""


def endpoints() -> Generator[Statement, Rows, dict[str, dict[str, Any]]]:
    """What is known of each endpoint that was ever told something, with how much waits and is dead."""
    known = yield statement(
        "SELECT name, due, failing_since, disabled_at, reason FROM webhook_endpoint WHERE tenant_id = :tenant"
    )
    counts = yield statement(
        "SELECT endpoint, state, count(*) AS number FROM webhook_delivery"
        " WHERE tenant_id = :tenant AND state <> 'delivered' GROUP BY endpoint, state"
    )
    found: dict[str, dict[str, Any]] = {row["name"]: dict(row) for row in known}
    for row in counts:
        found.setdefault(row["endpoint"], {})[row["state"]] = row["number"]
    return found


def waiting() -> Generator[Statement, Rows, Queue]:
    """How many deliveries wait, and since when the oldest does."""
    (row,) = yield statement(
        "SELECT count(*) AS depth, min(created_at) AS oldest FROM webhook_delivery"
        " WHERE tenant_id = :tenant AND state = 'pending'"
    )
    return Queue(depth=row["depth"], oldest=row["oldest"])


def deliveries(
    name: str, *, state: str | None, below: int, limit: int
) -> Generator[Statement, Rows, tuple[dict[str, Any], ...]]:
    """Deliveries of an endpoint, newest first, numbered below ``below``."""
    chosen = "" if state is None else " AND state = :state"
    rows = yield statement(
        "SELECT seq AS id, id AS event_id, type, state, attempts, status, error, created_at, updated_at,"  # noqa: S608
        " CASE WHEN state = 'pending' AND due > 0 THEN due END AS next_attempt_at"
        f" FROM webhook_delivery WHERE tenant_id = :tenant AND endpoint = :name AND seq < :below{chosen}"
        " ORDER BY seq DESC LIMIT :limit",
        name=name,
        below=below,
        limit=limit,
        state=state,
    )
    return tuple(dict(row) for row in rows)


def retry(name: str, *, now: float, delivery: int | None = None) -> Generator[Statement, Rows, int]:
    """Let dead deliveries wait again, all or one, and turn the endpoint on. Returns how many.

    With all of them, those that were refused and have a time of their own are told at once too.
    """
    chosen = "" if delivery is None else " AND seq = :delivery"
    rows = yield statement(
        "UPDATE webhook_delivery SET state = 'pending', attempts = 0, due = 0, updated_at = :now"  # noqa: S608
        f" WHERE tenant_id = :tenant AND endpoint = :name AND state = 'dead'{chosen} RETURNING 1",
        name=name,
        now=now,
        delivery=delivery,
    )
    if delivery is None:
        yield statement(
            "UPDATE webhook_delivery SET due = 0"
            " WHERE tenant_id = :tenant AND endpoint = :name AND state = 'pending' AND due > 0",
            name=name,
        )
    if rows or delivery is None:
        yield from queue.enable(name)
    return len(rows)


def test(name: str, *, event_id: str, tenant: str, now: float) -> Generator[Statement, Rows, bool]:
    """Queue an event that only says that it came. False when the endpoint was ended."""
    body = json.dumps({"type": TEST, "timestamp": stamp(now), "data": {"tenant": tenant}})
    yield from queue.add(endpoint=name, event_id=event_id, event=TEST, body=body, now=now)
    kept = yield statement(
        "SELECT 1 AS kept FROM webhook_delivery WHERE tenant_id = :tenant AND endpoint = :name AND id = :id",
        name=name,
        id=event_id,
    )
    return bool(kept)
