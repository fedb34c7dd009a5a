"""Record: the caller's voice until a key, silence, the longest length or the end of the call.

Silence ends a recording and is cut from it. A recording that holds nothing but silence is absent: its action
is not requested and the document goes on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from twilio_emulator.voice.effects import StartRecording, StopRecording
from twilio_emulator.voice.run import spoken_seconds, whole_seconds
from twilio_emulator.voice.state import Recording
from twilio_emulator.voice.verbs import Record

if TYPE_CHECKING:
    from twilio_emulator.voice.effects import Params
    from twilio_emulator.voice.events import Speech
    from twilio_emulator.voice.run import Run
    from twilio_emulator.voice.state import CallStatus
    from twilio_emulator.voice.verbs import RecordCall

__all__ = ["abandon", "begin", "hang_up", "hear", "on_due", "press", "recording_url"]

SOURCE = "RecordVerb"
CALL_SOURCE = "StartCallRecordingTwiML"
_RECORDING_URL = "https://api.twilio.com/2010-04-01/Accounts/{account}/Recordings/{recording}"


def recording_url(account_sid: str, recording_sid: str) -> str:
    """Return where a recording can be had."""
    return _RECORDING_URL.format(account=account_sid, recording=recording_sid)


def begin(run: Run, verb: Record | RecordCall) -> None:
    """Start the recording; one of the whole call lasts until that ends, and the document goes on at once."""
    sid = run.new_sid("RE")
    source = SOURCE if isinstance(verb, Record) else CALL_SOURCE
    run.emit(StartRecording(at=run.at, sid=sid, source=source, callback=run.callback(verb.callback)))
    if not isinstance(verb, Record):
        return
    until = run.at + min(verb.timeout, verb.max_length)
    run.become(Recording(verb=verb, sid=sid, since=run.at, until=until))


def on_due(run: Run, activity: Recording) -> None:
    """End because of silence or length."""
    is_full = run.at >= activity.since + activity.verb.max_length
    _finish(run, activity, "", until=run.at if is_full else activity.sound)


def press(run: Run, activity: Recording, key: str) -> None:
    """End on a finishing key, which comes after what is being said; another one is a sound."""
    run.stir()
    if key in activity.verb.finish_on_key:
        _finish(run, activity, key, until=max(run.at, activity.sound or run.at))
    else:
        _sound(run, activity, run.at)


def hear(run: Run, activity: Recording, speech: Speech) -> None:
    """Record what is said, for as long as it takes to say it."""
    run.stir()
    _sound(run, activity, run.at + spoken_seconds(speech.text))


def hang_up(run: Run, activity: Recording, status: CallStatus) -> None:
    """End with the call; the action is told, but its answer does not count."""
    params = _stop(run, activity, "hangup", until=run.at)
    if params:
        run.fetch_last(activity.verb.action or "", activity.verb.method, params, status)


def abandon(run: Run, activity: Recording) -> None:
    """End because the API has taken the call elsewhere; no action is requested."""
    _stop(run, activity, "", until=run.at)


def _sound(run: Run, activity: Recording, end: float) -> None:
    full = activity.since + activity.verb.max_length
    sound = min(max(end, activity.sound or 0.0), full)
    run.become(replace(activity, sound=sound, until=min(sound + activity.verb.timeout, full)))


def _finish(run: Run, activity: Recording, key: str, *, until: float | None) -> None:
    params = _stop(run, activity, key, until=until)
    if params:
        run.fetch(activity.verb.action or "", activity.verb.method, params)
    else:
        run.ready()


def _stop(run: Run, activity: Recording, key: str, *, until: float | None) -> Params:
    """End the recording and return what its action is told, nothing when it is empty.

    ``until`` is the end of the last sound, None when there was none.
    """
    kept = until if activity.verb.trim or until is None else run.at
    duration = 0 if kept is None else whole_seconds(kept - activity.since)
    run.emit(
        StopRecording(
            at=run.at,
            sid=activity.sid,
            source=SOURCE,
            status="completed" if duration else "absent",
            started=activity.since,
            duration=duration,
            callback=run.callback(activity.verb.callback),
        )
    )
    if not duration:
        return ()
    return (
        ("RecordingUrl", recording_url(run.call.account_sid, activity.sid)),
        ("RecordingSid", activity.sid),
        ("RecordingDuration", str(duration)),
        *((("Digits", key),) if key else ()),
    )
