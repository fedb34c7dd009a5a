"""Event Streams: sinks, subscriptions, what reaches a sink and how often while it fails."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.emulator_drives import Drives
from tests.contract.emulator_sync import NUMBER, PHONE, SyncWorld, a_customer, a_world, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.emulator_sync import SyncCustomer

SENT = "com.twilio.messaging.message.sent"
DELIVERED = "com.twilio.messaging.message.delivered"
RECEIVED = "com.twilio.messaging.inbound-message.received"
LOGGED = "com.twilio.error-logs.error.logged"
_HOURS = 3600.0
drives = DRIVES = Drives("events")


@pytest.fixture
def world() -> Iterator[SyncWorld]:
    """An emulator with one subaccount; whatever it answers is checked."""
    with a_world() as world:
        yield world


@pytest.fixture
def customer(world: SyncWorld) -> Iterator[SyncCustomer]:
    """The customer's server, to which sinks lead."""
    with a_customer(world.emulator) as customer:
        yield customer


def a_sink(world: SyncWorld, url: str = "http://127.0.0.1:9/events", **configuration: Any) -> Any:
    """Make a webhook sink."""
    given = {"destination": url, "method": "POST", "batch_events": True, **configuration}
    return world.sub.events.v1.sinks.create(description="to us", sink_configuration=given, sink_type="webhook")


def subscribe(world: SyncWorld, sink: Any, *types: str) -> Any:
    """Have events of some types sent to a sink."""
    return world.sub.events.v1.subscriptions.create(
        description="all", sink_sid=sink.sid, types=[{"type": name} for name in types or (SENT,)]
    )


def events(customer: SyncCustomer) -> list[dict[str, Any]]:
    """Return every event that reached the customer so far, batches taken apart."""
    return [event for batch in customer.documents for event in batch]


# ------------------------------------------------------------------------------------------------------------ endpoints


@drives("POST", "/v1/Sinks")
def _(world: SyncWorld) -> None:
    made = a_sink(world)
    assert (made.status, made.sink_type, made.sink_configuration["batch_events"]) == ("active", "webhook", True)
    other = world.sub.events.v1.sinks.create(
        description="stream",
        sink_configuration={"arn": "arn:aws:kinesis:a", "role_arn": "arn:aws:iam::b", "external_id": "c"},
        sink_type="kinesis",
    )
    assert other.sink_configuration["external_id"] == "c"


@drives("GET", "/v1/Sinks")
def _(world: SyncWorld) -> None:
    idle, busy = a_sink(world), a_sink(world)
    subscribe(world, busy)
    sinks = world.sub.events.v1.sinks
    assert [one.sid for one in sinks.list(page_size=1)] == [busy.sid, idle.sid]
    assert [one.sid for one in sinks.list(in_use=True, status="active")] == [busy.sid]
    assert [one.sid for one in sinks.list(in_use=False)] == [idle.sid]
    assert sinks.list(status="failed") == []


@drives("GET", "/v1/Sinks/{Sid}")
def _(world: SyncWorld) -> None:
    made = a_sink(world)
    assert world.sub.events.v1.sinks(made.sid).fetch().description == "to us"


@drives("POST", "/v1/Sinks/{Sid}")
def _(world: SyncWorld) -> None:
    made = a_sink(world)
    assert world.sub.events.v1.sinks(made.sid).update(description="renamed").description == "renamed"


@drives("DELETE", "/v1/Sinks/{Sid}")
def _(world: SyncWorld) -> None:
    made = a_sink(world)
    assert world.sub.events.v1.sinks(made.sid).delete()
    with refused(404, 20404):
        world.sub.events.v1.sinks(made.sid).fetch()


@drives("POST", "/v1/Sinks/{Sid}/Test")
def _(world: SyncWorld) -> None:
    made = a_sink(world)
    assert world.sub.events.v1.sinks(made.sid).sink_test.create().result == "submitted"


@drives("POST", "/v1/Sinks/{Sid}/Validate")
def _(world: SyncWorld) -> None:
    made = a_sink(world)
    assert world.sub.events.v1.sinks(made.sid).sink_validate.create(test_id="anything").result == "valid"


@drives("POST", "/v1/Subscriptions")
def _(world: SyncWorld) -> None:
    sink = a_sink(world)
    assert subscribe(world, sink, SENT, DELIVERED).sink_sid == sink.sid


@drives("GET", "/v1/Subscriptions")
def _(world: SyncWorld) -> None:
    first, second = (subscribe(world, a_sink(world)) for _ in range(2))
    subscriptions = world.sub.events.v1.subscriptions
    assert [one.sid for one in subscriptions.list(page_size=1)] == [second.sid, first.sid]
    assert [one.sid for one in subscriptions.list(sink_sid=first.sink_sid)] == [first.sid]


@drives("GET", "/v1/Subscriptions/{Sid}")
def _(world: SyncWorld) -> None:
    made = subscribe(world, a_sink(world))
    assert world.sub.events.v1.subscriptions(made.sid).fetch().description == "all"


@drives("POST", "/v1/Subscriptions/{Sid}")
def _(world: SyncWorld) -> None:
    made = subscribe(world, a_sink(world))
    assert world.sub.events.v1.subscriptions(made.sid).update(description="some").description == "some"


@drives("DELETE", "/v1/Subscriptions/{Sid}")
def _(world: SyncWorld) -> None:
    made = subscribe(world, a_sink(world))
    assert world.sub.events.v1.subscriptions(made.sid).delete()
    assert world.sub.events.v1.sinks(made.sink_sid).fetch().status == "active"


@drives("GET", "/v1/Subscriptions/{SubscriptionSid}/SubscribedEvents")
def _(world: SyncWorld) -> None:
    made = subscribe(world, a_sink(world), SENT, RECEIVED)
    found = world.sub.events.v1.subscriptions(made.sid).subscribed_events.list(page_size=1)
    assert [(one.type, one.schema_version) for one in found] == [(RECEIVED, 6), (SENT, 7)]


@drives("POST", "/v1/Subscriptions/{SubscriptionSid}/SubscribedEvents")
def _(world: SyncWorld) -> None:
    made = subscribe(world, a_sink(world))
    subscribed = world.sub.events.v1.subscriptions(made.sid).subscribed_events
    assert subscribed.create(type=DELIVERED).schema_version == 7
    assert subscribed.create(type=DELIVERED, schema_version=3).schema_version == 3
    assert len(subscribed.list()) == 2


@drives("GET", "/v1/Subscriptions/{SubscriptionSid}/SubscribedEvents/{Type}")
def _(world: SyncWorld) -> None:
    made = subscribe(world, a_sink(world))
    assert world.sub.events.v1.subscriptions(made.sid).subscribed_events(SENT).fetch().schema_version == 7


@drives("POST", "/v1/Subscriptions/{SubscriptionSid}/SubscribedEvents/{Type}")
def _(world: SyncWorld) -> None:
    made = subscribe(world, a_sink(world))
    one = world.sub.events.v1.subscriptions(made.sid).subscribed_events(SENT)
    assert one.update(schema_version=2).schema_version == 2


@drives("DELETE", "/v1/Subscriptions/{SubscriptionSid}/SubscribedEvents/{Type}")
def _(world: SyncWorld) -> None:
    made = subscribe(world, a_sink(world), SENT, RECEIVED)
    subscribed = world.sub.events.v1.subscriptions(made.sid).subscribed_events
    assert subscribed(SENT).delete()
    assert [one.type for one in subscribed.list()] == [RECEIVED]


@drives("GET", "/v1/Types")
def _(world: SyncWorld) -> None:
    types = world.sub.events.v1.event_types
    assert {SENT, DELIVERED, RECEIVED, LOGGED} <= {one.type for one in types.list(page_size=5)}
    assert [one.type for one in types.list(schema_id="Messaging.InboundMessageV1")] == [RECEIVED]


@drives("GET", "/v1/Types/{Type}")
def _(world: SyncWorld) -> None:
    assert world.sub.events.v1.event_types(SENT).fetch().schema_id == "Messaging.MessageStatus"


@drives("GET", "/v1/Schemas/{Id}")
def _(world: SyncWorld) -> None:
    assert world.sub.events.v1.schemas("Messaging.MessageStatus").fetch().latest_version == 7


@drives("GET", "/v1/Schemas/{Id}/Versions")
def _(world: SyncWorld) -> None:
    found = world.sub.events.v1.schemas("ErrorLogs.Error").versions.list()
    assert [one.schema_version for one in found] == [1, 2]


@drives("GET", "/v1/Schemas/{Id}/Versions/{SchemaVersion}")
def _(world: SyncWorld) -> None:
    found = world.sub.events.v1.schemas("ErrorLogs.Error").versions(2).fetch()
    assert found.raw == "https://events-schemas.twilio.com/ErrorLogs.Error/2"


@pytest.mark.parametrize("operation", DRIVES, ids=lambda key: f"{key[1]} {key[0]}{key[2]}")
def test_the_sdk_drives(world: SyncWorld, operation: tuple[str, str, str]) -> None:
    """The official SDK can do it, and the answer is as Twilio's document says."""
    DRIVES.check(world, operation)


# ------------------------------------------------------------------------------------------------------------- delivery


def test_a_batch_is_signed_by_its_hash_and_its_events_are_as_documented(
    world: SyncWorld, customer: SyncCustomer
) -> None:
    """Names and order of the fields are Twilio's; connection overrides of the sink's URL are left out."""
    sink = a_sink(world, f"{customer.url}/events#rc=5")
    subscribe(world, sink, SENT, DELIVERED, RECEIVED)
    world.buy()
    sent = world.sub.messages.create(to=PHONE, from_=NUMBER, body="Hola")
    world.say("Buenas", sender="+14155550100")

    found = {event["type"]: event for event in events(customer)}
    assert set(found) == {SENT, DELIVERED, RECEIVED}
    delivered = found[DELIVERED]
    assert list(delivered) == [
        "specversion",
        "type",
        "source",
        "id",
        "dataschema",
        "datacontenttype",
        "time",
        "data",
    ]
    assert delivered["dataschema"] == "https://events-schemas.twilio.com/Messaging.MessageStatus/7"
    assert delivered["source"] == f"/{world.sub_sid}/Messages/{sent.sid}.json"
    assert list(delivered["data"].items()) == [
        ("messageSid", sent.sid),
        ("timestamp", "2025-06-15T15:06:40.000Z"),
        ("accountSid", world.sub_sid),
        ("eventName", DELIVERED),
        ("apiVersion", "2010-04-01"),
        ("from", NUMBER),
        ("to", PHONE),
        ("messageStatus", "DELIVERED"),
        ("rawDlrDoneDate", "2506151506"),
        ("numberOfSegments", 1),
    ]
    assert list(found[RECEIVED]["data"]) == [
        "messageSid",
        "timestamp",
        "accountSid",
        "eventName",
        "from",
        "to",
        "numMedia",
        "body",
        "toCountry",
        "toState",
        "toCity",
        "toZip",
        "fromCountry",
        "fromState",
        "fromCity",
        "fromZip",
    ]
    assert customer.signed_by(world.sub_token)
    body = json.dumps(customer.documents[-1])
    assert customer.seen[-1].query["bodySHA256"] == hashlib.sha256(body.encode()).hexdigest()


def test_a_test_event_names_the_account_and_a_test(world: SyncWorld, customer: SyncCustomer) -> None:
    """It needs no subscription."""
    sink = a_sink(world, f"{customer.url}/events")
    world.sub.events.v1.sinks(sink.sid).sink_test.create()
    (event,) = events(customer)
    assert (event["type"], event["source"], event["id"]) == (
        "com.twilio.eventstreams.test-event",
        "Sink",
        world.sub_sid,
    )
    assert len(event["data"]["test_id"]) == 36


def test_only_subscribed_types_of_the_own_account_reach_a_sink(world: SyncWorld, customer: SyncCustomer) -> None:
    """In the schema version that the subscription names; nothing more once it is gone."""
    sink = a_sink(world, f"{customer.url}/events")
    made = world.sub.events.v1.subscriptions.create(
        description="old schema", sink_sid=sink.sid, types=[{"type": SENT, "schema_version": 3}]
    )
    world.buy()
    world.parent.incoming_phone_numbers.create(phone_number="+13055550777")
    world.parent.messages.create(to=PHONE, from_="+13055550777", body="of the parent")
    world.sub.messages.create(to=PHONE, from_=NUMBER, body="of the tenant")
    (event,) = events(customer)
    assert event["dataschema"].endswith("/Messaging.MessageStatus/3")
    assert event["data"]["accountSid"] == world.sub_sid

    world.sub.events.v1.subscriptions(made.sid).delete()
    world.sub.messages.create(to=PHONE, from_=NUMBER, body="nobody listens")
    assert len(events(customer)) == 1


def test_a_sink_without_batches_gets_each_event_alone(world: SyncWorld, customer: SyncCustomer) -> None:
    """As a list of one."""
    subscribe(world, a_sink(world, f"{customer.url}/events", batch_events=False), SENT, DELIVERED)
    world.buy()
    world.sub.messages.create(to=PHONE, from_=NUMBER, body="Hola")
    assert [len(batch) for batch in customer.documents] == [1, 1]


def test_the_states_of_a_call_are_events(world: SyncWorld, customer: SyncCustomer) -> None:
    """With what a status callback would say."""
    name = "com.twilio.voice.status-callback.call.completed"
    subscribe(world, a_sink(world, f"{customer.url}/events"), name)
    world.buy(voice_url=f"{customer.url}/voice")
    customer.answer("<Response><Hangup/></Response>")
    world.emulator.run(world.emulator.admin.call(sender=PHONE, recipient=NUMBER))
    world.advance(60)
    (event,) = events(customer)
    parameters = event["data"]["request"]["parameters"]
    assert (event["type"], parameters["CallStatus"], parameters["To"]) == (name, "completed", NUMBER)
    assert event["id"].startswith("VW")


def test_a_sink_that_fails_gets_the_same_events_again(world: SyncWorld, customer: SyncCustomer) -> None:
    """After a pause that grows; each failure is an alert with Event Streams' own code."""
    sink = a_sink(world, f"{customer.url}/events")
    subscribe(world, sink)
    world.buy()
    for status in (500, 503, 429):
        customer.answer(status=status)
    world.sub.messages.create(to=PHONE, from_=NUMBER, body="Hola")
    assert len(customer.documents) == 1

    world.advance(10 * 60)

    assert len(customer.documents) == 4
    assert len({event["id"] for event in events(customer)}) == 1
    alerts = world.sub.monitor.v1.alerts.list()
    assert [(one.error_code, one.resource_sid) for one in alerts] == [
        ("91305", sink.sid),
        ("91306", sink.sid),
        ("91306", sink.sid),
    ]
    world.advance(5 * _HOURS)
    assert len(customer.documents) == 4
    assert world.sub.events.v1.sinks(sink.sid).fetch().status == "active"


def test_a_refusal_drops_the_events_at_once(world: SyncWorld, customer: SyncCustomer) -> None:
    """A 4xx but 429 is no failure that passes."""
    subscribe(world, a_sink(world, f"{customer.url}/events"))
    world.buy()
    customer.answer(status=403)
    world.sub.messages.create(to=PHONE, from_=NUMBER, body="Hola")
    world.advance(5 * _HOURS)
    assert len(customer.documents) == 1


def test_after_four_hours_the_events_are_lost_and_the_sink_has_failed(world: SyncWorld) -> None:
    """A failed sink takes no new subscription, and is active again once it takes events."""
    with a_customer(world.emulator) as customer:
        url = customer.url
    sink = a_sink(world, f"{url}/events")
    subscription = subscribe(world, sink)
    world.buy()
    world.sub.messages.create(to=PHONE, from_=NUMBER, body="Hola")
    world.advance(3 * _HOURS)
    sinks = world.sub.events.v1.sinks
    assert sinks(sink.sid).fetch().status == "active"
    world.advance(2 * _HOURS)
    assert sinks(sink.sid).fetch().status == "failed"
    codes = {one.error_code for one in world.sub.monitor.v1.alerts.list()}
    assert codes == {"91307"}

    world.sub.events.v1.subscriptions(subscription.sid).delete()
    with refused(400, 91100, "not active"):
        subscribe(world, sink)


def test_alerts_are_events_too_but_not_those_of_sinks(world: SyncWorld, customer: SyncCustomer) -> None:
    """A webhook that fails is told; a sink that fails is not told to itself for ever."""
    subscribe(world, a_sink(world, f"{customer.url}/events"), LOGGED)
    world.buy(sms_url=f"{customer.url}/sms")
    customer.answer(status=500)
    customer.answer(status=500)
    world.say("Hola")
    world.advance(_HOURS)
    found = {event["id"]: event for event in events(customer)}
    (event,) = found.values()
    assert event["id"].startswith("NO")
    assert event["data"]["error_code"] == "11200"
    assert json.loads(event["data"]["payload"])["resource_sid"].startswith("SM")


# ------------------------------------------------------------------------------------------------------------- refusals

_SINK_OF_OTHERS = "DG" + "f" * 32
_NOBODYS = "DF" + "f" * 32
Refusal = Callable[[Any], object]


def _make_sink(sub: Any, **more: Any) -> Any:
    configuration = {"destination": "https://a.example/events", "method": "POST", "batch_events": True}
    given = {"description": "d", "sink_configuration": configuration, "sink_type": "webhook", **more}
    return sub.events.v1.sinks.create(**given)


def _configure(sub: Any, **changes: Any) -> Any:
    configuration = {"destination": "https://a.example/events", "method": "POST", "batch_events": True, **changes}
    return _make_sink(sub, sink_configuration=configuration)


def _subscribe(sub: Any, *types: object, **more: Any) -> Any:
    given = {"description": "d", "types": list(types or ({"type": SENT},)), **more}
    given.setdefault("sink_sid", _make_sink(sub).sid)
    return sub.events.v1.subscriptions.create(**given)


def _twice(sub: Any) -> Any:
    sink = _make_sink(sub)
    _subscribe(sub, sink_sid=sink.sid)
    return _subscribe(sub, sink_sid=sink.sid)


REFUSALS: dict[str, tuple[int, int, str, Refusal]] = {
    "sink: no description": (400, 91000, "Description", lambda sub: _make_sink(sub, description="")),
    "sink: unknown type": (400, 91000, "SinkType", lambda sub: _make_sink(sub, sink_type="pigeon")),
    "sink: no type": (400, 91000, "SinkType", lambda sub: _make_sink(sub, sink_type="")),
    "sink: configuration is no JSON": (
        400,
        91000,
        "SinkConfiguration",
        lambda sub: _make_sink(sub, sink_configuration="{"),
    ),
    "sink: configuration is a list": (
        400,
        91000,
        "SinkConfiguration",
        lambda sub: _make_sink(sub, sink_configuration="[1]"),
    ),
    "sink: configuration is nested deeply": (
        400,
        91000,
        "SinkConfiguration",
        lambda sub: _make_sink(sub, sink_configuration="[" * 100_000),
    ),
    "sink: configuration has a number that is none": (
        400,
        91000,
        "SinkConfiguration",
        lambda sub: _make_sink(sub, sink_configuration='{"x": NaN}'),
    ),
    "sink: no destination": (400, 91000, "destination", lambda sub: _configure(sub, destination="")),
    "sink: destination is no URL": (400, 91000, "destination", lambda sub: _configure(sub, destination="events")),
    "sink: destination is a number": (400, 91000, "destination", lambda sub: _configure(sub, destination=7)),
    "sink: method is PUT": (400, 91000, "method", lambda sub: _configure(sub, method="PUT")),
    "sink: batch_events is text": (400, 91000, "batch_events", lambda sub: _configure(sub, batch_events="yes")),
    "sink: kinesis without role": (
        400,
        91000,
        "role_arn",
        lambda sub: _make_sink(sub, sink_type="kinesis", sink_configuration={"arn": "a", "external_id": "b"}),
    ),
    "sink: segment without key": (
        400,
        91000,
        "write_key",
        lambda sub: _make_sink(sub, sink_type="segment", sink_configuration={"a": "b"}),
    ),
    "sink: update without description": (
        400,
        91000,
        "Description",
        lambda sub: sub.events.v1.sinks(_make_sink(sub).sid).update(description=""),
    ),
    "sink: delete one in use": (
        400,
        91007,
        "in use",
        lambda sub: sub.events.v1.sinks(_subscribe(sub).sink_sid).delete(),
    ),
    "sink: validate without test": (
        400,
        20001,
        "TestId",
        lambda sub: sub.events.v1.sinks(_make_sink(sub).sid).sink_validate.create(test_id=""),
    ),
    "sink: unknown": (404, 20404, "not found", lambda sub: sub.events.v1.sinks(_SINK_OF_OTHERS).fetch()),
    "sink: test an unknown one": (
        404,
        20404,
        "not found",
        lambda sub: sub.events.v1.sinks(_SINK_OF_OTHERS).sink_test.create(),
    ),
    "sink: list by unknown status": (400, 20001, "Status", lambda sub: sub.events.v1.sinks.list(status="asleep")),
    "sink: list by use, neither true nor false": (
        400,
        20001,
        "InUse",
        lambda sub: sub.events.v1.sinks.list(in_use="often"),
    ),
    "subscription: no description": (400, 91101, "Description", lambda sub: _subscribe(sub, description="")),
    "subscription: description cleared": (
        400,
        91101,
        "Description",
        lambda sub: sub.events.v1.subscriptions(_subscribe(sub).sid).update(description=""),
    ),
    "subscription: unknown sink": (400, 91001, "SinkSid", lambda sub: _subscribe(sub, sink_sid=_SINK_OF_OTHERS)),
    "subscription: SID of something else": (
        400,
        91001,
        "SinkSid",
        lambda sub: _subscribe(sub, sink_sid="AC" + "0" * 32),
    ),
    "subscription: sink is taken": (400, 91100, "is in use", _twice),
    "subscription: no types": (400, 91101, "Types", lambda sub: _subscribe(sub, types=[])),
    "subscription: type is no object": (
        400,
        20001,
        "event_types[0].type",
        lambda sub: _subscribe(sub, "com.twilio.messaging.message.sent"),
    ),
    "subscription: type without name": (
        400,
        20001,
        "event_types[1].type",
        lambda sub: _subscribe(sub, {"type": SENT}, {"schema_version": 1}),
    ),
    "subscription: type is a list of types": (
        400,
        20001,
        "event_types[0].type",
        lambda sub: _subscribe(sub, [{"type": SENT}]),
    ),
    "subscription: unknown type": (400, 91101, "Types[0]", lambda sub: _subscribe(sub, {"type": "com.example"})),
    "subscription: type twice": (
        400,
        91101,
        "duplicated",
        lambda sub: _subscribe(sub, {"type": SENT}, {"type": SENT}),
    ),
    "subscription: unknown schema version": (
        400,
        91101,
        "SchemaVersion",
        lambda sub: _subscribe(sub, {"type": SENT, "schema_version": 99}),
    ),
    "subscription: schema version is text": (
        400,
        91101,
        "SchemaVersion",
        lambda sub: _subscribe(sub, {"type": SENT, "schema_version": "newest"}),
    ),
    "subscription: unknown": (404, 20404, "not found", lambda sub: sub.events.v1.subscriptions(_NOBODYS).fetch()),
    "subscription: list by what is no sink": (
        400,
        20001,
        "SinkSid",
        lambda sub: sub.events.v1.subscriptions.list(sink_sid="DG1"),
    ),
    "event: unknown type": (
        400,
        91101,
        "Type",
        lambda sub: sub.events.v1.subscriptions(_subscribe(sub).sid).subscribed_events.create(type="com.example"),
    ),
    "event: version 0": (
        400,
        91101,
        "SchemaVersion",
        lambda sub: sub.events.v1.subscriptions(_subscribe(sub).sid).subscribed_events(SENT).update(schema_version=0),
    ),
    "event: not subscribed": (
        404,
        20404,
        "not found",
        lambda sub: sub.events.v1.subscriptions(_subscribe(sub).sid).subscribed_events(LOGGED).fetch(),
    ),
    "type: unknown": (404, 20404, "not found", lambda sub: sub.events.v1.event_types("com.example").fetch()),
    "schema: unknown": (404, 20404, "not found", lambda sub: sub.events.v1.schemas("Example").fetch()),
    "schema: unknown version": (
        404,
        20404,
        "not found",
        lambda sub: sub.events.v1.schemas("ErrorLogs.Error").versions(9).fetch(),
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_is_refused(name: str) -> None:
    """With Twilio's status and code, and a text that names what is wrong."""
    status, code, says, call = REFUSALS[name]
    with a_world(holds_requests=False) as world, refused(status, code, says):
        call(world.sub)


def test_an_account_has_at_most_a_hundred_sinks(world: SyncWorld) -> None:
    """And each subaccount its own hundred."""
    for _ in range(100):
        a_sink(world)
    with refused(400, 91003, "limit"):
        a_sink(world)
    world.parent.events.v1.sinks.create(
        description="the parent's", sink_configuration={"write_key": "k"}, sink_type="segment"
    )


def test_a_sink_of_a_subaccount_is_not_found_by_its_parent(world: SyncWorld) -> None:
    """Outside of the core API nobody reaches into another account."""
    sink = a_sink(world)
    with refused(404, 20404):
        world.parent.events.v1.sinks(sink.sid).fetch()
