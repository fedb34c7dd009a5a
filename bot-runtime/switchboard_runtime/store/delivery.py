"""What a provider's words for the fate of a message mean, whichever store keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from switchboard_runtime.store.records import Inbound

__all__ = ["DELIVERY_RANK", "OPTED_OUT", "REPORTED", "UNDELIVERED", "by_provider"]

OPTED_OUT = 21610
"""Twilio's code for "the recipient has opted out"."""

DELIVERY_RANK = {
    "accepted": 0,
    "scheduled": 0,
    "queued": 0,
    "sending": 1,
    "sent": 2,
    "undelivered": 3,
    "failed": 3,
    "canceled": 3,
    "delivered": 4,
    "read": 5,
}
"""A status replaces another only when it is higher; that it reached the phone outweighs an earlier doubt."""

REPORTED = DELIVERY_RANK["sent"]
"""From this rank on a reply is on its way, or never will be: the next one may follow."""

UNDELIVERED = frozenset({"undelivered", "failed"})
"""Words for a reply that did not arrive."""


def by_provider(message: Inbound) -> bool:
    """Whether replies leave by the provider's API; else they are handed to whoever asked: a JSON caller, a call."""
    return message.provider == "twilio" and message.channel != "voice"
