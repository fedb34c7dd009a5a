"""Prices of phone numbers: ``pricing.twilio.com/v1/PhoneNumbers/Countries``."""

from __future__ import annotations

from twilio_emulator.calls import Answer, Call, Json, Route
from twilio_emulator.numbering import COUNTRIES, Country
from twilio_emulator.paging import meta_page, window_of
from twilio_emulator.store import Slice

__all__ = ["ROUTES"]

_LIST = "/v1/PhoneNumbers/Countries"


def list_(call: Call) -> Answer:
    """List the countries whose numbers have a price."""
    window = window_of(call.params)
    found = Slice.of(sorted(COUNTRIES.values(), key=lambda country: country.name), window)
    return Answer(body=meta_page(call, "countries", found, window, _render))


def fetch(call: Call) -> Answer:
    """Return a country's prices, US dollars a month."""
    country = COUNTRIES.get(call.ids["IsoCountry"].upper())
    if country is None:
        raise call.not_found()
    prices = [
        {"number_type": kind.kind.replace("_", " "), "base_price": kind.price, "current_price": kind.price}
        for kind in country.types
    ]
    return Answer(body={**_render(country), "phone_number_prices": prices, "price_unit": "USD"})


def _render(country: Country) -> Json:
    return {
        "country": country.name,
        "iso_country": country.code,
        "url": f"https://pricing.twilio.com{_LIST}/{country.code}",
    }


ROUTES = (
    Route("GET", "pricing", _LIST, list_),
    Route("GET", "pricing", f"{_LIST}/{{IsoCountry}}", fetch),
)
