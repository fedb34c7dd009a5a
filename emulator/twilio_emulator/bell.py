"""A signal from whoever changed something to whoever waits for a change, within one event loop."""

from __future__ import annotations

import asyncio

__all__ = ["Bell"]


class Bell:
    """Rings for everybody who listens at that moment.

    To miss nothing: listen first, then look, then wait for the ring.

    Args:
        beside: another bell that rings whenever this one does, but not the other way round.
    """

    def __init__(self, beside: Bell | None = None) -> None:
        self._beside = beside
        self._listeners: list[asyncio.Future[None]] = []
        self.rings = 0
        """How often it rang; whoever remembers a smaller count has missed something."""
        self.is_closed = False
        """Whether the emulator ends: nobody need wait any more."""

    def listen(self) -> asyncio.Future[None]:
        """Return a future that is done at the next ring."""
        self._listeners = [listener for listener in self._listeners if not listener.done()]
        listener: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._listeners.append(listener)
        return listener

    def close(self) -> None:
        """Ring for the last time."""
        self.is_closed = True
        self.ring()

    def ring(self) -> None:
        """Wake all listeners."""
        self.rings += 1
        if self._beside:
            self._beside.ring()
        listeners, self._listeners = self._listeners, []
        for listener in listeners:
            if not listener.done():
                listener.set_result(None)
