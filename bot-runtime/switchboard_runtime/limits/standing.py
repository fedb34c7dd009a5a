"""How a tenant stands with its limits, for its status and the metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchboard_runtime.limits.accounts import period_end

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchboard_runtime.config.limits import Limits
    from switchboard_runtime.limits.accounts import Account
    from switchboard_runtime.limits.ledger import Sums

__all__ = ["Used", "standing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What was used of one limit: messages, tokens, or millionths of money.

    Attributes:
        limit: the ceiling, None when there is none.
        used: so far in the period.
        reserved: by answers that are being thought.
        resets_at: when the period ends, seconds since the epoch.
    """

    limit: int | None
    used: int
    reserved: int
    resets_at: float


def standing(account: Account, sums: Sums, limits: Limits) -> Iterator[tuple[str, Used]]:
    """Each unit of an account under its limit's name in the document; of an assistant those that are limited."""
    ends = period_end(account.period, limits.timezone)
    values = (
        ("messages", sums.messages, 0),
        ("tokens", sums.tokens, sums.reserved_tokens),
        ("spend", sums.micros, sums.reserved_micros),
    )
    for (unit, used, reserved), ceiling in zip(values, account.ceilings(limits), strict=True):
        if ceiling is None and account.scope != "tenant":
            continue
        yield account.limit(unit), Used(limit=ceiling, used=used, reserved=reserved, resets_at=ends)
