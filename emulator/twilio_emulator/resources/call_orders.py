"""What the API is told when it is asked for a call, read and checked; codes are Twilio's for calls."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from twilio_emulator.accounts_control import is_verified
from twilio_emulator.errors import ApiError, invalid
from twilio_emulator.numbering.routing import APPLICATION
from twilio_emulator.voice.addresses import UNREACHABLE, is_elsewhere, may_show, phone_number
from twilio_emulator.voice.calling import Order
from twilio_emulator.voice.state import RING_TIMEOUT
from twilio_emulator.voice.telling import CALL_EVENTS
from twilio_emulator.voice.verbs import LONGEST_CALL

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from twilio_emulator.calls import Call
    from twilio_emulator.params import Params

__all__ = ["LONGEST_DOCUMENT", "call_method", "call_url", "document", "read_order", "recording_options", "time_limit"]

LONGEST_DOCUMENT = 4000
_URL, _METHOD, _CALLBACK = 21205, 21209, 21609
_LONGEST_RING = 600
_DIGITS = re.compile(r"[0-9A-Da-d*#wW]{1,32}")
_RECORDING_EVENTS = ("in-progress", "completed", "absent")
_BOUNDS = {
    "MachineDetectionTimeout": (3, 59),
    "MachineDetectionSpeechThreshold": (1000, 6000),
    "MachineDetectionSpeechEndThreshold": (500, 5000),
    "MachineDetectionSilenceTimeout": (2000, 10_000),
}
_NOT_EMULATED = (
    "MachineDetection",
    "AsyncAmdStatusCallback",
    "Byoc",
    "CallToken",
    "CallerId",
    "ClientNotificationUrl",
    "SipAuthUsername",
)


def read_order(call: Call) -> Order:
    """Return the call that is asked for.

    Raises:
        ApiError: 400, something in it cannot be used.
    """
    params = call.params
    recipient, sender = _ends(call)
    _check_unheard(params)
    source = _source(call)
    return Order(
        recipient=recipient,
        sender=sender,
        url=source["url"],
        method=source["method"],
        document=source["document"],
        ring_timeout=params.integer("Timeout", least=1, most=_LONGEST_RING, code=21208) or RING_TIMEOUT,
        time_limit=time_limit(params) or LONGEST_CALL,
        extra={
            "fallback_url": source["fallback_url"],
            "fallback_method": source["fallback_method"],
            "status_callback": source["status_callback"],
            "status_callback_method": source["status_callback_method"],
            "status_events": _events(params, "StatusCallbackEvent", CALL_EVENTS),
            "send_digits": _send_digits(params),
            "record": recording_options(params) if params.boolean("Record") else None,
        },
        not_emulated=tuple(name for name in _NOT_EMULATED if params.text(name)),
    )


def recording_options(params: Params) -> dict[str, object]:
    """Return how a recording is to be made and who is told of it."""
    channels = params.choice("RecordingChannels", ["mono", "dual"])
    track = params.choice("RecordingTrack", ["inbound", "outbound", "both"])
    params.choice("Trim", ["trim-silence", "do-not-trim"])
    url = params.url("RecordingStatusCallback", code=_CALLBACK)
    method = call_method(params, "RecordingStatusCallbackMethod")
    events = _events(params, "RecordingStatusCallbackEvent", _RECORDING_EVENTS)
    return {
        "channels": 2 if channels == "dual" else 1,
        "track": track or "both",
        "callback": {"url": url, "method": method, "events": events} if url else None,
    }


def time_limit(params: Params) -> int | None:
    """Return how long an answered call may last, seconds."""
    return params.integer("TimeLimit", least=1, most=LONGEST_CALL)


def document(params: Params) -> str:
    """Return TwiML that comes with the call, ``""`` for none; what is wrong in it shows when it is played."""
    return params.text("Twiml", longest=LONGEST_DOCUMENT) or ""


def call_url(params: Params, name: str) -> str:
    """Return a URL that gives TwiML, ``""`` for none."""
    return params.url(name, code=_URL) or ""


def call_method(params: Params, name: str) -> str:
    """Return GET or POST, POST when it is not given."""
    value = (params.text(name) or "POST").upper()
    if value not in {"GET", "POST"}:
        raise invalid(name, "it must be GET or POST", code=_METHOD)
    return value


def _ends(call: Call) -> tuple[str, str]:
    """Return whom to call and who is seen to call."""
    recipient = _recipient(call)
    sender = call.params.text("From")
    if not sender:
        raise _refused(21213, "A 'From' phone number is required.")
    number = phone_number(sender)
    if is_elsewhere(recipient) and number is None:
        return recipient, sender[:_LONGEST_ADDRESS]
    if number is None:
        raise _refused(21212, f"Invalid 'From' Phone Number: {sender[:_LONGEST_ADDRESS]}")
    if not may_show(call.core, call.account, number):
        raise _refused(
            21210,
            f"Source phone number provided in From, {number}, is not yet verified for your account. "
            "You may only make calls from phone numbers that you've verified or purchased from Twilio.",
        )
    return recipient, number


def _recipient(call: Call) -> str:
    given = call.params.text("To")
    if not given:
        raise _refused(21201, "No 'To' number is specified")
    if is_elsewhere(given):
        return given
    number = phone_number(given)
    if number is None:
        raise _refused(21211, f"Invalid 'To' Phone Number: {given[:_LONGEST_ADDRESS]}")
    if number in UNREACHABLE:
        code, text = UNREACHABLE[number]
        raise _refused(code, f"To: {text.format(number=number)}")
    if call.core.is_trial(call.account) and not is_verified(call.core, call.account, number):
        raise _refused(21219, f"The 'To' number {number} is unverified: a trial account calls verified numbers only")
    return number


_LONGEST_ADDRESS = 256


def _source(call: Call) -> Mapping[str, str]:
    """Return where the call's document comes from: the application, the URL, or TwiML given with it, in this order."""
    params = call.params
    given = {
        "url": call_url(params, "Url"),
        "method": call_method(params, "Method"),
        "document": document(params),
        "fallback_url": call_url(params, "FallbackUrl"),
        "fallback_method": call_method(params, "FallbackMethod"),
        "status_callback": params.url("StatusCallback", code=_CALLBACK) or "",
        "status_callback_method": call_method(params, "StatusCallbackMethod"),
    }
    if application_sid := params.text("ApplicationSid"):
        return _application(call, application_sid)
    if not given["url"] and not given["document"]:
        raise _refused(21205, "Url parameter is required.")
    return given


def _application(call: Call, sid: str) -> Mapping[str, str]:
    record = call.core.store.records.find(APPLICATION, sid)
    if record is None or record.account_sid != call.account.sid:
        raise invalid("ApplicationSid", "the account has no such application", code=21218)
    settings = {name: str(record.data.get(name) or "") for name in record.data}
    if not settings.get("voice_url"):
        raise invalid("ApplicationSid", "the application has no VoiceUrl", code=21218)
    return {
        "url": settings["voice_url"],
        "method": settings.get("voice_method") or "POST",
        "document": "",
        "fallback_url": settings.get("voice_fallback_url", ""),
        "fallback_method": settings.get("voice_fallback_method") or "POST",
        "status_callback": settings.get("status_callback", ""),
        "status_callback_method": settings.get("status_callback_method") or "POST",
    }


def _events(params: Params, name: str, known: Collection[str]) -> list[str]:
    """Return which events are to be told; several may stand in one value, separated by spaces."""
    events = [event for value in params.many(name) for event in value.split()]
    for event in events:
        if event not in known:
            raise invalid(name, f"it must be one of {', '.join(known)}")
    return events or ["completed"]


def _send_digits(params: Params) -> str:
    digits = params.text("SendDigits") or ""
    if digits and not _DIGITS.fullmatch(digits):
        raise invalid("SendDigits", "it may have up to 32 of 0-9, A-D, #, *, w and W", code=21206)
    return digits


def _check_unheard(params: Params) -> None:
    """Check what has no effect here, as Twilio would."""
    params.choice("MachineDetection", ["", "Enable", "DetectMessageEnd"])
    params.boolean("AsyncAmd")
    params.url("AsyncAmdStatusCallback", code=_CALLBACK)
    call_method(params, "AsyncAmdStatusCallbackMethod")
    params.url("ClientNotificationUrl", code=_CALLBACK)
    params.sid("Byoc", "BY")
    for name, (least, most) in _BOUNDS.items():
        params.integer(name, least=least, most=most)


def _refused(code: int, message: str) -> ApiError:
    return ApiError(status=400, code=code, message=message)
