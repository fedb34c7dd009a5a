"""Lists in pages: a page's cursor says what was shown last, so that what is added meanwhile shifts nothing."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Generic, TypeVar

from switchboard_runtime.errors import InvalidRequest

__all__ = ["LONGEST_PAGE", "Page", "checked_limit", "cursor_of", "read_cursor"]

Item = TypeVar("Item")

LONGEST_PAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Item]):
    """Some items of a list, and the cursor of the next page; None when this is the last."""

    items: tuple[Item, ...]
    next: str | None = None


def checked_limit(limit: int) -> int:
    """The length of a page, if it is one.

    Raises:
        InvalidRequest: it is not from 1 to :data:`LONGEST_PAGE`.
    """
    if not 1 <= limit <= LONGEST_PAGE:
        raise InvalidRequest("limit", f"is {limit}; give 1 to {LONGEST_PAGE}")
    return limit


def cursor_of(*key: float | str) -> str:
    """An opaque text for a place in a list."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def read_cursor(cursor: str, kinds: tuple[type, ...]) -> tuple[float | str, ...]:
    """The place that :func:`cursor_of` made a text of.

    Args:
        cursor: as it came.
        kinds: the type of each part; ``float`` takes whole numbers too.

    Raises:
        InvalidRequest: no cursor of this list.
    """
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):
        key = None
    if not isinstance(key, list) or len(key) != len(kinds) or not all(map(_fits, key, kinds)):
        raise InvalidRequest("cursor", "is none of this list; give the one that the last page had as next")
    return tuple(key)


def _fits(part: object, kind: type) -> bool:
    if isinstance(part, bool):
        return False
    if isinstance(part, int) and abs(part) >= 2**63:
        return False
    return isinstance(part, int | float) if kind is float else isinstance(part, kind)
