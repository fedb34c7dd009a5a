"""What has been made but is not yet seen: lists that lag behind, and 404 shortly after a create."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Veils"]


class Veils:
    """SIDs, each with the moment at which it can be seen."""

    def __init__(self) -> None:
        self._unlisted: dict[str, float] = {}
        self._missing: dict[str, float] = {}

    def __bool__(self) -> bool:
        """Say whether anything may be veiled."""
        return bool(self._unlisted or self._missing)

    def unlist(self, sid: str, until: float) -> None:
        """Leave a resource out of lists until a moment."""
        self._unlisted[sid] = max(until, self._unlisted.get(sid, until))

    def miss(self, sid: str, until: float) -> None:
        """Deny that a resource exists until a moment."""
        self._missing[sid] = max(until, self._missing.get(sid, until))

    def unlisted(self, now: float) -> frozenset[str]:
        """Return what lists leave out now."""
        self._unlisted = _still(self._unlisted, now)
        return frozenset(self._unlisted)

    def is_missing(self, sids: Iterable[str], now: float) -> bool:
        """Say whether the existence of one of ``sids`` is denied now."""
        self._missing = _still(self._missing, now)
        return any(sid in self._missing for sid in sids)

    def clear(self) -> None:
        """Show everything."""
        self._unlisted.clear()
        self._missing.clear()


def _still(veils: dict[str, float], now: float) -> dict[str, float]:
    return {sid: until for sid, until in veils.items() if until > now}
