"""How calls begin: the API asks for one, or a phone calls a number."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twilio_emulator.errors import AdminError
from twilio_emulator.numbering.plan import locate
from twilio_emulator.numbering.routing import voice_target
from twilio_emulator.voice import live
from twilio_emulator.voice.addresses import is_elsewhere, phone_number
from twilio_emulator.voice.conductor import START, happen
from twilio_emulator.voice.events import Started
from twilio_emulator.voice.run import APOLOGY
from twilio_emulator.voice.state import RING_TIMEOUT, Call, CallDirection, CallStatus
from twilio_emulator.voice.telling import raise_alert, tell
from twilio_emulator.voice.twiml import parse_voice
from twilio_emulator.voice.verbs import LONGEST_CALL, Hangup, Say
from twilio_emulator.webhooks.xml import InvalidReply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twilio_emulator.core import Core
    from twilio_emulator.models import Account, Number
    from twilio_emulator.store.calls import CallEntry
    from twilio_emulator.voice.verbs import Verb

__all__ = ["Order", "place", "read_document", "receive"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """A call that the API asks for; everything in it was checked.

    Attributes:
        url: where its document is, ``""`` when ``document`` is that.
        document: TwiML.
        extra: how the customer wants to be told of it, and what is to be recorded; JSON.
        not_emulated: parameters that Twilio would act on and the emulator does not.
    """

    recipient: str
    sender: str
    url: str = ""
    method: str = "POST"
    document: str = ""
    ring_timeout: int = RING_TIMEOUT
    time_limit: int = LONGEST_CALL
    extra: Mapping[str, object] = field(default_factory=dict)
    not_emulated: tuple[str, ...] = ()


def place(core: Core, account: Account, order: Order, *, now: float) -> CallEntry:
    """Queue a call to a phone."""
    own = core.store.numbers.owner_of(order.sender)
    entry = core.store.calls.add(
        sid=core.sids.sid("CA"),
        account_sid=account.sid,
        number_sid=own.sid if own and own.account_sid == account.sid else "",
        direction=CallDirection.API,
        sender=order.sender,
        recipient=order.recipient,
        status=CallStatus.QUEUED,
        now=now,
        extra=order.extra,
    )
    for name in order.not_emulated:
        core.store.calls.note(entry.sid, "not-emulated", at=now, what=name)
    call = Call.outbound(
        account_sid=account.sid,
        now=now,
        url=order.url,
        method=order.method,
        verbs=() if order.url else read_document(core, entry, order.document, now=now),
        ring_timeout=order.ring_timeout,
        time_limit=order.time_limit,
    )
    live.begin(core, entry, call, now=now, act=START)
    return entry


def read_document(core: Core, entry: CallEntry, document: str, *, now: float) -> tuple[Verb, ...]:
    """Return the verbs of TwiML that came with an API call; what cannot be read is an alert and an apology."""
    try:
        return parse_voice(document.encode(), "text/xml")
    except InvalidReply as invalid:
        raise_alert(core, entry, invalid.code, str(invalid), at=now)
        return (Say(text=APOLOGY), Hangup())


def receive(core: Core, *, sender: str, recipient: str, now: float) -> CallEntry:
    """A phone calls a number.

    Raises:
        AdminError: an address is none, nobody owns the number, it takes no calls or its account is not active.
    """
    caller = sender if is_elsewhere(sender) else phone_number(sender)
    if caller is None:
        raise AdminError(status=400, message=f"from: {sender} is no phone number; write +15551234567")
    number = _number(core, recipient)
    target = voice_target(core, number)
    entry = core.store.calls.add(
        sid=core.sids.sid("CA"),
        account_sid=number.account_sid,
        number_sid=number.sid,
        direction=CallDirection.INBOUND,
        sender=caller,
        recipient=number.phone_number,
        status=CallStatus.RINGING,
        started=now,
        now=now,
        extra={
            "fallback_url": target.fallback_url,
            "fallback_method": target.fallback_method,
            "status_callback": target.status_callback,
            "status_callback_method": target.status_callback_method,
            "status_events": ["completed"],
            "trunk_sid": target.trunk_sid,
        },
    )
    core.store.calls.note(entry.sid, "status", at=now, status=CallStatus.RINGING)
    tell(core, entry, CallStatus.RINGING, at=now)
    if target.trunk_sid:
        core.store.calls.note(entry.sid, "not-emulated", at=now, what="the SIP trunk that takes the call")
        return _turn_away(core, entry, CallStatus.FAILED, now=now)
    if not target.url:
        core.store.calls.note(entry.sid, "not-emulated", at=now, what="a number without a voice URL")
        return _turn_away(core, entry, CallStatus.BUSY, now=now)
    call = Call.inbound(account_sid=entry.account_sid, url=target.url, method=target.method, now=now)
    live.begin(core, entry, call, now=now)
    happen(core, entry.sid, Started(), now=now)
    return core.store.calls.require(entry.sid)


def _number(core: Core, recipient: str) -> Number:
    dialled = phone_number(recipient)
    if dialled is None:
        raise AdminError(status=400, message=f"to: {recipient} is no phone number; write +15551234567")
    number = core.store.numbers.owner_of(dialled)
    if number is None:
        raise AdminError(status=404, message=f"to: no account owns {dialled}; buy it first")
    place_ = locate(dialled)
    if place_ is None or not place_.type.voice:
        raise AdminError(status=409, message=f"to: {dialled} takes no calls")
    account = core.store.accounts.require(number.account_sid)
    if not core.may_communicate(account):
        raise AdminError(status=409, message=f"to: account {account.sid} is not active, {dialled} takes no calls")
    return number


def _turn_away(core: Core, entry: CallEntry, status: CallStatus, *, now: float) -> CallEntry:
    """End a call that nobody is asked about."""
    core.store.calls.note(entry.sid, "status", at=now, status=status)
    changed = core.store.calls.change(entry.sid, status=status, updated=now, ended=now, duration=0)
    tell(core, changed, status, at=now)
    return core.store.calls.require(entry.sid)
