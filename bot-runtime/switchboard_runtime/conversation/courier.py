"""The port through which replies leave, and the four things that can come of a send."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from switchboard_runtime.store import OutboxItem

__all__ = ["Courier", "Found", "NotSent", "Posted", "Refused", "Sent", "Unknown"]


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider has it."""

    sid: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider refused it for good; it was not sent and never will be."""

    code: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """Certainly not sent, and worth another try, after ``retry_after`` seconds if the provider said so.

    ``sender`` says that the provider has too much of this sender: its other messages must wait too.
    """

    reason: str
    retry_after: float | None = None
    sender: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have been sent: look before sending again."""

    reason: str


Posted = Sent | Refused | NotSent | Unknown


@dataclass(frozen=True, slots=True)
class Found:
    """A message that the provider has, ours or not."""

    sid: str
    text: str
    created_at: float


class Courier(Protocol):
    """Carries replies of one tenant to the provider."""

    async def send(self, item: OutboxItem) -> Posted:
        """POST once. Never raises for what the network or the provider does."""
        ...

    async def find(self, item: OutboxItem) -> tuple[Found, ...]:
        """Messages from the item's sender to its recipient since shortly before its intent.

        Raises:
            LookUpFailed: the provider did not say.
        """
        ...
