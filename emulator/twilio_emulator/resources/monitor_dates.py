"""The date filters that both logs of Monitor take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.dates import parse_moment
from twilio_emulator.errors import invalid

if TYPE_CHECKING:
    from twilio_emulator.params import Params

__all__ = ["between"]


def between(params: Params) -> list[tuple[str, object]]:
    """Return the conditions that StartDate and EndDate are, both included."""
    conditions: list[tuple[str, object]] = []
    for name, clause, side in (("StartDate", "created >= ?", 0), ("EndDate", "created < ?", 1)):
        text = params.text(name)
        if not text:
            continue
        try:
            conditions.append((clause, parse_moment(text)[side]))
        except (ValueError, TypeError) as error:
            raise invalid(name, "it must be a day or a moment in ISO 8601, such as 2026-11-21T13:05:00Z") from error
    return conditions
