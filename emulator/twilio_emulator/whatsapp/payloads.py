"""What a webhook says of a message that a WhatsApp user wrote."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from twilio_emulator.messaging.addresses import Address
from twilio_emulator.webhooks.payloads import API_VERSION, content_type_of, media_params

if TYPE_CHECKING:
    from twilio_emulator.models import Message
    from twilio_emulator.webhooks.payloads import Params

__all__ = ["inbound_params"]


def inbound_params(message: Message) -> Params:
    """Return the parameters for a WhatsApp message that came in; ``message.extra`` has what ``incoming.read`` found."""
    sender = Address.parse(message.sender)
    wa_id = sender.number.removeprefix("+") if sender.number.startswith("+") else ""
    profile = message.profile_name or wa_id or sender.number
    metadata = {"type": "whatsapp", "data": {"context": {"ProfileName": profile, "WaId": wa_id}}}
    encoded = json.dumps(metadata, ensure_ascii=False, separators=(",", ":"))
    kind = content_type_of(message, 0).partition("/")[0] if message.media else "text"
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
        ("ApiVersion", API_VERSION),
        *media_params(message),
    ]
