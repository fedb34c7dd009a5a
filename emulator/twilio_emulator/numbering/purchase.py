"""Which number a purchase is of, and the way back of one that was released.

Twilio gives a released number back to its last owner by its Console only, for ten days; by the API it is taken for
everybody (21422). After that it is in the inventory again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.errors import ApiError, invalid
from twilio_emulator.models import AccountStatus, NumberConfig
from twilio_emulator.numbering.inventory import Search, search
from twilio_emulator.numbering.plan import COUNTRIES, Place, is_e164, locate

if TYPE_CHECKING:
    from twilio_emulator.core import Core
    from twilio_emulator.models import Number

__all__ = ["any_of_area", "exact", "friendly_name", "restore"]

_UNBUYABLE = {"+15005550000": 21422, "+15005550001": 21421}
"""Twilio's magic numbers for a refused purchase."""


def exact(core: Core, phone_number: str, *, now: float) -> Place:
    """Return where a number belongs that can be bought.

    Raises:
        ApiError: 21421 when there is no such number, 21422 when it is not free.
    """
    place = locate(phone_number) if is_e164(phone_number) else None
    magic = _UNBUYABLE.get(phone_number)
    if magic == 21421 or (place is None and magic is None):
        raise ApiError(status=400, code=21421, message=f"PhoneNumber {phone_number} is invalid")
    if place is None or magic or not core.store.numbers.is_free(phone_number, now=now):
        raise ApiError(status=400, code=21422, message=f"PhoneNumber {phone_number} is not available for purchase")
    return place


def any_of_area(core: Core, area_code: str, *, now: float) -> str:
    """Return the number of an area code that a search would show first.

    Raises:
        ApiError: 21451 when it is no area code, 21452 when it has no number.
    """
    if not (len(area_code) == 3 and area_code.isascii() and area_code.isdecimal() and area_code[0] > "1"):
        raise invalid("AreaCode", "it must have three digits and not start with 0 or 1", code=21451)
    store = core.store
    for country in (found for found in COUNTRIES.values() if found.has_area_codes):
        for type_ in country.types:
            offers = search(
                country=country,
                type_=type_,
                wanted=Search(area_code=area_code),
                seed=core.settings.seed,
                most=1,
                is_free=lambda number: store.numbers.is_free(number, now=now),
            )
            if offers:
                return offers[0].phone_number
    raise ApiError(status=400, code=21452, message=f"No phone numbers found in area code {area_code}")


def restore(core: Core, phone_number: str, *, now: float) -> Number:
    """Give a number back to the account that released it, as the Console does; its configuration is gone.

    Raises:
        LookupError: nobody released it in the last ten days.
        ValueError: its last owner is not active.
    """
    account_sid = core.store.numbers.released_by(phone_number, now=now)
    place = locate(phone_number)
    if account_sid is None or place is None:
        raise LookupError(f"{phone_number} was not released in the last ten days")
    account = core.store.accounts.require(account_sid)
    if account.status != AccountStatus.ACTIVE:
        raise ValueError(f"{phone_number}: account {account_sid}, which released it, is {account.status}")
    core.store.numbers.end_quarantine(phone_number)
    return core.store.numbers.add(
        sid=core.sids.sid("PN"),
        account_sid=account_sid,
        phone_number=phone_number,
        country=place.country.code,
        kind=place.type.kind,
        friendly_name=friendly_name(phone_number),
        config=NumberConfig(),
        now=now,
    )


def friendly_name(phone_number: str) -> str:
    """Return how Twilio names a number: ``(305) 555-0123`` in North America, else the number."""
    if phone_number.startswith("+1") and len(phone_number) == 12:
        return f"({phone_number[2:5]}) {phone_number[5:8]}-{phone_number[8:]}"
    return phone_number
