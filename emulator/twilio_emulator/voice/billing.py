"""What a call costs."""

from __future__ import annotations

from twilio_emulator.usage.prices import call_price

__all__ = ["price_of"]

_SECONDS_A_MINUTE = 60


def price_of(direction: str, number: str, seconds: int) -> str | None:
    """Return the price of a call, begun minutes counted; None for one without a conversation."""
    minutes = -(-seconds // _SECONDS_A_MINUTE)
    return call_price(direction=direction, number=number, minutes=minutes) if minutes else None
