"""What of a conversation a model is shown: the newest that fits the budget, its first word the contact's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchboard_runtime.assistants.accounting import estimate_tokens
from switchboard_runtime.assistants.replies import Spoken, Told

if TYPE_CHECKING:
    from switchboard_runtime.assistants.base import Said
    from switchboard_runtime.assistants.replies import Message

__all__ = ["recent"]


def recent(history: tuple[Said, ...], *, budget: int, provider: str) -> tuple[Message, ...]:
    """The newest messages whose estimated tokens stay within ``budget``, oldest first.

    Args:
        history: oldest first, without the message that is being answered.
        budget: in tokens; 0 shows none.
        provider: whose tokens are counted.
    """
    kept: list[Message] = []
    left = budget
    for said in reversed(history):
        left -= estimate_tokens(said.text, provider=provider)
        if left < 0:
            break
        if said.text.strip():
            kept.append(Told(said.text) if said.who == "contact" else Spoken(said.text))
    while kept and isinstance(kept[-1], Spoken):
        kept.pop()
    return tuple(reversed(kept))
