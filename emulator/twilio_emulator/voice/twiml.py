"""Voice TwiML, read into verbs.

The emulator is stricter than Twilio, which logs most faults of a verb as warnings and goes on with a default:
here the first fault stops the document, with the code that Twilio would log. 11750 too much, 12300 a
content type, 12100 no XML, 12102 another root, 11100 a URL, 13xxx and 14xxx a verb's own, 12200 the rest.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from twilio_emulator.voice.attributes import SCHEMA, Attributes, check_url
from twilio_emulator.voice.dialled import dial
from twilio_emulator.voice.verbs import (
    LONGEST_RECORDING,
    Gather,
    Hangup,
    Pause,
    Play,
    Prompt,
    Record,
    RecordCall,
    Redirect,
    Reject,
    Say,
    Sms,
    Unemulated,
    Verb,
)
from twilio_emulator.webhooks.twiml import LARGEST_REPLY
from twilio_emulator.webhooks.xml import InvalidReply, parse_xml

if TYPE_CHECKING:
    from collections.abc import Callable
    from xml.etree import ElementTree as ET

__all__ = ["InvalidReply", "parse_voice"]

_XML = frozenset({"text/xml", "application/xml", "text/html", "application/xhtml+xml"})
_LONGEST_TEXT = 4096
_LONGEST_MESSAGE = 1600
_LANGUAGE = r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*"
_VOICE = r"man|woman|alice|(Polly|Google|Amazon|ElevenLabs)\.[A-Za-z0-9._-]+"
_SSML = frozenset({"break", "emphasis", "lang", "p", "phoneme", "prosody", "s", "say-as", "sub", "w"})
_HELD = ("Connect", "Echo", "Enqueue", "Pay", "Prompt", "Queue", "Refer", "Conference", "VirtualAgent", "Autopilot")
_PASSED = ("Leave", "Stop")
_SAY_CODES = {"loop": 13510, "voice": 13511}
_GATHERED_SAY_CODES = {"loop": 13322, "voice": 13321}
_GATHER_CODES = {
    "finishOnKey": 13310,
    "method": 13312,
    "timeout": 13313,
    "numDigits": 13314,
    "speechTimeout": 13327,
}
_RECORD_CODES = {
    "method": 13610,
    "timeout": 13611,
    "maxLength": 13612,
    "finishOnKey": 13613,
    "transcribe": 13614,
    "playBeep": 13616,
}
_GATHER_ATTRIBUTES = frozenset(
    {
        "action",
        "method",
        "input",
        "timeout",
        "speechTimeout",
        "maxSpeechTime",
        "profanityFilter",
        "finishOnKey",
        "numDigits",
        "language",
        "hints",
        "partialResultCallback",
        "partialResultCallbackMethod",
        "bargeIn",
        "debug",
        "actionOnEmptyResult",
        "speechModel",
        "enhanced",
    }
)
_RECORD_ATTRIBUTES = frozenset(
    {
        "action",
        "method",
        "timeout",
        "finishOnKey",
        "maxLength",
        "playBeep",
        "trim",
        "transcribe",
        "transcribeCallback",
        "recordingConfigurationId",
        "recordingStatusCallback",
        "recordingStatusCallbackMethod",
        "recordingStatusCallbackEvent",
        "recordingTrack",
    }
)
_CALL_RECORDING_ATTRIBUTES = frozenset(
    {
        "name",
        "channels",
        "track",
        "trim",
        "recordingConfigurationId",
        "recordingStatusCallback",
        "recordingStatusCallbackMethod",
        "recordingStatusCallbackEvent",
    }
)


def parse_voice(body: bytes, content_type: str) -> tuple[Verb, ...]:
    """Return the verbs that an answer to a voice webhook consists of.

    Args:
        body: as received; plain text is spoken, sound is played.
        content_type: media type without parameters, in small letters.

    Raises:
        InvalidReply: it cannot be acted on.
    """
    if content_type.startswith("audio/"):
        return (Play(),)
    if len(body) > LARGEST_REPLY:
        raise InvalidReply(11750, f"the answer has more than {LARGEST_REPLY} bytes")
    if content_type == "text/plain":
        text = body.decode("utf-8", "replace").strip()
        return (Say(text=text),) if text else ()
    if content_type not in _XML:
        raise InvalidReply(12300, f"the answer's Content-Type is {content_type or 'missing'}, not text/xml")
    root = parse_xml(body)
    if root.tag != "Response":
        raise InvalidReply(12102, f"the root element is {root.tag}, not Response")
    _refuse_text(root)
    return tuple(_verb(element) for element in root)


def _verb(element: ET.Element) -> Verb:
    read = _READERS.get(element.tag)
    if read is None:
        raise InvalidReply(SCHEMA, f"<{element.tag}> is no verb of voice TwiML")
    return read(element)


def _say(element: ET.Element, codes: dict[str, int] = _SAY_CODES) -> Say:
    attributes = Attributes(element, codes)
    attributes.allow({"voice", "language", "loop"})
    for nested in element.iter():
        if nested is not element and nested.tag not in _SSML:
            raise InvalidReply(SCHEMA, f"<{nested.tag}> is not allowed in <Say>")
    text = re.sub(r"\s+", " ", "".join(element.itertext())).strip()
    if len(text) > _LONGEST_TEXT:
        raise InvalidReply(13520, f"Say: the text has more than {_LONGEST_TEXT} characters")
    return Say(
        text=text,
        voice=attributes.matching("voice", _VOICE, "man"),
        language=attributes.matching("language", _LANGUAGE, "en-US"),
        loop=attributes.integer("loop", 1, least=0),
    )


def _play(element: ET.Element) -> Play:
    attributes = Attributes(element, {"loop": 13410})
    attributes.allow({"loop", "digits"})
    url, digits = check_url(_text(element)), attributes.matching("digits", "[0-9*#wW]+")
    if not url and not digits:
        raise InvalidReply(SCHEMA, "<Play> has neither a URL nor digits")
    return Play(url=url, digits=digits, loop=attributes.integer("loop", 1, least=0))


def _pause(element: ET.Element) -> Pause:
    attributes = Attributes(element, {"length": 13910})
    attributes.allow({"length"})
    _refuse_content(element)
    return Pause(length=attributes.integer("length", 1))


def _prompt(element: ET.Element) -> Prompt:
    if element.tag == "Say":
        return _say(element, _GATHERED_SAY_CODES)
    if element.tag == "Play":
        return _play(element)
    if element.tag == "Pause":
        return _pause(element)
    raise InvalidReply(13320, f"Gather: <{element.tag}> is not allowed in it")


def _gather(element: ET.Element) -> Gather:
    attributes = Attributes(element, _GATHER_CODES)
    attributes.allow(_GATHER_ATTRIBUTES)
    _refuse_text(element)
    kinds = attributes.words("input", ("dtmf", "speech"), ("dtmf",))
    most = attributes.integer("numDigits", 0)
    return Gather(
        action=attributes.url("action"),
        method=attributes.method(),
        dtmf="dtmf" in kinds,
        speech="speech" in kinds,
        timeout=attributes.integer("timeout", 5),
        num_digits=most or None,
        finish_on_key=attributes.matching("finishOnKey", "[0-9*#]?", "#"),
        speech_timeout=attributes.matching("speechTimeout", "auto|[1-9][0-9]{0,5}"),
        hints=attributes.text("hints"),
        language=attributes.matching("language", _LANGUAGE, "en-US"),
        barge_in=attributes.boolean("bargeIn", default=True),
        action_on_empty_result=attributes.boolean("actionOnEmptyResult", default=False),
        prompts=tuple(_prompt(nested) for nested in element),
    )


def _record(element: ET.Element) -> Record:
    attributes = Attributes(element, _RECORD_CODES)
    attributes.allow(_RECORD_ATTRIBUTES)
    _refuse_content(element)
    attributes.boolean("transcribe", default=False)
    return Record(
        action=attributes.url("action"),
        method=attributes.method(),
        timeout=attributes.integer("timeout", 5),
        finish_on_key=attributes.matching("finishOnKey", "[0-9*#]*", "1234567890*#"),
        max_length=attributes.integer("maxLength", LONGEST_RECORDING, least=0) or LONGEST_RECORDING,
        play_beep=attributes.boolean("playBeep", default=True),
        trim=attributes.choice("trim", ("trim-silence", "do-not-trim"), "trim-silence") == "trim-silence",
        callback=attributes.recording_callback(),
    )


def _redirect(element: ET.Element) -> Redirect:
    attributes = Attributes(element, {"method": 13710})
    attributes.allow({"method"})
    return Redirect(url=check_url(_text(element)), method=attributes.method())


def _hangup(element: ET.Element) -> Hangup:
    Attributes(element).allow(())
    _refuse_content(element)
    return Hangup()


def _reject(element: ET.Element) -> Reject:
    attributes = Attributes(element)
    attributes.allow({"reason"})
    _refuse_content(element)
    return Reject(reason=attributes.choice("reason", ("rejected", "busy"), "rejected"))


def _sms(element: ET.Element) -> Sms:
    attributes = Attributes(element, {"to": 14101, "from": 14102, "method": 14104})
    attributes.allow({"to", "from", "action", "method", "statusCallback"})
    body = _text(element)
    if not 1 <= len(body) <= _LONGEST_MESSAGE:
        raise InvalidReply(14103, f"{element.tag}: the body is empty or has more than {_LONGEST_MESSAGE} characters")
    return Sms(
        body=body,
        recipient=attributes.matching("to", r"\+[1-9][0-9]{6,14}"),
        sender=attributes.matching("from", r"\+[1-9][0-9]{6,14}|[0-9]{3,8}|[A-Za-z0-9 ]{1,11}"),
        action=attributes.url("action"),
        method=attributes.method(),
        status_callback=attributes.url("statusCallback") or "",
    )


def _text(element: ET.Element) -> str:
    if len(element):
        raise InvalidReply(SCHEMA, f"<{element[0].tag}> is not allowed in <{element.tag}>")
    return (element.text or "").strip()


def _refuse_content(element: ET.Element) -> None:
    if _text(element):
        raise InvalidReply(SCHEMA, f"<{element.tag}> has no text")


def _refuse_text(element: ET.Element) -> None:
    """Refuse text beside nested elements."""
    if any((text or "").strip() for text in (element.text, *(nested.tail for nested in element))):
        raise InvalidReply(SCHEMA, f"<{element.tag}> has text beside its elements")


def _start(element: ET.Element) -> Verb:
    """A recording of the call is begun; of what else may run beside it there is none here."""
    if [nested.tag for nested in element] != ["Recording"]:
        return _passed(element)
    Attributes(element).allow({"action", "method"})
    _refuse_text(element)
    attributes = Attributes(element[0])
    attributes.allow(_CALL_RECORDING_ATTRIBUTES)
    _refuse_content(element[0])
    attributes.choice("trim", ("trim-silence", "do-not-trim"), "trim-silence")
    return RecordCall(callback=attributes.recording_callback())


def _held(element: ET.Element) -> Unemulated:
    return Unemulated(name=element.tag)


def _passed(element: ET.Element) -> Unemulated:
    return Unemulated(name=element.tag, holds=False)


_READERS: dict[str, Callable[[ET.Element], Verb]] = {
    "Say": _say,
    "Play": _play,
    "Pause": _pause,
    "Gather": _gather,
    "Record": _record,
    "Start": _start,
    "Redirect": _redirect,
    "Dial": dial,
    "Hangup": _hangup,
    "Reject": _reject,
    "Sms": _sms,
    "Message": _sms,
    **dict.fromkeys(_HELD, _held),
    **dict.fromkeys(_PASSED, _passed),
}
