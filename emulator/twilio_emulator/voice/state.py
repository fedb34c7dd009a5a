"""The state of one call, and its form in JSON.

A call is always in one activity. ``due`` is the moment at which time alone changes it: whoever keeps calls
wakes them then. Moments are seconds since the epoch.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from twilio_emulator.voice.verbs import LONGEST_CALL, VERBS, Dial, Gather, Noun, Prompt, Record, Verb

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "FINAL",
    "Activity",
    "Call",
    "CallDirection",
    "CallStatus",
    "Dialling",
    "Fetching",
    "Gathering",
    "Leg",
    "Over",
    "Queued",
    "Ready",
    "Recording",
    "Ringing",
    "Waiting",
]

RING_TIMEOUT = 60


class CallStatus(StrEnum):
    """States of a call; the last five are final. ``initiated`` is only ever told, never rested in."""

    QUEUED = "queued"
    INITIATED = "initiated"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    FAILED = "failed"
    CANCELED = "canceled"


FINAL = frozenset({CallStatus.COMPLETED, CallStatus.BUSY, CallStatus.NO_ANSWER, CallStatus.FAILED, CallStatus.CANCELED})
"""States in which a call is over."""


class CallDirection(StrEnum):
    """Who started a call."""

    INBOUND = "inbound"
    API = "outbound-api"
    DIAL = "outbound-dial"


@dataclass(frozen=True, kw_only=True, slots=True)
class Queued:
    """Nothing has happened yet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ringing:
    """The phone of an outbound call rings."""

    until: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetching:
    """A document is awaited: that of the ``Fetch`` with this number."""

    number: int
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Ready:
    """The next verb of the document can begin; never seen between events."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """Something is heard, or nothing; for ever when ``until`` is None."""

    until: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Gathering:
    """Input is awaited; ``prompting`` while the prompts are heard, of which ``prompts`` are still to come."""

    verb: Gather
    until: float | None
    prompting: bool = True
    prompts: tuple[Prompt, ...] = ()
    digits: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """The caller is recorded; ``sound`` is the end of what was last heard, None before anything was."""

    verb: Record
    sid: str
    since: float
    until: float
    sound: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Leg:
    """A dialled party's call."""

    sid: str
    noun: Noun


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialling:
    """Others ring, or one of them is connected: then ``answered`` is set and ``legs`` is that one."""

    verb: Dial
    legs: tuple[Leg, ...]
    until: float
    answered: float | None = None
    recording_sid: str = ""
    recording_since: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Over:
    """The call has ended."""


Activity = Queued | Ringing | Fetching | Ready | Waiting | Gathering | Recording | Dialling | Over


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One call.

    Attributes:
        direction: a ``CallDirection``.
        status: a ``CallStatus``.
        url: where its first document is; ``""`` when that was given with the call.
        verbs: what is still to come of the present document.
        document_url: what relative URLs relate to; ``""`` for a document that came with an API call.
        moment: up to when the call has been played.
        ring_timeout: how long the phone of an outbound call rings, seconds.
        time_limit: how long an answered call lasts at most, seconds.
        fetches: how many documents have been asked for.
        rounds: how many of them without any time, key or word between them.
    """

    account_sid: str
    direction: str
    status: str
    created: float
    moment: float
    url: str
    method: str = "POST"
    verbs: tuple[Verb, ...] = ()
    document_url: str = ""
    activity: Activity = Queued()  # frozen and without fields
    answered: float | None = None
    ended: float | None = None
    ring_timeout: int = RING_TIMEOUT
    time_limit: int = LONGEST_CALL
    fetches: int = 0
    rounds: int = 0

    @classmethod
    def inbound(cls, *, account_sid: str, url: str, now: float, method: str = "POST") -> Call:
        """Return a call that comes in to a number whose voice URL is given."""
        return cls(
            account_sid=account_sid,
            direction=CallDirection.INBOUND.value,
            status=CallStatus.RINGING.value,
            created=now,
            moment=now,
            url=url,
            method=method,
        )

    @classmethod
    def outbound(
        cls,
        *,
        account_sid: str,
        now: float,
        url: str = "",
        method: str = "POST",
        verbs: tuple[Verb, ...] = (),
        ring_timeout: int = RING_TIMEOUT,
        time_limit: int = LONGEST_CALL,
    ) -> Call:
        """Return a call that the API asked for, with the URL of its document or the document itself."""
        return cls(
            account_sid=account_sid,
            direction=CallDirection.API.value,
            status=CallStatus.QUEUED.value,
            created=now,
            moment=now,
            url=url,
            method=method,
            verbs=verbs,
            ring_timeout=ring_timeout,
            time_limit=time_limit,
        )

    @property
    def is_over(self) -> bool:
        """Say whether the call has ended."""
        return self.ended is not None

    @property
    def is_answered(self) -> bool:
        """Say whether the call is in progress: only then can the API give it another document."""
        return self.answered is not None and self.ended is None

    @property
    def due(self) -> float | None:
        """Return when ``TimePassed`` will change the call, None when time alone never does."""
        moments = [self._activity_until(), self._limit()]
        return min((moment for moment in moments if moment is not None), default=None)

    def past_limit(self, moment: float) -> bool:
        """Say whether the call has lasted as long as it may."""
        limit = self._limit()
        return limit is not None and moment >= limit

    def to_json(self) -> str:
        """Return the call as a JSON document."""
        return json.dumps(_encode(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Call:
        """Return the call that ``to_json`` wrote.

        Raises:
            ValueError: the text is no such document.
        """
        try:
            call = _decode(json.loads(text))
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"no call: {error}") from error
        if not isinstance(call, cls):
            raise ValueError("the document is no call")  # noqa: TRY004  # it is the text that is wrong
        return call

    def _activity_until(self) -> float | None:
        if isinstance(self.activity, Ringing | Waiting | Gathering | Recording | Dialling):
            return self.activity.until
        return None

    def _limit(self) -> float | None:
        return self.answered + self.time_limit if self.answered is not None and self.ended is None else None


_KINDS: dict[str, Callable[..., object]] = {
    kind.__name__: kind
    for kind in (Call, Queued, Ringing, Fetching, Ready, Waiting, Gathering, Recording, Leg, Dialling, Over, *VERBS)
}


def _encode(value: object) -> object:
    """Return a record as an object that names its kind, a tuple as an array, anything else as it is."""
    if is_dataclass(value):
        own = {field.name: _encode(getattr(value, field.name)) for field in fields(value)}
        return {"kind": type(value).__name__, "of": own}
    if isinstance(value, tuple):
        return [_encode(item) for item in value]
    return value


def _decode(value: object) -> object:
    if isinstance(value, dict):
        own = {name: _decode(item) for name, item in value["of"].items()}
        return _KINDS[value["kind"]](**own)
    if isinstance(value, list):
        return tuple(_decode(item) for item in value)
    return value
