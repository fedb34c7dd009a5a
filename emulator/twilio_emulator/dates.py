"""The three ways Twilio writes a moment; inside the emulator a moment is seconds since the epoch."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache

__all__ = ["iso8601", "parse_moment", "rfc2822"]

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def rfc2822(moment: float) -> str:
    """Return the moment as API v2010 and IAM write it: ``Thu, 30 Jul 2015 20:00:00 +0000``."""
    return _rfc2822(int(moment))


def iso8601(moment: float) -> str:
    """Return the moment as the newer APIs write it: ``2015-07-30T20:00:00Z``."""
    return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_moment(text: str) -> tuple[float, float]:
    """Read a date filter.

    Args:
        text: a day (``2026-11-21``), an ISO 8601 or an RFC 2822 moment; without zone it is UTC.

    Returns:
        First second and first second after: a day spans 24 hours, a moment one second.

    Raises:
        ValueError: the text is none of these.
    """
    if _DAY.fullmatch(text):
        start = _utc(datetime.fromisoformat(text))
        return start, start + 86_400
    try:
        start = _utc(datetime.fromisoformat(text))
    except ValueError:
        start = _utc(parsedate_to_datetime(text))
    return start, start + 1


@lru_cache(maxsize=4096)
def _rfc2822(second: int) -> str:
    """The slowest part of a long list, and the same for most of its records."""
    return format_datetime(datetime.fromtimestamp(second, UTC))


def _utc(moment: datetime) -> float:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    try:
        return float(int(aware.timestamp()))
    except OverflowError as error:
        raise ValueError("the date is out of range") from error
