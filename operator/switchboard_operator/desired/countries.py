"""The country of a phone number, for the money guard."""

from __future__ import annotations

import phonenumbers


def country_of(phone_number: str) -> str | None:
    """The ISO 3166-1 country of an E.164 number; None when it is not certain, and an allow-list then refuses."""
    try:
        parsed = phonenumbers.parse(phone_number)
    except phonenumbers.NumberParseException:
        return None
    region = phonenumbers.region_code_for_number(parsed)
    return region if region and region.isalpha() else None  # 001 is the world, which is no country
