"""TwiML applications: ``/2010-04-01/Accounts/{AccountSid}/Applications``.

A number that names an application takes its URLs from there (``numbering.routing``). URLs follow the rules of
numbers. Deleting an application takes it off the numbers that name it, as Twilio documents.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from twilio_emulator.calls import Answer, Call, Json, Route
from twilio_emulator.dates import rfc2822
from twilio_emulator.numbering.routing import APPLICATION
from twilio_emulator.paging import uri_page, window_of
from twilio_emulator.resources.number_config import (
    METHODS,
    URLS,
    check_version,
    given_callbacks,
    refuse_lone_fallback,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twilio_emulator.models import Record

__all__ = ["ROUTES"]

_URLS: Mapping[str, tuple[str, int]] = {
    **URLS,
    "sms_status_callback": ("SmsStatusCallback", 21502),
    "message_status_callback": ("MessageStatusCallback", 21502),
}
_FLAGS = {
    "voice_caller_id_lookup": "VoiceCallerIdLookup",
    "public_application_connect_enabled": "PublicApplicationConnectEnabled",
}
_FIRST: Mapping[str, object] = {
    **dict.fromkeys(_URLS, ""),
    **dict.fromkeys(METHODS, "POST"),
    **dict.fromkeys(_FLAGS, False),
    "friendly_name": None,
}


def create(call: Call) -> Answer:
    """Make an application."""
    data = _changed(call, _FIRST)
    record = call.core.store.records.add(
        APPLICATION,
        sid=call.core.sids.sid("AP"),
        account_sid=call.account.sid,
        key=str(data["friendly_name"] or ""),
        data=data,
        now=call.now,
    )
    return Answer(status=201, body=_render(record))


def list_(call: Call) -> Answer:
    """List the account's applications, newest first."""
    window = window_of(call.params)
    conditions: list[tuple[str, object]] = [("account_sid = ?", call.account.sid)]
    if name := call.params.text("FriendlyName"):
        conditions.append(("key = ?", name))
    found = call.core.store.records.page(APPLICATION, conditions, window)
    return Answer(body=uri_page(call, "applications", found, window, _render, filters=("FriendlyName",)))


def fetch(call: Call) -> Answer:
    """Return one application."""
    return Answer(body=_render(_named(call)))


def update(call: Call) -> Answer:
    """Change an application; what is not given stays."""
    record = _named(call)
    data = _changed(call, record.data)
    key = str(data["friendly_name"] or "")
    return Answer(body=_render(call.core.store.records.change(record, data=data, key=key, now=call.now)))


def delete(call: Call) -> Answer:
    """Delete an application, also from the numbers that name it."""
    record = _named(call)
    numbers = call.core.store.numbers
    for number in numbers.with_config(call.account.sid, ("sms_application_sid", "voice_application_sid"), record.sid):
        config = number.config
        if config.sms_application_sid == record.sid:
            config = replace(config, sms_application_sid=None)
        if config.voice_application_sid == record.sid:
            config = replace(config, voice_application_sid=None)
        numbers.configure(number, config=config, now=call.now)
    call.core.store.records.delete(record)
    return Answer(status=204)


def _changed(call: Call, before: Mapping[str, object]) -> dict[str, object]:
    """Return the settings after a call, checked."""
    params = call.params
    check_version(params)
    data = {**before, **given_callbacks(params, _URLS, METHODS)}
    data |= {field: flag for field, name in _FLAGS.items() if (flag := params.boolean(name)) is not None}
    if (name := params.text("FriendlyName", longest=64, code=20002)) is not None:
        data["friendly_name"] = name
    refuse_lone_fallback(
        voice=(str(data["voice_url"]), str(data["voice_fallback_url"])),
        sms=(str(data["sms_url"]), str(data["sms_fallback_url"])),
    )
    return data


def _named(call: Call) -> Record:
    record = call.core.store.records.find(APPLICATION, call.ids["Sid"])
    if record is None or record.account_sid != call.account.sid:
        raise call.not_found()
    return record


def _render(record: Record) -> Json:
    return {
        **record.data,
        **{field: record.data[field] or None for field in _URLS},
        "account_sid": record.account_sid,
        "api_version": "2010-04-01",
        "date_created": rfc2822(record.created),
        "date_updated": rfc2822(record.updated),
        "sid": record.sid,
        "uri": f"/2010-04-01/Accounts/{record.account_sid}/Applications/{record.sid}.json",
    }


_LIST = "/2010-04-01/Accounts/{AccountSid}/Applications"
_ONE = f"{_LIST}/{{Sid}}.json"

ROUTES: tuple[Route, ...] = (
    Route("POST", "api", f"{_LIST}.json", create),
    Route("GET", "api", f"{_LIST}.json", list_),
    Route("GET", "api", _ONE, fetch),
    Route("POST", "api", _ONE, update),
    Route("DELETE", "api", _ONE, delete),
)
