"""Who said STOP and was erased is not written to by what was restored: the replaced store's list goes on in it.

A backup has the list as it was then; the store that it replaces may know of more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchboard_runtime.backup.tables import ORDER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchboard_runtime.backup.places import Place

__all__ = ["Stopped", "carry", "stopped_of"]

Stopped = dict[str, set[tuple[Any, ...]]]
"""Rows by table, in the order of :data:`_COLUMNS`."""

_COLUMNS = {"suppression_key": ("ipad", "opad"), "suppression": ("digest",)}


async def stopped_of(place: Place) -> Stopped:
    """What a store knows; nothing of it if it is older than that."""
    return {name: await _rows(place, name) for name in _COLUMNS}


async def carry(known: Mapping[str, set[tuple[Any, ...]]], place: Place) -> int:
    """Put what is not in a place there too. Returns how many contacts' conversations that adds."""
    added = 0
    for name, columns in _COLUMNS.items():
        missing = sorted(known.get(name, set()) - await _rows(place, name))
        await place.put(ORDER[name], columns, missing)
        added = len(missing)
    return added


async def _rows(place: Place, name: str) -> set[tuple[Any, ...]]:
    columns = _COLUMNS[name]
    if not set(columns) <= set(await place.columns(name)):
        return set()
    return {tuple(row) async for batch in place.rows(ORDER[name], columns) for row in batch}
