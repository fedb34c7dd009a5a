"""Filters by date, as calls and recordings have them: on a day (UTC), before a moment, from it on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.dates import parse_moment
from twilio_emulator.errors import invalid

if TYPE_CHECKING:
    from twilio_emulator.params import Params

__all__ = ["date_conditions", "date_names"]

_DAY = 86_400


def date_names(name: str) -> tuple[str, str, str]:
    """Return the three parameters of a filter: ``StartTime``, ``StartTime<`` and ``StartTime>``."""
    return name, f"{name}<", f"{name}>"


def date_conditions(params: Params, name: str, column: str) -> list[tuple[str, object]]:
    """Return what the filters ask of a column that holds seconds since the epoch.

    Raises:
        ApiError: 400, one of them is no date.
    """
    on, before, from_ = date_names(name)
    conditions: list[tuple[str, object]] = []
    if given := params.text(on):
        moment = _moment(on, given)
        day = moment - moment % _DAY  # the SDKs send midnight for a day
        conditions += [(f"{column} >= ?", day), (f"{column} < ?", day + _DAY)]
    if given := params.text(before):
        conditions.append((f"{column} < ?", _moment(before, given)))
    if given := params.text(from_):
        conditions.append((f"{column} >= ?", _moment(from_, given)))
    return conditions


def _moment(name: str, text: str) -> float:
    try:
        return parse_moment(text)[0]
    except ValueError as error:
        raise invalid(name, "give a date such as 2026-11-21 or 2026-11-21T13:00:00Z") from error
