"""Recordings that are kept: begun and ended by a verb, by the API, or with their call.

A recording that the API or a Dial began can be paused and stopped; one of a Record verb ends by the verb only.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from twilio_emulator.models import WebhookKind
from twilio_emulator.signals import Signal
from twilio_emulator.voice.payloads import RecordingFacts, recording_params
from twilio_emulator.voice.run import whole_seconds
from twilio_emulator.webhooks.queue import enqueue

if TYPE_CHECKING:
    from twilio_emulator.core import Core
    from twilio_emulator.models import Record
    from twilio_emulator.store.calls import CallEntry
    from twilio_emulator.voice.verbs import RecordingCallback

__all__ = [
    "ABSENT",
    "API_SOURCES",
    "COMPLETED",
    "DELETED",
    "IN_PROGRESS",
    "PAUSED",
    "RECORDING",
    "end_with_call",
    "pause",
    "resume",
    "start",
    "stop",
]

RECORDING = "recording"
IN_PROGRESS, PAUSED, COMPLETED, ABSENT, DELETED = "in-progress", "paused", "completed", "absent", "deleted"
API_SOURCES = frozenset({"OutboundAPI", "StartCallRecordingAPI", "StartCallRecordingTwiML"})
"""Sources of the recordings that last as long as the call; those of verbs end with their verb."""
_UNDER_WAY = frozenset({IN_PROGRESS, PAUSED})
_MINUTE = Decimal("0.00250")
_SECONDS_A_MINUTE = 60


def start(
    core: Core,
    call: CallEntry,
    *,
    source: str,
    at: float,
    callback: RecordingCallback | None,
    sid: str = "",
    channels: int = 1,
    track: str = "both",
) -> Record:
    """Begin a recording of a call; ``sid`` is its SID when it has one already."""
    told = {"url": callback.url, "method": callback.method, "events": list(callback.events)} if callback else None
    record = core.store.records.add(
        RECORDING,
        sid=sid or core.sids.sid("RE"),
        account_sid=call.account_sid,
        parent_sid=call.sid,
        status=IN_PROGRESS,
        now=at,
        data={
            "source": source,
            "started": at,
            "channels": channels,
            "track": track,
            "callback": told,
            "duration": None,
            "price": None,
            "silent": 0.0,
            "paused_at": None,
        },
    )
    core.store.calls.note(call.sid, "recording-started", at=at, sid=record.sid, source=source)
    _tell(core, record)
    return record


def pause(core: Core, record: Record, *, at: float, skips: bool) -> Record:
    """Hold a recording; ``skips`` leaves the pause out, else it is silence in it."""
    if record.status != IN_PROGRESS:
        return record
    return core.store.records.change(record, now=at, status=PAUSED, data={"paused_at": at, "skips": skips})


def resume(core: Core, record: Record, *, at: float) -> Record:
    """Go on with a recording that is held."""
    if record.status != PAUSED:
        return record
    data = {"silent": _left_out(record, at), "paused_at": None}
    return core.store.records.change(record, now=at, status=IN_PROGRESS, data=data)


def stop(core: Core, record: Record, *, at: float, duration: int | None = None) -> Record:
    """End a recording, with what is in it by the clock unless ``duration`` says it; an empty one is absent."""
    if record.status not in _UNDER_WAY:
        return record
    began = float(str(record.data["started"]))
    seconds = whole_seconds(at - began - _left_out(record, at)) if duration is None else duration
    minutes = -(-seconds // _SECONDS_A_MINUTE)
    status = COMPLETED if seconds else ABSENT
    price = str(-_MINUTE * minutes) if seconds else None
    done = core.store.records.change(record, now=at, status=status, data={"duration": seconds, "price": price})
    core.store.calls.note(record.parent_sid, "recording-ended", at=at, sid=record.sid, status=status, seconds=seconds)
    _tell(core, done)
    return done


def end_with_call(core: Core, call_sid: str, *, at: float) -> None:
    """End what the API has begun to record of a call that is over."""
    for record in core.store.records.where(RECORDING, parent_sid=call_sid):
        stop(core, record, at=at)


def _left_out(record: Record, at: float) -> float:
    """Return for how long a recording was held so far, when that is not in it."""
    silent, paused_at = float(str(record.data["silent"])), record.data["paused_at"]
    if not isinstance(paused_at, int | float) or not record.data.get("skips"):
        return silent
    return silent + at - paused_at


def _tell(core: Core, record: Record) -> None:
    data, now = record.data, record.updated
    core.signals.emit(
        Signal(
            name=f"recording.{record.status}",
            account_sid=record.account_sid,
            resource_sid=record.sid,
            now=now,
            data={"call_sid": record.parent_sid, "duration": data["duration"], "price": data["price"]},
        )
    )
    callback = data["callback"]
    if not isinstance(callback, dict) or record.status not in callback["events"]:
        return
    told = RecordingFacts(
        sid=record.sid,
        account_sid=record.account_sid,
        call_sid=record.parent_sid,
        source=str(data["source"]),
        status=record.status,
        started=float(str(data["started"])),
        duration=int(str(data["duration"] or 0)),
        channels=int(str(data["channels"])),
    )
    enqueue(
        core,
        kind=WebhookKind.RECORDING,
        account_sid=record.account_sid,
        resource_sid=record.sid,
        url=callback["url"],
        method=callback["method"],
        params=recording_params(told),
        now=now,
    )
