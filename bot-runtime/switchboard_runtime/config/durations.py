"""Lengths of time in the tenant document: seconds, or a text such as ``90m``, ``1h30m`` or ``30d``."""

from __future__ import annotations

import math
import re
from typing import Annotated

from pydantic import BeforeValidator, Field

__all__ = ["DAY", "Duration", "seconds_of"]

DAY = 86_400.0

_UNITS = {"d": DAY, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PART = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(d|h|ms|m|s|us|µs|ns)")
_CURE = "is no duration; give seconds, or a text such as 45m, 1h30m or 30d"


def seconds_of(value: object) -> float:
    """Seconds of a duration as it stands in a document: Go's notation, with ``d`` for days of 24 hours.

    Raises:
        ValueError: it is none; names the cure.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(_CURE)  # noqa: TRY004  # pydantic shows ValueErrors beside their field
    if not isinstance(value, str):
        return _sane(float(value))
    parts = _PART.findall(value)
    if not parts or "".join(number + unit for number, unit in parts) != value:
        raise ValueError(_CURE)
    return _sane(sum(float(number) * _UNITS[unit] for number, unit in parts))


def _sane(seconds: float) -> float:
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError(_CURE)
    return seconds


Duration = Annotated[float, BeforeValidator(seconds_of), Field(ge=0, le=100 * 365 * DAY)]
"""Seconds, once read."""
