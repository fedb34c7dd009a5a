"""Dial and the nouns in it, read from TwiML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from twilio_emulator.voice.addresses import phone_number
from twilio_emulator.voice.attributes import SCHEMA, Attributes
from twilio_emulator.voice.verbs import DIAL_TIMEOUT, LONGEST_CALL, Dial, Noun, Unemulated
from twilio_emulator.webhooks.xml import InvalidReply

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

__all__ = ["dial"]

_MOST_NOUNS = 10
_EVENTS = ("initiated", "ringing", "answered", "completed")
_RECORDED = frozenset({"true", "record-from-answer", "record-from-answer-dual"})
_RECORDED_RINGING = frozenset({"record-from-ringing", "record-from-ringing-dual"})
_RECORD = _RECORDED | _RECORDED_RINGING | {"false", "do-not-record"}
_UNEMULATED = frozenset({"Conference", "Queue", "Sim", "Application", "WhatsApp"})
_DIAL_CODES = {
    "method": 13210,
    "timeout": 13212,
    "hangupOnStar": 13213,
    "callerId": 13214,
    "timeLimit": 13216,
    "record": 13217,
}
_NOUN_CODES = {
    "Number": {"method": 13221, "sendDigits": 13222},
    "Sip": {"method": 13241},
    "Client": {},
}
_DIAL_ATTRIBUTES = frozenset(
    {
        "action",
        "method",
        "timeout",
        "hangupOnStar",
        "timeLimit",
        "callerId",
        "record",
        "trim",
        "recordingStatusCallback",
        "answerOnBridge",
        "ringTone",
        "recordingConfigurationId",
        "recordingStatusCallbackMethod",
        "recordingStatusCallbackEvent",
        "recordingTrack",
        "sequential",
        "referUrl",
        "referMethod",
        "events",
        "passports",
        "callReason",
    }
)
_COMMON = frozenset(
    {
        "url",
        "method",
        "statusCallbackEvent",
        "statusCallback",
        "statusCallbackMethod",
    }
)
_DETECTION = frozenset(
    {
        "machineDetection",
        "amdStatusCallbackMethod",
        "amdStatusCallback",
        "machineDetectionTimeout",
        "machineDetectionSpeechThreshold",
        "machineDetectionSpeechEndThreshold",
        "machineDetectionSilenceTimeout",
    }
)
_NOUN_ATTRIBUTES = {
    "Number": _COMMON | _DETECTION | {"sendDigits", "byoc", "phoneNumberSid"},
    "Sip": _COMMON | _DETECTION | {"username", "password"},
    "Client": _COMMON,
}
_CALLER_ID = r"\+?[0-9]{3,15}|client:.+|[A-Za-z0-9_.@+-]{1,64}"
_IDENTITY = re.compile(r"[^\s]{1,121}")


def dial(element: ET.Element) -> Dial | Unemulated:
    """Return the verb, or that it dials something the emulator has none of.

    Raises:
        InvalidReply: it names nobody, or not so that anybody could be called.
    """
    attributes = Attributes(element, _DIAL_CODES)
    attributes.allow(_DIAL_ATTRIBUTES)
    unknown = next((nested.tag for nested in element if nested.tag in _UNEMULATED), None)
    if unknown:
        return Unemulated(name=f"Dial/{unknown}")
    record = attributes.choice("record", _RECORD, "do-not-record")
    return Dial(
        nouns=_nouns(element),
        action=attributes.url("action"),
        method=attributes.method(),
        timeout=attributes.integer("timeout", DIAL_TIMEOUT),
        time_limit=attributes.integer("timeLimit", LONGEST_CALL),
        caller_id=attributes.matching("callerId", _CALLER_ID),
        hangup_on_star=attributes.boolean("hangupOnStar", default=False),
        answer_on_bridge=attributes.boolean("answerOnBridge", default=False),
        record=record in _RECORDED | _RECORDED_RINGING,
        record_ringing=record in _RECORDED_RINGING,
        callback=attributes.recording_callback(),
    )


def _nouns(element: ET.Element) -> tuple[Noun, ...]:
    text = "".join((element.text or "", *(nested.tail or "" for nested in element))).strip()
    if text and len(element):
        raise InvalidReply(13215, "Dial: a number beside nested elements")
    if text:
        return (Noun(kind="number", address=_number(text)),)
    if not 1 <= len(element) <= _MOST_NOUNS:
        raise InvalidReply(SCHEMA, f"<Dial> has to name between 1 and {_MOST_NOUNS} to be called")
    return tuple(_noun(nested) for nested in element)


def _noun(element: ET.Element) -> Noun:
    if element.tag not in _NOUN_ATTRIBUTES:
        raise InvalidReply(13215, f"Dial: <{element.tag}> is not allowed in it")
    attributes = Attributes(element, _NOUN_CODES[element.tag])
    attributes.allow(_NOUN_ATTRIBUTES[element.tag])
    return Noun(
        kind=element.tag.lower(),
        address=_ADDRESSES[element.tag](element),
        url=attributes.url("url") or "",
        method=attributes.method(),
        send_digits=attributes.matching("sendDigits", "[0-9A-D*#wW]+"),
        status_callback=attributes.url("statusCallback") or "",
        status_callback_method=attributes.method("statusCallbackMethod"),
        status_events=attributes.words("statusCallbackEvent", _EVENTS, ("completed",)),
    )


def _number(text: str) -> str:
    found = phone_number(text)
    if found is None:
        raise InvalidReply(13223, f"Dial: {text[:32]!r} is no phone number")
    return found


def _number_address(element: ET.Element) -> str:
    return _number((element.text or "").strip())


def _sip_address(element: ET.Element) -> str:
    uri = (element.text or "").strip()
    if not re.fullmatch(r"sips?:[^\s]{1,255}", uri):
        raise InvalidReply(13243, f"Dial->Sip: {uri[:64]!r} is no SIP URI")
    return uri


def _client_address(element: ET.Element) -> str:
    nested = element.find("Identity")
    identity = ((element if nested is None else nested).text or "").strip()
    if not _IDENTITY.fullmatch(identity):
        raise InvalidReply(SCHEMA, f"Dial->Client: {identity[:64]!r} is no identity")
    return identity


_ADDRESSES = {"Number": _number_address, "Sip": _sip_address, "Client": _client_address}
