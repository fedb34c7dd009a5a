"""Who acts on the answer to a webhook: one handler a kind, introduced to the dispatcher in ``app``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from twilio_emulator.core import Core
    from twilio_emulator.models import Webhook
    from twilio_emulator.webhooks.sender import Outcome

__all__ = ["AnswerHandler", "Failure"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """What was wrong with an answer.

    Attributes:
        code: Twilio's alert.
        text: what went wrong, for a person.
        falls_back: whether the fallback URL is called: the answer could not be read at all.
        status: the HTTP status that was answered, None for no answer.
    """

    code: int
    text: str
    falls_back: bool = True
    status: int | None = None


class AnswerHandler(Protocol):
    """Acts on answers to webhooks of one kind, in the transaction that takes the webhook off the queue."""

    def answered(self, core: Core, webhook: Webhook, outcome: Outcome) -> Failure | None:
        """Act on a 2xx answer; return what is wrong with it, None for nothing."""
        ...

    def gave_up(self, core: Core, webhook: Webhook, failure: Failure) -> None:
        """Learn that neither URL gave an answer."""
        ...
