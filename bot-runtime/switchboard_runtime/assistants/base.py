"""The port of an assistant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from switchboard_runtime.config import Assistant

__all__ = ["Answering", "Question", "Responder"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What an assistant is asked.

    Attributes:
        text: the contact's words; never empty.
        language: the conversation's language.
        languages: the tenant's, in order of preference.
        display_name: how the tenant is called.
    """

    text: str
    language: str
    languages: tuple[str, ...]
    display_name: str


class Responder(Protocol):
    """An assistant, ready to answer. May fail; the engine retries and then says so politely."""

    async def answer(self, question: Question) -> str | None:
        """The reply, or None when it has nothing to say."""
        ...


Answering = Callable[[Assistant], Responder]
"""Makes the responder of a configured assistant."""
