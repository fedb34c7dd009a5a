"""Which part of a list is asked for, and the part itself.

Lists run from the newest record to the oldest. A position is a record's ``seq``, so a page neither repeats
nor skips a record when others are made or deleted between two pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Slice", "Stretch", "Window", "slice_of"]

T = TypeVar("T")


class _Numbered(Protocol):
    @property
    def seq(self) -> int: ...


R = TypeVar("R", bound=_Numbered)


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A page that is asked for: by position when one is given, else by offset.

    Attributes:
        size: most records on the page.
        page: number of the page, from 0; it only labels a page that is found by position.
        older_than: only records with a smaller ``seq``.
        newer_than: only records with a greater ``seq``, those nearest to it.
    """

    size: int
    page: int = 0
    older_than: int | None = None
    newer_than: int | None = None

    @property
    def offset(self) -> int:
        """Records to skip when the page is not found by position."""
        by_position = self.older_than is not None or self.newer_than is not None
        return 0 if by_position else self.page * self.size


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """Part of a log, which is read from the oldest record to the newest.

    Attributes:
        after: only records with a greater ``seq``.
        before: only records with a smaller one, None for all.
        most: most records; ``newest`` says whether the newest or the oldest of them are wanted.
    """

    after: int = 0
    before: int | None = None
    most: int
    newest: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Slice(Generic[T]):
    """A page that was found, newest record first.

    Attributes:
        items: the records.
        first: position of the first record, None when there is none.
        last: position of the last record.
        more: whether older records follow.
    """

    items: tuple[T, ...]
    first: int | None
    last: int | None
    more: bool

    @classmethod
    def of(cls, items: Sequence[T], window: Window) -> Slice[T]:
        """Cut a page from a list that is whole in memory; positions count down from its length."""
        total = len(items)
        if window.older_than is not None:
            start = max(0, total - window.older_than + 1)
        elif window.newer_than is not None:
            start = max(0, total - window.newer_than - window.size)
        else:
            start = window.offset
        found = tuple(items[start : start + window.size])
        return cls(
            items=found,
            first=total - start if found else None,
            last=total - start - len(found) + 1 if found else None,
            more=start + len(found) < total,
        )


def slice_of(records: Sequence[R], *, more: bool) -> Slice[R]:
    """Return records of the store, newest first, as a page."""
    return Slice(
        items=tuple(records),
        first=records[0].seq if records else None,
        last=records[-1].seq if records else None,
        more=more,
    )
