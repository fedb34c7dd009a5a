"""What was used and what it costs: records that follow from what was done, triggers, the balance, prices."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.emulator_drives import Drives
from tests.contract.emulator_sync import NUMBER, PHONE, SyncWorld, a_customer, a_world, refused
from twilio_emulator.clock import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_A = "/2010-04-01/Accounts/{AccountSid}"
_RECORDS = f"{_A}/Usage/Records"
_TRIGGERS = f"{_A}/Usage/Triggers"
_DAY, _HOUR = 86_400.0, 3600.0
drives = DRIVES = Drives()


@pytest.fixture
def world() -> Iterator[SyncWorld]:
    """An emulator with one subaccount; whatever it answers is checked."""
    with a_world() as world:
        yield world


def send(world: SyncWorld, body: str = "Hola", *, to: str = PHONE, sender: str = NUMBER, **more: Any) -> Any:
    """Send a message and have it delivered."""
    sent = world.sub.messages.create(to=to, from_=sender, body=body, **more)
    world.emulator.settle()
    return world.sub.messages(sent.sid).fetch()


def used(client: Any, category: str, name: str = "", **filters: Any) -> tuple[str, str, str]:
    """Return count, usage and price of a category in the only record of a list."""
    records = getattr(client.usage.records, name) if name else client.usage.records
    (record,) = records.list(category=category, **filters)
    return record.count, record.usage, str(record.price)


def trigger(world: SyncWorld, url: str = "http://127.0.0.1:9/usage", **more: Any) -> Any:
    """Make a trigger of the subaccount."""
    given = {"usage_category": "sms", "trigger_value": "2", "trigger_by": "count", **more}
    return world.sub.usage.triggers.create(callback_url=url, **given)


# ------------------------------------------------------------------------------------------------------------ endpoints


@drives("GET", "api", f"{_RECORDS}.json")
def _(world: SyncWorld) -> None:
    world.buy()
    assert used(world.sub, "phonenumbers-local") == ("1", "1", "1.15")


def _drive_list(name: str, attribute: str, expected: list[tuple[str, str]]) -> None:
    @drives("GET", "api", f"{_RECORDS}/{name}.json")
    def _(world: SyncWorld) -> None:
        world.buy()
        found = getattr(world.sub.usage.records, attribute).list(category="phonenumbers", include_subaccounts=False)
        assert [(str(record.start_date), str(record.price)) for record in found] == expected


_drive_list("AllTime", "all_time", [("2025-06-15", "1.15")])
_drive_list("Daily", "daily", [("2025-06-15", "1.15")])
_drive_list("Monthly", "monthly", [("2025-06-15", "1.15")])
_drive_list("Yearly", "yearly", [("2025-06-15", "1.15")])
_drive_list("Today", "today", [("2025-06-15", "1.15")])
_drive_list("Yesterday", "yesterday", [("2025-06-14", "0")])
_drive_list("ThisMonth", "this_month", [("2025-06-01", "1.15")])
_drive_list("LastMonth", "last_month", [("2025-05-01", "0")])


@drives("POST", "api", f"{_TRIGGERS}.json")
def _(world: SyncWorld) -> None:
    made = trigger(world, recurring="daily", callback_method="GET", friendly_name="too much", trigger_by="price")
    assert (made.recurring, made.trigger_value, made.current_value, made.date_fired) == ("daily", "2", "0", None)
    assert made.usage_record_uri.endswith("/Usage/Records.json?Category=sms")


@drives("GET", "api", f"{_TRIGGERS}.json")
def _(world: SyncWorld) -> None:
    trigger(world, recurring="daily")
    trigger(world, recurring="monthly", trigger_by="price", usage_category="totalprice")
    triggers = world.sub.usage.triggers
    assert [one.recurring for one in triggers.list()] == ["monthly", "daily"]
    assert [one.recurring for one in triggers.list(recurring="daily", trigger_by="count", usage_category="sms")] == [
        "daily"
    ]


@drives("GET", "api", f"{_TRIGGERS}/{{Sid}}.json")
def _(world: SyncWorld) -> None:
    made = trigger(world)
    assert world.sub.usage.triggers(made.sid).fetch().usage_category == "sms"


@drives("POST", "api", f"{_TRIGGERS}/{{Sid}}.json")
def _(world: SyncWorld) -> None:
    made = trigger(world)
    changed = world.sub.usage.triggers(made.sid).update(
        callback_url="https://b.example/usage", callback_method="GET", friendly_name="renamed"
    )
    assert (changed.callback_url, changed.callback_method, changed.friendly_name) == (
        "https://b.example/usage",
        "GET",
        "renamed",
    )


@drives("DELETE", "api", f"{_TRIGGERS}/{{Sid}}.json")
def _(world: SyncWorld) -> None:
    made = trigger(world)
    assert world.sub.usage.triggers(made.sid).delete()
    with refused(404, 20404):
        world.sub.usage.triggers(made.sid).fetch()


@drives("GET", "pricing", "/v1/Messaging/Countries")
def _(world: SyncWorld) -> None:
    assert "Argentina" in {one.country for one in world.parent.pricing.v1.messaging.countries.list(page_size=3)}


@drives("GET", "pricing", "/v1/Messaging/Countries/{IsoCountry}")
def _(world: SyncWorld) -> None:
    country = world.parent.pricing.v1.messaging.countries("us").fetch()
    assert {price["current_price"] for price in country.inbound_sms_prices} == {"0.0079"}
    assert {one["prices"][0]["current_price"] for one in country.outbound_sms_prices} == {"0.0079"}


@drives("GET", "pricing", "/v1/Voice/Countries")
def _(world: SyncWorld) -> None:
    assert len(world.parent.pricing.v1.voice.countries.list()) == 7


@drives("GET", "pricing", "/v1/Voice/Countries/{IsoCountry}")
def _(world: SyncWorld) -> None:
    country = world.parent.pricing.v1.voice.countries("BR").fetch()
    assert [one["prefixes"][0] for one in country.outbound_prefix_prices] == ["55", "55119"]
    assert [one["number_type"] for one in country.inbound_call_prices] == ["local", "mobile", "toll free"]


@pytest.mark.parametrize("operation", DRIVES, ids=lambda key: f"{key[1]} {key[0]}{key[2]}")
def test_the_sdk_drives(world: SyncWorld, operation: tuple[str, str, str]) -> None:
    """The official SDK can do it, and the answer is as Twilio's document says."""
    DRIVES.check(world, operation)


# -------------------------------------------------------------------------------------------------------------- records


def test_records_are_the_sums_of_what_was_sent_and_received(world: SyncWorld) -> None:
    """Counts and prices are those of the messages; a deleted message was sent nevertheless."""
    world.buy()
    sent = [send(world, body) for body in ("Hola", "x" * 200, "¡Adiós!")]
    world.say("Buenas")
    world.sub.messages(sent[0].sid).delete()

    outbound = -sum(Decimal(message.price) for message in sent)
    count, amount, price = used(world.sub, "sms-outbound")
    assert (count, amount, Decimal(price)) == ("3", "3", outbound)
    assert used(world.sub, "sms-inbound-longcode") == ("1", "1", "0.0079")
    count, _, price = used(world.sub, "sms")
    assert (count, Decimal(price)) == ("4", outbound + Decimal("0.0079"))
    assert Decimal(used(world.sub, "totalprice")[2]) == outbound + Decimal("0.0079") + Decimal("1.15")
    assert used(world.sub, "totalprice")[0] is None


def test_each_channel_has_its_categories(world: SyncWorld) -> None:
    """Media make it an MMS; WhatsApp costs a fee a message, whatever its length."""
    world.buy()
    send(world, to="+13055550999", media_url=["https://a.example/cat.jpg"])
    world.whatsapp_sender()
    world.say("Hola", sender=f"whatsapp:{PHONE}", recipient=f"whatsapp:{NUMBER}")

    assert used(world.sub, "mms-outbound-longcode") == ("1", "1", "0.02")
    assert used(world.sub, "channels-messaging-inbound") == ("1", "1", "0.005")
    assert used(world.sub, "sms") == ("0", "0", "0")


def test_calls_are_counted_in_begun_minutes(world: SyncWorld) -> None:
    """At the price that the call itself has; a call that nobody answers costs nothing."""
    with a_customer(world.emulator) as customer:
        world.buy(voice_url=f"{customer.url}/voice")
        customer.answer('<Response><Say>Hola</Say><Pause length="70"/></Response>')
        world.emulator.run(world.emulator.admin.call(sender=PHONE, recipient=NUMBER))
        world.advance(200)
        (call,) = world.sub.calls.list()
    assert call.price == "-0.01700"
    assert used(world.sub, "calls-inbound-local") == ("1", "2", "0.017")
    assert used(world.sub, "calls") == ("1", "2", "0.017")
    assert Decimal(used(world.sub, "totalprice")[2]) == Decimal("1.15") + Decimal("0.017")


def test_a_list_has_every_category_and_one_that_is_named_is_there_even_unused(world: SyncWorld) -> None:
    """What nothing was used of is at zero; the units are Twilio's."""
    records = {record.category: record for record in world.sub.usage.records.list()}
    assert {"calls", "sms", "mms", "phonenumbers", "totalprice"} <= records.keys()
    assert {str(record.price) for record in records.values()} == {"0"}
    assert (records["calls"].count_unit, records["calls"].usage_unit) == ("calls", "minutes")
    assert used(world.sub, "transcriptions") == ("0", "0", "0")


def test_a_number_is_charged_when_bought_and_every_month_until_it_is_released(world: SyncWorld) -> None:
    """By its price; a month is a calendar month."""
    bought = world.buy()
    world.advance(31 * _DAY)
    assert used(world.sub, "phonenumbers-local") == ("2", "2", "2.3")
    found = world.sub.usage.records.monthly.list(category="phonenumbers")
    assert [(str(one.start_date), str(one.end_date), one.count) for one in found] == [
        ("2025-07-01", "2025-07-16", "1"),
        ("2025-06-15", "2025-06-30", "1"),
    ]

    world.sub.incoming_phone_numbers(bought.sid).delete()
    world.advance(62 * _DAY)
    assert used(world.sub, "phonenumbers-local")[0] == "2"


def test_a_number_that_moves_is_charged_to_who_owns_it_when_the_month_begins(world: SyncWorld) -> None:
    """The gaining account pays from the next month on."""
    bought = world.buy()
    other = world.parent.api.v2010.accounts.create(friendly_name="gaining")
    numbers = world.parent.api.v2010.accounts(world.sub_sid).incoming_phone_numbers
    numbers(bought.sid).update(account_sid=other.sid)
    world.advance(31 * _DAY)
    gaining = world.client(other.sid, other.auth_token)
    assert (used(world.sub, "phonenumbers")[0], used(gaining, "phonenumbers")[0]) == ("1", "1")


def test_days_are_those_of_gmt_and_filters_cut_them(world: SyncWorld) -> None:
    """Daily records go from the latest day back; StartDate and EndDate take days and offsets."""
    world.buy()
    send(world)
    world.advance(_DAY)
    send(world, "a")
    send(world, "b")

    daily = world.sub.usage.records.daily
    assert [(str(one.start_date), one.count) for one in daily.list(category="sms-outbound")] == [
        ("2025-06-16", "2"),
        ("2025-06-15", "1"),
    ]
    assert [one.count for one in daily.list(category="sms-outbound", end_date="-1days")] == ["1"]
    assert used(world.sub, "sms-outbound", start_date="2025-06-16", end_date="+30days")[0] == "2"
    assert used(world.sub, "sms-outbound", "today")[0] == "2"
    assert used(world.sub, "sms-outbound", "yesterday")[0] == "1"
    assert used(world.sub, "sms-outbound", "this_month")[0] == "3"
    assert daily.list(category="sms", start_date="2031-01-01") == []


def test_the_parent_has_what_its_subaccounts_used_unless_it_asks_for_its_own(world: SyncWorld) -> None:
    """IncludeSubaccounts is true when it is not given."""
    world.buy()
    assert used(world.parent, "phonenumbers")[0] == "1"
    assert used(world.parent, "phonenumbers", include_subaccounts=False)[0] == "0"
    of_sub = world.parent.api.v2010.accounts(world.sub_sid)
    assert used(of_sub, "phonenumbers")[0] == "1"


def test_pages_of_records_neither_repeat_nor_skip(world: SyncWorld) -> None:
    """A long list of days by categories comes whole, whatever the size of a page."""
    world.buy()
    world.advance(40 * _DAY)
    daily = world.sub.usage.records.daily
    whole = [(one.category, str(one.start_date)) for one in daily.list(page_size=1000)]
    paged = [(one.category, str(one.start_date)) for one in daily.list(page_size=100)]
    assert paged == whole
    assert len(set(whole)) == len(whole) == 41 * len(world.sub.usage.records.list())


def test_nothing_is_forgotten_by_a_restart(tmp_path: Path) -> None:
    """Records, the balance and the monthly charge of a number go on where they were."""
    state = tmp_path / "state.sqlite3"
    with a_world(state=state) as before:
        before.buy()
    later = VirtualClock(1_750_000_000.0 + 70 * _DAY)
    with a_world(state=state, clock=later) as after:
        after.advance(0)
        tenant = after.client(before.sub_sid, before.sub_token)
        assert used(tenant, "phonenumbers")[0] == "3"
        assert tenant.balance.fetch().balance == "96.55"
        days = [
            str(one.start_date) for one in tenant.usage.records.daily.list(category="phonenumbers") if one.count == "1"
        ]
        assert days == ["2025-08-15", "2025-07-15", "2025-06-15"]


# ------------------------------------------------------------------------------------------------------------- triggers


def test_a_trigger_fires_once_on_the_minute_after_its_value_is_reached(world: SyncWorld) -> None:
    """The webhook says what was reached, in Twilio's order, signed by the account."""
    with a_customer(world.emulator) as customer:
        made = trigger(world, f"{customer.url}/usage")
        world.buy()
        send(world)
        world.advance(60)
        assert customer.forms == []

        send(world)
        world.advance(60)
        send(world)
        world.advance(_HOUR)

        (form,) = customer.forms
        assert list(form.items()) == [
            ("AccountSid", world.sub_sid),
            ("UsageTriggerSid", made.sid),
            ("Recurring", ""),
            ("UsageCategory", "sms"),
            ("TriggerBy", "count"),
            ("TriggerValue", "2"),
            ("CurrentValue", "2"),
            ("DateFired", "Sun, 15 Jun 2025 15:08:00 +0000"),
            ("UsageRecordUri", f"/2010-04-01/Accounts/{world.sub_sid}/Usage/Records.json?Category=sms"),
            ("IdempotencyToken", f"{world.sub_sid}-FIRES-{made.sid}-2025-06-15"),
        ]
        assert customer.signed_by(world.sub_token)
        fetched = world.sub.usage.triggers(made.sid).fetch()
        assert (fetched.current_value, str(fetched.date_fired)) == ("3", "2025-06-15 15:08:00+00:00")


def test_a_recurring_trigger_fires_once_a_period_and_again_in_the_next(world: SyncWorld) -> None:
    """A period begins at midnight GMT; what was used before it does not count in it."""
    with a_customer(world.emulator) as customer:
        trigger(world, f"{customer.url}/usage", recurring="daily", trigger_value="1")
        world.buy()
        for _ in range(2):
            send(world)
            send(world)
            world.advance(_HOUR)
            world.advance(_DAY)
        assert [form["IdempotencyToken"][-10:] for form in customer.forms] == ["2025-06-15", "2025-06-16"]
        assert [form["UsageRecordUri"].split("/")[-1] for form in customer.forms] == [
            "Daily.json?Category=sms",
            "Daily.json?Category=sms",
        ]


def test_a_relative_value_counts_from_now(world: SyncWorld) -> None:
    """+1 is one more than was used when the trigger was made."""
    with a_customer(world.emulator) as customer:
        world.buy()
        send(world)
        made = trigger(world, f"{customer.url}/usage", trigger_value="+1")
        assert made.trigger_value == "2"
        world.advance(_HOUR)
        assert customer.forms == []
        send(world)
        world.advance(_HOUR)
        assert [form["CurrentValue"] for form in customer.forms] == ["2"]


def test_a_parents_trigger_watches_its_subaccounts_too(world: SyncWorld) -> None:
    """And a trigger by price watches the money."""
    with a_customer(world.emulator) as customer:
        world.parent.usage.triggers.create(
            callback_url=f"{customer.url}/usage",
            callback_method="GET",
            trigger_value="1.15",
            trigger_by="price",
            usage_category="totalprice",
            recurring="monthly",
        )
        world.buy()
        world.advance(_HOUR)
        assert [(form["CurrentValue"], form["TriggerBy"]) for form in customer.forms] == [("1.15", "price")]
        assert customer.seen[0].method == "GET"


def test_an_account_has_at_most_a_thousand_triggers(world: SyncWorld) -> None:
    """The next one is refused, and there is room again when one is deleted."""
    made = [trigger(world) for _ in range(1000)]
    with refused(400, 20001, "UsageTrigger"):
        trigger(world)
    world.sub.usage.triggers(made[0].sid).delete()
    trigger(world)


# -------------------------------------------------------------------------------------------------- balance and prices


def test_the_balance_goes_down_by_what_all_accounts_use(world: SyncWorld) -> None:
    """One balance: parent and subaccounts say the same."""
    world.buy()
    sent = send(world)
    left = Decimal(100) - Decimal("1.15") + Decimal(sent.price)
    assert Decimal(world.parent.balance.fetch().balance) == left
    assert Decimal(world.sub.balance.fetch().balance) == left


def test_the_balance_can_be_set_by_the_admin_api(world: SyncWorld) -> None:
    """And it goes on from there."""
    world.buy()
    answer = world.raw("PUT", "/emulator/v1/balance", json={"balance": "1.00"})
    assert (answer.status_code, answer.json()) == (200, {"balance": "1.00"})
    world.buy("+13055550124")
    assert world.parent.balance.fetch().balance == "-0.15"
    assert world.raw("GET", "/emulator/v1/balance").json() == {"balance": "-0.15"}
    for body in ({"balance": "much"}, {"balance": 3}, {"money": "3"}, {}):
        assert world.raw("PUT", "/emulator/v1/balance", json=body).status_code == 400


def test_what_the_pricing_api_says_is_what_is_charged(world: SyncWorld) -> None:
    """For a message to Argentina and for the number it is sent from."""
    world.buy()
    sent = send(world, to="+5491155550100")
    prices = world.parent.pricing.v1
    argentina = prices.messaging.countries("AR").fetch()
    assert -Decimal(sent.price) == Decimal(argentina.outbound_sms_prices[0]["prices"][0]["current_price"])
    states = prices.phone_numbers.countries("US").fetch()
    assert used(world.sub, "phonenumbers")[2] == states.phone_number_prices[0]["current_price"]


# ------------------------------------------------------------------------------------------------------------- refusals

Refusal = Callable[[Any], object]
REFUSALS: dict[str, tuple[int, int, str, Refusal]] = {
    "records: unknown category": (400, 20001, "Category", lambda sub: sub.usage.records.list(category="smoke-signals")),
    "records: start is no day": (400, 20001, "StartDate", lambda sub: sub.usage.records.list(start_date="Monday")),
    "records: end is no day": (400, 20001, "EndDate", lambda sub: sub.usage.records.daily.list(end_date="2025-13-01")),
    "records: offset beyond the calendar": (
        400,
        20001,
        "StartDate",
        lambda sub: sub.usage.records.list(start_date="-999999days"),
    ),
    "records: end before start": (
        400,
        20001,
        "EndDate",
        lambda sub: sub.usage.records.list(start_date="2025-06-02", end_date="2025-06-01"),
    ),
    "records: subaccounts neither true nor false": (
        400,
        20001,
        "IncludeSubaccounts",
        lambda sub: sub.usage.records.list(include_subaccounts="perhaps"),
    ),
    "trigger: no callback": (400, 20001, "CallbackUrl", lambda sub: _make(sub, callback_url="")),
    "trigger: callback is no URL": (400, 20001, "CallbackUrl", lambda sub: _make(sub, callback_url="/usage")),
    "trigger: no value": (400, 20001, "TriggerValue", lambda sub: _make(sub, trigger_value="")),
    "trigger: negative value": (400, 20001, "TriggerValue", lambda sub: _make(sub, trigger_value="-1")),
    "trigger: value is no number": (400, 20001, "TriggerValue", lambda sub: _make(sub, trigger_value="+lots")),
    "trigger: unknown category": (400, 20001, "UsageCategory", lambda sub: _make(sub, usage_category="smoke")),
    "trigger: unknown field": (400, 20001, "TriggerBy", lambda sub: _make(sub, trigger_by="weight")),
    "trigger: unknown recurrence": (400, 20001, "Recurring", lambda sub: _make(sub, recurring="weekly")),
    "trigger: method neither GET nor POST": (
        400,
        21403,
        "CallbackMethod",
        lambda sub: _make(sub, callback_method="PUT"),
    ),
    "trigger: long name": (400, 20001, "FriendlyName", lambda sub: _make(sub, friendly_name="x" * 65)),
    "trigger: list of unknown recurrence": (
        400,
        20001,
        "Recurring",
        lambda sub: sub.usage.triggers.list(recurring="weekly"),
    ),
    "trigger: update clears the callback": (
        400,
        20001,
        "CallbackUrl",
        lambda sub: sub.usage.triggers(_make(sub).sid).update(callback_url=""),
    ),
    "trigger: unknown": (404, 20404, "not found", lambda sub: sub.usage.triggers("UT" + "f" * 32).fetch()),
    "prices: unknown country": (
        404,
        20404,
        "not found",
        lambda sub: sub.pricing.v1.messaging.countries("ZZ").fetch(),
    ),
    "prices: unknown country of calls": (
        404,
        20404,
        "not found",
        lambda sub: sub.pricing.v1.voice.countries("ZZ").fetch(),
    ),
}


def _make(sub: Any, **more: Any) -> Any:
    given = {"callback_url": "https://a.example/usage", "trigger_value": "1", "usage_category": "sms", **more}
    return sub.usage.triggers.create(**given)


@pytest.mark.parametrize("name", REFUSALS)
def test_is_refused(name: str) -> None:
    """With Twilio's status and code, and a text that names what is wrong."""
    status, code, says, call = REFUSALS[name]
    with a_world(holds_requests=False) as world, refused(status, code, says):
        call(world.sub)


def test_a_trigger_of_a_sibling_is_not_found(world: SyncWorld) -> None:
    """Nor by the parent under another account's path."""
    made = trigger(world)
    other = world.parent.api.v2010.accounts.create(friendly_name="sibling")
    with refused(404, 20404):
        world.client(other.sid, other.auth_token).usage.triggers(made.sid).fetch()
