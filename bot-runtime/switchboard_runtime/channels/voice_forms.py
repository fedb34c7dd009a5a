"""What Twilio tells of a call, and what our own addresses carry from one of its webhooks to the next.

Assumes: the signature was checked, query included, so that what an address carries is what we wrote into it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from switchboard_runtime.store import Inbound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from switchboard_runtime.conversation.calls import CallKind

__all__ = ["CALLS", "TALKED", "CallTurn", "first_sid", "is_call", "load_answers", "read_call", "read_recording"]

CALLS = "/bot/twilio/voice"
TALKED = frozenset({"completed", "answered"})
"""What is told of a transfer that was answered."""

_PROVIDER, _CHANNEL = "twilio", "voice"
_CALLER = re.compile(r"\+[1-9][0-9]{4,14}|(?:sips?|client):\S{1,256}")
_AGAIN = "rc=3&rp=ct,5xx"
"""Twilio's connection overrides: a restart, or a store that is busy, is no end of a call; repetitions do no harm."""
_WITHHELD = frozenset({"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"})
"""ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN and UNAVAILABLE, as they are typed on a phone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTurn:
    """Where a call stands.

    Attributes:
        sid: the call.
        own: the number that was called.
        contact: who calls; a caller who withholds the number is somebody else at each call.
        turn: 0 is the answer; each time we listen is the next.
        waits: how often this turn's answer was asked for in vain.
        silences: how often in a row nothing was heard.
        talking: whether a key led from the menu to the assistant.
        language: the tenant's language that was spoken last; None at the beginning.
        speech: what was said.
        keys: what was pressed.
        pairs: the whole form.
    """

    account: str
    sid: str
    own: str
    contact: str
    turn: int = 0
    waits: int = 0
    silences: int = 0
    talking: bool = False
    language: str | None = None
    speech: str = ""
    keys: str = ""
    pairs: tuple[tuple[str, str], ...] = ()

    @property
    def kind(self) -> CallKind:
        """What the caller did."""
        if self.turn == 0:
            return "call"
        return "digits" if self.keys else "speech"

    def address(self, base: str, path: str, **changes: object) -> str:
        """The address below ``base`` that a webhook comes back to, with what it carries."""
        carried = {
            "n": self.turn,
            "w": self.waits,
            "s": self.silences,
            "a": int(self.talking),
            "l": self.language or "",
            **changes,
        }
        query = urlencode({name: value for name, value in carried.items() if name == "n" or value not in {0, ""}})
        return f"{base}{CALLS}{path}?{query}#{_AGAIN}"

    def to_inbound(self, *, trace: str, now: float) -> Inbound:
        """The engine's record of this turn, the same however often it comes."""
        return self._record(f"{self.sid}:{self.turn}", self.kind, self.keys or self.speech, trace=trace, now=now)

    def note(self, kind: str, sid: str, *, text: str = "", trace: str, now: float) -> Inbound:
        """The engine's record of something that happened and wants no answer."""
        return self._record(sid, kind, text, trace=trace, now=now)

    def _record(self, sid: str, kind: str, text: str, *, trace: str, now: float) -> Inbound:
        return Inbound(
            provider=_PROVIDER,
            account=self.account,
            sid=sid,
            channel=_CHANNEL,
            own=self.own,
            contact=self.contact,
            text=text,
            kind=kind,
            fields=self.pairs,
            trace=trace,
            received_at=now,
        )


def is_call(form: Mapping[str, str]) -> bool:
    """Whether a form is about a call and not about a message."""
    return "CallSid" in form and not form.keys() & {"MessageSid", "SmsMessageSid", "SmsSid"}


def read_call(
    form: Mapping[str, str], pairs: Sequence[tuple[str, str]], query: Mapping[str, str], *, languages: Sequence[str]
) -> CallTurn | None:
    """Where a call stands by its form and address, or None when it has no CallSid or To."""
    sid, own = form.get("CallSid"), form.get("To")
    if not (sid and own):
        return None
    language = query.get("l")
    return CallTurn(
        account=form.get("AccountSid", ""),
        sid=sid,
        own=own,
        contact=_contact(form.get("From", ""), sid),
        turn=_count(query.get("n")),
        waits=_count(query.get("w")),
        silences=_count(query.get("s")),
        talking=query.get("a") == "1",
        language=language if language in languages else None,
        speech=form.get("SpeechResult", "").strip(),
        keys=form.get("Digits", "").strip(),
        pairs=tuple(pairs),
    )


def read_recording(call: CallTurn, form: Mapping[str, str], *, what: str, trace: str, now: float) -> Inbound | None:
    """The message that a recording or its transcript is, or None when nothing was recorded."""
    transcript = form.get("TranscriptionSid")
    if transcript:
        text = form.get("TranscriptionText", "").strip()
        return call.note("transcript", transcript, text=text, trace=trace, now=now)
    sid = form.get("RecordingSid")
    if not (sid and form.get("RecordingUrl")) or form.get("RecordingStatus", "completed") != "completed":
        return None
    return call.note("recording" if what == "recording" else "voicemail", sid, trace=trace, now=now)


def load_answers() -> None:
    """Load Twilio's TwiML, a tenth of a second and 5 MiB, before the first call waits for it."""
    import_module("switchboard_runtime.channels.voice")


def first_sid(call_sid: str) -> str:
    """The SID under which the answer of a call is stored; its later turns have their numbers."""
    return f"{call_sid}:0"


def _contact(sender: str, sid: str) -> str:
    known = _CALLER.fullmatch(sender) and sender not in _WITHHELD
    return sender if known else f"anonymous:{sid}"


def _count(text: str | None) -> int:
    return int(text) if text and re.fullmatch(r"[0-9]{1,3}", text) else 0
