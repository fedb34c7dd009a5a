"""The two places that a tenant is kept in, as a backup sees them: rows out in order, rows in, and nothing between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from switchboard_runtime.backup.tables import Table

__all__ = ["AT_ONCE", "Place", "select"]

AT_ONCE = 1000
"""Rows in one batch."""


class Place(Protocol):
    """A store of one tenant, open, in one transaction."""

    async def columns(self, table: str) -> tuple[str, ...]:
        """The columns that are the tenant's, in a fixed order; none if there is no such table."""
        ...

    def rows(self, table: Table, columns: Sequence[str]) -> AsyncIterator[list[tuple[Any, ...]]]:
        """A table's rows in the order of its key, in batches."""
        ...

    async def put(self, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Write rows."""
        ...

    def kept(self, row: Sequence[Any]) -> tuple[Any, ...]:
        """A row as it will be found again."""
        ...

    async def empty(self) -> None:
        """Take all rows of the tenant away."""
        ...

    async def finish(self) -> None:
        """All rows are there: mark the heads of lanes."""
        ...


def select(table: Table, columns: Sequence[str], *, order: Sequence[str], schema: str = "", where: str = "") -> str:
    """A SELECT of a table; names are ours, never a file's. Texts are ordered by their bytes in either store."""
    by = f" ORDER BY {', '.join(order)}" if order else ""
    return f"SELECT {', '.join(columns)} FROM {schema}{table.name}{where}{by}"  # noqa: S608
