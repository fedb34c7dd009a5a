"""Parameters of the webhooks of a call, in Twilio's names and order.

Places are given for North American numbers and are empty elsewhere; each end has them under two names.
"""

from __future__ import annotations

from dataclasses import dataclass

from twilio_emulator.dates import rfc2822
from twilio_emulator.numbering.plan import country_of, locate
from twilio_emulator.voice.recording import recording_url

__all__ = ["CallFacts", "RecordingFacts", "recording_params", "request_params", "status_params"]

_API_VERSION = "2010-04-01"
_SECONDS_A_MINUTE = 60
_SIP_CODES = {"completed": 200, "busy": 486, "no-answer": 487, "canceled": 487, "failed": 404}

Params = list[tuple[str, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class CallFacts:
    """What a webhook tells about a call.

    Attributes:
        status: the state to tell, a ``CallStatus``.
        sender: who calls: a number in E.164 form, or a SIP or client address; likewise ``recipient``.
        parent_sid: the call that dialled this one, ``""`` for none.
    """

    sid: str
    account_sid: str
    direction: str
    status: str
    sender: str
    recipient: str
    parent_sid: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordingFacts:
    """What a webhook tells about a recording.

    Attributes:
        source: RecordVerb or DialVerb.
        status: in-progress, completed or absent.
        duration: seconds; told once the recording is done.
        channels: 1, or 2 when each end has its own.
    """

    sid: str
    account_sid: str
    call_sid: str
    source: str
    status: str
    started: float
    duration: int
    channels: int = 1


def request_params(call: CallFacts, extra: tuple[tuple[str, str], ...] = ()) -> Params:
    """Return the parameters of a request for a document, ``extra`` after the standard ones."""
    to, from_ = _Place.of(call.recipient), _Place.of(call.sender)
    return [
        ("Called", call.recipient),
        ("ToState", to.state),
        ("CallerCountry", from_.country),
        ("Direction", call.direction),
        ("CallerState", from_.state),
        ("ToZip", to.postal_code),
        ("CallSid", call.sid),
        ("To", call.recipient),
        ("CallerZip", from_.postal_code),
        ("ToCountry", to.country),
        ("ApiVersion", _API_VERSION),
        ("CalledZip", to.postal_code),
        ("CalledCity", to.city),
        ("CallStatus", call.status),
        ("From", call.sender),
        ("AccountSid", call.account_sid),
        ("CalledCountry", to.country),
        ("CallerCity", from_.city),
        ("ToCity", to.city),
        ("FromCountry", from_.country),
        ("Caller", call.sender),
        ("FromCity", from_.city),
        ("CalledState", to.state),
        ("FromZip", from_.postal_code),
        ("FromState", from_.state),
        *([("ParentCallSid", call.parent_sid)] if call.parent_sid else []),
        *extra,
    ]


def status_params(call: CallFacts, *, at: float, sequence: int, duration: int = 0) -> Params:
    """Return the parameters of a status callback, of a call or of one that was dialled.

    Args:
        call: its ``status`` is the state that is told.
        at: when it reached that state.
        sequence: how many callbacks of this call went before.
        duration: seconds from answer to end; only told of a call that is over.
    """
    code = _SIP_CODES.get(call.status)
    minutes = -(-duration // _SECONDS_A_MINUTE)
    return [
        *request_params(call),
        *([("CallDuration", str(duration)), ("Duration", str(minutes))] if code else []),
        ("Timestamp", rfc2822(at)),
        ("CallbackSource", "call-progress-events"),
        ("SequenceNumber", str(sequence)),
        *([("SipResponseCode", str(code))] if code else []),
    ]


def recording_params(recording: RecordingFacts) -> Params:
    """Return the parameters of a recording's status callback."""
    is_done = recording.status != "in-progress"
    return [
        ("RecordingSource", recording.source),
        ("RecordingSid", recording.sid),
        ("RecordingUrl", recording_url(recording.account_sid, recording.sid)),
        ("RecordingStatus", recording.status),
        ("RecordingChannels", str(recording.channels)),
        ("ErrorCode", "0"),
        ("CallSid", recording.call_sid),
        ("RecordingStartTime", rfc2822(recording.started)),
        ("AccountSid", recording.account_sid),
        *([("RecordingDuration", str(recording.duration))] if is_done else []),
        ("RecordingTrack", "both"),
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """Where an end of the call is; empty texts where Twilio tells none."""

    country: str
    state: str
    city: str
    postal_code: str

    @classmethod
    def of(cls, address: str) -> _Place:
        """Return the place of a number; other addresses have none."""
        place = locate(address)
        area = place.area if place and place.country.has_area_codes else None
        return cls(
            country=country_of(address),
            state=(area and area.region) or "",
            city=((area and area.locality) or "").upper(),
            postal_code=(area and area.postal_code) or "",
        )
