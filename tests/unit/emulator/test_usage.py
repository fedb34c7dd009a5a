"""Periods, prices, categories and the names of audit events."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twilio_emulator.numbering import COUNTRIES
from twilio_emulator.usage.audit import event_type_of
from twilio_emulator.usage.categories import CATEGORIES, TOTAL, category_of, is_category, leaves_of
from twilio_emulator.usage.money import balance_text, decimal_text, dollars, parts
from twilio_emulator.usage.periods import Period, Span, month_after, parse_day, periods
from twilio_emulator.usage.prices import RATES, call_price, message_price, number_price

_A = "/2010-04-01/Accounts/{AccountSid}"
_DAYS = st.dates(min_value=date(1970, 1, 1), max_value=date(2200, 1, 1))


def moment(text: str) -> float:
    """Return a moment of GMT."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@given(first=_DAYS, length=st.integers(0, 900), span=st.sampled_from(Span))
def test_periods_cover_every_day_once(first: date, length: int, span: Span) -> None:
    """Latest first, without gap or overlap."""
    whole = Period(first=first, last=date.fromordinal(first.toordinal() + length))
    found = periods(whole, span)
    assert (found[-1].first, found[0].last) == (whole.first, whole.last)
    for later, earlier in itertools.pairwise(found):
        assert later.first.toordinal() == earlier.last.toordinal() + 1


def test_months_and_years_end_where_the_calendar_says() -> None:
    """A cut-off first and last period stays cut off."""
    whole = Period(first=date(2023, 12, 30), last=date(2024, 3, 2))
    assert [period.last for period in periods(whole, Span.MONTH)] == [
        date(2024, 3, 2),
        date(2024, 2, 29),
        date(2024, 1, 31),
        date(2023, 12, 31),
    ]
    assert [period.first for period in periods(whole, Span.YEAR)] == [date(2024, 1, 1), date(2023, 12, 30)]


@pytest.mark.parametrize(
    ("months", "expected"),
    [(1, "2025-02-28T10:00:00"), (2, "2025-03-31T10:00:00"), (11, "2025-12-31T10:00:00"), (13, "2026-02-28T10:00:00")],
)
def test_a_month_after_the_last_of_january(months: int, expected: str) -> None:
    """The last of a shorter month; longer ones have the same day again."""
    assert month_after(moment("2025-01-31T10:00:00"), months) == moment(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2025-06-01", date(2025, 6, 1)), ("-30days", date(2025, 5, 16)), ("+1day", date(2025, 6, 16))],
)
def test_days_and_offsets(text: str, expected: date) -> None:
    """Offsets count from today."""
    assert parse_day(text, date(2025, 6, 15)) == expected


@pytest.mark.parametrize("text", ["", "yesterday", "2025-6-1x", "--1days", "1e3days", "2025-02-30", "99999999days"])
def test_what_is_no_day(text: str) -> None:
    """Is refused and does not fail otherwise."""
    with pytest.raises(ValueError, match=r"."):
        parse_day(text, date(2025, 6, 15))


def test_all_the_money_is_the_sum_of_all_leaves_once() -> None:
    """No leaf is missing and none is counted twice."""
    leaves = {name for name, category in CATEGORIES.items() if not category.parts}
    assert leaves_of(TOTAL) == leaves - {TOTAL}
    below = [part for name in category_of(TOTAL).parts for part in leaves_of(name)]
    assert len(below) == len(set(below))


def test_parts_of_categories_are_categories() -> None:
    """And a name that nobody knows is none."""
    assert all(is_category(part) for category in CATEGORIES.values() for part in category.parts)
    assert is_category("transcriptions")
    assert not is_category("smoke-signals")


def test_every_country_of_the_plan_has_prices() -> None:
    """For each kind of number it has."""
    assert RATES.keys() == COUNTRIES.keys()
    for country in COUNTRIES.values():
        assert {kind.kind for kind in country.types} <= RATES[country.code].call_in.keys()


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        (("", "outbound-api", "+13055550123", 1, 0), "-0.00790"),
        (("", "outbound-reply", "+13055550123", 3, 0), "-0.02370"),
        (("", "outbound-api", "+5491155550100", 1, 0), "-0.06850"),
        (("", "outbound-api", "+56911112222", 1, 0), "-0.08000"),
        (("", "outbound-api", "+13055550123", 1, 2), "-0.02000"),
        (("", "inbound", "+13055550123", 2, 0), "-0.01580"),
        (("whatsapp", "outbound-api", "+5491155550100", 9, 1), "-0.00500"),
        (("whatsapp", "inbound", "ES.1234", 1, 0), "-0.00500"),
    ],
)
def test_prices_of_messages(given_: tuple[str, str, str, int, int], expected: str) -> None:
    """By country and segment; media make one price, WhatsApp another."""
    channel, direction, recipient, segments, media = given_
    price = message_price(channel=channel, direction=direction, recipient=recipient, segments=segments, media=media)
    assert price == expected


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        (("inbound", "+13055550123", 2), "-0.01700"),
        (("inbound", "+18005550123", 1), "-0.02200"),
        (("outbound-api", "+13055550123", 1), "-0.01400"),
        (("outbound-dial", "+34611222333", 3), "-0.10500"),
        (("outbound-api", "sip:front@desk.example", 2), "-0.00800"),
        (("outbound-api", "+13055550123", 0), "0.00000"),
    ],
)
def test_prices_of_calls(given_: tuple[str, str, int], expected: str) -> None:
    """By country, kind of number and direction."""
    direction, number, minutes = given_
    assert call_price(direction=direction, number=number, minutes=minutes) == expected


def test_prices_of_numbers() -> None:
    """Those of the plan; nothing for what it has not."""
    assert (number_price("US", "local"), number_price("US", "mobile"), number_price("ZZ", "local")) == (
        "1.15",
        "0.00",
        "0.00",
    )


@given(st.decimals(-10_000, 10_000, places=5))
def test_money_keeps_every_part_of_a_dollar(amount: Decimal) -> None:
    """In the store and in text."""
    assert dollars(parts(amount)) == amount
    assert Decimal(decimal_text(amount)) == amount
    assert Decimal(balance_text(amount)) == amount


@pytest.mark.parametrize(
    ("amount", "text", "balance"),
    [("0", "0", "0.00"), ("100", "100", "100.00"), ("1.10", "1.1", "1.10"), ("-0.15", "-0.15", "-0.15")],
)
def test_money_as_text(amount: str, text: str, balance: str) -> None:
    """A balance has at least two decimals."""
    assert (decimal_text(Decimal(amount)), balance_text(Decimal(amount))) == (text, balance)


@pytest.mark.parametrize(
    ("write", "event_type"),
    [
        ("POST /2010-04-01/Accounts.json", "account.created"),
        ("POST /2010-04-01/Accounts/{Sid}.json", "account.updated"),
        (f"POST {_A}/IncomingPhoneNumbers.json", "phone-number.created"),
        (f"POST {_A}/IncomingPhoneNumbers/TollFree.json", "phone-number.created"),
        (f"POST {_A}/IncomingPhoneNumbers/{{Sid}}.json", "phone-number.updated"),
        (f"DELETE {_A}/IncomingPhoneNumbers/{{Sid}}.json", "phone-number.deleted"),
        (f"POST {_A}/Addresses.json", "address.created"),
        (f"POST {_A}/Usage/Triggers.json", "usage-trigger.created"),
        (f"POST {_A}/Calls/{{Sid}}.json", "call.status.updated"),
        (f"DELETE {_A}/Messages/{{MessageSid}}/Media/{{Sid}}.json", "message-media.deleted"),
        (f"POST {_A}/Messages.json", None),
        ("POST /v1/Keys", "account-api-keys.created"),
        ("DELETE /v1/Keys/{Sid}", "account-api-keys.deleted"),
        ("POST /v1/AuthTokens/Promote", "account-auth-token.promoted"),
        ("POST /v1/Services/{ServiceSid}/PhoneNumbers", "copilot-number-pool.created"),
        ("POST /v1/Sinks/{Sid}/Test", None),
        ("POST /v1/Sinks", "sink.created"),
        ("POST /v1/Subscriptions/{SubscriptionSid}/SubscribedEvents", "subscribed-event.created"),
    ],
)
def test_which_write_is_which_event(write: str, event_type: str | None) -> None:
    """Twilio's names where it has one, a name of the same form where not."""
    method, _, template = write.partition(" ")
    assert event_type_of(method, template) == event_type
