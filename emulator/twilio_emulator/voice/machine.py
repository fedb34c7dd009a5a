"""One call, played: ``advance`` takes a call and an event and returns the call and what is to be done.

Nothing waits: what takes time has a moment at which it ends, and an event first plays everything that was
due before it. An event that makes no sense in the call's state changes nothing, and no event raises: who
must be told that something was refused asks the state before (``is_over``, ``is_answered``, ``activity``).
A call that has ended stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from twilio_emulator.voice import dialling, gathering, recording
from twilio_emulator.voice.effects import NotEmulated, SendMessage
from twilio_emulator.voice.events import (
    Answered,
    ApiDocument,
    ApiHangup,
    ApiRedirect,
    DialAnswered,
    DialResult,
    Digits,
    Fetched,
    FetchFailed,
    HungUp,
    NotAnswered,
    Speech,
    Started,
    TimePassed,
)
from twilio_emulator.voice.run import Run
from twilio_emulator.voice.state import (
    CallDirection,
    CallStatus,
    Dialling,
    Fetching,
    Gathering,
    Queued,
    Ready,
    Recording,
    Ringing,
    Waiting,
)
from twilio_emulator.voice.verbs import (
    Dial,
    Gather,
    Hangup,
    Pause,
    Play,
    Record,
    RecordCall,
    Redirect,
    Reject,
    Say,
    Sms,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from twilio_emulator.voice.effects import Effect
    from twilio_emulator.voice.events import Event
    from twilio_emulator.voice.state import Call
    from twilio_emulator.voice.verbs import Unemulated, Verb

__all__ = ["Step", "advance"]

_KEYS = frozenset("0123456789*#")
_NOT_ANSWERED = {"busy": CallStatus.BUSY, "no-answer": CallStatus.NO_ANSWER, "failed": CallStatus.FAILED}


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """The call after an event, and what is to be done, in order."""

    call: Call
    effects: tuple[Effect, ...]


def advance(call: Call, event: Event, *, now: float, new_sid: Callable[[str], str]) -> Step:
    """Play a call up to a moment and let something happen to it then.

    Args:
        call: as it was.
        event: what happens.
        now: when; a moment before the call's own counts as that.
        new_sid: makes the SID of a new resource (a recording, a dialled call, a message) from its prefix.
    """
    if call.is_over:
        return Step(call=call, effects=())
    run = Run(call, new_sid)
    _catch_up(run, now)
    if not run.call.is_over:
        run.at = max(now, run.at)
        _apply(run, event)
        _proceed(run)
    return Step(call=replace(run.call, moment=run.at), effects=tuple(run.effects))


def _catch_up(run: Run, now: float) -> None:
    """Play what was due until now, each at its own moment."""
    due = run.call.due
    while due is not None and due <= now:
        run.at = max(run.at, due)
        run.stir()
        _on_due(run)
        _proceed(run)
        due = run.call.due


def _on_due(run: Run) -> None:
    activity = run.call.activity
    if run.call.past_limit(run.at):
        _hang_up(run, CallStatus.COMPLETED)
    elif isinstance(activity, Ringing):
        run.end(CallStatus.NO_ANSWER)
    elif isinstance(activity, Waiting):
        run.ready()
    elif isinstance(activity, Gathering):
        gathering.on_due(run, activity)
    elif isinstance(activity, Recording):
        recording.on_due(run, activity)
    elif isinstance(activity, Dialling):
        dialling.on_due(run, activity)


def _apply(run: Run, event: Event) -> None:
    match event:
        case Started():
            _start(run)
        case Answered() | NotAnswered():
            _ring_ends(run, event)
        case Fetched() | FetchFailed():
            _document(run, event)
        case Digits():
            _press(run, event)
        case Speech():
            _hear(run, event)
        case DialAnswered() | DialResult():
            _dialled(run, event)
        case HungUp():
            _hung_up(run)
        case ApiHangup() | ApiRedirect() | ApiDocument():
            _api(run, event)
        case TimePassed():
            pass


def _start(run: Run) -> None:
    if not isinstance(run.call.activity, Queued):
        return
    if run.call.direction == CallDirection.INBOUND:
        run.fetch(run.call.url, run.call.method)
        return
    run.reach(CallStatus.INITIATED)
    run.reach(CallStatus.RINGING)
    run.become(Ringing(until=run.at + run.call.ring_timeout))


def _ring_ends(run: Run, event: Answered | NotAnswered) -> None:
    if not isinstance(run.call.activity, Ringing):
        return
    if isinstance(event, NotAnswered):
        run.end(_NOT_ANSWERED.get(event.status, CallStatus.FAILED))
        return
    run.answer()
    if run.call.url:
        run.fetch(run.call.url, run.call.method)
    else:
        run.ready()


def _document(run: Run, event: Fetched | FetchFailed) -> None:
    activity = run.call.activity
    if not isinstance(activity, Fetching) or activity.number != event.number:
        return
    if isinstance(event, FetchFailed):
        run.fail(event.code, event.text)
        return
    run.call = replace(run.call, verbs=event.verbs, document_url=event.url)
    run.ready()


def _press(run: Run, event: Digits) -> None:
    for key in event.keys:
        if key in _KEYS:
            _press_key(run, key)
            _proceed(run)


def _press_key(run: Run, key: str) -> None:
    activity = run.call.activity
    if isinstance(activity, Gathering):
        gathering.press(run, activity, key)
    elif isinstance(activity, Recording):
        recording.press(run, activity, key)
    elif isinstance(activity, Dialling):
        dialling.press(run, activity, key)


def _hear(run: Run, event: Speech) -> None:
    activity = run.call.activity
    if isinstance(activity, Gathering):
        gathering.hear(run, activity, event)
    elif isinstance(activity, Recording):
        recording.hear(run, activity, event)


def _dialled(run: Run, event: DialAnswered | DialResult) -> None:
    activity = run.call.activity
    if not isinstance(activity, Dialling):
        return
    run.stir()
    if isinstance(event, DialAnswered):
        dialling.answered(run, activity, event)
    else:
        dialling.result(run, activity, event)


def _hung_up(run: Run) -> None:
    """End the call by its phone; one that rings is declined by it, or given up by the caller."""
    if run.call.answered is not None:
        _hang_up(run, CallStatus.COMPLETED)
    elif run.call.direction == CallDirection.INBOUND:
        _hang_up(run, CallStatus.NO_ANSWER)
    elif isinstance(run.call.activity, Ringing):
        run.end(CallStatus.BUSY)


def _api(run: Run, event: ApiHangup | ApiRedirect | ApiDocument) -> None:
    if isinstance(event, ApiHangup):
        _api_hangup(run, event)
        return
    if not run.call.is_answered:
        return
    run.stir()
    _abandon(run)
    if isinstance(event, ApiRedirect):
        run.fetch(event.url, event.method)
        return
    run.call = replace(run.call, verbs=event.verbs, document_url="")
    run.ready()


def _api_hangup(run: Run, event: ApiHangup) -> None:
    if run.call.answered is None:
        _hang_up(run, CallStatus.CANCELED)
    elif not event.only_unanswered:
        _hang_up(run, CallStatus.COMPLETED)


def _hang_up(run: Run, status: CallStatus) -> None:
    activity = run.call.activity
    if isinstance(activity, Recording):
        recording.hang_up(run, activity, status)
    elif isinstance(activity, Dialling):
        dialling.hang_up(run, activity, status)
    run.end(status)


def _abandon(run: Run) -> None:
    activity = run.call.activity
    if isinstance(activity, Recording):
        recording.abandon(run, activity)
    elif isinstance(activity, Dialling):
        dialling.abandon(run, activity)


def _proceed(run: Run) -> None:
    """Begin verbs until one takes time or asks for a document, or the call is over."""
    while isinstance(run.call.activity, Ready):
        if not run.call.verbs:
            run.answer()
            run.end(CallStatus.COMPLETED)
            return
        verb, rest = run.call.verbs[0], run.call.verbs[1:]
        run.call = replace(run.call, verbs=rest)
        _begin(run, verb)


def _begin(run: Run, verb: Verb) -> None:
    """Begin a verb. Only Pause, Reject and a Dial that answers on its bridge leave a ringing call ringing."""
    waits = isinstance(verb, Pause | Reject) or (isinstance(verb, Dial) and verb.answer_on_bridge)
    if not waits:
        run.answer()
    match verb:
        case Say() | Play() | Pause():
            run.become(Waiting(until=run.hear(verb)))
        case Gather():
            gathering.begin(run, verb)
        case Record() | RecordCall():
            recording.begin(run, verb)
        case Dial():
            dialling.begin(run, verb)
        case Redirect():
            run.fetch(verb.url, verb.method)
        case Sms():
            _send(run, verb)
        case Reject():
            _reject(run, verb)
        case Hangup():
            run.end(CallStatus.COMPLETED)
        case _:
            _pass_over(run, verb)


def _send(run: Run, verb: Sms) -> None:
    sid = run.new_sid("SM")
    callback = run.resolve(verb.status_callback) if verb.status_callback else None
    run.emit(
        SendMessage(
            at=run.at,
            sid=sid,
            body=verb.body,
            recipient=verb.recipient,
            sender=verb.sender,
            status_callback=callback or "",
        )
    )
    if verb.action is not None:
        run.fetch(verb.action, verb.method, (("SmsSid", sid), ("SmsStatus", "sending")))


def _reject(run: Run, verb: Reject) -> None:
    """Turn the call away; once it is answered that is but hanging up."""
    if run.call.answered is not None:
        run.end(CallStatus.COMPLETED)
    else:
        run.end(CallStatus.BUSY if verb.reason == "busy" else CallStatus.NO_ANSWER)


def _pass_over(run: Run, verb: Unemulated) -> None:
    """Say that a verb is not acted on; nobody can tell what would follow one that holds the call."""
    run.emit(NotEmulated(at=run.at, what=verb.name))
    if verb.holds:
        run.end(CallStatus.COMPLETED)
