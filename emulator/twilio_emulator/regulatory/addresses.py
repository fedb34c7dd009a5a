"""Postal addresses: which are taken, how they are put right, and whether one is good for a number.

An address is validated where Twilio must rely on it: for emergency calls, and in countries whose law asks for a
local one. There a postal code of another form is refused (21628), and what is written in another way than usual is
put right, or refused with a suggestion when the caller forbids that (21629). No street is looked up.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from twilio_emulator.errors import ApiError, invalid
from twilio_emulator.numbering.plan import COUNTRIES
from twilio_emulator.sids import is_sid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twilio_emulator.core import Core
    from twilio_emulator.models import Record
    from twilio_emulator.numbering.plan import Place

__all__ = ["ADDRESS", "EMERGENCY_COUNTRIES", "PARTS", "checked", "find_address", "refuse_in_use", "satisfies"]

ADDRESS = "address"
"""The kind of record; its data is named as Twilio's properties."""

PARTS: Mapping[str, str] = {
    "customer_name": "CustomerName",
    "street": "Street",
    "city": "City",
    "region": "Region",
    "postal_code": "PostalCode",
}
"""Properties that every address has, and their parameters."""

EMERGENCY_COUNTRIES = frozenset({"US", "CA", "GB"})
"""Where Twilio takes emergency calls to the right place."""

_POSTAL_CODES: Mapping[str, re.Pattern[str]] = {
    "BR": re.compile(r"[0-9]{5}-?[0-9]{3}"),
    "CA": re.compile(r"[A-Z][0-9][A-Z] ?[0-9][A-Z][0-9]"),
    "ES": re.compile(r"[0-9]{5}"),
    "GB": re.compile(r"[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}"),
    "MX": re.compile(r"[0-9]{5}"),
    "US": re.compile(r"[0-9]{5}(-[0-9]{4})?"),
}


def checked(data: Mapping[str, object], *, may_correct: bool) -> dict[str, object]:
    """Return an address as it is kept, with ``validated`` and ``verified``.

    Args:
        data: its properties, ``iso_country`` and ``emergency_enabled`` among them.
        may_correct: whether it may be kept in another spelling than it was given.

    Raises:
        ApiError: 21628 when it cannot be validated, 21629 when it would be corrected and may not be.
    """
    country = str(data["iso_country"])
    if data["emergency_enabled"] and country not in EMERGENCY_COUNTRIES:
        raise invalid("EmergencyEnabled", f"there are no emergency addresses in {country}")
    if not (data["emergency_enabled"] or _asks_for_local_address(country)):
        return {**data, "validated": False, "verified": False}
    corrected = _corrected(data)
    pattern = _POSTAL_CODES.get(country)
    if pattern and not pattern.fullmatch(str(corrected["postal_code"])):
        message = f"Address validation error: PostalCode {data['postal_code']} is not one of {country}"
        raise ApiError(status=400, code=21628, message=message)
    if corrected != data and not may_correct:
        suggestion = ", ".join(str(corrected[part]) for part in PARTS)
        message = f"Address was not an exact match and AutoCorrectAddress is false; suggested address: {suggestion}"
        raise ApiError(status=400, code=21629, message=message)
    return {**corrected, "validated": True, "verified": True}


def find_address(core: Core, account_sid: str, sid: str) -> Record | None:
    """Return an account's address, or None; ``sid`` may be anything, such as what a document's attributes say."""
    record = core.store.records.find(ADDRESS, sid) if is_sid(sid, "AD") else None
    return record if record and record.account_sid == account_sid else None


def satisfies(address: Record, place: Place) -> bool:
    """Say whether an address is what a number's kind asks for.

    A local one is in the number's country, and in its town when the number belongs to one.
    """
    same_country = address.data["iso_country"] == place.country.code
    if place.type.address == "foreign":
        return not same_country
    if place.type.address != "local":
        return True
    return same_country and (not place.area.locality or _plain(address.data["city"]) == _plain(place.area.locality))


def refuse_in_use(core: Core, address: Record) -> None:
    """Refuse to delete an address that a number needs.

    Raises:
        ApiError: 400 with how many numbers name it.
    """
    users = core.store.numbers.with_config(address.account_sid, ("address_sid", "emergency_address_sid"), address.sid)
    if users:
        raise invalid("AddressSid", f"{address.sid} cannot be deleted, {len(users)} phone numbers depend on it")


def _asks_for_local_address(country: str) -> bool:
    plan = COUNTRIES.get(country)
    return plan is not None and any(kind.address == "local" for kind in plan.types)


def _corrected(data: Mapping[str, object]) -> dict[str, object]:
    """Return the usual spelling: single blanks, and postal code and region in capitals."""
    spelt = {part: " ".join(str(data[part]).split()) for part in PARTS}
    spelt["postal_code"] = spelt["postal_code"].upper()
    if len(spelt["region"]) <= len("XXX"):
        spelt["region"] = spelt["region"].upper()
    return {**data, **spelt}


def _plain(text: object) -> str:
    """Return a name without accents and capitals, so that ``Sao Paulo`` is ``São Paulo``."""
    letters = unicodedata.normalize("NFKD", str(text))
    return " ".join("".join(char for char in letters if not unicodedata.combining(char)).casefold().split())
