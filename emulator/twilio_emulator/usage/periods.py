"""Periods of usage records: days of the GMT calendar, cut into months and years."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

__all__ = ["EPOCH", "Period", "Span", "day_of", "month_after", "parse_day", "periods"]

EPOCH = date(1970, 1, 1)
_RELATIVE = re.compile(r"(?P<offset>[+-]?[0-9]{1,5})days?")


class Span(StrEnum):
    """Into what a stretch of days is cut; ``ALL`` leaves it whole."""

    ALL = ""
    DAY = "day"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """Days from the first to the last, both included."""

    first: date
    last: date

    def within(self, first: date | None, last: date | None) -> Period | None:
        """Return the part that lies between two days, None when nothing does."""
        begins = max(self.first, first or self.first)
        ends = min(self.last, last or self.last)
        return Period(first=begins, last=ends) if begins <= ends else None


def day_of(moment: float) -> date:
    """Return the GMT day of a moment."""
    return datetime.fromtimestamp(moment, UTC).date()


def parse_day(text: str, today: date) -> date:
    """Read ``2026-11-21``, or an offset from today such as ``-30days``.

    Raises:
        ValueError: the text is neither, or the day is beyond the calendar.
    """
    if match := _RELATIVE.fullmatch(text):
        try:
            return today + timedelta(days=int(match["offset"]))
        except OverflowError as error:
            raise ValueError("the day is beyond the calendar") from error
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()


def periods(whole: Period, span: Span) -> list[Period]:
    """Cut a stretch of days, latest period first."""
    found = []
    first = whole.first
    while first <= whole.last:
        last = min(_end(first, span, whole.last), whole.last)
        found.append(Period(first=first, last=last))
        if last == date.max:
            break
        first = last + timedelta(days=1)
    return found[::-1]


def month_after(moment: float, months: int) -> float:
    """Return the same time of the day some months on; the last of the month where that has fewer days."""
    start = datetime.fromtimestamp(moment, UTC)
    index = start.year * 12 + start.month - 1 + months
    year, month = divmod(index, 12)
    day = min(start.day, monthrange(year, month + 1)[1])
    return start.replace(year=year, month=month + 1, day=day).timestamp()


def _end(first: date, span: Span, last: date) -> date:
    if span == Span.DAY:
        return first
    if span == Span.MONTH:
        return first.replace(day=monthrange(first.year, first.month)[1])
    if span == Span.YEAR:
        return first.replace(month=12, day=31)
    return last
