"""Rows from a place into a file, and from a file into a place, with their sums taken on both ways."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from switchboard_runtime.backup.format import BrokenFile, row_line
from switchboard_runtime.backup.places import AT_ONCE
from switchboard_runtime.backup.tables import ORDER, TABLES

if TYPE_CHECKING:
    from switchboard_runtime.backup.format import BackupFile, Writing
    from switchboard_runtime.backup.places import Place

__all__ = ["Progress", "fill", "highest", "is_empty", "pour"]

Progress = Callable[[str, int], None]
"""Is told a table and how many of its rows are done."""


async def fill(file: Writing, place: Place, progress: Progress) -> None:
    """Write all of a tenant into a file."""
    for table in TABLES:
        columns = await place.columns(table.name)
        if not columns:
            continue
        section = file.table(table.name, columns)
        async for batch in place.rows(table, columns):
            progress(table.name, section.add(batch))
        section.close()


async def is_empty(place: Place) -> bool:
    """Whether the tenant has no rows."""
    for table in TABLES:
        columns = await place.columns(table.name)
        if columns:
            async for _ in place.rows(table, columns):
                return False
    return True


async def pour(file: BackupFile, place: Place, progress: Progress) -> None:
    """Write all of a file into an empty place, and see that it is there.

    Raises:
        BrokenFile: the file has what this program does not know, or it is not found again as it was written.
    """
    sums = {}
    for name, columns in file.columns.items():
        table = ORDER.get(name)
        unknown = [name] if table is None else sorted(set(columns) - set(await place.columns(name)))
        if table is None or unknown:
            raise BrokenFile(
                f"{file.path}: has {name}.{unknown[0]}, which this program does not know; upgrade it first"
            )
        digest, done = hashlib.sha256(), 0
        for batch in file.rows(name, at_once=AT_ONCE):
            kept = [place.kept(row) for row in batch]
            await place.put(table, columns, kept)
            digest.update(b"".join(map(row_line, kept)))
            progress(name, done := done + len(batch))
        sums[name] = digest.hexdigest()
    await place.finish()
    await _verify(file, place, sums)


def highest(file: BackupFile) -> dict[str, int]:
    """The highest number of each table that a store counts."""
    found = {}
    for name, columns in file.columns.items():
        counted = ORDER[name].counted if name in ORDER else None
        if counted is not None:
            place = columns.index(counted)
            found[name] = max((row[place] for batch in file.rows(name, at_once=AT_ONCE) for row in batch), default=0)
    return found


async def _verify(file: BackupFile, place: Place, sums: dict[str, str]) -> None:
    for name, columns in file.columns.items():
        digest = hashlib.sha256()
        async for batch in place.rows(ORDER[name], columns):
            digest.update(b"".join(map(row_line, batch)))
        if digest.hexdigest() != sums[name]:
            raise BrokenFile(f"{file.path}: {name} is not found again as it was written; nothing was kept")
