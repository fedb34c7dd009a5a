"""Tokens and money of an answer: dated prices, and an unknown price is unknown."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from switchboard_runtime.assistants.base import Usage

if TYPE_CHECKING:
    from switchboard_runtime.assistants.replies import Asked
    from switchboard_runtime.config.documents import ModelChoice, ModelPrice

__all__ = ["Ledger", "Spent", "cost_of", "cut_short", "estimate_tokens", "estimated", "price_at"]

_MILLION = Decimal(1_000_000)
_BYTES_A_TOKEN = {"openai": 3.6, "anthropic": 3.2, "google": 3.8}
_MESSAGE_OVERHEAD = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Tokens of one request."""

    input_tokens: int
    cached_tokens: int
    output_tokens: int
    estimated: bool = False


def estimate_tokens(text: str, *, provider: str) -> int:
    """About how many tokens a message is at a vendor; on the high side, and never 0.

    By bytes of UTF-8, since letters beyond ASCII cost more. It serves budgets, not bills.
    """
    return _MESSAGE_OVERHEAD + math.ceil(len(text.encode()) / _BYTES_A_TOKEN[provider])


def estimated(asked: Asked, said: str, *, provider: str) -> Spent:
    """About what a request took whose vendor did not say."""
    words = [asked.instructions, *(str(message) for message in asked.messages)]
    return Spent(
        input_tokens=sum(estimate_tokens(one, provider=provider) for one in words),
        cached_tokens=0,
        output_tokens=estimate_tokens(said, provider=provider),
        estimated=True,
    )


def cut_short(asked: Asked, choice: ModelChoice) -> Spent:
    """What a request is taken to have cost that was cancelled.

    Its words, and what was streamed of the answer. A vendor that does not stream may have thought to the end, so
    without a stream it is the longest answer.
    """
    spent = estimated(asked, "".join(asked.streamed), provider=choice.provider)
    return spent if choice.stream else replace(spent, output_tokens=choice.max_tokens)


def price_at(choice: ModelChoice, now: float) -> ModelPrice | None:
    """The row of prices that is valid, by the day in UTC; None when none is."""
    today = datetime.fromtimestamp(now, UTC).date()
    valid = [row for row in choice.prices if row.valid_from <= today]
    return max(valid, key=lambda row: row.valid_from) if valid else None


def cost_of(spent: Spent, price: ModelPrice) -> Decimal:
    """What one request cost; cached input at the full price where no other is given."""
    cached_price = price.input if price.cached_input is None else price.cached_input
    fresh = max(0, spent.input_tokens - spent.cached_tokens)
    parts = fresh * price.input + spent.cached_tokens * cached_price + spent.output_tokens * price.output
    return parts / _MILLION


@dataclass(slots=True)
class Ledger:
    """Adds up the requests of one answer."""

    usage: Usage = field(default_factory=Usage)
    _unknown: bool = False

    def asked(self) -> None:
        """A request went out."""
        self.usage = replace(self.usage, requests=self.usage.requests + 1)

    def unknown(self) -> None:
        """A request may have cost something, and nobody says how much."""
        self._unknown = True
        self.usage = replace(self.usage, cost=None, currency=None)

    def spent(self, spent: Spent, choice: ModelChoice, *, now: float) -> None:
        """A request was answered."""
        usage = self.usage
        self.usage = replace(
            usage,
            input_tokens=usage.input_tokens + spent.input_tokens,
            cached_tokens=usage.cached_tokens + spent.cached_tokens,
            output_tokens=usage.output_tokens + spent.output_tokens,
            estimated=usage.estimated or spent.estimated,
        )
        price = price_at(choice, now)
        if price is None or self._unknown or usage.currency not in {None, price.currency}:
            self.unknown()
            return
        cost = (usage.cost or Decimal(0)) + cost_of(spent, price)
        self.usage = replace(self.usage, cost=cost, currency=price.currency)
