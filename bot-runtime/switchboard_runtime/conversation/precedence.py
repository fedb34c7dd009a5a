"""Storing goes before answering: while many webhooks of a tenant wait to be acknowledged, its turns are not begun.

A provider waits seconds for its 200 and calls again if there is none; a contact who waits a second longer for an answer
does not notice. So a burst is stored at the full speed of the machine, and worked on when it is over. Under a load that
does not end, turns wait ``longest`` seconds at most, and are then let in for as long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from switchboard_runtime.clock import Clock

__all__ = ["Precedence"]

_LULL = 0.05
"""Seconds for which not many may arrive until a burst is over: what is stored together is also acknowledged together,
and the next come a moment later."""


class Precedence:
    """One tenant's messages on their way into the store.

    Args:
        clock: time.
        many: how many at once make turns wait; 0 for never.
        longest: seconds that turns wait at most, and then the least that they are let in for.
    """

    def __init__(self, *, clock: Clock, many: int, longest: float) -> None:
        self._clock = clock
        self._many = many
        self._longest = longest
        self._arriving = 0
        self._began = 0.0
        self._many_until = 0.0
        self._open_until = 0.0

    def arrives(self) -> None:
        """A message is on its way into the store."""
        self._arriving += 1
        if self._many and self._arriving >= self._many:
            now = self._clock.now()
            if now >= self._many_until:
                self._began = now
            self._many_until = now + _LULL

    def arrived(self) -> None:
        """It is stored, or could not be."""
        self._arriving -= 1

    def turns_wait(self) -> float | None:
        """When to ask again (seconds since the epoch) if no turn may begin; None when one may."""
        now = self._clock.now()
        if now >= self._many_until or now < self._open_until:
            return None
        end = self._began + self._longest
        if now < end:
            return min(end, self._many_until)
        self._began = self._open_until = now + self._longest
        return None
