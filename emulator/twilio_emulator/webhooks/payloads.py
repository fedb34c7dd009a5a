"""What webhooks say: the parameters Twilio sends, in the order it was seen to send them.

SMS carries places for North American numbers and empty ones elsewhere; what WhatsApp carries is in ``whatsapp``.
"""

from __future__ import annotations

import mimetypes
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from twilio_emulator.messaging.addresses import Address
from twilio_emulator.models import MessageStatus
from twilio_emulator.numbering.plan import country_of, locate

if TYPE_CHECKING:
    from twilio_emulator.models import Message

__all__ = [
    "API_VERSION",
    "Params",
    "content_type_of",
    "failure_params",
    "inbound_params",
    "media_params",
    "status_params",
]

API_VERSION = "2010-04-01"
_CHANNEL_INSTALL_SID = "XE" + "e" * 32
_MASKED_DIGITS = 4
_EVENTS = {MessageStatus.DELIVERED: "DELIVERED", MessageStatus.READ: "READ"}

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
    params = [
        ("SmsSid", message.sid),
        ("SmsStatus", message.status),
        ("MessageStatus", message.status),
        ("To", message.recipient),
        ("MessageSid", message.sid),
        ("AccountSid", message.account_sid),
        ("From", message.sender),
        ("ApiVersion", API_VERSION),
    ]
    recipient = Address.parse(message.recipient)
    if not recipient.is_whatsapp:
        return params
    event = _EVENTS.get(MessageStatus(message.status))
    return [
        *([("EventType", event)] if event else []),
        *params,
        ("ChannelPrefix", recipient.channel),
        ("ChannelToAddress", recipient.number[:-_MASKED_DIGITS] + "X" * _MASKED_DIGITS),
        ("ChannelInstallSid", _CHANNEL_INSTALL_SID),
        ("StructuredMessage", "false"),
    ]


def failure_params(error_code: int, error_url: str) -> Params:
    """Return what a fallback URL is told beside the message: why the primary URL failed."""
    return [("ErrorCode", str(error_code)), ("ErrorUrl", error_url)]


def _sms(message: Message, sender: Address, recipient: Address) -> Params:
    to, from_ = _geography("To", recipient.number), _geography("From", sender.number)
    return [
        *to,
        ("SmsMessageSid", message.sid),
        ("NumMedia", str(len(message.media))),
        ("SmsSid", message.sid),
        ("SmsStatus", message.status),
        ("Body", message.body),
        *from_,
        ("To", message.recipient),
        ("NumSegments", str(message.num_segments)),
        ("MessageSid", message.sid),
        ("AccountSid", message.account_sid),
        ("From", message.sender),
        ("ApiVersion", API_VERSION),
    ]


def _geography(end: str, number: str) -> Params:
    place = locate(number)
    area = place.area if place and place.country.has_area_codes else None
    return [
        (f"{end}Country", country_of(number)),
        (f"{end}State", (area and area.region) or ""),
        (f"{end}City", ((area and area.locality) or "").upper()),
        (f"{end}Zip", (area and area.postal_code) or ""),
    ]
