"""Gives an assistant that thinks with a model what was said before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from switchboard_runtime.assistants import Said
from switchboard_runtime.assistants.accounting import estimate_tokens
from switchboard_runtime.people.history import FIRST, place_of, read_said

if TYPE_CHECKING:
    from collections.abc import Generator

    from switchboard_runtime.assistants import Answer, Meter
    from switchboard_runtime.conversation.turn import Ask
    from switchboard_runtime.store import Row, Rows, Statement, Store, Turn, WorkItem

__all__ = ["HistoryHook", "recall"]

_SLICE = 40
_MOST = 1000


class HistoryHook:
    """A :class:`~switchboard_runtime.conversation.TurnHook`: the newest of the past goes into the question.

    Args:
        store: the tenant's.
    """

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def before(self, item: WorkItem, ask: Ask) -> Ask | Turn:
        """The question with its history; an assistant without a model has no use for any."""
        model = ask.assistant.model
        if model is None or not model.history_tokens:
            return ask
        provider = model.choices[0].provider
        past = await self._store.transact(
            lambda: recall(item.conversation_id, budget=model.history_tokens, provider=provider)
        )
        return replace(ask, question=replace(ask.question, history=past))

    def after(self, item: WorkItem, turn: Turn, said: Answer | None) -> Turn:  # noqa: ARG002  # of the protocol
        """Nothing to add."""
        return turn

    async def dropped(self, item: WorkItem, took: Meter) -> None:
        """See :class:`TurnHook`: nothing is kept of it."""


def recall(conversation_id: int, *, budget: int, provider: str) -> Generator[Statement, Rows, tuple[Said, ...]]:
    """What was said, oldest first: the newest until their estimated tokens exceed ``budget``.

    What is being answered now is not among it, nor what waits behind it: its work is not done.
    """
    found: list[Said] = []
    before, left = FIRST, budget
    while left >= 0 and len(found) < _MOST:
        rows = yield from read_said(conversation_id, before=before, limit=_SLICE, answered=True)
        for row in rows:
            left -= estimate_tokens(row["text"], provider=provider)
            found.append(_said(row))
        if len(rows) < _SLICE:
            break
        before = place_of(rows[-1])
    return tuple(reversed(found))


def _said(row: Row) -> Said:
    if row["side"] == 0:
        return Said(who="contact", text=row["text"])
    return Said(who="bot" if row["author"] == "bot" else "human", text=row["text"])
