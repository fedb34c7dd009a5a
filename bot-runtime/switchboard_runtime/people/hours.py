"""Whether people are there, and when they are back: pure functions of the document's hours and an instant.

Ranges are read off the clock on the wall of the tenant's place. Where clocks are put forward, a time that does not
exist is the instant as many minutes later; where they are put back, a range begins at the first and ends at the last of
two instants that the wall calls the same.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchboard_runtime.config.people import Hours

__all__ = ["back_words", "is_open", "next_open"]

_HORIZON_DAYS = 400

_BACK = {
    "es": "Volvemos el {day} a las {time}.",
    "en": "We are back on {day} at {time}.",
    "pt": "Voltamos {day} às {time}.",
}

_DAYS = {
    "es": ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "pt": ("segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado", "domingo"),
}


def is_open(hours: Hours, at: float) -> bool:
    """Whether people are there at an instant, in seconds since the epoch; the end of a range is outside it."""
    today = _local(hours, at).date()
    days = (today - timedelta(days=1), today, today + timedelta(days=1))  # an hour put back may reach over midnight
    return any(begin <= at < end for day in days for begin, end in _ranges(hours, day))


def next_open(hours: Hours, at: float) -> float | None:
    """The first instant after ``at`` at which a range begins; None when none does within a year."""
    today = _local(hours, at).date()
    for ahead in range(-1, _HORIZON_DAYS):
        begins = [begin for begin, _ in _ranges(hours, today + timedelta(days=ahead)) if begin > at]
        if begins:
            return min(begins)
    return None


def back_words(hours: Hours, at: float, *, language: str) -> str | None:
    """When somebody is back, in words; None while somebody is there, or when nobody will be."""
    if is_open(hours, at):
        return None
    begin = next_open(hours, at)
    if begin is None:
        return None
    spoken = language.split("-", maxsplit=1)[0]
    spoken = spoken if spoken in _BACK else "en"
    back = _local(hours, begin)
    day = f"{_DAYS[spoken][back.weekday()]} {back.day}/{back.month}"
    if spoken == "en":
        day = f"{_DAYS[spoken][back.weekday()]}, {back:%B} {back.day}"
    return _BACK[spoken].format(day=day, time=f"{back:%H:%M}")


def _ranges(hours: Hours, day: date) -> Iterator[tuple[float, float]]:
    """Begin and end of a day's ranges, as instants."""
    special = next((one.ranges for one in hours.exceptions if one.date == day), None)
    for one in hours.weekly.days[day.weekday()] if special is None else special:
        begin, end = one.minutes
        yield _instant(hours, day, begin, fold=0), _instant(hours, day, end, fold=1)


def _instant(hours: Hours, day: date, minutes: int, *, fold: int) -> float:
    """The instant of a time on the wall; of two the first with ``fold`` 0, the last with 1."""
    whole_days, rest = divmod(minutes, 24 * 60)
    wall = datetime.combine(day + timedelta(days=whole_days), time(rest // 60, rest % 60, fold=fold))
    there = wall.replace(tzinfo=_zone(hours.timezone))
    if fold and there.astimezone(UTC).astimezone(there.tzinfo).replace(tzinfo=None, fold=0) != wall.replace(fold=0):
        there = there.replace(fold=0)  # a time that is skipped: as many minutes later, like a begin
    return there.timestamp()


def _local(hours: Hours, at: float) -> datetime:
    return datetime.fromtimestamp(at, _zone(hours.timezone))


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
