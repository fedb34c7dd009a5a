"""Sums of what was used and reserved, as transactions of both stores.

A message is counted, and what its answer may take is reserved, before an assistant is asked; what it took is booked
in the transaction that keeps the turn, and the reservation ends there. A process that dies leaves its reservation
to the next try of the same message, or to its end.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchboard_runtime.limits.accounts import Account, limit_of
from switchboard_runtime.limits.pace import admit
from switchboard_runtime.store import statement

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from switchboard_runtime.config.limits import Limits, Scope
    from switchboard_runtime.store import Row, Rows, Statement

__all__ = ["Asked", "Granted", "Refused", "Spending", "Sums", "Throttled", "book", "read", "reserve", "tidy"]

_RESERVED_FOR = 900.0
_UNITS = ("messages", "tokens", "spend")

_LOCK = """
INSERT INTO usage (tenant_id, scope, subject, period, messages, updated_at) VALUES {rows}
ON CONFLICT (tenant_id, scope, subject, period) DO UPDATE SET updated_at = excluded.updated_at
RETURNING scope, subject, period, messages, tokens, micros, reserved_tokens, reserved_micros, told
"""

_ADD = """
INSERT INTO usage (tenant_id, scope, subject, period, messages, tokens, micros, reserved_tokens, reserved_micros,
                   updated_at) VALUES {rows}
ON CONFLICT (tenant_id, scope, subject, period) DO UPDATE SET
    messages = usage.messages + excluded.messages, tokens = usage.tokens + excluded.tokens,
    micros = usage.micros + excluded.micros, reserved_tokens = usage.reserved_tokens + excluded.reserved_tokens,
    reserved_micros = usage.reserved_micros + excluded.reserved_micros, updated_at = excluded.updated_at
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked for: a message to be answered, and at most so much of a model (0: it is asked none)."""

    work_id: int
    accounts: tuple[Account, ...]
    paces: tuple[tuple[Scope, str, int], ...] = ()
    tokens: int = 0
    micros: int | None = 0
    now: float


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What one answer took; ``micros`` None is an unknown price."""

    assistant: str
    model: str | None
    outcome: str
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    requests: int
    estimated: bool
    micros: int | None
    currency: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What an account has come to."""

    messages: int = 0
    tokens: int = 0
    micros: int = 0
    reserved_tokens: int = 0
    reserved_micros: int = 0


def reserve(asked: Asked, limits: Limits) -> Generator[Statement, Rows, Granted | Throttled | Refused]:
    """Count a message and reserve what its answer may take, if every limit lets it."""
    locked = yield from _lock(asked)
    again = yield from _release(asked)
    sums = {account: _left(row, again[1].get(account)) for account, row in locked.items()}
    wait = None if again[0] else (yield from _paced(asked))
    if wait is not None:
        return wait
    refused = _over(asked, limits, sums, counted=again[0])
    if refused is not None:
        told = yield from _told(asked, locked)
        return Refused(*refused, told=told)
    yield _reserved(asked)
    yield _added(
        asked.accounts, messages=0 if again[0] else 1, reserved=(asked.tokens, asked.micros or 0), now=asked.now
    )
    return Granted()


def book(
    *, work_id: int, accounts: tuple[Account, ...], spending: Spending | None, now: float
) -> Generator[Statement, Rows, None]:
    """End a reservation with what was really taken; an unknown price costs all that was reserved."""
    rows = yield statement(
        "DELETE FROM reservation WHERE tenant_id = :tenant AND work_id = :work RETURNING accounts, tokens, micros",
        work=work_id,
    )
    against, held_tokens, held_micros = accounts, 0, 0
    for row in rows:
        against = _read_accounts(row["accounts"])
        held_tokens, held_micros = row["tokens"], row["micros"]
    tokens, money = 0, 0
    if spending is not None:
        tokens = spending.input_tokens + spending.output_tokens
        money = held_micros if spending.micros is None else spending.micros
        yield _spent(work_id, spending, now)
    yield _added(against, tokens=tokens, micros=money, reserved=(-held_tokens, -held_micros), now=now)


def read(accounts: Sequence[Account]) -> Generator[Statement, Rows, dict[Account, Sums]]:
    """What accounts have come to."""
    rows = yield statement(
        "SELECT scope, subject, period, messages, tokens, micros, reserved_tokens, reserved_micros FROM usage"
        " WHERE tenant_id = :tenant AND scope IN :scopes AND subject IN :subjects AND period IN :periods",
        scopes=tuple({one.scope for one in accounts}),
        subjects=tuple({one.subject for one in accounts}),
        periods=tuple({one.period for one in accounts}),
    )
    return {_account(row): _sums(row) for row in rows if _account(row) in accounts}


def tidy(*, before: float, limit: int) -> Generator[Statement, Rows, int]:
    """Forget what contacts and numbers used in periods that are long over; how many sums that was."""
    rows = yield statement(
        "DELETE FROM usage WHERE tenant_id = :tenant AND (scope, subject, period) IN ("
        "SELECT scope, subject, period FROM usage WHERE tenant_id = :tenant AND scope <> 'tenant'"
        " AND updated_at < :before LIMIT :limit) RETURNING scope",
        before=before,
        limit=limit,
    )
    return len(rows)


def _lock(asked: Asked) -> Generator[Statement, Rows, dict[Account, Row]]:
    """The rows of the accounts, made if new; nobody else writes them until the transaction ends."""
    values, names = _values(asked.accounts)
    listed = ", ".join(f"(:tenant, {name}, 0, :now)" for name in names)
    rows = yield statement(_LOCK.format(rows=listed), now=asked.now, **values)
    return {_account(row): row for row in rows}


def _release(asked: Asked) -> Generator[Statement, Rows, tuple[bool, dict[Account, tuple[int, int]]]]:
    """End this message's earlier reservation, and those that nobody came back to.

    Returns:
        Whether this message had one, and the tokens and money that are free again.
    """
    rows = yield statement(
        "DELETE FROM reservation WHERE tenant_id = :tenant AND (work_id = :work OR expires_at <= :now)"
        " RETURNING work_id, accounts, tokens, micros",
        work=asked.work_id,
        now=asked.now,
    )
    freed: dict[Account, tuple[int, int]] = {}
    for row in rows:
        for account in _read_accounts(row["accounts"]):
            tokens, money = freed.get(account, (0, 0))
            freed[account] = tokens + row["tokens"], money + row["micros"]
    for account in sorted(freed):
        tokens, money = freed[account]
        yield _added((account,), reserved=(-tokens, -money), now=asked.now)
    return any(row["work_id"] == asked.work_id for row in rows), freed


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
        used = sums[account]
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


def _reserved(asked: Asked) -> Statement:
    return statement(
        "INSERT INTO reservation (tenant_id, work_id, accounts, tokens, micros, expires_at)"
        " VALUES (:tenant, :work, :accounts, :tokens, :micros, :expires)",
        work=asked.work_id,
        accounts=json.dumps([(one.scope, one.subject, one.period) for one in asked.accounts], ensure_ascii=False),
        tokens=asked.tokens,
        micros=asked.micros or 0,
        expires=asked.now + _RESERVED_FOR,
    )


def _added(
    accounts: tuple[Account, ...],
    *,
    messages: int = 0,
    tokens: int = 0,
    micros: int = 0,
    reserved: tuple[int, int],
    now: float,
) -> Statement:
    values, names = _values(accounts)
    rows = ", ".join(
        f"(:tenant, {name}, CAST(:messages AS BIGINT), CAST(:tokens AS BIGINT), CAST(:micros AS BIGINT),"
        " CAST(:reserved_tokens AS BIGINT), CAST(:reserved_micros AS BIGINT), CAST(:now AS DOUBLE PRECISION))"
        for name in names
    )
    return statement(
        _ADD.format(rows=rows),
        messages=messages,
        tokens=tokens,
        micros=micros,
        reserved_tokens=reserved[0],
        reserved_micros=reserved[1],
        now=now,
        **values,
    )


def _values(accounts: tuple[Account, ...]) -> tuple[dict[str, object], list[str]]:
    values: dict[str, object] = {}
    for index, one in enumerate(accounts):
        values |= {f"scope_{index}": one.scope, f"subject_{index}": one.subject, f"period_{index}": one.period}
    return values, [f":scope_{index}, :subject_{index}, :period_{index}" for index in range(len(accounts))]


def _spent(work_id: int, spending: Spending, now: float) -> Statement:
    return statement(
        "INSERT INTO spending (tenant_id, work_id, at, assistant, model, outcome, input_tokens, cached_tokens,"
        " output_tokens, requests, estimated, micros, currency) VALUES (:tenant, :work, :now, :assistant, :model,"
        " :outcome, :input_tokens, :cached_tokens, :output_tokens, :requests, :estimated, :micros, :currency)"
        " ON CONFLICT (tenant_id, work_id) DO NOTHING",
        work=work_id,
        now=now,
        assistant=spending.assistant,
        model=spending.model,
        outcome=spending.outcome,
        input_tokens=spending.input_tokens,
        cached_tokens=spending.cached_tokens,
        output_tokens=spending.output_tokens,
        requests=spending.requests,
        estimated=int(spending.estimated),
        micros=spending.micros,
        currency=spending.currency,
    )


def _account(row: Row) -> Account:
    return Account(row["scope"], row["subject"], row["period"])


def _sums(row: Row) -> Sums:
    return Sums(
        messages=row["messages"],
        tokens=row["tokens"],
        micros=row["micros"],
        reserved_tokens=row["reserved_tokens"],
        reserved_micros=row["reserved_micros"],
    )


def _left(row: Row, freed: tuple[int, int] | None) -> Sums:
    """A row's sums, without what was reserved and is not any more."""
    sums = _sums(row)
    tokens, money = freed or (0, 0)
    return Sums(
        messages=sums.messages,
        tokens=sums.tokens,
        micros=sums.micros,
        reserved_tokens=sums.reserved_tokens - tokens,
        reserved_micros=sums.reserved_micros - money,
    )


def _read_accounts(text: str) -> tuple[Account, ...]:
    return tuple(Account(*parts) for parts in json.loads(text))
