"""Who did what, in a chain of hashes: an entry that is changed, taken out or moved breaks all that follow.

For: every act of a person or a token that changes something, and what the law asks to be shown (opt-out, erasure).
Each entry is written in the transaction of the act. Entries hold ids, names and counts, never what a contact wrote.
Assumes: the head (:meth:`Audit.head`) is told to somebody outside, by metrics: whoever may write the store could cut
the newest entries off, or make the whole chain anew, and only an older head kept elsewhere shows it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from switchboard_runtime.people.pages import Page, checked_limit, cursor_of, read_cursor
from switchboard_runtime.store import statement

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from switchboard_runtime.clock import Clock
    from switchboard_runtime.store import Job, Row, Rows, Statement, Store

__all__ = ["START", "Act", "Audit", "AuditEntry", "Head", "Verdict", "entry_hash", "write"]

START = "0" * 64
"""The hash before the first entry."""

_SLICE = 500
_LAST = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something done, to be entered.

    Attributes:
        id: unique; the same act entered twice is one entry.
        at: seconds since the epoch.
        actor: who did it: ``contact``, ``bot``, ``system``, or a person's or token's name.
        action: a verb in the past, such as ``conversation.taken``.
        subject: what it was done to, such as ``conversation/12``.
        details: numbers and names; no message texts.
    """

    id: str
    at: float
    actor: str
    action: str
    subject: str
    details: Mapping[str, str | int | float | bool | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """An act in the chain; ``prev`` is the hash of the entry before."""

    seq: int
    id: str
    at: float
    actor: str
    action: str
    subject: str
    details: str
    prev: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The newest entry's number and hash; 0 and :data:`START` before the first."""

    seq: int = 0
    hash: str = START


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a check of the chain found.

    Attributes:
        entries: how many were read.
        head: of the chain as it was read.
        broken_at: the first number at which it does not hold, None when all of it does.
        problem: what is wrong there.
    """

    entries: int
    head: Head
    broken_at: int | None = None
    problem: Literal["changed", "missing", "moved", "cut off"] | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.broken_at is None


class Audit:
    """The chain of one tenant.

    Args:
        store: the tenant's.
        clock: time.
        new_id: makes ids.
    """

    def __init__(self, *, store: Store, clock: Clock, new_id: Callable[[], str]) -> None:
        self._store = store
        self._clock = clock
        self._new_id = new_id

    def act(
        self, actor: str, action: str, subject: str, *, act_id: str | None = None, **details: str | float | bool | None
    ) -> Act:
        """Something that is being done now."""
        return Act(
            id=act_id or self._new_id(),
            at=self._clock.now(),
            actor=actor,
            action=action,
            subject=subject,
            details=details,
        )

    def also(self, act: Act) -> Job[None]:
        """The entry as a part of somebody else's transaction; it goes last, since it holds the chain's head."""
        return lambda: write(act)

    async def record(self, act: Act) -> None:
        """Enter something by itself, such as a token's use that wrote elsewhere.

        Raises:
            StoreUnavailable: it is not entered.
        """
        await self._store.transact(lambda: write(act))

    async def head(self) -> Head:
        """The newest entry, to be kept elsewhere."""
        return await self._store.transact(_read_head)

    async def page(self, *, limit: int = 50, cursor: str | None = None) -> Page[AuditEntry]:
        """Entries, newest first.

        Raises:
            InvalidRequest: a limit or cursor that is none.
        """
        count = checked_limit(limit)
        below = _LAST if cursor is None else int(read_cursor(cursor, (int,))[0])
        rows = await self._store.transact(lambda: _read_page(below, count + 1))
        items = tuple(_entry(row) for row in rows[:count])
        return Page(items=items, next=cursor_of(items[-1].seq) if len(rows) > count else None)

    async def verify(self, *, known: Head | None = None) -> Verdict:
        """Read the whole chain and say where it first does not hold; ``known`` is a head that was seen before."""
        head = await self.head()
        seen = [one for one in (known, head) if one is not None and one.seq]
        last = Head()
        while True:
            rows = await self._store.transact(lambda after=last.seq: _read_slice(after))  # type: ignore[misc]
            for entry in map(_entry, rows[:_SLICE]):
                problem = _problem(entry, last)
                if problem is not None:
                    return Verdict(entries=last.seq, head=last, broken_at=last.seq + 1, problem=problem)
                if any(one.seq == entry.seq and one.hash != entry.hash for one in seen):
                    return Verdict(entries=last.seq, head=last, broken_at=entry.seq, problem="changed")
                last = Head(seq=entry.seq, hash=entry.hash)
            if len(rows) < _SLICE:
                break
        if last.seq < max((one.seq for one in seen), default=0):
            return Verdict(entries=last.seq, head=last, broken_at=last.seq + 1, problem="cut off")
        return Verdict(entries=last.seq, head=last)


def write(act: Act) -> Generator[Statement, Rows, None]:
    """Enter an act at the end of the chain, unless it is there."""
    known = yield statement("SELECT 1 AS known FROM audit WHERE tenant_id = :tenant AND id = :id", id=act.id)
    if known:
        return
    yield statement(
        "INSERT INTO audit_head (tenant_id, seq, hash) VALUES (:tenant, 0, :start) ON CONFLICT (tenant_id) DO NOTHING",
        start=START,
    )
    (head,) = yield statement(
        "UPDATE audit_head SET seq = seq + 1 WHERE tenant_id = :tenant RETURNING seq, hash"
    )  # held until the commit, so that no other entry has this number
    entry = _made(act, seq=int(head["seq"]), prev=head["hash"])
    yield statement(
        "INSERT INTO audit (tenant_id, seq, id, at, actor, action, subject, details, prev, hash)"
        " VALUES (:tenant, :seq, :id, :at, :actor, :action, :subject, :details, :prev, :hash)",
        seq=entry.seq,
        id=entry.id,
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        subject=entry.subject,
        details=entry.details,
        prev=entry.prev,
        hash=entry.hash,
    )
    yield statement("UPDATE audit_head SET hash = :hash WHERE tenant_id = :tenant", hash=entry.hash)


def entry_hash(entry: AuditEntry) -> str:
    """SHA-256, in hexadecimal, of all of an entry but its hash: a JSON list without spaces, in the fields' order."""
    content = [
        entry.seq,
        entry.id,
        repr(float(entry.at)),
        entry.actor,
        entry.action,
        entry.subject,
        entry.details,
        entry.prev,
    ]
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()


def _made(act: Act, *, seq: int, prev: str) -> AuditEntry:
    details = json.dumps(act.details, sort_keys=True, separators=(",", ":"))
    entry = AuditEntry(
        seq=seq,
        id=act.id,
        at=float(act.at),
        actor=_plain(act.actor),
        action=act.action,
        subject=_plain(act.subject),
        details=details,
        prev=prev,
        hash="",
    )
    return replace(entry, hash=entry_hash(entry))


def _plain(text: str) -> str:
    """A text that both stores keep as it is, so that its hash stays right."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _problem(entry: AuditEntry, last: Head) -> Literal["changed", "missing", "moved"] | None:
    if entry.seq != last.seq + 1:
        return "missing"
    if entry.prev != last.hash:
        return "moved"
    return None if entry_hash(entry) == entry.hash else "changed"


def _read_head() -> Generator[Statement, Rows, Head]:
    rows = yield statement("SELECT seq, hash FROM audit_head WHERE tenant_id = :tenant")
    return Head(seq=int(rows[0]["seq"]), hash=rows[0]["hash"]) if rows else Head()


def _read_page(below: int, limit: int) -> Generator[Statement, Rows, Rows]:
    return (
        yield statement(
            "SELECT * FROM audit WHERE tenant_id = :tenant AND seq < :below ORDER BY seq DESC LIMIT :limit",
            below=below,
            limit=limit,
        )
    )


def _read_slice(after: int) -> Generator[Statement, Rows, Rows]:
    return (
        yield statement(
            "SELECT * FROM audit WHERE tenant_id = :tenant AND seq > :after ORDER BY seq LIMIT :limit",
            after=after,
            limit=_SLICE,
        )
    )


def _entry(row: Row) -> AuditEntry:
    return AuditEntry(
        seq=int(row["seq"]),
        id=row["id"],
        at=float(row["at"]),
        actor=row["actor"],
        action=row["action"],
        subject=row["subject"],
        details=row["details"],
        prev=row["prev"],
        hash=row["hash"],
    )
