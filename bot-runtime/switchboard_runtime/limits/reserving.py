"""Counts messages and reserves what their answers may take, if every limit lets them.

Turns that ask at once are served together: those that have room raise the sums in one transaction, and what all turns
of a tenant share is held only while that becomes durable, once for all of them. What was read before says who has
room; PostgreSQL decides it on the newest rows, and keeps nothing when another process was faster.

Whoever has no room, or was tried before, is decided alone: sums are held and looked at to find out which limit it is
and what to do.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from switchboard_runtime.errors import StoreUnavailable
from switchboard_runtime.limits.accounts import limit_of
from switchboard_runtime.limits.ledger import Sums, account_of, added, cleared, listed, sums_of, total, written
from switchboard_runtime.limits.pace import EARLY, MINUTE, admit
from switchboard_runtime.store import statement

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping, Sequence

    from switchboard_runtime.config.limits import Limits, Scope
    from switchboard_runtime.limits.accounts import Account
    from switchboard_runtime.store import Row, Rows, Statement, Store

__all__ = ["Asked", "Granted", "Refused", "Reserver", "Throttled"]

_RESERVED_FOR = 900.0
_UNITS = ("messages", "tokens", "spend")
_TOGETHER = 32

_RESERVE = """
INSERT INTO reservation (tenant_id, work_id, accounts, tokens, micros, expires_at) VALUES {rows}
ON CONFLICT (tenant_id, work_id) DO NOTHING RETURNING work_id
"""

_PACE = """
INSERT INTO pace (tenant_id, scope, subject, free_at) VALUES {rows}
ON CONFLICT (tenant_id, scope, subject) DO UPDATE SET free_at = {arrival} + {taken}
WHERE {arrival} - CAST(:now AS DOUBLE PRECISION) + {taken} <= CAST(:most AS DOUBLE PRECISION) RETURNING scope
"""
"""The decision of :func:`~.pace.admit`, on the newest rows."""

_ARRIVAL = "CASE WHEN pace.free_at > :now THEN pace.free_at ELSE CAST(:now AS DOUBLE PRECISION) END"

_ROOM = (
    ("messages", "usage.messages + excluded.messages"),
    ("tokens", "usage.tokens + usage.reserved_tokens + excluded.reserved_tokens"),
    ("spend", "usage.micros + usage.reserved_micros + excluded.reserved_micros"),
)
"""What may not be more than the ceiling of each unit."""

_Pace = tuple["Scope", str, int]
_Waiting = tuple["Asked", "asyncio.Future[bool]"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked for: a message to be answered, and at most so much of a model (0: it is asked none)."""

    work_id: int
    accounts: tuple[Account, ...]
    paces: tuple[_Pace, ...] = ()
    tokens: int = 0
    micros: int | None = 0
    now: float

    def change(self, *, messages: int) -> Sums:
        """What it is to each account."""
        return Sums(messages=messages, reserved_tokens=self.tokens, reserved_micros=self.micros or 0)


@dataclass(frozen=True, slots=True)
class Granted:
    """It is reserved."""


@dataclass(frozen=True, slots=True)
class Throttled:
    """It must wait, until ``due``."""

    due: float
    limit: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A budget is spent. ``told`` says that the contact has been told in this period already."""

    limit: str
    unit: str
    told: bool


class _NoRoom(Exception):
    """Another process was faster: nothing of the try is kept."""


class Reserver:
    """Reserves for the turns of one tenant in one process.

    Args:
        store: where the sums are.
        limits: the tenant's.
    """

    def __init__(self, *, store: Store, limits: Limits) -> None:
        self._store = store
        self._limits = limits
        self._waiting: deque[_Waiting] = deque()
        self._task: asyncio.Task[None] | None = None

    async def reserve(self, asked: Asked) -> Granted | Throttled | Refused:
        """Count a message and reserve what its answer may take, if every limit lets it.

        Who is cancelled meanwhile knows in the end that it is over: nothing is reserved after that.

        Raises:
            StoreUnavailable: nothing was reserved, or nobody can say.
        """
        if await self._together(asked):
            return Granted()
        return await self._store.transact(lambda: _decided(asked, self._limits))

    async def _together(self, asked: Asked) -> bool:
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="limits reserver")
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.wait((future,))
            raise

    async def _run(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), _TOGETHER))]
            try:
                granted = await self._granted([asked for asked, _ in batch])
            except Exception as error:  # noqa: BLE001  # it is told to those who wait
                for _, future in batch:
                    future.set_exception(error)
                continue
            for asked, future in batch:
                future.set_result(asked.work_id in granted)

    async def _granted(self, asks: Sequence[Asked]) -> frozenset[int]:
        """The works of those for which it is reserved; what the store says is told to each when it is decided alone."""
        try:
            return await self._store.transact(lambda: _at_once(asks, self._limits))
        except (_NoRoom, StoreUnavailable):
            return frozenset()


def _at_once(asks: Sequence[Asked], limits: Limits) -> Generator[Statement, Rows, frozenset[int]]:
    """Reserve for those that have room and were not tried before; what all turns write is written last."""
    fitting = yield from _fitting(asks, limits)
    new = {row["work_id"] for row in (yield _reserve(fitting))} if fitting else frozenset()
    granted = [one for one in fitting if one.work_id in new]
    if not granted:
        return frozenset()
    now = max(one.now for one in granted)
    changes = total((account, one.change(messages=1)) for one in granted for account in one.accounts)
    room, ceilings = _room(changes, limits)
    raised = yield added(changes, now=now, then=f"WHERE {room} RETURNING scope" if room else "", values=ceilings)
    if room and len(raised) < len(changes):
        raise _NoRoom
    paces = Counter(pace for one in granted for pace in one.paces)
    if paces and len((yield _pace(paces, now=now))) < len(paces):
        raise _NoRoom
    return frozenset(new)


def _fitting(asks: Sequence[Asked], limits: Limits) -> Generator[Statement, Rows, list[Asked]]:
    """Those for which there is room one after the other, by what can be read without holding anything."""
    sums = yield from written([account for one in asks for account in one.accounts])
    free_at = yield from _free_at([pace for one in asks for pace in one.paces])
    fitting = []
    for one in asks:
        admitted = {
            (scope, subject): admit(free_at.get((scope, subject)), per_minute=per_minute, now=one.now)
            for scope, subject, per_minute in one.paces
        }
        late = any(wait for wait, _ in admitted.values())
        if late or _over(one, limits, sums, counted=False) is not None:
            continue
        fitting.append(one)
        free_at |= {key: arrival for key, (_, arrival) in admitted.items()}
        for account in one.accounts:
            sums[account] = sums.get(account, Sums()).plus(one.change(messages=1))
    return fitting


def _free_at(paces: Sequence[_Pace]) -> Generator[Statement, Rows, dict[tuple[str, str], float]]:
    if not paces:
        return {}
    rows = yield statement(
        "SELECT scope, subject, free_at FROM pace"
        " WHERE tenant_id = :tenant AND scope IN :scopes AND subject IN :subjects",
        scopes=tuple({scope for scope, _, _ in paces}),
        subjects=tuple({subject for _, subject, _ in paces}),
    )
    return {(row["scope"], row["subject"]): row["free_at"] for row in rows}


def _decided(asked: Asked, limits: Limits) -> Generator[Statement, Rows, Granted | Throttled | Refused]:
    """Clear away what is over, hold the sums, and find out what every limit says."""
    again, changes = yield from cleared((asked.work_id,), now=asked.now)
    held = {**dict.fromkeys(asked.accounts, Sums()), **changes}
    rows = yield added(
        held,
        now=asked.now,
        then="RETURNING scope, subject, period, messages, tokens, micros, reserved_tokens, reserved_micros, told",
    )
    locked = {account_of(row): row for row in rows}
    wait = None if again else (yield from _paced(asked))
    if wait is not None:
        return wait
    sums = {account: sums_of(row) for account, row in locked.items()}
    refused = _over(asked, limits, sums, counted=again)
    if refused is not None:
        if again:
            yield _reserve((replace(asked, tokens=0, micros=0),))  # it stays counted
        told = yield from _told(asked, locked)
        return Refused(*refused, told=told)
    yield _reserve((asked,))
    yield added(dict.fromkeys(asked.accounts, asked.change(messages=0 if again else 1)), now=asked.now)
    return Granted()


def _reserve(asks: Iterable[Asked]) -> Statement:
    """Remember what is held for messages that have nothing reserved yet."""
    rows, values = list[str](), dict[str, object]()
    for index, one in enumerate(asks):
        values |= {
            f"work_{index}": one.work_id,
            f"accounts_{index}": listed(one.accounts),
            f"tokens_{index}": one.tokens,
            f"micros_{index}": one.micros or 0,
            f"expires_{index}": one.now + _RESERVED_FOR,
        }
        names = ", ".join(f":{name}_{index}" for name in ("work", "accounts", "tokens", "micros", "expires"))
        rows.append(f"(:tenant, {names})")
    return statement(_RESERVE.format(rows=", ".join(rows)), **values)


def _room(changes: Mapping[Account, Sums], limits: Limits) -> tuple[str, dict[str, object]]:
    """The condition that every row stays within its ceilings, and its values; empty when nothing is limited."""
    rows, values = list[str](), dict[str, object]()
    for index, account in enumerate(sorted(changes)):
        bounds = [
            (unit, want, ceiling)
            for (unit, want), ceiling in zip(_ROOM, account.ceilings(limits), strict=True)
            if ceiling is not None and (unit == "messages" or changes[account].reserved_tokens)
        ]
        values |= {f"most_{unit}_{index}": ceiling for unit, _, ceiling in bounds}
        row = [f"usage.{part} = :{part}_{index}" for part in ("scope", "subject", "period")]
        row += [f"{want} <= CAST(:most_{unit}_{index} AS BIGINT)" for unit, want, _ in bounds]
        rows.append(f"({' AND '.join(row)})")
    return (" OR ".join(rows), values) if values else ("", {})


def _pace(paces: Mapping[_Pace, int], *, now: float) -> Statement:
    """Let so many messages pass each rate, if it lets all of them."""
    rows, taken, values = list[str](), list[str](), dict[str, object]()
    for index, (scope, subject, per_minute) in enumerate(sorted(paces)):
        count = paces[scope, subject, per_minute]
        values |= {f"scope_{index}": scope, f"subject_{index}": subject, f"taken_{index}": count * MINUTE / per_minute}
        seconds = f"CAST(:taken_{index} AS DOUBLE PRECISION)"
        rows.append(f"(:tenant, :scope_{index}, :subject_{index}, CAST(:now AS DOUBLE PRECISION) + {seconds})")
        taken.append(f"WHEN pace.scope = :scope_{index} AND pace.subject = :subject_{index} THEN {seconds}")
    sql = _PACE.format(rows=", ".join(rows), arrival=_ARRIVAL, taken=f"CASE {' '.join(taken)} END")
    return statement(sql, now=now, most=MINUTE + EARLY, **values)


def _paced(asked: Asked) -> Generator[Statement, Rows, Throttled | None]:
    """Whether a rate makes it wait; if none does, each remembers it."""
    arrivals: list[tuple[Scope, str, float]] = []
    for scope, subject, per_minute in asked.paces:
        rows = yield statement(
            "INSERT INTO pace (tenant_id, scope, subject, free_at) VALUES (:tenant, :scope, :subject, :now)"
            " ON CONFLICT (tenant_id, scope, subject) DO UPDATE SET free_at = pace.free_at RETURNING free_at",
            scope=scope,
            subject=subject,
            now=asked.now,
        )
        wait, arrival = admit(rows[0]["free_at"], per_minute=per_minute, now=asked.now)
        if wait:
            return Throttled(asked.now + wait, limit_of(scope, subject, "messagesPerMinute"))
        arrivals.append((scope, subject, arrival))
    for scope, subject, arrival in arrivals:
        yield statement(
            "UPDATE pace SET free_at = :free_at WHERE tenant_id = :tenant AND scope = :scope AND subject = :subject",
            scope=scope,
            subject=subject,
            free_at=arrival,
        )
    return None


def _over(asked: Asked, limits: Limits, sums: Mapping[Account, Sums], *, counted: bool) -> tuple[str, str] | None:
    """The first limit that does not let it, and its unit."""
    for account in asked.accounts:
        used = sums.get(account, Sums())
        ceilings = account.ceilings(limits)
        wanted = (
            used.messages + (0 if counted else 1),
            used.tokens + used.reserved_tokens + asked.tokens if asked.tokens else 0,
            used.micros + used.reserved_micros + (asked.micros or 0) if asked.tokens else 0,
        )
        for unit, ceiling, want in zip(_UNITS, ceilings, wanted, strict=True):
            unpriced = unit == "spend" and asked.micros is None
            if ceiling is not None and (want > ceiling or unpriced):
                return account.limit(unit), unit
    return None


def _told(asked: Asked, locked: Mapping[Account, Row]) -> Generator[Statement, Rows, bool]:
    """Whether the contact knows already; from now on it does."""
    own = next(one for one in asked.accounts if one.scope == "contact" and one.length == "day")
    if locked[own]["told"]:
        return True
    yield statement(
        "UPDATE usage SET told = 1 WHERE tenant_id = :tenant AND scope = :scope AND subject = :subject"
        " AND period = :period",
        scope=own.scope,
        subject=own.subject,
        period=own.period,
    )
    return False
