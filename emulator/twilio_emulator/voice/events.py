"""What happens to a call: from its phone, from the customer's server, from the API, from the party dialled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twilio_emulator.voice.verbs import Verb

__all__ = [
    "Answered",
    "ApiDocument",
    "ApiHangup",
    "ApiRedirect",
    "DialAnswered",
    "DialResult",
    "Digits",
    "Event",
    "FetchFailed",
    "Fetched",
    "HungUp",
    "NotAnswered",
    "Speech",
    "Started",
    "TimePassed",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    """The call reaches Twilio (inbound), or leaves its queue (outbound)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """The phone of an outbound call is picked up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NotAnswered:
    """The phone of an outbound call is not picked up; ``status`` is busy, no-answer or failed."""

    status: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetched:
    """A document came; ``number`` is that of the ``Fetch``, ``url`` what its relative URLs relate to."""

    number: int
    verbs: tuple[Verb, ...]
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchFailed:
    """No document came, from the fallback URL neither; ``code`` is Twilio's alert."""

    number: int
    code: int
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Digits:
    """Keys are pressed one after another; other characters than 0-9, * and # are no keys."""

    keys: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Speech:
    """Something is said; ``confidence`` from 0 to 1 is the recogniser's."""

    text: str
    confidence: float = 0.9


@dataclass(frozen=True, kw_only=True, slots=True)
class HungUp:
    """The phone hangs up."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TimePassed:
    """Nothing but time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DialAnswered:
    """A dialled party picks up; ``sid`` is its call, ``""`` the first of those that ring."""

    sid: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DialResult:
    """A dialled party's call is over.

    Attributes:
        status: completed, busy, no-answer, failed or canceled.
        duration: seconds of the conversation; None for those since it was answered.
        sid: its call, ``""`` for the connected one, or for all that ring.
    """

    status: str
    duration: int | None = None
    sid: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiHangup:
    """The API ends the call; ``only_unanswered`` is the API's status ``canceled``."""

    only_unanswered: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiRedirect:
    """The API gives an answered call another document by its URL."""

    url: str
    method: str = "POST"


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiDocument:
    """The API gives an answered call another document; relative URLs in it cannot be resolved."""

    verbs: tuple[Verb, ...]


Event = (
    Started
    | Answered
    | NotAnswered
    | Fetched
    | FetchFailed
    | Digits
    | Speech
    | HungUp
    | TimePassed
    | DialAnswered
    | DialResult
    | ApiHangup
    | ApiRedirect
    | ApiDocument
)
