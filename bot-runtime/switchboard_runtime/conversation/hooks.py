"""What may take part in the engine's work without the engine knowing it: history, limits, leads, events for others.

Hooks are asked in order before an assistant is, and told in order of what came of any turn, also of one that no
assistant was asked for. What they keep goes into the turn's own transaction (``Turn.also``), so that it is kept
once, with the turn, or not at all. What a hook raises ends the try: the message comes back when its lease ends. A try
that ends without a turn is told too, unless the process dies or the store is away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from switchboard_runtime.assistants import Answer, Meter
    from switchboard_runtime.conversation.turn import Ask
    from switchboard_runtime.store import Also, OutboxItem, StatusUpdate, Turn, WorkItem

__all__ = ["SendHook", "TurnHook", "Wait"]


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now: the message comes back at ``due``, and this try of it does not count."""

    due: float
    reason: str


class TurnHook(Protocol):
    """Takes part in each turn of one tenant."""

    async def before(self, item: WorkItem, ask: Ask) -> Ask | Turn | Wait:
        """The question to ask, perhaps with more in it; or the turn, when no assistant is to be asked now or at all."""
        ...

    def after(self, item: WorkItem, turn: Turn, said: Answer | None) -> Turn:
        """The turn to keep, perhaps with more in ``also``; ``said`` is the assistant's answer if one was asked.

        Told once for each try to keep a turn; the turn may still be dropped when the lease is lost.
        """
        ...

    async def dropped(self, item: WorkItem, took: Meter) -> None:
        """This try is not kept: the assistant failed, was cut short, or its answer came too late.

        Told before the item is given back. ``took`` is what the assistant took all the same.
        """
        ...


class SendHook(Protocol):
    """Is told what becomes of each reply; what it adds is kept in the same transaction, once or more often."""

    def sent(self, item: OutboxItem, sid: str) -> Also:
        """The provider has the reply."""
        ...

    def failed(self, item: OutboxItem, *, code: int | None, reason: str) -> Also:
        """The reply will never be sent."""
        ...

    def reported(self, update: StatusUpdate) -> Also:
        """The provider says what became of a reply; the body finds the reply's row as it is after that."""
        ...

    def kept(self) -> None:
        """Something that this hook was told of may be durable now."""
        ...
