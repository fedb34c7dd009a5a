"""Dial: others ring, the first to answer is connected, and the caller comes back when that is over.

Who answers, and how, comes as events. Without an ``action`` the document goes on afterwards.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from twilio_emulator.voice.effects import LegChanged, NotEmulated, StartDial, StartRecording, StopRecording
from twilio_emulator.voice.recording import recording_url
from twilio_emulator.voice.run import whole_seconds
from twilio_emulator.voice.state import CallStatus, Dialling, Leg

if TYPE_CHECKING:
    from twilio_emulator.voice.effects import Params
    from twilio_emulator.voice.events import DialAnswered, DialResult
    from twilio_emulator.voice.run import Run
    from twilio_emulator.voice.verbs import Dial, Noun

__all__ = ["abandon", "answered", "begin", "hang_up", "on_due", "press", "result"]

SOURCE = "DialVerb"
_FINAL = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})


def begin(run: Run, verb: Dial) -> None:
    """Let the others ring."""
    legs = tuple(Leg(sid=run.new_sid("CA"), noun=_absolute(run, noun)) for noun in verb.nouns)
    pairs = tuple((leg.sid, leg.noun) for leg in legs)
    run.emit(StartDial(at=run.at, legs=pairs, caller_id=verb.caller_id, timeout=verb.timeout))
    if any(leg.noun.url for leg in legs):
        run.emit(NotEmulated(at=run.at, what="url of what is dialled"))
    activity = Dialling(verb=verb, legs=legs, until=run.at + verb.timeout)
    run.become(_record(run, activity) if verb.record_ringing else activity)


def _absolute(run: Run, noun: Noun) -> Noun:
    """Return a noun with its status callback as an absolute URL, without one when that cannot be."""
    callback = run.resolve(noun.status_callback) if noun.status_callback else None
    return replace(noun, status_callback=callback or "")


def on_due(run: Run, activity: Dialling) -> None:
    """Give up ringing, or end a conversation that has lasted long enough."""
    _finish(run, activity, CallStatus.NO_ANSWER if activity.answered is None else CallStatus.COMPLETED)


def press(run: Run, activity: Dialling, key: str) -> None:
    """End the conversation when the verb lets the caller do so."""
    if key == "*" and activity.verb.hangup_on_star:
        run.stir()
        _finish(run, activity, CallStatus.CANCELED if activity.answered is None else CallStatus.COMPLETED)


def answered(run: Run, activity: Dialling, event: DialAnswered) -> None:
    """Connect the one who answers and let the others go."""
    leg = next((leg for leg in activity.legs if event.sid in {"", leg.sid}), None)
    if leg is None or activity.answered is not None:
        return
    run.answer()
    for other in activity.legs:
        if other is not leg:
            run.emit(LegChanged(at=run.at, sid=other.sid, status=CallStatus.CANCELED.value, duration=0))
    run.emit(LegChanged(at=run.at, sid=leg.sid, status=CallStatus.IN_PROGRESS.value, duration=0))
    connected = replace(activity, legs=(leg,), answered=run.at, until=run.at + activity.verb.time_limit)
    wanted = activity.verb.record and not activity.recording_sid
    run.become(_record(run, connected) if wanted else connected)


def result(run: Run, activity: Dialling, event: DialResult) -> None:
    """Take how a dialled call ended; while others ring, one that does not answer ends nothing."""
    known = not event.sid or any(leg.sid == event.sid for leg in activity.legs)
    if event.status not in _FINAL or not known:
        return
    status = CallStatus(event.status) if activity.answered is None else CallStatus.COMPLETED
    others = tuple(leg for leg in activity.legs if leg.sid != event.sid) if event.sid else ()
    if others and status != CallStatus.COMPLETED:
        run.emit(LegChanged(at=run.at, sid=event.sid, status=event.status, duration=0))
        run.become(replace(activity, legs=others))
        return
    if status == CallStatus.COMPLETED:
        run.answer()
    _finish(run, activity, status, duration=event.duration, sid=event.sid)


def hang_up(run: Run, activity: Dialling, call_status: CallStatus) -> None:
    """End with the call; the action is told, but its answer does not count."""
    status = CallStatus.CANCELED if activity.answered is None else CallStatus.COMPLETED
    params = _stop(run, activity, status)
    if activity.verb.action is not None:
        run.fetch_last(activity.verb.action, activity.verb.method, params, call_status)


def abandon(run: Run, activity: Dialling) -> None:
    """End because the API has taken the call elsewhere; no action is requested."""
    _stop(run, activity, CallStatus.CANCELED if activity.answered is None else CallStatus.COMPLETED)


def _finish(run: Run, activity: Dialling, status: CallStatus, *, duration: int | None = None, sid: str = "") -> None:
    params = _stop(run, activity, status, duration=duration, sid=sid)
    if activity.verb.action is None:
        run.ready()
    else:
        run.fetch(activity.verb.action, activity.verb.method, params)


def _stop(run: Run, activity: Dialling, status: CallStatus, *, duration: int | None = None, sid: str = "") -> Params:
    """End the dialled calls and return what the action is told.

    ``sid`` is the one whose status it is, ``""`` for all of them; only one can have completed.
    """
    talked = _talked(run, activity, status, duration)
    main = sid or activity.legs[0].sid
    for leg in activity.legs:
        is_main = leg.sid == main
        shared = is_main or (not sid and status != CallStatus.COMPLETED)
        own = status if shared else CallStatus.CANCELED
        run.emit(LegChanged(at=run.at, sid=leg.sid, status=own.value, duration=talked if is_main else 0))
    is_bridged = activity.answered is not None or status == CallStatus.COMPLETED
    return (
        ("DialCallStatus", status.value),
        ("DialCallSid", main),
        *((("DialCallDuration", str(talked)),) if is_bridged else ()),
        ("DialBridged", "true" if is_bridged else "false"),
        *_stop_recording(run, activity),
    )


def _talked(run: Run, activity: Dialling, status: CallStatus, duration: int | None) -> int:
    if status != CallStatus.COMPLETED:
        return 0
    if duration is not None:
        return max(0, duration)
    return 0 if activity.answered is None else whole_seconds(run.at - activity.answered)


def _record(run: Run, activity: Dialling) -> Dialling:
    sid = run.new_sid("RE")
    run.emit(StartRecording(at=run.at, sid=sid, source=SOURCE, callback=run.callback(activity.verb.callback)))
    return replace(activity, recording_sid=sid, recording_since=run.at)


def _stop_recording(run: Run, activity: Dialling) -> Params:
    if not activity.recording_sid:
        return ()
    duration = whole_seconds(run.at - activity.recording_since)
    run.emit(
        StopRecording(
            at=run.at,
            sid=activity.recording_sid,
            source=SOURCE,
            status="completed" if duration else "absent",
            started=activity.recording_since,
            duration=duration,
            callback=run.callback(activity.verb.callback),
        )
    )
    return (("RecordingUrl", recording_url(run.call.account_sid, activity.recording_sid)),) if duration else ()
