"""What a provider's words for the fate of a message mean, whichever store keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from switchboard_runtime.store.records import Inbound

__all__ = ["DELIVERY_RANK", "OPTED_OUT", "by_provider"]

OPTED_OUT = 21610
"""Twilio's code for "the recipient has opted out"."""

DELIVERY_RANK = {
    "accepted": 0,
    "scheduled": 0,
    "queued": 0,
    "sending": 1,
    "sent": 2,
    "delivered": 3,
    "undelivered": 3,
    "failed": 3,
    "canceled": 3,
    "read": 4,
}
"""A status replaces another only when it is higher."""


def by_provider(message: Inbound) -> bool:
    """Whether replies leave by the provider's API; else they are handed to whoever asked: a JSON caller, a call."""
    return message.provider == "twilio" and message.channel != "voice"
