"""Checks what is written of contacts against what the tenant's document says there is."""

from __future__ import annotations

import math
from datetime import date
from typing import TYPE_CHECKING

from switchboard_runtime.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from switchboard_runtime.config.people import ContactField
    from switchboard_runtime.people.records import FieldValue

__all__ = ["checked_fields", "checked_text"]

_LONGEST = 2000


def checked_text(field: str, text: str, *, longest: int) -> str:
    """A text without space around it, if it has any and is not too long.

    Raises:
        InvalidRequest: it has none, or is too long.
    """
    trimmed = text.strip()
    if not 1 <= len(trimmed) <= longest:
        raise InvalidRequest(field, f"has {len(trimmed)} characters; give 1 to {longest}")
    return trimmed


def checked_fields(
    given: Mapping[str, FieldValue | None], known: Sequence[ContactField]
) -> dict[str, FieldValue | None]:
    """The values, each of its field's type; None takes one away.

    Raises:
        InvalidRequest: an unknown field, or a value of another type.
    """
    by_name = {field.name: field for field in known}
    checked: dict[str, FieldValue | None] = {}
    for name, value in given.items():
        if name not in by_name:
            there = ", ".join(sorted(by_name)) or "none; add it to contacts.fields of the tenant's document"
            raise InvalidRequest(f"fields.{name}", f"is no field; there are {there}")
        checked[name] = None if value is None else _checked(by_name[name], value)
    return checked


def _checked(field: ContactField, value: FieldValue) -> FieldValue:
    where = f"fields.{field.name}"
    if not _fits(field.type, value):
        raise InvalidRequest(where, f"is no {field.type}; give one, dates as 2026-12-31")
    if field.one_of and value not in field.one_of:
        raise InvalidRequest(where, f"is {value!r}; give one of {', '.join(field.one_of)}")
    return checked_text(where, value, longest=_LONGEST) if isinstance(value, str) else value


def _fits(kind: str, value: FieldValue) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if isinstance(value, int | float):
        whole = isinstance(value, int) and abs(value) < 2**53
        return whole if kind == "integer" else kind == "number" and math.isfinite(value)
    return kind == "string" or (kind == "date" and _is_date(value))


def _is_date(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
