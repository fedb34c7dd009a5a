"""Messages that arrive together are stored as if each had come alone."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from switchboard_runtime.store import Inbound
from switchboard_runtime.store.arrivals import Arrival, Hold, accept
from switchboard_runtime.store.folding import folded
from switchboard_runtime.store.schema import migrate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switchboard_runtime.store.records import Accepted

TABLES = ("conversation", "message", "work")
TEXTS = st.sampled_from(["", "hola", "nul \x00 in it", "ñandú 🪑", "'; DROP TABLE work; --"])


@st.composite
def arrivals(draw: st.DrawFn) -> list[Arrival]:
    """Few senders and few ids, so that lanes are shared and deliveries repeated."""
    return [
        Arrival(
            Inbound(
                provider=draw(st.sampled_from(["twilio", "http"])),
                account="AC",
                sid=draw(st.sampled_from([f"SM{number}" for number in range(40)] + ["SM\x00"])),
                channel="sms",
                own="+13055550123",
                contact=draw(st.sampled_from(["+1", "+2", "+3", "+\x00"])),
                text=draw(TEXTS),
                opt_out=draw(st.sampled_from([None, "STOP"])),
                trace=f"t{place}",
                received_at=1_700_000_000.0 + place,
                not_before=draw(st.sampled_from([0.0, 1_800_000_000.0])),
            ),
            "[]",
            draw(st.sampled_from([None, Hold("p1", 1_700_000_100.0)])),
        )
        for place in range(draw(st.integers(1, 40)))
    ]


def opened() -> sqlite3.Connection:
    """A file in memory, as the writer opens its own."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.create_function("folded", 1, folded, deterministic=True)
    db.execute("PRAGMA foreign_keys = ON")
    migrate(db)
    db.row_factory = sqlite3.Row
    return db


def kept(db: sqlite3.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """All rows."""
    return {table: [tuple(row) for row in db.execute(f"SELECT * FROM {table} ORDER BY id")] for table in TABLES}


def stored(lots: Sequence[Sequence[Arrival]]) -> tuple[list[Accepted], dict[str, list[tuple[Any, ...]]]]:
    """What is said of lots stored one after the other, the first work ended in between, and what is kept then."""
    db = opened()
    accepted: list[Accepted] = []
    for lot in lots:
        accepted += accept(db, lot)
    rows = kept(db)
    db.close()
    return accepted, rows


@settings(max_examples=60, deadline=None)
@given(arrivals())
@example([])
def test_together_is_as_one_by_one(coming: list[Arrival]) -> None:
    """Rows, ids, leases, heads of lanes, duplicates: all the same."""
    assert stored([coming]) == stored([[one] for one in coming])


@settings(max_examples=60, deadline=None)
@given(arrivals(), arrivals())
def test_what_is_there_already_is_recognised_and_its_lane_goes_on(before: list[Arrival], coming: list[Arrival]) -> None:
    """A second lot finds what the first left."""
    assert stored([before, coming]) == stored([[one] for one in (*before, *coming)])


@settings(max_examples=60, deadline=None)
@given(arrivals())
def test_each_message_is_there_once_and_each_lane_has_one_head(coming: list[Arrival]) -> None:
    """Whoever is not a duplicate is stored whole; leases are given to heads alone."""
    accepted, rows = stored([coming])

    keys = {(one.message.provider, one.message.sid) for one in coming}
    fresh = [one.message for one, said in zip(coming, accepted, strict=True) if not said.duplicate]
    lanes = {message.contact for message in fresh}
    assert len(rows["message"]) == len(rows["work"]) == len(fresh) == len(keys)
    assert sorted(row[6] for row in rows["message"]) == sorted(one.text for one in fresh)
    assert len(rows["conversation"]) == len(lanes)
    heads = [row for row in rows["work"] if row[11]]
    assert len({row[1] for row in heads}) == len(heads) == len(lanes)
    assert {said.begun.id for said in accepted if said.begun} == {row[0] for row in rows["work"] if row[7]}
