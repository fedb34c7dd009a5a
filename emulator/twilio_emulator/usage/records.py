"""Usage records: what an account used of a category in a period."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, overload

from twilio_emulator.store.usage import EVERYBODY
from twilio_emulator.usage.categories import TOTAL, Category, leaves_of
from twilio_emulator.usage.money import decimal_text, dollars
from twilio_emulator.usage.periods import EPOCH, Period

if TYPE_CHECKING:
    from datetime import date

    from twilio_emulator.core import Core
    from twilio_emulator.models import Account
    from twilio_emulator.store.usage import DailyUsage

__all__ = ["Record", "Records", "Sums", "whose"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sums:
    """What was used: how often, how much, for how many hundred-thousandths of a dollar."""

    count: int = 0
    amount: int = 0
    price: int = 0

    @classmethod
    def of(cls, used: Sequence[DailyUsage]) -> Sums:
        """Add up."""
        return cls(
            count=sum(one.count for one in used),
            amount=sum(one.amount for one in used),
            price=sum(one.price for one in used),
        )

    def value(self, field: str, category: str) -> Decimal:
        """Return ``count``, ``usage`` or ``price``; all the money has no count, and its usage is the money."""
        if field == "price" or (field == "usage" and category == TOTAL):
            return dollars(self.price)
        if category == TOTAL:
            return Decimal(0)
        return Decimal(self.count if field == "count" else self.amount)


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What an account used of a category in a period."""

    category: Category
    period: Period
    sums: Sums

    @property
    def count(self) -> str | None:
        """How often; None for all the money."""
        return None if self.category.name == TOTAL else str(self.sums.count)

    @property
    def usage(self) -> str:
        """How much, in the category's unit."""
        return decimal_text(self.sums.value("usage", self.category.name))

    @property
    def price(self) -> str:
        """What it cost, US dollars."""
        return decimal_text(dollars(self.sums.price))


class Records(Sequence[Record]):
    """The records of some categories in some periods, made when they are looked at: most are on no page.

    Args:
        core: the emulator.
        sid: the account, or ``EVERYBODY``.
        periods: latest first, without gaps.
        categories: one record a period each.
    """

    def __init__(self, core: Core, sid: str, periods: Sequence[Period], categories: Sequence[Category]) -> None:
        self._core = core
        self._sid = sid
        self._periods = periods
        self._categories = categories

    def __len__(self) -> int:
        return len(self._periods) * len(self._categories)

    @overload
    def __getitem__(self, index: int) -> Record: ...

    @overload
    def __getitem__(self, index: slice) -> list[Record]: ...

    def __getitem__(self, index: int | slice) -> Record | list[Record]:
        if isinstance(index, int):
            return self._made([range(len(self))[index]])[0]
        return self._made(list(range(*index.indices(len(self)))))

    def _made(self, places: list[int]) -> list[Record]:
        """Return the records of some places of the list; their periods are read together."""
        if not places:
            return []
        wide = len(self._categories)
        shown = self._periods[places[0] // wide : places[-1] // wide + 1]
        used = self._used(shown)
        return [self._record(self._periods[place // wide], self._categories[place % wide], used) for place in places]

    def _used(self, shown: Sequence[Period]) -> dict[Period, list[DailyUsage]]:
        """Return what was used in each of some successive periods."""
        first, last = _number(shown[-1].first), _number(shown[0].last)
        found: dict[Period, list[DailyUsage]] = defaultdict(list)
        of_day = {_number(period.first): period for period in shown if period.first == period.last}
        for used in self._core.store.usage.between(self._sid, first, last):
            found[of_day.get(used.day) or _holding(shown, used.day)].append(used)
        return found

    def _record(self, period: Period, category: Category, used: dict[Period, list[DailyUsage]]) -> Record:
        leaves = leaves_of(category.name)
        sums = Sums.of([one for one in used.get(period, ()) if one.category in leaves])
        return Record(category=category, period=period, sums=sums)


def whose(account: Account, *, with_subaccounts: bool) -> str:
    """Return whose rows an account's usage is: its own, or everybody's."""
    return EVERYBODY if with_subaccounts and account.is_parent else account.sid


def _holding(shown: Sequence[Period], day: int) -> Period:
    return next(period for period in shown if _number(period.first) <= day <= _number(period.last))


def _number(day: date) -> int:
    return (day - EPOCH).days
