"""Numbers for sale: well-formed, as asked for, repeatable."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twilio_emulator.numbering import COUNTRIES, Country, NumberType, Search, locate, search
from twilio_emulator.numbering.plan import country_of

TYPES = st.sampled_from([(country, kind) for country in COUNTRIES.values() for kind in country.types])
US = COUNTRIES["US"]
US_LOCAL = US.types[0]


def offers(wanted: Search, *, most: int = 20, seed: int = 0, owned: frozenset[str] = frozenset()) -> list[str]:
    """What a search of US local numbers finds."""
    found = search(
        country=US, type_=US_LOCAL, wanted=wanted, seed=seed, most=most, is_free=lambda number: number not in owned
    )
    return [offer.phone_number for offer in found]


@given(kind=TYPES, seed=st.integers(0, 1000))
def test_every_offer_can_be_bought_as_what_it_is_offered(kind: tuple[Country, NumberType], seed: int) -> None:
    """The plan finds country, type and area of the number again."""
    country, type_ = kind
    found = search(country=country, type_=type_, wanted=Search(), seed=seed, most=30, is_free=lambda _: True)

    assert len({offer.phone_number for offer in found}) == 30
    for offer in found:
        place = locate(offer.phone_number)
        assert place is not None
        assert (place.country, place.type, place.area) == (country, type_, offer.area)


@given(pattern=st.text(alphabet="0123456789*", min_size=2, max_size=10))
def test_every_offer_has_the_pattern(pattern: str) -> None:
    """A star is one digit; a pattern that fits nowhere finds nothing."""
    expression = re.compile(pattern.replace("*", "[0-9]"))

    assert all(expression.search(number) for number in offers(Search(pattern=pattern)))


@given(stars=st.sets(st.integers(0, 9), min_size=6, max_size=9))
def test_a_pattern_of_a_whole_number_is_laid_over_the_whole_number(stars: set[int]) -> None:
    """``******0123`` are the numbers that end with 0123, not also those with 0123 before their last digit."""
    pattern = "".join("*" if place in stars else digit for place, digit in enumerate("3055550123"))
    found = offers(Search(pattern=pattern))
    expression = re.compile(r"\+1" + pattern.replace("*", "[0-9]"))

    assert all(expression.fullmatch(number) for number in found)
    assert found


@given(subscriber=st.integers(2_000_000, 9_999_999))
def test_an_exact_number_is_found_at_once(subscriber: int) -> None:
    """If it can exist, and is not owned."""
    number = f"+1305{subscriber}"
    exists = locate(number) is not None

    assert offers(Search(pattern=number)) == ([number] if exists else [])
    assert offers(Search(pattern=number), owned=frozenset({number})) == []


def test_what_is_owned_is_not_offered_and_the_rest_stays_in_order() -> None:
    """A purchase does not reshuffle the inventory."""
    before = offers(Search(area_code="305"))
    after = offers(Search(area_code="305"), owned=frozenset(before[:1]))

    assert after[:-1] == before[1:]


def test_letters_are_those_of_the_keypad() -> None:
    """MESA is 6372."""
    assert all("6372" in number for number in offers(Search(pattern="MESA")))


@pytest.mark.parametrize(
    ("wanted", "prefixes"),
    [
        (Search(region="FL"), {"305", "407", "786", "813"}),
        (Search(locality="miami"), {"305", "786"}),
        (Search(postal_code="33101"), {"305"}),
        (Search(rate_center="HILO"), {"808"}),
        (Search(lata="722"), {"408", "415", "510", "628", "650"}),
        (Search(area_code="999"), set()),
        (Search(near=(37.7749, -122.4194), distance=25), {"415", "510", "628"}),
        (Search(near=(0.0, 0.0), distance=100), set()),
    ],
)
def test_a_place_narrows_the_areas(wanted: Search, prefixes: set[str]) -> None:
    """By region, place, postal code, rate centre, LATA or distance."""
    assert {number[2:5] for number in offers(wanted, most=50)} == prefixes


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("+13055550123", "US"),
        ("+14165550123", "CA"),
        ("+541150320199", "AR"),
        ("+5491155550100", "AR"),
        ("+5511987650123", "BR"),
        ("+34600111222", "ES"),
        ("+447911123456", "GB"),
        ("+5215512345678", "MX"),
        ("+59899123456", "UY"),
        ("+999", ""),
    ],
)
def test_a_phones_country_is_told_by_its_code(number: str, code: str) -> None:
    """Also for phones that no plan of the inventory has."""
    assert country_of(number) == code
