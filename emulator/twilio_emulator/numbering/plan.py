"""A numbering plan: countries, their kinds of number, areas and prices.

Area codes, places and lengths are real; prices follow Twilio's list in magnitude only. What local law asks for
follows Twilio's guidelines where they were seen (docs/emulator/numbers.md). Every well-formed number of a plan
can exist; the inventory decides which are offered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["COUNTRIES", "Area", "Country", "NumberType", "country_of", "locate"]

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_NANP_EXCHANGE = re.compile(r"(?![2-9]11)[2-9][0-9]{2}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Area:
    """Where numbers with a national prefix live; places are empty where Twilio gives none."""

    prefix: str
    locality: str | None = None
    region: str | None = None
    postal_code: str | None = None
    lata: str | None = None
    latitude: float | None = None
    longitude: float | None = None

    @property
    def rate_center(self) -> str | None:
        """The billing place, which NANP writes in capitals."""
        return self.locality.upper() if self.locality and self.lata else None


@dataclass(frozen=True, kw_only=True, slots=True)
class NumberType:
    """A kind of number in a country.

    Attributes:
        kind: ``local``, ``toll_free`` or ``mobile``.
        length: digits of the national number.
        areas: the prefixes it starts with.
        sms: whether messages pass; likewise ``mms`` and ``voice``.
        price: US dollars a month.
        address: which address its owner must have on file: ``none``, ``any``, ``local`` or ``foreign``.
        needs_bundle: whether an approved regulatory bundle is asked for.
        needs_identity: whether a verified identity document is asked for.
        beta: whether it is new to Twilio.
    """

    kind: str
    length: int
    areas: tuple[Area, ...]
    sms: bool = True
    mms: bool = False
    voice: bool = True
    price: str
    address: str = "none"
    needs_bundle: bool = False
    needs_identity: bool = False
    beta: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Country:
    """A country whose numbers can be bought."""

    code: str
    name: str
    calling_code: str
    types: tuple[NumberType, ...]

    def type_of(self, kind: str) -> NumberType | None:
        """Return the country's kind of number, or None when it has none such."""
        return next((found for found in self.types if found.kind == kind), None)

    @property
    def has_area_codes(self) -> bool:
        """Say whether numbers can be bought by area code: in the US and Canada only."""
        return self.calling_code == "1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a number belongs."""

    country: Country
    type: NumberType
    area: Area


def _us(prefix: str, locality: str, region: str, postal: str, lata: str, where: tuple[float, float]) -> Area:
    return Area(
        prefix=prefix,
        locality=locality,
        region=region,
        postal_code=postal,
        lata=lata,
        latitude=where[0],
        longitude=where[1],
    )


def _plain(*areas: tuple[str, str]) -> tuple[Area, ...]:
    return tuple(Area(prefix=prefix, locality=locality) for prefix, locality in areas)


_US_AREAS = (
    _us("201", "Jersey City", "NJ", "07302", "224", (40.7282, -74.0776)),
    _us("202", "Washington", "DC", "20001", "236", (38.9072, -77.0369)),
    _us("206", "Seattle", "WA", "98101", "674", (47.6062, -122.3321)),
    _us("210", "San Antonio", "TX", "78205", "566", (29.4241, -98.4936)),
    _us("212", "New York", "NY", "10001", "132", (40.7128, -74.0060)),
    _us("213", "Los Angeles", "CA", "90012", "730", (34.0522, -118.2437)),
    _us("214", "Dallas", "TX", "75201", "552", (32.7767, -96.7970)),
    _us("303", "Denver", "CO", "80202", "656", (39.7392, -104.9903)),
    _us("305", "Miami", "FL", "33101", "460", (25.7617, -80.1918)),
    _us("310", "Santa Monica", "CA", "90401", "730", (34.0195, -118.4912)),
    _us("312", "Chicago", "IL", "60601", "358", (41.8781, -87.6298)),
    _us("323", "Los Angeles", "CA", "90028", "730", (34.0983, -118.3267)),
    _us("347", "Brooklyn", "NY", "11201", "132", (40.6930, -73.9900)),
    _us("404", "Atlanta", "GA", "30303", "438", (33.7490, -84.3880)),
    _us("407", "Orlando", "FL", "32801", "458", (28.5384, -81.3789)),
    _us("408", "San Jose", "CA", "95113", "722", (37.3337, -121.8907)),
    _us("415", "San Francisco", "CA", "94103", "722", (37.7749, -122.4194)),
    _us("469", "Dallas", "TX", "75219", "552", (32.8100, -96.8100)),
    _us("503", "Portland", "OR", "97204", "672", (45.5152, -122.6784)),
    _us("510", "Oakland", "CA", "94607", "722", (37.8044, -122.2712)),
    _us("512", "Austin", "TX", "78701", "558", (30.2672, -97.7431)),
    _us("602", "Phoenix", "AZ", "85004", "666", (33.4484, -112.0740)),
    _us("612", "Minneapolis", "MN", "55401", "628", (44.9778, -93.2650)),
    _us("614", "Columbus", "OH", "43215", "324", (39.9612, -82.9988)),
    _us("615", "Nashville", "TN", "37203", "470", (36.1627, -86.7816)),
    _us("617", "Boston", "MA", "02108", "128", (42.3601, -71.0589)),
    _us("619", "San Diego", "CA", "92101", "732", (32.7157, -117.1611)),
    _us("628", "San Francisco", "CA", "94102", "722", (37.7790, -122.4180)),
    _us("646", "New York", "NY", "10011", "132", (40.7400, -74.0000)),
    _us("650", "Palo Alto", "CA", "94301", "722", (37.4443, -122.1598)),
    _us("702", "Las Vegas", "NV", "89101", "721", (36.1699, -115.1398)),
    _us("703", "Arlington", "VA", "22201", "236", (38.8816, -77.0910)),
    _us("704", "Charlotte", "NC", "28202", "422", (35.2271, -80.8431)),
    _us("713", "Houston", "TX", "77002", "560", (29.7604, -95.3698)),
    _us("718", "Brooklyn", "NY", "11215", "132", (40.6690, -73.9860)),
    _us("720", "Denver", "CO", "80203", "656", (39.7310, -104.9830)),
    _us("786", "Miami", "FL", "33125", "460", (25.7800, -80.2300)),
    _us("801", "Salt Lake City", "UT", "84101", "660", (40.7608, -111.8910)),
    _us("808", "Hilo", "HI", "96720", "834", (19.7200, -155.0900)),
    _us("813", "Tampa", "FL", "33602", "952", (27.9506, -82.4572)),
    _us("818", "Los Angeles", "CA", "91401", "730", (34.1870, -118.4490)),
    _us("832", "Houston", "TX", "77056", "560", (29.7450, -95.4640)),
    _us("858", "San Diego", "CA", "92130", "732", (32.9595, -117.2653)),
    _us("917", "New York", "NY", "10019", "132", (40.7650, -73.9860)),
    _us("919", "Raleigh", "NC", "27601", "426", (35.7796, -78.6382)),
    _us("972", "Irving", "TX", "75039", "552", (32.8140, -96.9489)),
)
_CA_AREAS = (
    _us("416", "Toronto", "ON", "M5H", "888", (43.6532, -79.3832)),
    _us("514", "Montreal", "QC", "H3A", "888", (45.5017, -73.5673)),
    _us("604", "Vancouver", "BC", "V6B", "888", (49.2827, -123.1207)),
)
_NANP_TOLL_FREE = tuple(Area(prefix=code) for code in ("800", "833", "844", "855", "866", "877", "888"))

COUNTRIES: dict[str, Country] = {
    country.code: country
    for country in (
        Country(
            code="US",
            name="United States",
            calling_code="1",
            types=(
                NumberType(kind="local", length=10, areas=_US_AREAS, mms=True, price="1.15"),
                NumberType(kind="toll_free", length=10, areas=_NANP_TOLL_FREE, mms=True, price="2.15"),
            ),
        ),
        Country(
            code="CA",
            name="Canada",
            calling_code="1",
            types=(NumberType(kind="local", length=10, areas=_CA_AREAS, mms=True, price="1.15"),),
        ),
        Country(
            code="AR",
            name="Argentina",
            calling_code="54",
            types=(
                NumberType(
                    kind="local",
                    length=10,
                    areas=_plain(("11", "Buenos Aires"), ("341", "Rosario"), ("351", "Córdoba")),
                    price="8.00",
                ),
                NumberType(
                    kind="toll_free", length=10, areas=_plain(("800", "")), sms=False, price="25.00", address="any"
                ),
            ),
        ),
        Country(
            code="BR",
            name="Brazil",
            calling_code="55",
            types=(
                NumberType(
                    kind="local",
                    length=10,
                    areas=_plain(("115", "São Paulo"), ("213", "Rio de Janeiro"), ("313", "Belo Horizonte")),
                    price="4.25",
                    address="local",
                    needs_bundle=True,
                ),
                NumberType(
                    kind="mobile",
                    length=11,
                    areas=_plain(("119", "São Paulo"), ("219", "Rio de Janeiro")),
                    price="14.75",
                    needs_identity=True,
                    beta=True,
                ),
                NumberType(kind="toll_free", length=10, areas=_plain(("800", "")), sms=False, price="25.00"),
            ),
        ),
        Country(
            code="ES",
            name="Spain",
            calling_code="34",
            types=(
                NumberType(
                    kind="local",
                    length=9,
                    areas=_plain(("91", "Madrid"), ("93", "Barcelona")),
                    price="2.00",
                    address="local",
                    needs_bundle=True,
                ),
                NumberType(kind="mobile", length=9, areas=_plain(("6", "")), price="15.00"),
                NumberType(kind="toll_free", length=9, areas=_plain(("900", "")), sms=False, price="25.00"),
            ),
        ),
        Country(
            code="GB",
            name="United Kingdom",
            calling_code="44",
            types=(
                NumberType(
                    kind="local",
                    length=10,
                    areas=_plain(("20", "London"), ("161", "Manchester")),
                    price="1.15",
                    address="any",
                    needs_bundle=True,
                ),
                NumberType(kind="mobile", length=10, areas=_plain(("7", "")), price="1.15", needs_bundle=True),
                NumberType(
                    kind="toll_free",
                    length=10,
                    areas=_plain(("800", "")),
                    sms=False,
                    price="2.15",
                    address="any",
                    needs_bundle=True,
                ),
            ),
        ),
        Country(
            code="MX",
            name="Mexico",
            calling_code="52",
            types=(
                NumberType(
                    kind="local",
                    length=10,
                    areas=_plain(("55", "Ciudad de México"), ("33", "Guadalajara"), ("81", "Monterrey")),
                    price="6.25",
                    address="local",
                    needs_bundle=True,
                ),
                NumberType(kind="toll_free", length=10, areas=_plain(("800", "")), sms=False, price="30.00"),
            ),
        ),
    )
}

_CALLING_CODES = {
    "1": "US",
    **{country.calling_code: country.code for country in COUNTRIES.values() if country.calling_code != "1"},
    "56": "CL",
    "57": "CO",
    "598": "UY",
    "595": "PY",
    "51": "PE",
    "33": "FR",
    "39": "IT",
    "49": "DE",
    "351": "PT",
}


def is_e164(text: str) -> bool:
    """Say whether ``text`` is a number in E.164 form, plus sign included."""
    return bool(_E164.fullmatch(text))


@lru_cache(maxsize=4096)
def locate(phone_number: str) -> Place | None:
    """Return where a number belongs, or None when no plan has it.

    Args:
        phone_number: in E.164 form.
    """
    if not is_e164(phone_number):
        return None
    best: Place | None = None
    for country in COUNTRIES.values():
        national = phone_number[1:].removeprefix(country.calling_code)
        if len(national) == len(phone_number) - 1:
            continue
        for kind in country.types:
            for area in kind.areas:
                fits = len(national) == kind.length and national.startswith(area.prefix)
                longer = best is None or len(area.prefix) > len(best.area.prefix)
                if fits and longer and well_formed(country, national):
                    best = Place(country=country, type=kind, area=area)
    return best


def well_formed(country: Country, national: str) -> bool:
    """Say whether the digits after the country code make a number that can exist."""
    return country.calling_code != "1" or bool(_NANP_EXCHANGE.fullmatch(national[3:6]))


def country_of(phone_number: str) -> str:
    """Return the ISO code of a number's country, ``""`` when unknown."""
    place = locate(phone_number)
    if place:
        return place.country.code
    digits = phone_number.removeprefix("+")
    return next((_CALLING_CODES[digits[:n]] for n in (3, 2, 1) if digits[:n] in _CALLING_CODES), "")
