"""What a message costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.addresses import Address
from twilio_emulator.usage.prices import message_price

if TYPE_CHECKING:
    from twilio_emulator.models import Message

__all__ = ["price_of"]


def price_of(message: Message) -> str:
    """Return what a message costs, US dollars, such as ``-0.00790``."""
    recipient = Address.parse(message.recipient)
    return message_price(
        channel=recipient.channel,
        direction=message.direction,
        recipient=recipient.number,
        segments=message.num_segments,
        media=len(message.media),
    )
