"""Numbers that can be bought: ``/2010-04-01/Accounts/{AccountSid}/AvailablePhoneNumbers``."""

from __future__ import annotations

import math
import re
from functools import partial
from typing import TYPE_CHECKING

from twilio_emulator.calls import Answer, Call, Json, Route
from twilio_emulator.errors import ApiError, invalid
from twilio_emulator.numbering import COUNTRIES, Country, NumberType, Offer, Search, search
from twilio_emulator.numbering.inventory import is_pattern
from twilio_emulator.numbering.plan import is_e164, locate
from twilio_emulator.numbering.purchase import friendly_name
from twilio_emulator.paging import window_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twilio_emulator.params import Params

__all__ = ["ROUTES"]

_TYPES: Mapping[str, str] = {"Local": "local", "TollFree": "toll_free", "Mobile": "mobile"}
_LAT_LONG = re.compile(r"(-?[0-9]{1,3}(?:\.[0-9]{1,9})?),\s?(-?[0-9]{1,3}(?:\.[0-9]{1,9})?)")
_EXCLUDED_ADDRESSES: Mapping[str, tuple[str, ...]] = {
    "ExcludeAllAddressRequired": ("any", "local", "foreign"),
    "ExcludeLocalAddressRequired": ("local",),
    "ExcludeForeignAddressRequired": ("foreign",),
}


def countries(call: Call) -> Answer:
    """List the countries that have numbers."""
    window_of(call.params)
    rendered = [_render_country(call, country) for country in COUNTRIES.values()]
    return Answer(body={"countries": rendered, "uri": call.path})


def country(call: Call) -> Answer:
    """Return one country and the kinds of number it has."""
    return Answer(body=_render_country(call, _country(call)))


def offers(call: Call, *, kind: str) -> Answer:
    """Search for numbers of one kind; what anybody owns is not offered."""
    home = _country(call)
    type_ = home.type_of(kind)
    if type_ is None:
        raise call.not_found()
    window = window_of(call.params)
    wanted = _wanted(call.params, home)
    suits = _capable(call.params, type_) and _admissible(call.params, type_)
    found: list[Offer] = []
    if suits and window.page == 0:
        store, now = call.core.store, call.now
        found = search(
            country=home,
            type_=type_,
            wanted=wanted,
            seed=call.core.settings.seed,
            most=window.size,
            is_free=lambda number: store.numbers.is_free(number, now=now),
        )
    return Answer(body={"available_phone_numbers": [_render(offer) for offer in found], "uri": call.path})


def _country(call: Call) -> Country:
    found = COUNTRIES.get(call.ids["CountryCode"])
    if found is None:
        raise call.not_found()
    return found


def _capable(params: Params, type_: NumberType) -> bool:
    """Say whether numbers of this kind have every capability that is asked for."""
    asked = (
        (params.boolean("SmsEnabled"), type_.sms),
        (params.boolean("MmsEnabled"), type_.mms),
        (params.boolean("VoiceEnabled"), type_.voice),
        (params.boolean("FaxEnabled"), False),
    )
    return all(want is None or want == have for want, have in asked)


def _admissible(params: Params, type_: NumberType) -> bool:
    """Say whether numbers of this kind ask for no address that is excluded, and are not too new."""
    excluded = {
        address for name, addresses in _EXCLUDED_ADDRESSES.items() if params.boolean(name) for address in addresses
    }
    return type_.address not in excluded and not (params.boolean("Beta") is False and type_.beta)


def _wanted(params: Params, home: Country) -> Search:
    near, near_area = _near(params)
    return Search(
        pattern=_pattern(params),
        area_code=_area_code(params, home) or near_area,
        region=params.text("InRegion") or "",
        locality=params.text("InLocality") or "",
        postal_code=params.text("InPostalCode") or "",
        rate_center=params.text("InRateCenter") or "",
        lata=params.text("InLata") or "",
        near=near,
        distance=params.integer("Distance", most=500) or 25,
    )


def _pattern(params: Params) -> str:
    pattern = params.text("Contains") or ""
    if pattern and not is_pattern(pattern):
        raise invalid("Contains", "give 2 to 16 digits, letters or *; * stands for one digit")
    return pattern


def _area_code(params: Params, home: Country) -> str:
    area_code = params.integer("AreaCode", code=21451)
    if area_code is None:
        return ""
    if not home.has_area_codes:
        raise ApiError(status=400, code=21457, message=f"AreaCode is not supported in {home.code}")
    if not 200 <= area_code <= 999:
        raise invalid("AreaCode", "it must have three digits and not start with 0 or 1", code=21451)
    return str(area_code)


def _near(params: Params) -> tuple[tuple[float, float] | None, str]:
    """Return the place of NearLatLong, and the area code of NearNumber."""
    number = params.text("NearNumber")
    if number and not is_e164(number):
        raise invalid("NearNumber", "give a number in E.164 form")
    place = locate(number) if number else None
    text = params.text("NearLatLong")
    if not text:
        return None, place.area.prefix if place else ""
    match = _LAT_LONG.fullmatch(text)
    latitude, longitude = (float(match[1]), float(match[2])) if match else (math.inf, math.inf)
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise invalid("NearLatLong", "give latitude,longitude in degrees, such as 25.77,-80.19")
    return (latitude, longitude), place.area.prefix if place else ""


def _render(offer: Offer) -> Json:
    area, type_ = offer.area, offer.type
    return {
        "friendly_name": friendly_name(offer.phone_number),
        "phone_number": offer.phone_number,
        "lata": area.lata,
        "locality": area.locality or None,
        "rate_center": area.rate_center,
        "latitude": area.latitude,
        "longitude": area.longitude,
        "region": area.region,
        "postal_code": area.postal_code,
        "iso_country": offer.country.code,
        "address_requirements": type_.address,
        "beta": type_.beta,
        "capabilities": {"voice": type_.voice, "sms": type_.sms, "mms": type_.mms, "fax": False},
    }


def _render_country(call: Call, found: Country) -> Json:
    root = f"/2010-04-01/Accounts/{call.account.sid}/AvailablePhoneNumbers/{found.code}"
    names = {kind: name for name, kind in _TYPES.items()}
    return {
        "country_code": found.code,
        "country": found.name,
        "uri": f"{root}.json",
        "beta": False,
        "subresource_uris": {kind.kind: f"{root}/{names[kind.kind]}.json" for kind in found.types},
    }


_ROOT = "/2010-04-01/Accounts/{AccountSid}/AvailablePhoneNumbers"

ROUTES = (
    Route("GET", "api", f"{_ROOT}.json", countries),
    Route("GET", "api", f"{_ROOT}/{{CountryCode}}.json", country),
    *(
        Route("GET", "api", f"{_ROOT}/{{CountryCode}}/{name}.json", partial(offers, kind=kind))
        for name, kind in _TYPES.items()
    ),
)
