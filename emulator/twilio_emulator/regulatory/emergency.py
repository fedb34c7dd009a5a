"""Emergency addresses of numbers: registered and taken back in the background, and what they stand in the way of.

Seen of Twilio (docs/emulator/numbers.md): the address is registered a while after it was set, and is still in the way
for a while after it was cleared. Until then the number can be neither released nor moved (21631).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.errors import ApiError, invalid
from twilio_emulator.regulatory.addresses import EMERGENCY_COUNTRIES, find_address

if TYPE_CHECKING:
    from twilio_emulator.core import Core
    from twilio_emulator.models import Number, Record

__all__ = ["REGISTRATION", "UNREGISTERED", "address_status", "move_on", "refuse_while_registered", "register"]

REGISTRATION = "emergency_registration"
"""The kind of record: one a number that has, or had until just now, an emergency address."""

UNREGISTERED = "unregistered"
_REGISTERED = "registered"
_COMING = "pending-registration"
_GOING = "pending-unregistration"


def address_status(core: Core, number: Number) -> str:
    """Return the number's ``emergency_address_status``."""
    record = core.store.records.find(REGISTRATION, number.sid)
    return record.status if record else UNREGISTERED


def register(core: Core, number: Number, *, before: str | None, now: float) -> None:
    """Act on a number's emergency address that was set or cleared.

    Args:
        core: the emulator.
        number: the number after the change.
        before: the emergency address it had.
        now: the moment.

    Raises:
        ApiError: the address cannot be the number's emergency address.
    """
    address_sid = number.config.emergency_address_sid
    if address_sid == before:
        return
    record = core.store.records.find(REGISTRATION, number.sid)
    due = now + core.settings.review_delay
    if address_sid is None and record:
        core.store.records.change(record, status=_GOING, next_at=due, now=now)
    elif address_sid:
        _check(core, number, address_sid, record)
        core.store.records.add(
            REGISTRATION, sid=number.sid, account_sid=number.account_sid, status=_COMING, next_at=due, now=now
        )


def refuse_while_registered(core: Core, number: Number, action: str) -> None:
    """Refuse what an emergency address forbids.

    Args:
        core: the emulator.
        number: the number.
        action: what is to be done, for the text.

    Raises:
        ApiError: 21631, which is what Twilio was seen to answer.
    """
    if address_status(core, number) != UNREGISTERED:
        message = f"Please remove the emergency address on this number before {action}. (EmergencyAddressSid)"
        raise ApiError(status=400, code=21631, message=message)


def move_on(core: Core, record: Record, now: float) -> None:
    """Finish a registration, or forget one that was taken back."""
    if record.status == _GOING:
        core.store.records.delete(record)
    else:
        core.store.records.change(record, status=_REGISTERED, now=now)


def _check(core: Core, number: Number, address_sid: str, record: Record | None) -> None:
    if record:
        raise invalid("EmergencyAddressSid", "clear the present one first and wait until it is unregistered")
    if number.country not in EMERGENCY_COUNTRIES:
        raise invalid("EmergencyAddressSid", f"numbers of {number.country} have no emergency address")
    address = find_address(core, number.account_sid, address_sid)
    if address is None:
        raise invalid("EmergencyAddressSid", f"there is no address {address_sid} in account {number.account_sid}")
    if not address.data["emergency_enabled"] or address.data["iso_country"] != number.country:
        raise invalid("EmergencyAddressSid", f"it must be one of {number.country} with EmergencyEnabled")
