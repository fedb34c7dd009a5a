"""What every table of resources with SIDs does alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from twilio_emulator.store.window import slice_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from twilio_emulator.store.database import Database
    from twilio_emulator.store.window import Slice, Window

__all__ = ["Table"]


class _Resource(Protocol):
    @property
    def seq(self) -> int: ...


R = TypeVar("R", bound=_Resource)


class Table(Generic[R]):
    """One table.

    Args:
        database: where it is.
        name: what SQL calls it.
        read: makes the resource of a row.
    """

    def __init__(self, database: Database, name: str, read: Callable[[sqlite3.Row], R]) -> None:
        self._database = database
        self._name = name
        self._read = read

    def find(self, sid: str) -> R | None:
        """Return the resource with this SID, or None."""
        row = self._database.one(f"SELECT * FROM {self._name} WHERE sid = ?", sid)  # noqa: S608  # our own name
        return self._read(row) if row else None

    def require(self, sid: str) -> R:
        """Return a resource that is known to exist."""
        found = self.find(sid)
        if found is None:
            raise LookupError(f"{sid} of {self._name} is gone")
        return found

    def page(self, conditions: Sequence[tuple[str, object]], window: Window) -> Slice[R]:
        """Return one page of those that meet the conditions, newest first."""
        rows, more = self._database.page(self._name, conditions, window)
        return slice_of([self._read(row) for row in rows], more=more)
