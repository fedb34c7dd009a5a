"""What webhooks say: the parameters Twilio sends, in the order it was seen to send them.

SMS carries places for North American numbers and empty ones elsewhere; WhatsApp carries the profile instead.
"""

from __future__ import annotations

import json
import mimetypes
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from twilio_emulator.messaging.addresses import Address
from twilio_emulator.models import MessageStatus
from twilio_emulator.numbering.plan import country_of, locate

if TYPE_CHECKING:
    from twilio_emulator.models import Message

__all__ = ["failure_params", "inbound_params", "status_params"]

_API_VERSION = "2010-04-01"
_CHANNEL_INSTALL_SID = "XE" + "e" * 32
_MASKED_DIGITS = 4
_EVENTS = {MessageStatus.DELIVERED: "DELIVERED", MessageStatus.READ: "READ"}

Params = list[tuple[str, str]]


def inbound_params(message: Message) -> Params:
    """Return the parameters for a message that came in."""
    sender, recipient = Address.parse(message.sender), Address.parse(message.recipient)
    body = _whatsapp(message, sender) if sender.is_whatsapp else _sms(message, sender, recipient)
    return [*body, *_media(message)]


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
        ("ApiVersion", _API_VERSION),
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
        ("ApiVersion", _API_VERSION),
    ]


def _whatsapp(message: Message, sender: Address) -> Params:
    wa_id = sender.number.removeprefix("+") if sender.number.startswith("+") else ""
    profile = message.profile_name or wa_id or sender.number
    metadata = {"type": "whatsapp", "data": {"context": {"ProfileName": profile, "WaId": wa_id}}}
    encoded = json.dumps(metadata, ensure_ascii=False, separators=(",", ":"))
    kind = _content_type(message.media[0]).partition("/")[0] if message.media else "text"
    return [
        ("SmsMessageSid", message.sid),
        ("NumMedia", str(len(message.media))),
        ("ProfileName", profile),
        ("MessageType", kind),
        ("SmsSid", message.sid),
        *([("WaId", wa_id)] if wa_id else [("ExternalUserId", message.sender)]),
        ("SmsStatus", message.status),
        ("Body", message.body),
        ("To", message.recipient),
        ("NumSegments", str(message.num_segments)),
        ("ReferralNumMedia", "0"),
        ("MessageSid", message.sid),
        ("AccountSid", message.account_sid),
        *([("ChannelMetadata", encoded)] if wa_id else []),
        ("From", message.sender),
        ("ApiVersion", _API_VERSION),
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


def _media(message: Message) -> Params:
    pairs = []
    for index, url in enumerate(message.media):
        pairs += [(f"MediaContentType{index}", _content_type(url)), (f"MediaUrl{index}", url)]
    return pairs


def _content_type(url: str) -> str:
    return mimetypes.guess_type(urlsplit(url).path)[0] or "image/jpeg"
