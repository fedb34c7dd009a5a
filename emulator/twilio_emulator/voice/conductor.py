"""Lets things happen to calls under way, and does what the calls then ask for.

Everything that happens to a call comes through ``happen``, in the transaction of whoever brings it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from twilio_emulator.errors import ApiError
from twilio_emulator.messaging.sending import Outgoing, send
from twilio_emulator.models import WebhookKind
from twilio_emulator.voice import legs, library, live
from twilio_emulator.voice.billing import price_of
from twilio_emulator.voice.effects import (
    Alert,
    Ended,
    Fetch,
    LegChanged,
    NotEmulated,
    Played,
    SendMessage,
    Spoke,
    StartDial,
    StartRecording,
    StatusChanged,
    StopRecording,
)
from twilio_emulator.voice.events import Answered, DialAnswered, DialResult, NotAnswered, Started, TimePassed
from twilio_emulator.voice.library import RECORDING
from twilio_emulator.voice.machine import advance
from twilio_emulator.voice.payloads import request_params
from twilio_emulator.voice.phones import ANSWER, RINGS_FOR, reaction
from twilio_emulator.voice.recording import CALL_SOURCE as RECORD_CALL
from twilio_emulator.voice.recording import SOURCE as RECORD_VERB
from twilio_emulator.voice.state import CallDirection, CallStatus
from twilio_emulator.voice.telling import facts, raise_alert, tell
from twilio_emulator.voice.verbs import RecordingCallback
from twilio_emulator.webhooks.queue import enqueue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twilio_emulator.core import Core
    from twilio_emulator.models import Record
    from twilio_emulator.store.calls import CallEntry
    from twilio_emulator.voice.effects import Effect
    from twilio_emulator.voice.events import Event

__all__ = ["START", "happen", "on_timer"]

START = "start"
"""What a queued call is kept for; the other acts are reactions of phones."""
_EMPTY_MESSAGE, _MESSAGE_INVALID = 21602, 14103


def happen(core: Core, sid: str, event: Event, *, now: float, alerted: int | None = None) -> None:
    """Let something happen to a call; nothing when it has ended.

    Args:
        core: the emulator.
        sid: the call; not one that another call dialled.
        event: what happens.
        now: when.
        alerted: alert that was raised already and is not raised again.
    """
    events = deque([event])
    while events:
        call = live.state_of(core, sid)
        if call is None:
            return
        step = advance(call, events.popleft(), now=now, new_sid=core.sids.sid)
        live.keep(core, sid, step.call)
        for effect in step.effects:
            if isinstance(effect, Alert) and effect.code == alerted:
                continue
            events.extend(_perform(core, core.store.calls.require(sid), effect))


def on_timer(core: Core, record: Record, now: float) -> None:
    """Let happen what is due in a call, or what its phone does."""
    act = live.take_plan(core, record, now=now)
    if not record.parent_sid:
        happen(core, record.sid, _event(act), now=now)
    elif act == ANSWER:
        happen(core, record.parent_sid, DialAnswered(sid=record.sid), now=now)
    else:
        happen(core, record.parent_sid, DialResult(status=act, sid=record.sid), now=now)


def _event(act: str) -> Event:
    if not act:
        return TimePassed()
    if act == START:
        return Started()
    return Answered() if act == ANSWER else NotAnswered(status=act)


def _perform(core: Core, entry: CallEntry, effect: Effect) -> Iterable[Event]:
    """Do what a call asks for and return what that makes happen to it at once."""
    match effect:
        case StatusChanged():
            _reach(core, entry, effect)
        case Ended():
            _end(core, entry, effect)
        case Fetch():
            _fetch(core, entry, effect)
        case StartRecording() | StopRecording():
            _record(core, entry, effect)
        case StartDial():
            return legs.start(core, entry, effect)
        case LegChanged():
            legs.change(core, entry, effect)
        case SendMessage():
            _send(core, entry, effect)
        case Alert():
            raise_alert(core, entry, effect.code, effect.text, at=effect.at)
        case Spoke() | Played() | NotEmulated():
            _hear(core, entry, effect)
    return ()


def _reach(core: Core, entry: CallEntry, effect: StatusChanged) -> None:
    core.store.calls.note(entry.sid, "status", at=effect.at, status=effect.status)
    if effect.status == CallStatus.INITIATED:  # told, but no state of the log
        tell(
            core, core.store.calls.change(entry.sid, updated=effect.at, started=effect.at), effect.status, at=effect.at
        )
        return
    changed = core.store.calls.change(entry.sid, status=effect.status, updated=effect.at)
    tell(core, changed, effect.status, at=effect.at)
    if effect.status == CallStatus.RINGING:
        _ring(core, changed, at=effect.at)
    elif effect.status == CallStatus.IN_PROGRESS:
        _connected(core, changed, at=effect.at)


def _ring(core: Core, entry: CallEntry, *, at: float) -> None:
    """Have the phone of an outbound call react; one that is not picked up rings until the call gives up."""
    wanted = reaction(core, entry.recipient)
    if wanted != CallStatus.NO_ANSWER:
        live.plan(core, entry.sid, wanted, at=at + RINGS_FOR)


def _connected(core: Core, entry: CallEntry, *, at: float) -> None:
    """Do what the API asked for when the phone is picked up."""
    if digits := entry.extra.get("send_digits"):
        core.store.calls.note(entry.sid, "played", at=at, url="", digits=digits, loop=1, seconds=None)
    wanted = entry.extra.get("record")
    if isinstance(wanted, dict):
        callback = wanted["callback"]
        library.start(
            core,
            entry,
            source="OutboundAPI",
            at=at,
            callback=RecordingCallback(**{**callback, "events": tuple(callback["events"])}) if callback else None,
            channels=wanted["channels"],
            track=wanted["track"],
        )


def _end(core: Core, entry: CallEntry, effect: Ended) -> None:
    library.end_with_call(core, entry.sid, at=effect.at)
    core.store.calls.note(entry.sid, "status", at=effect.at, status=effect.status)
    changed = core.store.calls.change(
        entry.sid,
        status=effect.status,
        updated=effect.at,
        ended=effect.at,
        duration=effect.duration,
        price=price_of(entry.direction, entry.recipient, effect.duration),
    )
    tell(core, changed, effect.status, at=effect.at)


def _fetch(core: Core, entry: CallEntry, effect: Fetch) -> None:
    """Ask the customer for a document; the lane of each is its own, so that a newer one need not wait."""
    core.store.calls.note(entry.sid, "document", at=effect.at, url=effect.url, method=effect.method)
    fallback = "" if effect.final else str(entry.extra.get("fallback_url", ""))
    enqueue(
        core,
        kind=WebhookKind.VOICE,
        account_sid=entry.account_sid,
        resource_sid=entry.sid,
        lane=f"{entry.sid}/{effect.number}",
        url=effect.url,
        method=effect.method,
        params=request_params(facts(entry, effect.call_status), effect.params),
        fallback_url=fallback,
        fallback_method=str(entry.extra.get("fallback_method", "POST")),
        now=effect.at,
    )


def _record(core: Core, entry: CallEntry, effect: StartRecording | StopRecording) -> None:
    """Begin or end a recording; of a Dial the clock tells how long it is, since the API may have held it."""
    if isinstance(effect, StartRecording):
        channels = 2 if effect.source == RECORD_CALL else 1
        library.start(
            core,
            entry,
            sid=effect.sid,
            source=effect.source,
            at=effect.at,
            callback=effect.callback,
            channels=channels,
        )
        return
    record = core.store.records.find(RECORDING, effect.sid)
    if record:
        by_verb = effect.duration if effect.source == RECORD_VERB else None
        library.stop(core, record, at=effect.at, duration=by_verb)


def _hear(core: Core, entry: CallEntry, effect: Spoke | Played | NotEmulated) -> None:
    note = core.store.calls.note
    if isinstance(effect, NotEmulated):
        note(entry.sid, "not-emulated", at=effect.at, what=effect.what)
    elif isinstance(effect, Played):
        note(
            entry.sid,
            "played",
            at=effect.at,
            url=effect.url,
            digits=effect.digits,
            loop=effect.loop,
            seconds=effect.seconds,
        )
    else:
        note(
            entry.sid,
            "said",
            at=effect.at,
            text=effect.text,
            voice=effect.voice,
            language=effect.language,
            loop=effect.loop,
            seconds=effect.seconds,
        )


def _send(core: Core, entry: CallEntry, effect: SendMessage) -> None:
    """Send a message between the ends of the call unless the verb names others; a refusal is an alert."""
    phone, own = entry.sender, entry.recipient
    if entry.direction != CallDirection.INBOUND:
        phone, own = own, phone
    outgoing = Outgoing(
        sid=effect.sid,
        sender=effect.sender or own,
        recipient=effect.recipient or phone,
        body=effect.body,
        status_callback=effect.status_callback,
    )
    account = core.store.accounts.require(entry.account_sid)
    try:
        message = send(core, account, outgoing, now=effect.at)
    except ApiError as refused:
        code = _MESSAGE_INVALID if refused.code == _EMPTY_MESSAGE else refused.code
        raise_alert(core, entry, code, refused.message, at=effect.at)
        return
    core.store.calls.note(entry.sid, "message", at=effect.at, sid=message.sid, to=message.recipient, text=message.body)
