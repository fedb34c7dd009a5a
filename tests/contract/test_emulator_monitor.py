"""Monitor: alerts with what went wrong, and the log of what was changed by the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from tests.contract.emulator_drives import Drives
from tests.contract.emulator_sync import NUMBER, SyncWorld, a_customer, a_world, refused
from twilio_emulator.resources import ROUTES
from twilio_emulator.usage.audit import event_type_of

if TYPE_CHECKING:
    from collections.abc import Iterator

drives = DRIVES = Drives("monitor")
_SECRET = "s3cr3t-p4ss"  # made up
_HOUR = 3600.0


@pytest.fixture
def world() -> Iterator[SyncWorld]:
    """An emulator with one subaccount; whatever it answers is checked."""
    with a_world() as world:
        yield world


def fail_a_webhook(world: SyncWorld) -> str:
    """Have a webhook fail; return its URL."""
    with a_customer(world.emulator) as customer:
        url = f"{customer.url}/sms"
        if not world.sub.incoming_phone_numbers.list(phone_number=NUMBER):
            world.buy(sms_url=url)
        else:
            (number,) = world.sub.incoming_phone_numbers.list(phone_number=NUMBER)
            number.update(sms_url=url)
        customer.answer("broken", status=502)
        world.say("Hola")
        assert len(customer.forms) == 1
    return url


@drives("GET", "/v1/Alerts")
def _(world: SyncWorld) -> None:
    url = fail_a_webhook(world)
    (alert,) = world.sub.monitor.v1.alerts.list(log_level="error", start_date="2025-06-15", end_date="2025-06-15")
    assert (alert.error_code, alert.request_url, alert.request_method) == ("11200", url, "POST")
    assert alert.resource_sid.startswith("SM")
    assert alert.more_info == "https://www.twilio.com/docs/errors/11200"


@drives("GET", "/v1/Alerts/{Sid}")
def _(world: SyncWorld) -> None:
    fail_a_webhook(world)
    (listed,) = world.sub.monitor.v1.alerts.list()
    alert = world.sub.monitor.v1.alerts(listed.sid).fetch()
    assert parse_qs(alert.request_variables)["Body"] == ["Hola"]
    assert alert.response_body == "broken"
    assert parse_qs(alert.alert_text)["ErrorCode"] == ["11200"]


@drives("GET", "/v1/Events")
def _(world: SyncWorld) -> None:
    bought = world.buy()
    (event,) = world.sub.monitor.v1.events.list(
        event_type="phone-number.created",
        resource_sid=bought.sid,
        source_ip_address="127.0.0.1",
        start_date=datetime(2025, 6, 15, tzinfo=UTC),
        end_date=datetime(2025, 6, 16, tzinfo=UTC),
    )
    assert (event.resource_type, event.actor_type, event.source) == ("phone-number", "account", "api")
    assert event.links["resource"].endswith(f"/IncomingPhoneNumbers/{bought.sid}")
    assert world.sub.monitor.v1.events.list(actor_sid="US" + "0" * 32) == []


@drives("GET", "/v1/Events/{Sid}")
def _(world: SyncWorld) -> None:
    world.buy()
    (listed,) = world.sub.monitor.v1.events.list()
    assert world.sub.monitor.v1.events(listed.sid).fetch().event_type == "phone-number.created"


@pytest.mark.parametrize("operation", DRIVES, ids=lambda key: f"{key[1]} {key[0]}{key[2]}")
def test_the_sdk_drives(world: SyncWorld, operation: tuple[str, str, str]) -> None:
    """The official SDK can do it, and the answer is as Twilio's document says."""
    DRIVES.check(world, operation)


# --------------------------------------------------------------------------------------------------------------- alerts


def test_alerts_are_filtered_by_level_and_time(world: SyncWorld) -> None:
    """Newest first; both ends of a time are included."""
    fail_a_webhook(world)
    world.advance(24 * _HOUR)
    fail_a_webhook(world)
    alerts = world.sub.monitor.v1.alerts
    assert [str(one.date_created.date()) for one in alerts.list(page_size=1)] == ["2025-06-16", "2025-06-15"]
    assert len(alerts.list(start_date="2025-06-16")) == 1
    assert len(alerts.list(end_date="2025-06-15")) == 1
    assert len(alerts.list(start_date="2025-06-16T15:06:40Z", end_date="2025-06-16T15:06:40Z")) == 1
    assert alerts.list(log_level="warning") == []


def test_alerts_belong_to_the_account_of_the_webhook(world: SyncWorld) -> None:
    """The parent has none of its subaccounts'."""
    fail_a_webhook(world)
    (alert,) = world.sub.monitor.v1.alerts.list()
    assert world.parent.monitor.v1.alerts.list() == []
    with refused(404, 20404):
        world.parent.monitor.v1.alerts(alert.sid).fetch()


# ------------------------------------------------------------------------------------------------------------ audit log


def test_an_update_is_logged_with_what_it_changed(world: SyncWorld) -> None:
    """Previous and new value of each property, and of nothing else."""
    bought = world.buy(friendly_name="front desk")
    world.sub.incoming_phone_numbers(bought.sid).update(friendly_name="back office")
    (event,) = world.sub.monitor.v1.events.list(event_type="phone-number.updated")
    assert event.event_data == {"friendly_name": {"previous": "front desk", "updated": "back office"}}


def test_the_actor_is_the_account_that_called() -> None:
    """Also where the parent acts on a resource of a subaccount; the log is that of the subaccount."""
    with a_world(holds_requests=False) as world:
        bought = world.buy()
        numbers = world.parent.api.v2010.accounts(world.sub_sid).incoming_phone_numbers
        numbers(bought.sid).update(friendly_name="by the parent")
        events = world.sub.monitor.v1.events
        (event,) = events.list(actor_sid=world.emulator.account_sid)
        assert (event.event_type, event.account_sid) == ("phone-number.updated", world.sub_sid)
        assert [one.event_type for one in events.list(actor_sid=world.sub_sid)] == ["phone-number.created"]


def test_what_is_done_to_an_account_is_in_the_log_of_who_did_it(world: SyncWorld) -> None:
    """Creation, suspension, and the end of a key."""
    accounts = world.parent.api.v2010.accounts
    accounts(world.sub_sid).update(status="suspended")
    accounts(world.sub_sid).update(status="active")
    key = world.sub.iam.v1.new_api_key.create(account_sid=world.sub_sid)
    world.sub.iam.v1.api_key(key.sid).delete()
    of_parent = [one.event_type for one in world.parent.monitor.v1.events.list()]
    of_sub = [one.event_type for one in world.sub.monitor.v1.events.list()]
    assert of_parent == ["account.updated", "account.updated", "account.created"]
    assert of_sub == ["account-api-keys.deleted", "account-api-keys.created"]


def test_messages_and_calls_are_no_changes_but_deleting_one_is(world: SyncWorld) -> None:
    """Traffic has logs of its own."""
    bought = world.buy()
    sent = world.sub.messages.create(to="+5491155550100", from_=NUMBER, body="Hola")
    world.emulator.settle()
    world.sub.messages(sent.sid).delete()
    world.sub.incoming_phone_numbers(bought.sid).delete()
    found = [(one.event_type, one.resource_sid) for one in world.sub.monitor.v1.events.list()]
    assert found == [
        ("phone-number.deleted", bought.sid),
        ("message.deleted", sent.sid),
        ("phone-number.created", bought.sid),
    ]


def test_no_secret_is_in_the_log(world: SyncWorld) -> None:
    """Neither tokens and keys nor what a URL holds before its host."""
    bought = world.buy(sms_url=f"https://user:{_SECRET}@a.example/one")
    world.sub.incoming_phone_numbers(bought.sid).update(sms_url=f"https://user:{_SECRET}@a.example/two")
    key = world.sub.iam.v1.new_api_key.create(account_sid=world.sub_sid)
    world.sub.accounts.v1.secondary_auth_token().create()
    world.sub.accounts.v1.auth_token_promotion().update()
    account = world.parent.api.v2010.accounts(world.sub_sid).update(friendly_name="renamed")
    clients = [world.parent, world.client(world.sub_sid, account.auth_token)]
    events = [event for client in clients for event in client.monitor.v1.events.list()]
    told = " ".join(f"{event.event_data} {event.links}" for event in events)
    assert "https://a.example/two" in told
    for secret in (_SECRET, key.secret, account.auth_token, world.sub_token):
        assert secret not in told


def test_every_write_has_an_event_type_or_is_traffic() -> None:
    """Whatever the resource, the type is a noun and what was done to it."""
    writes = {(route.method, route.path) for route in ROUTES if route.method != "GET"}
    types = {write: event_type_of(*write) for write in writes}
    assert all(found is None or found.count(".") >= 1 for found in types.values())
    unnoted = {path for (_, path), found in types.items() if found is None}
    assert all(
        path.split("/")[-1] in {"Calls.json", "Messages.json", "Feedback.json", "Test", "Validate"} for path in unnoted
    )


# ------------------------------------------------------------------------------------------------------------- refusals

Refusal = Callable[[Any], object]
REFUSALS: dict[str, tuple[int, int, str, Refusal]] = {
    "alerts: unknown level": (400, 20001, "LogLevel", lambda sub: sub.monitor.v1.alerts.list(log_level="loud")),
    "alerts: start is no day": (400, 20001, "StartDate", lambda sub: sub.monitor.v1.alerts.list(start_date="soon")),
    "alerts: end is no day": (400, 20001, "EndDate", lambda sub: sub.monitor.v1.alerts.list(end_date="2025-13-01")),
    "alerts: unknown": (404, 20404, "not found", lambda sub: sub.monitor.v1.alerts("NO" + "f" * 32).fetch()),
    "events: start is no day": (400, 20001, "StartDate", lambda sub: sub.monitor.v1.events.list(start_date="\x00")),
    "events: end is no day": (400, 20001, "EndDate", lambda sub: sub.monitor.v1.events.list(end_date="9" * 400)),
    "events: unknown": (404, 20404, "not found", lambda sub: sub.monitor.v1.events("AE" + "f" * 32).fetch()),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_is_refused(name: str) -> None:
    """With Twilio's status and code, and a text that names what is wrong."""
    status, code, says, call = REFUSALS[name]
    with a_world(holds_requests=False) as world, refused(status, code, says):
        call(world.sub)
