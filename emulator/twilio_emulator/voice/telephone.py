"""What the person at a phone does in a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.errors import AdminError
from twilio_emulator.voice.conductor import happen
from twilio_emulator.voice.events import DialResult, Digits, HungUp, Speech
from twilio_emulator.voice.state import FINAL, CallStatus

if TYPE_CHECKING:
    from twilio_emulator.core import Core
    from twilio_emulator.store.calls import CallEntry

__all__ = ["hang_up", "press", "speak"]

_KEYS = frozenset("0123456789*#")
_MOST_KEYS = 100


def press(core: Core, entry: CallEntry, keys: str, *, now: float) -> None:
    """Press keys one after another.

    Raises:
        AdminError: 400, one is no key; 409, nobody listens.
    """
    if not 1 <= len(keys) <= _MOST_KEYS or not set(keys) <= _KEYS:
        raise AdminError(status=400, message=f"digits: give up to {_MOST_KEYS} keys of a phone, such as 123#")
    _check_connected(entry, "keys")
    core.store.calls.note(entry.sid, "pressed", at=now, digits=keys)
    happen(core, entry.sid, Digits(keys=keys), now=now)


def speak(core: Core, entry: CallEntry, text: str, confidence: float, *, now: float) -> None:
    """Say something.

    Raises:
        AdminError: 409, nobody listens.
    """
    _check_connected(entry, "speech")
    core.store.calls.note(entry.sid, "spoken", at=now, text=text)
    happen(core, entry.sid, Speech(text=text, confidence=confidence), now=now)


def hang_up(core: Core, entry: CallEntry, *, now: float) -> None:
    """Hang up, or do not take the call that rings.

    Raises:
        AdminError: 409, the call is over or does not ring yet.
    """
    if entry.status in FINAL or entry.status == CallStatus.QUEUED:
        raise AdminError(status=409, message=f"sid: call {entry.sid} is {entry.status}, there is nothing to hang up")
    core.store.calls.note(entry.sid, "hung-up", at=now)
    if entry.parent_sid:
        status = CallStatus.COMPLETED if entry.status == CallStatus.IN_PROGRESS else CallStatus.BUSY
        happen(core, entry.parent_sid, DialResult(status=status, sid=entry.sid), now=now)
    else:
        happen(core, entry.sid, HungUp(), now=now)


def _check_connected(entry: CallEntry, what: str) -> None:
    if entry.parent_sid:
        raise AdminError(
            status=409, message=f"sid: call {entry.sid} was dialled by {entry.parent_sid}; nobody listens to its {what}"
        )
    if entry.status != CallStatus.IN_PROGRESS:
        raise AdminError(status=409, message=f"sid: call {entry.sid} is {entry.status}, nobody listens to {what}")
