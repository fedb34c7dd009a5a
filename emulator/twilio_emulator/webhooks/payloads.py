"""What webhooks say: the parameters Twilio sends, in the order it was seen to send them.

SMS carries places for North American numbers and empty ones elsewhere; what WhatsApp carries is in ``whatsapp``.
"""

from __future__ import annotations

import mimetypes
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from twilio_emulator.addresses import Address
from twilio_emulator.models import MessageStatus
from twilio_emulator.numbering.plan import country_of, locate

if TYPE_CHECKING:
    from twilio_emulator.models import Message

__all__ = [
    "API_VERSION",
    "Params",
    "content_type_of",
    "error_text",
    "failure_params",
    "geography",
    "inbound_params",
    "media_params",
    "status_params",
]

API_VERSION = "2010-04-01"
_CHANNEL_INSTALL_SID = "XE" + "e" * 32
_MASKED_DIGITS = 4
_EVENTS = {
    MessageStatus.DELIVERED: "DELIVERED",
    MessageStatus.READ: "READ",
    MessageStatus.FAILED: "UNDELIVERED",
    MessageStatus.UNDELIVERED: "UNDELIVERED",
}
_WITH_RECEIPT = frozenset({MessageStatus.DELIVERED, MessageStatus.UNDELIVERED})
_ERRORS = {
    21610: "Attempt to send to unsubscribed recipient",
    21703: "The Messaging Service does not have a phone number available to send a message",
    21704: "The Messaging Service contains no phone numbers",
    30001: "Queue overflow",
    30002: "Account suspended",
    30003: "Unreachable destination handset",
    30004: "Message blocked",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Carrier violation",
    30008: "Unknown error",
    30010: "Message price exceeds max price",
    30032: "Toll-Free Number Has Not Been Verified",
    30034: "US A2P 10DLC - Message from an Unregistered Number",
    30036: "Validity Period Expired",
    63007: "Twilio could not find a Channel with the specified From address",
    63015: "Channel Sandbox can only send messages to phone numbers that have joined the Sandbox",
    63016: "Failed to send freeform message because you are outside the allowed window.",
    63018: "Rate limit exceeded for Channel",
    63024: "Invalid message recipient",
    63051: "WhatsApp Business Account is locked",
}

Params = list[tuple[str, str]]


def inbound_params(message: Message) -> Params:
    """Return the parameters for an SMS or MMS that came in."""
    sender, recipient = Address.parse(message.sender), Address.parse(message.recipient)
    return [*_sms(message, sender, recipient), *media_params(message)]


def media_params(message: Message) -> Params:
    """Return what is said of the media of a message that came in."""
    pairs = []
    for index, url in enumerate(message.media):
        pairs += [(f"MediaContentType{index}", content_type_of(message, index)), (f"MediaUrl{index}", url)]
    return pairs


def content_type_of(message: Message, index: int) -> str:
    """Return the content type of one of a message's media: the one given with it, else by its URL's ending."""
    known = message.extra.get("media_types")
    given = known[index] if isinstance(known, list) and index < len(known) else ""
    return str(given or mimetypes.guess_type(urlsplit(message.media[index]).path)[0] or "image/jpeg")


def status_params(message: Message) -> Params:
    """Return the parameters for a state that an outbound message has reached."""
    recipient = Address.parse(message.recipient)
    params = [
        *_failure(message),
        ("SmsSid", message.sid),
        ("SmsStatus", message.status),
        ("MessageStatus", message.status),
        *_service(message),
        ("To", message.recipient),
        ("MessageSid", message.sid),
        ("AccountSid", message.account_sid),
        ("From", message.sender),
        ("ApiVersion", API_VERSION),
    ]
    if not recipient.is_whatsapp:
        return [*_receipt(message), *params]
    event = _EVENTS.get(MessageStatus(message.status))
    text = error_text(message.error_code)
    return [
        *([("EventType", event)] if event else []),
        *([("ChannelStatusMessage", text)] if text else []),
        *params,
        ("ChannelPrefix", recipient.channel),
        ("ChannelToAddress", recipient.number[:-_MASKED_DIGITS] + "X" * _MASKED_DIGITS),
        ("ChannelInstallSid", _CHANNEL_INSTALL_SID),
        ("StructuredMessage", "false"),
    ]


def failure_params(error_code: int, error_url: str) -> Params:
    """Return what a fallback URL is told beside the message: why the primary URL failed."""
    return [("ErrorCode", str(error_code)), ("ErrorUrl", error_url)]


def error_text(code: int | None) -> str | None:
    """Return what Twilio says of the error with which a message failed; None when it did not."""
    return None if code is None else _ERRORS.get(code, "Unknown error")


def _failure(message: Message) -> Params:
    text = error_text(message.error_code)
    return [] if text is None else [("ErrorCode", str(message.error_code)), ("ErrorMessage", text)]


def _receipt(message: Message) -> Params:
    """Return the day and minute of the carrier's delivery receipt."""
    if message.status not in _WITH_RECEIPT:
        return []
    return [("RawDlrDoneDate", datetime.fromtimestamp(message.updated, UTC).strftime("%y%m%d%H%M"))]


def _service(message: Message) -> Params:
    return [("MessagingServiceSid", message.service_sid)] if message.service_sid else []


def _sms(message: Message, sender: Address, recipient: Address) -> Params:
    to, from_ = geography("To", recipient.number), geography("From", sender.number)
    return [
        *to,
        ("SmsMessageSid", message.sid),
        ("NumMedia", str(len(message.media))),
        ("SmsSid", message.sid),
        ("SmsStatus", message.status),
        ("Body", message.body),
        *from_,
        ("To", message.recipient),
        *_service(message),
        ("NumSegments", str(message.num_segments)),
        ("MessageSid", message.sid),
        ("AccountSid", message.account_sid),
        ("From", message.sender),
        ("ApiVersion", API_VERSION),
    ]


def geography(end: str, number: str) -> Params:
    """Return where a number belongs: its country, and for North America its place; ``end`` is To or From."""
    place = locate(number)
    area = place.area if place and place.country.has_area_codes else None
    return [
        (f"{end}Country", country_of(number)),
        (f"{end}State", (area and area.region) or ""),
        (f"{end}City", ((area and area.locality) or "").upper()),
        (f"{end}Zip", (area and area.postal_code) or ""),
    ]
