"""What is to be done about an event. ``at`` is a moment, seconds since the epoch; durations are seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twilio_emulator.voice.verbs import Noun, RecordingCallback

__all__ = [
    "Alert",
    "Effect",
    "Ended",
    "Fetch",
    "LegChanged",
    "NotEmulated",
    "Played",
    "SendMessage",
    "Spoke",
    "StartDial",
    "StartRecording",
    "StatusChanged",
    "StopRecording",
]

Params = tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusChanged:
    """The call has reached a state before its end; a status callback may ask to be told."""

    at: float
    status: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """The call is over: the last effect of every call; ``duration`` is from its answer, whole seconds."""

    at: float
    status: str
    duration: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetch:
    """A document is to be requested.

    Attributes:
        number: to be given back in ``Fetched`` or ``FetchFailed``; answers to an older number are ignored.
        params: sent after the standard ones.
        call_status: the state to send.
        final: the call ends with this; the answer is not acted on and need not be handed in.
    """

    at: float
    number: int
    url: str
    method: str
    params: Params
    call_status: str
    final: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Spoke:
    """A text begins to be heard; ``seconds`` is None when it is repeated for ever."""

    at: float
    text: str
    voice: str
    language: str
    loop: int
    seconds: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Played:
    """A recording, or the tones of ``digits``, begins to be heard; ``seconds`` as for ``Spoke``."""

    at: float
    url: str
    digits: str
    loop: int
    seconds: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class StartRecording:
    """A recording begins; ``source`` is RecordVerb, DialVerb or StartCallRecordingTwiML."""

    at: float
    sid: str
    source: str
    callback: RecordingCallback | None


@dataclass(frozen=True, kw_only=True, slots=True)
class StopRecording:
    """A recording is done; ``status`` is completed, or absent when there is nothing in it."""

    at: float
    sid: str
    source: str
    status: str
    started: float
    duration: int
    callback: RecordingCallback | None


@dataclass(frozen=True, kw_only=True, slots=True)
class StartDial:
    """Somebody is called; ``legs`` pairs the SID of each new call with whom it goes to."""

    at: float
    legs: tuple[tuple[str, Noun], ...]
    caller_id: str
    timeout: int


@dataclass(frozen=True, kw_only=True, slots=True)
class LegChanged:
    """A dialled party's call changes: in-progress, or one of the final states with its ``duration``."""

    at: float
    sid: str
    status: str
    duration: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SendMessage:
    """A message is to be sent; ``recipient`` and ``sender`` are ``""`` for the ends of the call."""

    at: float
    sid: str
    body: str
    recipient: str
    sender: str
    status_callback: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """Something for the account's debugger."""

    at: float
    code: int
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NotEmulated:
    """Twilio would have acted here and the emulator does not; ``what`` names the verb."""

    at: float
    what: str


Effect = (
    StatusChanged
    | Ended
    | Fetch
    | Spoke
    | Played
    | StartRecording
    | StopRecording
    | StartDial
    | LegChanged
    | SendMessage
    | Alert
    | NotEmulated
)
