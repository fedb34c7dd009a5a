"""Whose limits a message counts against, and in which period: pure, from the document and the message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchboard_runtime.config.limits import Limits, Scope
    from switchboard_runtime.store import Inbound

__all__ = ["Account", "Period", "accounts_of", "kept_accounts", "limit_of", "micros", "period_end"]

Period = Literal["day", "month"]
_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True, order=True)
class Account:
    """One sum: of a scope's subject in a period, named by its first day or its month."""

    scope: Scope
    subject: str
    period: str

    @property
    def length(self) -> Period:
        """What the period is."""
        return "day" if len(self.period) > len("2026-01") else "month"

    def limit(self, unit: str) -> str:
        """What a limit of it is called in the document, such as ``tenant.spendPerMonth``."""
        return limit_of(self.scope, self.subject, f"{unit}Per{self.length.capitalize()}")

    def ceilings(self, limits: Limits) -> tuple[int | None, int | None, int | None]:
        """Messages, tokens and millionths of money at most."""
        given = limits.of(self.scope, self.subject)
        money: Decimal | None = getattr(given, f"spend_per_{self.length}")
        return (
            getattr(given, f"messages_per_{self.length}"),
            getattr(given, f"tokens_per_{self.length}"),
            None if money is None else micros(money),
        )


def limit_of(scope: Scope, subject: str, name: str) -> str:
    """What a limit is called in the document; of an assistant with its name, of others their kind."""
    return f"assistants.{subject}.{name}" if scope == "assistant" else f"{scope}.{name}"


def accounts_of(message: Inbound, limits: Limits, *, assistant: str = "", now: float) -> tuple[Account, ...]:
    """All that a message counts against, in the order in which they are locked.

    An assistant, a number and a contact have one only where something of theirs is limited, so that they cost nothing
    else; the contact's day is always there, to know what it was told.
    """
    day = datetime.fromtimestamp(now, ZoneInfo(limits.timezone)).date().isoformat()
    return tuple(sorted(_accounts(message, limits, day, assistant)))


def kept_accounts(limits: Limits, *, now: float) -> tuple[Account, ...]:
    """The tenant's own of today and of this month, and those of assistants that are limited."""
    day = datetime.fromtimestamp(now, ZoneInfo(limits.timezone)).date().isoformat()
    own = (Account("tenant", "", day), Account("tenant", "", day[:7]))
    theirs = (Account("assistant", name, period) for name in sorted(limits.assistants) for period in (day, day[:7]))
    return (*own, *(one for one in theirs if any(ceiling is not None for ceiling in one.ceilings(limits))))


def _accounts(message: Inbound, limits: Limits, day: str, assistant: str) -> Iterator[Account]:
    subjects: tuple[tuple[Scope, str], ...] = (
        ("assistant", assistant),
        ("tenant", ""),
        ("number", message.own),
        ("contact", f"{message.channel} {message.contact}"),
    )
    for scope, subject in subjects:
        for period in (day, day[:7]):
            account = Account(scope, subject, period)
            always = scope == "tenant" or (scope == "contact" and period == day)
            if always or any(ceiling is not None for ceiling in account.ceilings(limits)):
                yield account


def period_end(period: str, timezone: str) -> float:
    """When a day or a month of a time zone ends, in seconds since the epoch."""
    zone = ZoneInfo(timezone)
    if len(period) > len("2026-01"):
        end = datetime.fromisoformat(period) + timedelta(days=1)
    else:
        end = (datetime.fromisoformat(f"{period}-01") + timedelta(days=31)).replace(day=1)
    return end.replace(tzinfo=zone).timestamp()


def micros(money: Decimal) -> int:
    """Money in millionths, rounded up: what is not whole is not free."""
    return int((money * _MILLION).to_integral_value(rounding=ROUND_CEILING))
