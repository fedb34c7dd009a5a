"""Sums of what was used and reserved, as transactions of both stores.

A message is counted, and what its answer may take is reserved (:mod:`.reserving`), before an assistant is asked; what
it took is booked in the transaction that keeps the turn, and the reservation ends there. A try that is not kept is
dropped: what it took is booked, the rest is free at once, and the message stays counted for its next try. A process
that dies leaves its reservation to that try, or to its end.

The sums of the tenant and of its numbers are rows that all turns write. Whoever has written one holds it until its
transaction is durable, so that turns would wait for one another. A turn therefore leaves what it took in a row of its
own, the settlement, and that is put into the sums later, for many turns at once. Until then what was reserved counts
as reserved, which is never less: an answer that took more than it had reserved is put into the sums itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from switchboard_runtime.limits.accounts import Account
from switchboard_runtime.store import statement

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping, Sequence

    from switchboard_runtime.store import Row, Rows, Statement

__all__ = [
    "Spending",
    "Sums",
    "Try",
    "account_of",
    "added",
    "book",
    "cleared",
    "drop",
    "listed",
    "read",
    "settle",
    "sums_of",
    "tidy",
    "total",
    "written",
]

_ADD = """
INSERT INTO usage (tenant_id, scope, subject, period, messages, tokens, micros, reserved_tokens, reserved_micros,
                   updated_at) VALUES {rows}
ON CONFLICT (tenant_id, scope, subject, period) DO UPDATE SET
    messages = usage.messages + excluded.messages, tokens = usage.tokens + excluded.tokens,
    micros = usage.micros + excluded.micros, reserved_tokens = usage.reserved_tokens + excluded.reserved_tokens,
    reserved_micros = usage.reserved_micros + excluded.reserved_micros, updated_at = excluded.updated_at
{then}
"""

_SPENT = """
INSERT INTO spending (tenant_id, work_id, at, assistant, model, outcome, input_tokens, cached_tokens, output_tokens,
                      requests, estimated, micros, currency)
VALUES (:tenant, :work, :now, :assistant, :model, :outcome, :input_tokens, :cached_tokens, :output_tokens, :requests,
        :estimated, :micros, :currency)
ON CONFLICT (tenant_id, work_id) DO UPDATE SET
    at = excluded.at, assistant = excluded.assistant, model = coalesce(excluded.model, spending.model),
    outcome = excluded.outcome, input_tokens = spending.input_tokens + excluded.input_tokens,
    cached_tokens = spending.cached_tokens + excluded.cached_tokens,
    output_tokens = spending.output_tokens + excluded.output_tokens,
    requests = spending.requests + excluded.requests,
    estimated = CASE WHEN spending.estimated > 0 THEN spending.estimated ELSE excluded.estimated END,
    micros = spending.micros + excluded.micros, currency = excluded.currency
"""
"""All tries of a message are one row; an unknown price makes the whole unknown."""

_KEEP = (
    "INSERT INTO reservation (tenant_id, work_id, accounts, tokens, micros, expires_at)"
    " VALUES (:tenant, :work, :accounts, :tokens, :micros, :expires)"
)

_READ = """
SELECT scope, subject, period, messages, tokens, micros, reserved_tokens, reserved_micros, '[]' AS accounts FROM usage
WHERE tenant_id = :tenant AND scope IN :scopes AND subject IN :subjects AND period IN :periods
UNION ALL
SELECT '', '', '', 0, tokens, micros, -held_tokens, -held_micros, accounts FROM settlement WHERE tenant_id = :tenant
"""


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
    """What an account has come to, or by how much it changes."""

    messages: int = 0
    tokens: int = 0
    micros: int = 0
    reserved_tokens: int = 0
    reserved_micros: int = 0

    def plus(self, other: Sums) -> Sums:
        """Both together."""
        return Sums(
            messages=self.messages + other.messages,
            tokens=self.tokens + other.tokens,
            micros=self.micros + other.micros,
            reserved_tokens=self.reserved_tokens + other.reserved_tokens,
            reserved_micros=self.reserved_micros + other.reserved_micros,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One try of a message, and what it counts against if nothing was reserved for it."""

    work_id: int
    fence: int
    accounts: tuple[Account, ...]


_NOTHING = Sums()
_KEY = ("scope", "subject", "period")
_COLUMNS = tuple(field.name for field in fields(Sums))


def book(one: Try, spending: Spending | None, *, now: float) -> Generator[Statement, Rows, None]:
    """End a reservation with what was really taken; an unknown price costs all that was reserved."""
    rows = yield statement(
        "DELETE FROM reservation WHERE tenant_id = :tenant AND work_id = :work RETURNING accounts, tokens, micros",
        work=one.work_id,
    )
    against = _read(rows[0]["accounts"]) if rows else one.accounts
    change = _change(rows, spending)
    if spending is not None:
        yield _spent(one.work_id, spending, now)
    if change == _NOTHING:
        return
    later = _is_covered(change) and (yield _settlement(one, against, change))
    if left := _own(against) if later else against:
        yield added(dict.fromkeys(left, change), now=now)


def drop(one: Try, spending: Spending | None, *, now: float) -> Generator[Statement, Rows, None]:
    """Free what is reserved for a try that is not kept, and book what it took all the same; once, if done twice.

    If somebody else has the message now, what is reserved for it is theirs.
    """
    held = yield statement(
        "UPDATE work SET fence = fence WHERE tenant_id = :tenant AND id = :work"
        " AND (fence = :fence OR state = 'done') RETURNING fence, state",
        work=one.work_id,
        fence=one.fence,
    )  # until the end: nobody can take it over meanwhile
    done = any(row["state"] == "done" for row in held)
    rows: Rows = ()
    if held:
        rows = yield statement(
            "DELETE FROM reservation WHERE tenant_id = :tenant AND work_id = :work AND (tokens > 0 OR micros > 0)"
            " RETURNING work_id AS work, accounts, tokens, micros, expires_at AS expires",
            work=one.work_id,
        )
    kept = done and held[0]["fence"] == one.fence
    if not rows and (spending is None or kept):
        return  # nothing to free and nothing to book, or the turn was kept after all
    change = _change(rows, spending)
    against = _read(rows[0]["accounts"]) if rows else _shared(one.accounts)
    covered = _is_covered(change)
    marked = yield _settlement(one, against, change if covered else _NOTHING)
    if not marked and not rows:
        return  # done before
    if rows and not done:
        yield statement(_KEEP, **{**rows[0], "tokens": 0, "micros": 0})
    if spending is not None:
        yield _spent(one.work_id, spending, now)
    if left := _own(against) if covered and marked else against:
        yield added(dict.fromkeys(left, change), now=now)


def settle(*, now: float) -> Generator[Statement, Rows, None]:
    """Put what turns have left into the sums, and end reservations that nobody came back to."""
    _, changes = yield from cleared((), now=now)
    if changes:
        yield added(changes, now=now)


def cleared(works: Sequence[int], *, now: float) -> Generator[Statement, Rows, tuple[bool, dict[Account, Sums]]]:
    """Take away settlements, reservations that have ended, and those of ``works``; the caller changes the sums.

    Returns:
        Whether one of ``works`` had a reservation, and by how much sums change.
    """
    settled = yield statement(
        "DELETE FROM settlement WHERE tenant_id = :tenant RETURNING accounts, tokens, micros, held_tokens, held_micros"
    )
    ended = yield statement(
        "DELETE FROM reservation WHERE tenant_id = :tenant AND (work_id IN :works OR expires_at <= :now)"
        " RETURNING work_id, accounts, tokens AS held_tokens, micros AS held_micros, 0 AS tokens, 0 AS micros",
        works=tuple(works),
        now=now,
    )
    changes = total((account, _settled(row)) for row in (*settled, *ended) for account in _read(row["accounts"]))
    return any(row["work_id"] in works for row in ended), changes


def read(accounts: Sequence[Account]) -> Generator[Statement, Rows, dict[Account, Sums]]:
    """What accounts have come to."""
    rows = yield statement(_READ, **_named(accounts))
    found = total(
        (account, sums_of(row))
        for row in rows
        for account in (_read(row["accounts"]) if row["period"] == "" else (account_of(row),))
    )
    return {account: sums for account, sums in found.items() if account in accounts}


def written(accounts: Sequence[Account]) -> Generator[Statement, Rows, dict[Account, Sums]]:
    """What the rows of accounts say now, without what is not settled yet."""
    rows = yield statement(
        "SELECT scope, subject, period, messages, tokens, micros, reserved_tokens, reserved_micros FROM usage"
        " WHERE tenant_id = :tenant AND scope IN :scopes AND subject IN :subjects AND period IN :periods",
        **_named(accounts),
    )
    return {account_of(row): sums_of(row) for row in rows}


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


def added(
    changes: Mapping[Account, Sums], *, now: float, then: str = "", values: Mapping[str, object] | None = None
) -> Statement:
    """Change sums, and hold their rows until the transaction ends.

    They are written in one order by all, so that nobody waits for one who waits for them.

    Args:
        changes: by how much.
        now: seconds since the epoch.
        then: SQL that follows ``DO UPDATE SET …``.
        values: its parameters; ``:scope_N``, ``:subject_N`` and ``:period_N`` are there for each account in its order.
    """
    rows, given = list[str](), dict[str, object]()
    for index, account in enumerate(sorted(changes)):
        given |= {f"{name}_{index}": getattr(account, name) for name in _KEY}
        given |= {f"{name}_{index}": getattr(changes[account], name) for name in _COLUMNS}
        names = ", ".join(f":{name}_{index}" for name in _KEY)
        numbers = ", ".join(f"CAST(:{name}_{index} AS BIGINT)" for name in _COLUMNS)
        rows.append(f"(:tenant, {names}, {numbers}, CAST(:now AS DOUBLE PRECISION))")
    return statement(_ADD.format(rows=", ".join(rows), then=then), now=now, **given, **(values or {}))


def total(changes: Iterable[tuple[Account, Sums]]) -> dict[Account, Sums]:
    """Changes of the same account as one."""
    found: dict[Account, Sums] = {}
    for account, sums in changes:
        found[account] = found[account].plus(sums) if account in found else sums
    return found


def listed(accounts: Iterable[Account]) -> str:
    """Accounts as a reservation has them."""
    return json.dumps([(one.scope, one.subject, one.period) for one in accounts], ensure_ascii=False)


def account_of(row: Row) -> Account:
    """Whose row of ``usage`` it is."""
    return Account(row["scope"], row["subject"], row["period"])


def sums_of(row: Row) -> Sums:
    """What a row of ``usage`` says."""
    return Sums(**{name: row[name] for name in _COLUMNS})


def _change(rows: Rows, spending: Spending | None) -> Sums:
    """What becomes of sums when a reservation, if there is one, ends with what was taken."""
    held_tokens, held_micros = (rows[0]["tokens"], rows[0]["micros"]) if rows else (0, 0)
    tokens, money = 0, 0
    if spending is not None:
        tokens = spending.input_tokens + spending.output_tokens
        money = held_micros if spending.micros is None else spending.micros
    return Sums(tokens=tokens, micros=money, reserved_tokens=-held_tokens, reserved_micros=-held_micros)


def _is_covered(change: Sums) -> bool:
    """Whether no more was taken than was reserved, so that it may be put into the sums later."""
    return change.tokens + change.reserved_tokens <= 0 and change.micros + change.reserved_micros <= 0


def _settled(row: Row) -> Sums:
    return Sums(
        tokens=row["tokens"],
        micros=row["micros"],
        reserved_tokens=-row["held_tokens"],
        reserved_micros=-row["held_micros"],
    )


def _own(accounts: tuple[Account, ...]) -> tuple[Account, ...]:
    """Those that no other turn of the moment writes."""
    return tuple(one for one in accounts if one.scope == "contact")


def _shared(accounts: tuple[Account, ...]) -> tuple[Account, ...]:
    """Those that all turns write."""
    return tuple(one for one in accounts if one.scope != "contact")


def _settlement(one: Try, against: tuple[Account, ...], change: Sums) -> Statement:
    """Leave a change of what all turns write; a try leaves one."""
    return statement(
        "INSERT INTO settlement (tenant_id, work_id, fence, accounts, tokens, micros, held_tokens, held_micros)"
        " VALUES (:tenant, :work, :fence, :accounts, :tokens, :micros, :held_tokens, :held_micros)"
        " ON CONFLICT (tenant_id, work_id, fence) DO NOTHING RETURNING work_id",
        work=one.work_id,
        fence=one.fence,
        accounts=listed(_shared(against)),
        tokens=change.tokens,
        micros=change.micros,
        held_tokens=-change.reserved_tokens,
        held_micros=-change.reserved_micros,
    )


def _spent(work_id: int, spending: Spending, now: float) -> Statement:
    return statement(
        _SPENT,
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


def _named(accounts: Sequence[Account]) -> dict[str, object]:
    return {
        "scopes": tuple({one.scope for one in accounts}),
        "subjects": tuple({one.subject for one in accounts}),
        "periods": tuple({one.period for one in accounts}),
    }


def _read(text: str) -> tuple[Account, ...]:
    return tuple(Account(*parts) for parts in json.loads(text))
