"""Prices of messages and calls: ``pricing.twilio.com/v1/Messaging/Countries`` and ``/v1/Voice/Countries``.

They are those that messages and calls are charged with.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from twilio_emulator.calls import Answer, Call, Json, Route
from twilio_emulator.numbering import COUNTRIES, Country
from twilio_emulator.paging import meta_page, window_of
from twilio_emulator.store import Slice
from twilio_emulator.usage.prices import CARRIERS, RATES, Rates

if TYPE_CHECKING:
    from decimal import Decimal

__all__ = ["ROUTES"]

_ROOTS = {"Messaging": "/v1/Messaging/Countries", "Voice": "/v1/Voice/Countries"}


def list_(call: Call, *, product: str) -> Answer:
    """List the countries that have prices, by name."""
    window = window_of(call.params)
    found = Slice.of(sorted(COUNTRIES.values(), key=lambda country: country.name), window)
    return Answer(body=meta_page(call, "countries", found, window, lambda one: _head(one, product)))


def messaging(call: Call) -> Answer:
    """Return what messages cost in a country."""
    country, rates = _named(call)
    kinds = [kind.kind for kind in country.types if kind.sms]
    outbound = [
        {
            "carrier": carrier.name,
            "mcc": carrier.mcc,
            "mnc": carrier.mnc,
            "prices": [_of_kind(kind, rates.sms_out) for kind in kinds],
        }
        for carrier in CARRIERS.get(country.code, ())
    ]
    inbound = [_of_kind(kind, rates.sms_in) for kind in kinds]
    return _answer(country, "Messaging", {"outbound_sms_prices": outbound, "inbound_sms_prices": inbound})


def voice(call: Call) -> Answer:
    """Return what a minute costs in a country."""
    country, rates = _named(call)
    outbound = [
        _prefixes(country.name, [country.calling_code], rates.call_out),
        *(
            _prefixes(
                f"{country.name} - Mobile",
                [country.calling_code + area.prefix for area in kind.areas],
                rates.call_out_mobile,
            )
            for kind in country.types
            if kind.kind == "mobile"
        ),
    ]
    inbound = [_of_kind(kind.kind, rates.call_in[kind.kind]) for kind in country.types]
    return _answer(country, "Voice", {"outbound_prefix_prices": outbound, "inbound_call_prices": inbound})


def _named(call: Call) -> tuple[Country, Rates]:
    country = COUNTRIES.get(call.ids["IsoCountry"].upper())
    if country is None:
        raise call.not_found()
    return country, RATES[country.code]


def _answer(country: Country, product: str, prices: Json) -> Answer:
    return Answer(body={**_head(country, product), **prices, "price_unit": "USD"})


def _head(country: Country, product: str) -> Json:
    return {
        "country": country.name,
        "iso_country": country.code,
        "url": f"https://pricing.twilio.com{_ROOTS[product]}/{country.code}",
    }


def _of_kind(kind: str, price: Decimal) -> Json:
    return {"number_type": kind.replace("_", " "), **_price(price)}


def _prefixes(name: str, prefixes: list[str], price: Decimal) -> Json:
    return {"prefixes": prefixes, "friendly_name": f"Programmable Outbound Minute - {name}", **_price(price)}


def _price(price: Decimal) -> Json:
    return {"base_price": str(price), "current_price": str(price)}


ROUTES = (
    *(Route("GET", "pricing", root, partial(list_, product=product)) for product, root in _ROOTS.items()),
    Route("GET", "pricing", f"{_ROOTS['Messaging']}/{{IsoCountry}}", messaging),
    Route("GET", "pricing", f"{_ROOTS['Voice']}/{{IsoCountry}}", voice),
)
