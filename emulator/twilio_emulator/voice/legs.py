"""Calls that another call dials: each has an entry of its own in the log, and a phone that reacts.

What happens to one happens to the call that dialled it: that call's state decides for all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.voice import live
from twilio_emulator.voice.addresses import UNREACHABLE, may_show
from twilio_emulator.voice.billing import price_of
from twilio_emulator.voice.events import DialResult
from twilio_emulator.voice.phones import RINGS_FOR, reaction
from twilio_emulator.voice.state import CallDirection, CallStatus
from twilio_emulator.voice.telling import raise_alert, tell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twilio_emulator.core import Core
    from twilio_emulator.store.calls import CallEntry
    from twilio_emulator.voice.effects import LegChanged, StartDial
    from twilio_emulator.voice.events import Event
    from twilio_emulator.voice.verbs import Noun

__all__ = ["change", "start"]

_CALLER_ID, _NUMBER = 13214, 13224


def start(core: Core, parent: CallEntry, dialled: StartDial) -> Sequence[Event]:
    """Call everybody who is dialled; return that those have failed who cannot be called."""
    caller_id = dialled.caller_id or parent.sender
    refused = _refused_caller_id(core, parent, dialled.caller_id)
    failed: list[Event] = []
    for sid, noun in dialled.legs:
        leg = _add(core, parent, sid, noun, caller_id=caller_id, at=dialled.at)
        problem = refused or _refused_number(noun)
        if problem:
            raise_alert(core, parent, *problem, at=dialled.at)
            failed.append(DialResult(status=CallStatus.FAILED, sid=sid))
        else:
            _ring(core, leg, at=dialled.at)
    return failed


def change(core: Core, parent: CallEntry, effect: LegChanged) -> None:
    """Note that a dialled call was picked up, or is over."""
    core.store.calls.note(parent.sid, "leg", at=effect.at, sid=effect.sid, status=effect.status)
    if effect.status == CallStatus.IN_PROGRESS:
        changed = core.store.calls.change(effect.sid, status=effect.status, updated=effect.at)
        tell(core, changed, effect.status, at=effect.at)
        return
    live.drop(core, effect.sid)
    leg = core.store.calls.require(effect.sid)
    price = price_of(leg.direction, leg.recipient, effect.duration)
    changed = core.store.calls.change(
        leg.sid, status=effect.status, updated=effect.at, ended=effect.at, duration=effect.duration, price=price
    )
    tell(core, changed, effect.status, at=effect.at)


def _add(core: Core, parent: CallEntry, sid: str, noun: Noun, *, caller_id: str, at: float) -> CallEntry:
    address = f"client:{noun.address}" if noun.kind == "client" else noun.address
    core.store.calls.note(parent.sid, "dialled", at=at, sid=sid, to=address)
    return core.store.calls.add(
        sid=sid,
        account_sid=parent.account_sid,
        parent_sid=parent.sid,
        direction=CallDirection.DIAL,
        sender=caller_id,
        recipient=address,
        status=CallStatus.RINGING,
        started=at,
        now=at,
        extra={
            "status_callback": noun.status_callback,
            "status_callback_method": noun.status_callback_method,
            "status_events": list(noun.status_events),
        },
    )


def _ring(core: Core, leg: CallEntry, *, at: float) -> None:
    wanted = reaction(core, leg.recipient)
    reacts_at = None if wanted == CallStatus.NO_ANSWER else at + RINGS_FOR
    live.begin_leg(core, leg, now=at, act=wanted, at=reacts_at)
    tell(core, leg, CallStatus.INITIATED, at=at)
    tell(core, core.store.calls.require(leg.sid), CallStatus.RINGING, at=at)


def _refused_caller_id(core: Core, parent: CallEntry, caller_id: str) -> tuple[int, str] | None:
    """Return the alert for a caller ID that is neither an end of the call nor the account's."""
    if caller_id in {"", parent.sender, parent.recipient} or not caller_id.lstrip("+").isdecimal():
        return None
    account = core.store.accounts.require(parent.account_sid)
    if may_show(core, account, caller_id):
        return None
    return _CALLER_ID, f"Dial: invalid callerId value {caller_id!r}: neither a number of the account nor a verified one"


def _refused_number(noun: Noun) -> tuple[int, str] | None:
    if noun.kind == "number" and noun.address in UNREACHABLE:
        return _NUMBER, f"Dial: {noun.address} cannot be called"
    return None
