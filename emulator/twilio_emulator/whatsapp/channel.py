"""What WhatsApp lets through: from which senders, to whom, and when; and where its messages go."""

# ruff: noqa: ARG001

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twilio_emulator.core import Core
    from twilio_emulator.messaging.addresses import Address
    from twilio_emulator.models import Account

__all__ = ["InboundTarget", "check_sender", "failure_of", "inbound_target"]


@dataclass(frozen=True, kw_only=True, slots=True)
class InboundTarget:
    """Where a message that comes in is taken: the account, and URLs that are ``""`` when unset."""

    account_sid: str
    url: str
    method: str
    fallback_url: str
    fallback_method: str


def check_sender(core: Core, account: Account, sender: Address) -> None:
    """Refuse a sender that is not online in this account.

    Raises:
        ApiError: 63007.
    """


def failure_of(
    core: Core, account: Account, sender: Address, recipient: Address, *, is_template: bool, now: float
) -> int | None:
    """Return the error code with which an accepted message will fail, such as 63016; None when it passes."""
    return None


def inbound_target(core: Core, recipient: Address) -> InboundTarget | None:
    """Return where the sender wants its messages; None when there is no such sender."""
    return None
