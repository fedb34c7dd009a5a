"""Shares of what all tenants of a process use together, so that one that has much to do leaves room for the others.

Each tenant that has something in flight, or waits for room, may have an equal share of all places; who is alone may
have all of them. A share that shrinks takes nothing away: what is in flight ends, and then less is begun. A tenant
that has nothing may always begin one, so that nobody waits for the others to end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Shares", "Together"]


class Shares:
    """Places, divided among those who want some.

    Args:
        places: in all.
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._free = places
        self._held: dict[str, int] = {}
        self._hungry: dict[str, Callable[[], None]] = {}

    def take(self, name: str, wanted: int, *, again: Callable[[], None]) -> int:
        """Take up to ``wanted`` places.

        Args:
            name: who asks.
            wanted: how many it could use now.
            again: called once when there may be more, if there were fewer.

        Returns:
            How many it has got.
        """
        held = self._held.get(name, 0)
        share = max(1, self._places // self._sharers(name))
        got = max(0, min(wanted, share - held, self._free if held else max(1, self._free)))
        if got:
            self._held[name] = held + got
            self._free -= got
        if got < wanted:
            self._hungry[name] = again
        else:
            self._hungry.pop(name, None)
        return got

    def give(self, name: str, places: int = 1) -> None:
        """Give places back; whoever had too few looks again."""
        if not places:
            return
        left = self._held[name] - places
        self._free += places
        if left:
            self._held[name] = left
        else:
            del self._held[name]
        hungry, self._hungry = self._hungry, {}
        for again in hungry.values():
            again()

    def _sharers(self, name: str) -> int:
        """How many have something, wait for room or ask now."""
        waiting = sum(other not in self._held for other in self._hungry)
        return len(self._held) + waiting + (name not in self._held and name not in self._hungry)

    def sated(self, name: str) -> None:
        """Say that nothing more waits for room."""
        self._hungry.pop(name, None)


@dataclass(frozen=True, slots=True)
class Together:
    """What all tenants of a process share: turns in progress, and calls to the provider."""

    answers: Shares
    sends: Shares
