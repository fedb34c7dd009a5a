"""What is said between the assistant and a model, in our own terms, so that only ``vendors.py`` knows a vendor."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchboard_runtime.assistants.accounting import Spent
    from switchboard_runtime.config.documents import ModelChoice

__all__ = [
    "Asked",
    "Call",
    "Heard",
    "Message",
    "Model",
    "ModelFailed",
    "Returned",
    "Spoken",
    "Told",
    "ToolSpec",
]


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model sees it."""

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A tool that the model wants called; the arguments are its own text, not yet checked."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Told:
    """The contact's words."""

    text: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """The model's words and calls."""

    text: str
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class Returned:
    """What the called tools gave."""

    results: tuple[tuple[Call, str], ...]


Message = Told | Spoken | Returned


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request.

    Attributes:
        instructions: the assistant's.
        messages: the conversation.
        tools: that the model may call.
        last: it must answer in words now.
        streamed: what came of an answer that was cut short, if it was streamed.
    """

    instructions: str
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    last: bool = False
    streamed: list[str] = field(default_factory=list, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One response: words, calls or both."""

    text: str
    calls: tuple[Call, ...]
    spent: Spent


class ModelFailed(Exception):
    """No answer came.

    Args:
        reason: why, without any text of the conversation.
        blame: it says something of the model's health.
        billed: the vendor may charge for it all the same.
        retry_after: seconds the vendor asked to wait.
        spent: what it took, if known.
    """

    def __init__(
        self,
        reason: str,
        *,
        blame: bool,
        billed: bool,
        retry_after: float | None = None,
        spent: Spent | None = None,
    ) -> None:
        super().__init__(reason)
        self.blame = blame
        self.billed = billed
        self.retry_after = retry_after
        self.spent = spent


class Model(Protocol):
    """A model, ready to be asked."""

    choice: ModelChoice

    async def ask(self, asked: Asked) -> Heard:
        """One request; raises :class:`ModelFailed`."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...
