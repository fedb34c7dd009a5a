"""How long a claim takes while much waits, beside the query that finds the heads of lanes without marks.

The peer only reads; it groups over all that waits, so its time grows with the backlog. The claim also leases and
reads the messages. Both run in one process on one file, in turns.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

from switchboard_runtime.store import Inbound, Turn, inbox
from switchboard_runtime.store.arrivals import Arrival, accept
from switchboard_runtime.store.schema import migrate

_NOW = 1_700_000_000.0
_PEER = """
SELECT w.id FROM (SELECT min(id) AS id FROM work WHERE state = 'pending' GROUP BY conversation_id) AS head
JOIN work AS w ON w.id = head.id WHERE w.due <= ? AND w.lease_until <= ? ORDER BY w.id LIMIT ?
"""


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="time of a claim while much waits")
    parser.add_argument("--lanes", type=int, nargs="+", default=[500, 5_000, 50_000])
    parser.add_argument("--limit", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=25)
    given = parser.parse_args()
    print(f"{'lanes':>7} {'claim ms':>9} {'min-max':>15} {'grouping ms':>12} {'ratio':>7}")
    for lanes in given.lanes:
        with tempfile.TemporaryDirectory(prefix="claims-") as folder:
            claims, groupings = _measure(Path(folder) / "claims.sqlite3", lanes, given.limit, given.rounds)
        ratio = statistics.median(groupings) / statistics.median(claims)
        spread = f"{min(claims):.2f}-{max(claims):.2f}"
        row = f"{lanes:>7} {statistics.median(claims):>9.2f} {spread:>15}"
        print(f"{row} {statistics.median(groupings):>12.2f} {ratio:>7.1f}")
    return 0


def _measure(path: Path, lanes: int, limit: int, rounds: int) -> tuple[list[float], list[float]]:
    db = sqlite3.connect(path, isolation_level=None)
    db.row_factory = sqlite3.Row
    migrate(db)
    db.execute("PRAGMA synchronous = OFF")
    db.execute("BEGIN")
    for number in range(lanes):
        accept(db, [Arrival(_message(number), "[]", None)])
    db.execute("COMMIT")
    claims, groupings = [], []
    for _ in range(rounds):
        started = time.perf_counter()
        db.execute(_PEER, (_NOW, _NOW, limit)).fetchall()
        groupings.append((time.perf_counter() - started) * 1000)
        started = time.perf_counter()
        claim = inbox.claim(db, now=_NOW, lease=20.0, owner="bench", limit=limit, held=())
        claims.append((time.perf_counter() - started) * 1000)
        for item in claim.items:
            inbox.finish(db, item, Turn(replies=(), state=item.state, outcome="answered"), now=_NOW)
    db.close()
    return claims, groupings


def _message(number: int) -> Inbound:
    return Inbound(
        provider="twilio",
        account="AC",
        sid=f"SM{number}",
        channel="sms",
        own="+13055550123",
        contact=f"+1{number}",
        text=json.dumps(number),
        trace="t",
        received_at=_NOW,
    )


if __name__ == "__main__":
    raise SystemExit(main())
