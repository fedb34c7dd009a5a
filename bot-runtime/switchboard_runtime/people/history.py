"""What was said in a conversation, by both sides, in the order of time.

For: showing a conversation to people, and giving an assistant its memory.
Assumes: a message's time is when it came, a reply's when it was decided, both by the runtime's clock.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from switchboard_runtime.errors import NotFound
from switchboard_runtime.people.pages import Page, checked_limit, cursor_of, read_cursor
from switchboard_runtime.store import statement

if TYPE_CHECKING:
    from collections.abc import Generator

    from switchboard_runtime.store import Row, Rows, Statement, Store

__all__ = ["FIRST", "Entry", "History", "Place", "media_of", "place_of", "read_said", "told"]

Place = tuple[float, int, int]
"""Time, side (0 the contact's, 1 ours) and number: the order of what was said."""

FIRST: Place = (math.inf, 2, 0)
"""Before the newest."""

_HEARD = """
    SELECT m.received_at AS at, 0 AS side, m.id AS number, m.sid AS sid, m.text AS text, m.kind AS kind,
           m.fields AS extra, '' AS author, 'received' AS state, CAST(NULL AS TEXT) AS delivery,
           CAST(NULL AS BIGINT) AS error_code, CAST(NULL AS TEXT) AS error, m.trace AS trace, '' AS id,
           m.conversation_id
    FROM message AS m
"""

_TOLD = """
    SELECT o.created_at AS at, 1 AS side, o.seq AS number, o.sid, o.text, 'text' AS kind, o.payload AS extra, o.author,
           o.state, o.delivery, o.error_code, o.error, o.trace, o.id, o.conversation_id
    FROM outbox AS o
"""

_SAID = f"""
SELECT * FROM (
{_HEARD}
    WHERE m.tenant_id = :tenant AND m.conversation_id = :conversation
      AND (m.received_at, 0, m.id) < (:at, :side, :number) AND {{answered}}
    UNION ALL
{_TOLD}
    WHERE o.tenant_id = :tenant AND o.conversation_id = :conversation
      AND (o.created_at, 1, o.seq) < (:at, :side, :number) AND {{reached}}
) AS said ORDER BY at DESC, side DESC, number DESC LIMIT :limit
"""  # noqa: S608  # put together from constants

_ALL = _SAID.format(answered="true", reached="true")

_ANSWERED = _SAID.format(
    answered="NOT EXISTS (SELECT 1 FROM work AS w WHERE w.tenant_id = :tenant AND w.message_id = m.id"
    " AND w.state = 'pending')",
    reached="o.state <> 'failed'",
)
"""Messages in hand and those behind them are not yet part of the past; nor is what never left."""

_ONE_HEARD = f"{_HEARD} WHERE m.tenant_id = :tenant AND m.id = :id"
_ONE_TOLD = f"{_TOLD} WHERE o.tenant_id = :tenant AND o.id = :id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something that was said.

    Attributes:
        id: of the entry; unique in the tenant, the same for ever.
        at: seconds since the epoch.
        direction: ``in`` from the contact, ``out`` to them.
        author: ``contact``, ``bot``, or the name of the person who wrote.
        text: the words.
        kind: the provider's type of a message (``text``, ``image``, ``location`` …).
        media: URLs; of a recording the sound's.
        status: ``received``; ``queued``, ``sending``, ``sent`` or ``failed`` as far as we know, and then what the
            provider says (``delivered``, ``read``, ``undelivered`` …).
        error_code: the provider's, of a reply that failed.
        error: why it was not sent, in words.
        sid: the provider's id; None while it has none.
        trace: follows it through the log.
    """

    id: str
    at: float
    direction: Literal["in", "out"]
    author: str
    text: str = field(repr=False)
    kind: str
    media: tuple[str, ...]
    status: str
    error_code: int | None
    error: str | None
    sid: str | None
    trace: str


class History:
    """Reads what was said.

    Args:
        store: the tenant's.
    """

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def page(self, conversation_id: int, *, limit: int = 50, cursor: str | None = None) -> Page[Entry]:
        """What was said, newest first; ``cursor`` is the last page's ``next``; no conversation, no words.

        Raises:
            InvalidRequest: a limit or cursor that is none.
        """
        count = checked_limit(limit)
        before = FIRST if cursor is None else _place(cursor)
        rows = await self._store.transact(lambda: read_said(conversation_id, before=before, limit=count + 1))
        shown = rows[:count]
        following = cursor_of(*place_of(shown[-1])) if len(rows) > count else None
        return Page(items=tuple(told(row) for row in shown), next=following)

    async def get(self, entry_id: str) -> tuple[int, Entry]:
        """One entry, and the id of its conversation.

        Raises:
            NotFound: it is not there.
        """
        row = await self._store.transact(lambda: _one(entry_id))
        if row is None:
            raise NotFound(f"message {entry_id} is not there")
        return int(row["conversation_id"]), told(row)


def read_said(
    conversation_id: int, *, before: Place, limit: int, answered: bool = False
) -> Generator[Statement, Rows, Rows]:
    """Rows of what was said, newest first.

    Args:
        conversation_id: the conversation.
        before: what is newer is left out, and this itself.
        limit: rows at most.
        answered: leave out messages that nobody has answered or put aside yet, and replies that never left.
    """
    at, side, number = before
    sql = _ANSWERED if answered else _ALL
    return (yield statement(sql, conversation=conversation_id, at=float(at), side=side, number=number, limit=limit))


def _one(entry_id: str) -> Generator[Statement, Rows, Row | None]:
    heard = re.fullmatch(r"m([0-9]{1,18})", entry_id)
    sql, key = (_ONE_HEARD, int(heard[1])) if heard else (_ONE_TOLD, entry_id)
    return next(iter((yield statement(sql, id=key))), None)


def place_of(row: Row) -> Place:
    """Where a row stands."""
    return float(row["at"]), int(row["side"]), int(row["number"])


def media_of(row: Row) -> tuple[str, ...]:
    """The URLs that came, or went, with it."""
    extra = json.loads(row["extra"])
    if row["side"] == 1:
        return tuple(extra.get("media", ()))
    return tuple(value for name, value in extra if name.startswith(("MediaUrl", "RecordingUrl")))


def _place(cursor: str) -> Place:
    at, side, number = read_cursor(cursor, (float, int, int))
    return float(at), int(side), int(number)


def told(row: Row) -> Entry:
    """A row of :func:`read_said` as what was said."""
    out = row["side"] == 1
    return Entry(
        id=row["id"] if out else f"m{row['number']}",
        at=float(row["at"]),
        direction="out" if out else "in",
        author=row["author"] if out else "contact",
        text=row["text"],
        kind=row["kind"],
        media=media_of(row),
        status=row["delivery"] or row["state"],
        error_code=row["error_code"],
        error=row["error"],
        sid=row["sid"],
        trace=row["trace"],
    )
