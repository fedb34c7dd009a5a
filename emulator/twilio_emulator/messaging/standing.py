"""Whether carriers take a sender's messages: US traffic wants a registered campaign, or a verified toll-free number.

Counts only when the emulator is told to enforce it (``--enforce-a2p``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.messaging.pools import service_of
from twilio_emulator.numbering.plan import country_of

if TYPE_CHECKING:
    from twilio_emulator.core import Core
    from twilio_emulator.models import Number

__all__ = ["BRAND", "CAMPAIGN", "VERIFICATION", "barred_by", "is_registered"]

BRAND = "brand"
"""A brand, known to US carriers; campaigns belong to one."""
CAMPAIGN = "campaign"
"""An A2P campaign, under the service whose numbers it registers."""
VERIFICATION = "tollfree-verification"
"""The verification of a toll-free number; ``key`` is the number's SID."""

_UNREGISTERED = 30034
_UNVERIFIED = 30032


def barred_by(core: Core, *, sender: str, recipient: str) -> int | None:
    """Return the error code with which a carrier does not take a message; None when it does.

    Args:
        core: the emulator.
        sender: the sending number in E.164 form; other senders are not barred.
        recipient: the phone in E.164 form.
    """
    if not core.settings.enforce_a2p or country_of(recipient) not in {"US", "CA"}:
        return None
    number = core.store.numbers.owner_of(sender)
    if number is None or is_registered(core, number):
        return None
    if number.kind == "toll_free":
        return _UNVERIFIED
    return _UNREGISTERED if number.country == country_of(recipient) == "US" else None


def is_registered(core: Core, number: Number) -> bool:
    """Say whether carriers know what a number sends."""
    records = core.store.records
    if number.kind == "toll_free":
        return records.first(VERIFICATION, key=number.sid, status="TWILIO_APPROVED") is not None
    service = service_of(core, number.sid)
    return bool(service and records.first(CAMPAIGN, parent_sid=service.sid, status="VERIFIED"))
