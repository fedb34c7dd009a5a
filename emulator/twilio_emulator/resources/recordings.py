"""Recordings: ``/2010-04-01/Accounts/{AccountSid}/Recordings``, and those of one call below ``/Calls/{CallSid}``.

The sound of a recording is silence of its length. A deleted recording is still listed when that is asked for.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from twilio_emulator.calls import Answer, Call, Json, Route
from twilio_emulator.dates import rfc2822
from twilio_emulator.errors import ApiError, invalid
from twilio_emulator.paging import uri_page, window_of
from twilio_emulator.resources.call_orders import recording_options
from twilio_emulator.resources.date_filters import date_conditions, date_names
from twilio_emulator.voice import library
from twilio_emulator.voice.library import ABSENT, COMPLETED, DELETED, IN_PROGRESS, PAUSED, RECORDING
from twilio_emulator.voice.recording import SOURCE as RECORD_VERB
from twilio_emulator.voice.recording import recording_url
from twilio_emulator.voice.sound import silent_mp3, silent_wav
from twilio_emulator.voice.state import CallStatus
from twilio_emulator.voice.verbs import RecordingCallback

if TYPE_CHECKING:
    from collections.abc import Callable

    from twilio_emulator.models import Record
    from twilio_emulator.store.calls import CallEntry

__all__ = ["ROUTES"]

_DATES = date_names("DateCreated")
_FILTERS = (*_DATES, "CallSid", "ConferenceSid", "IncludeSoftDeleted")
_API_SOURCE = "StartCallRecordingAPI"
_STOPPED = "stopped"
_CURRENT = "Twilio.CURRENT"


def list_(call: Call) -> Answer:
    """List the account's recordings, newest first."""
    window = window_of(call.params)
    conditions: list[tuple[str, object]] = [
        ("account_sid = ?", call.account.sid),
        *date_conditions(call.params, "DateCreated", "created"),
    ]
    if call_sid := call.params.sid("CallSid", "CA"):
        conditions.append(("parent_sid = ?", call_sid))
    if conference_sid := call.params.sid("ConferenceSid", "CF"):
        conditions.append(("key = ?", conference_sid))
    if not call.params.boolean("IncludeSoftDeleted"):
        conditions.append(("status != ?", DELETED))
    found = call.core.store.records.page(RECORDING, conditions, window)
    return Answer(body=uri_page(call, "recordings", found, window, _render, filters=_FILTERS))


def fetch(call: Call) -> Answer:
    """Return one recording."""
    deleted = bool(call.params.boolean("IncludeSoftDeleted"))
    return Answer(body=_render(_named(call, call.ids["Sid"], deleted=deleted)))


def delete(call: Call) -> Answer:
    """Delete a recording that is done; it is no longer shown unless deleted ones are asked for."""
    record = _named(call, call.ids["Sid"])
    if record.status not in {COMPLETED, ABSENT}:
        raise ApiError(
            status=409, code=20009, message=f"Cannot delete recording {record.sid} because it is {record.status}"
        )
    call.core.store.records.change(record, now=call.now, status=DELETED)
    return Answer(status=204)


def media(call: Call, *, make: Callable[[int], bytes], content_type: str) -> Answer:
    """Return the sound of a recording."""
    record = _named(call, call.ids["Sid"])
    if record.status != COMPLETED:
        raise call.not_found()
    return Answer(data=make(int(str(record.data["duration"]))), content_type=content_type)


def call_create(call: Call) -> Answer:
    """Begin to record a call; one that the API records already goes on as it is."""
    entry = _call(call)
    options = recording_options(call.params)
    if entry.status != CallStatus.IN_PROGRESS:
        raise _not_eligible()
    for record in call.core.store.records.where(RECORDING, parent_sid=entry.sid):
        if record.data["source"] == _API_SOURCE and record.status in {IN_PROGRESS, PAUSED}:
            return Answer(status=201, body=_render_of_call(record))
    callback = options["callback"]
    begun = library.start(
        call.core,
        entry,
        source=_API_SOURCE,
        at=call.now,
        callback=RecordingCallback(**{**callback, "events": tuple(callback["events"])})
        if isinstance(callback, dict)
        else None,
        channels=int(str(options["channels"])),
        track=str(options["track"]),
    )
    return Answer(status=201, body=_render_of_call(begun))


def call_list(call: Call) -> Answer:
    """List a call's recordings, newest first."""
    entry, window = _call(call), window_of(call.params)
    conditions: list[tuple[str, object]] = [
        ("parent_sid = ?", entry.sid),
        ("status != ?", DELETED),
        *date_conditions(call.params, "DateCreated", "created"),
    ]
    found = call.core.store.records.page(RECORDING, conditions, window)
    return Answer(body=uri_page(call, "recordings", found, window, _render_of_call, filters=_DATES))


def call_fetch(call: Call) -> Answer:
    """Return one recording of a call."""
    return Answer(body=_render_of_call(_of_call(call)))


def call_update(call: Call) -> Answer:
    """Pause a recording, go on with it, or stop it."""
    record = _of_call(call)
    status = call.params.choice("Status", [IN_PROGRESS, PAUSED, _STOPPED])
    skips = call.params.choice("PauseBehavior", ["skip", "silence"]) == "skip"
    if not status:
        raise invalid("Status", "give in-progress, paused or stopped")
    if record.status not in {IN_PROGRESS, PAUSED} or record.data["source"] == RECORD_VERB:
        raise _not_eligible()
    if status == PAUSED:
        changed = library.pause(call.core, record, at=call.now, skips=skips)
    elif status == IN_PROGRESS:
        changed = library.resume(call.core, record, at=call.now)
    else:
        changed = library.stop(call.core, record, at=call.now)
    return Answer(body=_render_of_call(changed))


def call_delete(call: Call) -> Answer:
    """Delete a recording of a call."""
    _of_call(call)
    return delete(call)


def _not_eligible() -> ApiError:
    return ApiError(status=400, code=21220, message="Requested resource is not eligible for recording")


def _call(call: Call) -> CallEntry:
    entry = call.core.store.calls.find(call.ids["CallSid"])
    if entry is None or entry.account_sid != call.account.sid:
        raise call.not_found()
    return entry


def _of_call(call: Call) -> Record:
    """Return the recording that the path names; ``Twilio.CURRENT`` is the newest one under way."""
    entry = _call(call)
    if call.ids["Sid"] == _CURRENT:
        running = [
            record
            for record in call.core.store.records.where(RECORDING, parent_sid=entry.sid)
            if record.status in {IN_PROGRESS, PAUSED}
        ]
        if not running:
            raise call.not_found()
        return running[-1]
    record = _named(call, call.ids["Sid"])
    if record.parent_sid != entry.sid:
        raise call.not_found()
    return record


def _named(call: Call, sid: str, *, deleted: bool = False) -> Record:
    record = call.core.store.records.find(RECORDING, sid)
    if record is None or record.account_sid != call.account.sid or (record.status == DELETED and not deleted):
        raise call.not_found()
    return record


def _common(record: Record) -> dict[str, object]:
    data = record.data
    duration = data["duration"]
    return {
        "account_sid": record.account_sid,
        "api_version": "2010-04-01",
        "call_sid": record.parent_sid,
        "channels": data["channels"],
        "conference_sid": None,
        "date_created": rfc2822(record.created),
        "date_updated": rfc2822(record.updated),
        "duration": None if duration is None else str(duration),
        "encryption_details": None,
        "error_code": None,
        "price": data["price"],
        "price_unit": "USD",
        "sid": record.sid,
        "source": data["source"],
        "start_time": rfc2822(record.created),
        "status": record.status,
    }


def _render(record: Record) -> Json:
    root = f"/2010-04-01/Accounts/{record.account_sid}/Recordings/{record.sid}"
    return {
        **_common(record),
        "media_url": recording_url(record.account_sid, record.sid),
        "subresource_uris": {
            "add_on_results": f"{root}/AddOnResults.json",
            "transcriptions": f"{root}/Transcriptions.json",
        },
        "uri": f"{root}.json",
    }


def _render_of_call(record: Record) -> Json:
    root = f"/2010-04-01/Accounts/{record.account_sid}/Calls/{record.parent_sid}/Recordings/{record.sid}"
    return {**_common(record), "track": record.data["track"], "uri": f"{root}.json"}


_ACCOUNT = "/2010-04-01/Accounts/{AccountSid}"
_ONE = f"{_ACCOUNT}/Recordings/{{Sid}}"
_LIST_OF_CALL = f"{_ACCOUNT}/Calls/{{CallSid}}/Recordings.json"
_ONE_OF_CALL = f"{_ACCOUNT}/Calls/{{CallSid}}/Recordings/{{Sid}}.json"
_WAV = partial(media, make=silent_wav, content_type="audio/x-wav")
_MP3 = partial(media, make=silent_mp3, content_type="audio/mpeg")

ROUTES = (
    Route("GET", "api", f"{_ACCOUNT}/Recordings.json", list_),
    Route("GET", "api", f"{_ONE}.json", fetch),
    Route("DELETE", "api", f"{_ONE}.json", delete),
    Route("GET", "api", f"{_ONE}.wav", _WAV),
    Route("GET", "api", f"{_ONE}.mp3", _MP3),
    Route("GET", "api", _ONE, _WAV),
    Route("POST", "api", _LIST_OF_CALL, call_create),
    Route("GET", "api", _LIST_OF_CALL, call_list),
    Route("GET", "api", _ONE_OF_CALL, call_fetch),
    Route("POST", "api", _ONE_OF_CALL, call_update),
    Route("DELETE", "api", _ONE_OF_CALL, call_delete),
)
