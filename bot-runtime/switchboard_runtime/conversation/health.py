"""How each assistant of a tenant does, as its last answers show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from switchboard_runtime.assistants import Answer, Meter
    from switchboard_runtime.clock import Clock
    from switchboard_runtime.config import TenantDocument
    from switchboard_runtime.conversation.turn import Ask
    from switchboard_runtime.store import Turn, WorkItem

__all__ = ["Health"]

_FAILED = "assistant failed"


class Health:
    """Watches turns (:class:`~switchboard_runtime.conversation.hooks.TurnHook`) and remembers who fails.

    An assistant fails from the first turn that it could not answer, canned words being none of its own, until the
    next that it could. It is what this process saw; a process that just began has seen no failure.

    Args:
        document: the tenant.
        clock: time.
    """

    def __init__(self, *, document: TenantDocument, clock: Clock) -> None:
        self._document = document
        self._clock = clock
        self._failing: dict[str, tuple[float, str]] = {}

    async def before(self, item: WorkItem, ask: Ask) -> Ask:
        """See :class:`TurnHook`: a question is left as it is."""
        del item
        return ask

    def after(self, item: WorkItem, turn: Turn, said: Answer | None) -> Turn:
        """See :class:`TurnHook`: the turn is left as it is."""
        reason = "no answer" if turn.outcome == _FAILED else "no model answers"
        if turn.outcome == _FAILED or (said is not None and said.outcome == "canned"):
            self._failing.setdefault(self._name(item), (self._clock.now(), reason))
        elif said is not None and said.outcome in {"answered", "corrected"}:
            self._failing.pop(self._name(item), None)
        return turn

    async def dropped(self, item: WorkItem, took: Meter) -> None:
        """See :class:`TurnHook`: nothing is kept of it."""

    def told(self) -> dict[str, dict[str, Any]]:
        """Each assistant's state; ``since`` in seconds since the epoch."""
        return {assistant.name: self._state(assistant.name) for assistant in self._document.assistants}

    def _state(self, name: str) -> dict[str, Any]:
        if name not in self._failing:
            return {"state": "Healthy"}
        since, reason = self._failing[name]
        return {"state": "Failing", "since": since, "reason": reason}

    def _name(self, item: WorkItem) -> str:
        assistant = self._document.assistant_for(item.message.own.rpartition(":")[2])
        return assistant.name if assistant else ""
