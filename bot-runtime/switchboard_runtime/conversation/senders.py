"""Which of the tenant's senders pause, since Twilio has too much of theirs just now.

For: one process; others learn it from Twilio themselves. Time and chance are arguments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchboard_runtime.conversation.policy import backoff

if TYPE_CHECKING:
    from switchboard_runtime.conversation.policy import Policy

__all__ = ["Senders"]


@dataclass(slots=True)
class _Pause:
    """Until when, and the how many-eth in a row it is."""

    until: float
    strikes: int


class Senders:
    """Pauses of senders: doubling while refusals go on, over with the first message that passes."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._pauses: dict[str, _Pause] = {}

    def pause(self, sender: str, *, now: float, chance: float, least: float = 0.0) -> float:
        """Let a sender pause. Returns until when. What was in flight when it began makes it no longer."""
        pause = self._pauses.setdefault(sender, _Pause(now, 0))
        if now >= pause.until:
            pause.strikes += 1
            pause.until = now + max(least, backoff(self._policy, pause.strikes, chance=chance))
        return pause.until

    def passed(self, sender: str, *, now: float) -> None:
        """A message of the sender's was taken; one that was in flight when the pause began says nothing."""
        pause = self._pauses.get(sender)
        if pause is not None and now >= pause.until:
            del self._pauses[sender]

    def free_at(self, sender: str, *, now: float, chance: float) -> float | None:
        """When a reply of a pausing sender may try, some later than others; None for now."""
        pause = self._pauses.get(sender)
        if pause is None or now >= pause.until:
            return None
        return pause.until + chance * (pause.until - now) / 2
