"""What a webhook says of a message that a WhatsApp user wrote: parameters in the order they were seen in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from twilio_emulator.addresses import Address
from twilio_emulator.webhooks.payloads import API_VERSION, content_type_of, media_params

if TYPE_CHECKING:
    from twilio_emulator.models import Message
    from twilio_emulator.webhooks.payloads import Params

__all__ = ["inbound_params", "message_type"]

_KINDS = {"text/vcard": "contacts", "text/x-vcard": "contacts", "image/webp": "sticker"}
"""Media that WhatsApp calls something else than their type."""


def inbound_params(message: Message) -> Params:
    """Return the parameters for a WhatsApp message that came in; ``message.extra`` has what ``incoming.read`` found."""
    sender = Address.parse(message.sender)
    wa_id = sender.number.removeprefix("+") if sender.number.startswith("+") else ""
    profile = message.profile_name or wa_id or sender.number
    metadata = {"type": "whatsapp", "data": {"context": {"ProfileName": profile, "WaId": wa_id}}}
    encoded = json.dumps(metadata, ensure_ascii=False, separators=(",", ":"))
    return [
        ("SmsMessageSid", message.sid),
        ("NumMedia", str(len(message.media))),
        ("ProfileName", profile),
        ("MessageType", message_type(message)),
        ("SmsSid", message.sid),
        *([("WaId", wa_id)] if wa_id else []),
        ("SmsStatus", message.status),
        ("Body", message.body),
        ("To", message.recipient),
        ("NumSegments", str(message.num_segments)),
        ("ReferralNumMedia", str(message.extra.get("referral_media", 0))),
        ("MessageSid", message.sid),
        ("AccountSid", message.account_sid),
        *([("ChannelMetadata", encoded)] if wa_id else []),
        ("From", message.sender),
        ("ApiVersion", API_VERSION),
        *_parameters(message),
        *_hidden_name(message, sender),
        *_original(message),
        *media_params(message),
    ]


def message_type(message: Message) -> str:
    """Return what kind of message it is, as WhatsApp calls it, such as sticker or contacts."""
    given = message.extra.get("message_type")
    if given:
        return str(given)
    if not message.media:
        return "text"
    content_type = content_type_of(message, 0)
    kind = content_type.partition("/")[0]
    return _KINDS.get(content_type) or (kind if kind in {"image", "audio", "video"} else "document")


def _parameters(message: Message) -> Params:
    pairs = message.extra.get("parameters")
    return [(str(name), str(value)) for name, value in pairs] if isinstance(pairs, list) else []


def _hidden_name(message: Message, sender: Address) -> Params:
    """Return the user's id within the business: in place of a phone number, or beside it."""
    hidden = message.extra.get("external_user_id") if sender.number.startswith("+") else message.sender
    return [("ExternalUserId", str(hidden))] if hidden else []


def _original(message: Message) -> Params:
    """Return which message is answered, and who sent it."""
    sid = message.extra.get("reply_to")
    if not sid:
        return []
    return [("OriginalRepliedMessageSender", message.recipient), ("OriginalRepliedMessageSid", str(sid))]
