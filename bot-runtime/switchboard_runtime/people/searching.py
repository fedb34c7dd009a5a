"""Searches what was said, in slices, so that no search keeps messages from being stored.

For: finding words, whatever their case and accents, in both stores alike and without an index that each message
would have to pay for on its way in.
Refuses: to read without end: a page ends after eighty slices, perhaps with few hits, and its cursor goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from switchboard_runtime.errors import InvalidRequest
from switchboard_runtime.people.pages import Page, checked_limit, cursor_of, read_cursor
from switchboard_runtime.people.records import Hit
from switchboard_runtime.store import statement

if TYPE_CHECKING:
    from collections.abc import Generator

    from switchboard_runtime.store import Row, Rows, Statement, Store

__all__ = ["Searching"]

_SLICE = 500
_MOST_SLICES = 80
_LONGEST = 200
_TOP = 2**62

_SOURCES = {
    "in": ("message", "id", "received_at", "'contact'", "CAST(id AS TEXT)"),
    "out": ("outbox", "seq", "created_at", "author", "id"),
}

_SQL = """
SELECT s.number, s.at, s.conversation_id, s.author, s.id, s.text,
       CASE WHEN folded(s.text) LIKE folded(:pattern) ESCAPE '!' THEN 1 ELSE 0 END AS hit
FROM (SELECT {key} AS number, {at} AS at, conversation_id, {author} AS author, {id} AS id, text FROM {table}
      WHERE tenant_id = :tenant AND {key} < :below AND {within} ORDER BY {key} DESC LIMIT :slice) AS s
ORDER BY s.number DESC
"""


class Searching:
    """Finds words in what was said.

    Hits come newest first to within a slice of five hundred messages or replies: both sides are read by their numbers,
    the side that lags behind next.

    Args:
        store: the tenant's.
    """

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def page(self, words: str, *, conversation_id: int | None, limit: int, cursor: str | None) -> Page[Hit]:
        """Hits; an empty page with a ``next`` means that it is worth to go on.

        Raises:
            InvalidRequest: no words, or a limit or cursor that is none.
        """
        sought = words.strip()
        if not 1 <= len(sought) <= _LONGEST:
            raise InvalidRequest("words", f"are {len(sought)} characters; give 1 to {_LONGEST}")
        count = checked_limit(limit)
        below: dict[Literal["in", "out"], int] = {"in": _TOP, "out": _TOP}
        if cursor is not None:
            inbound, outbound = read_cursor(cursor, (int, int))
            below = {"in": int(inbound), "out": int(outbound)}
        reached: dict[Literal["in", "out"], float] = dict.fromkeys(below, float("inf"))
        hits: list[Hit] = []
        for _ in range(_MOST_SLICES):
            side = max(below, key=lambda one: reached[one] if below[one] else float("-inf"))
            if not below[side] or len(hits) >= count:
                break
            rows = await self._slice(side, sought, conversation_id=conversation_id, below=below[side])
            shown, below[side] = _taken(rows, room=count - len(hits))
            hits += [_hit(side, row) for row in shown]
            reached[side] = float(rows[-1]["at"]) if rows else 0.0
        following = cursor_of(below["in"], below["out"]) if any(below.values()) else None
        return Page(items=tuple(sorted(hits, key=lambda hit: (hit.at, hit.id), reverse=True)), next=following)

    async def _slice(self, side: Literal["in", "out"], sought: str, *, conversation_id: int | None, below: int) -> Rows:
        table, key, at, author, entry_id = _SOURCES[side]
        within = "true" if conversation_id is None else "conversation_id = :conversation"
        sql = _SQL.format(table=table, key=key, at=at, author=author, id=entry_id, within=within)
        escaped = "".join(f"!{letter}" if letter in "!%_" else letter for letter in sought)
        given = {} if conversation_id is None else {"conversation": conversation_id}

        def read() -> Generator[Statement, Rows, Rows]:
            return (yield statement(sql, pattern=f"%{escaped}%", below=below, slice=_SLICE, **given))

        return await self._store.transact(read)


def _taken(rows: Rows, *, room: int) -> tuple[list[Row], int]:
    """The hits that there is room for, and below which number to go on; 0 when this side is read to its end."""
    hits = [row for row in rows if row["hit"]]
    if len(hits) > room:
        return hits[:room], int(hits[room - 1]["number"])
    return hits, int(rows[-1]["number"]) if len(rows) == _SLICE else 0


def _hit(side: Literal["in", "out"], row: Row) -> Hit:
    return Hit(
        id=f"m{row['id']}" if side == "in" else row["id"],
        conversation_id=int(row["conversation_id"]),
        at=float(row["at"]),
        direction=side,
        author=row["author"],
        text=row["text"],
    )
