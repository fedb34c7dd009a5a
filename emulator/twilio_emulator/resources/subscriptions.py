"""Which events go to which sink: ``events.twilio.com/v1/Subscriptions`` and the events of each."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from twilio_emulator.calls import Answer, Call, Json, Route
from twilio_emulator.dates import iso8601
from twilio_emulator.errors import ApiError, invalid
from twilio_emulator.eventstreams import streaming
from twilio_emulator.eventstreams.catalogue import EVENT_TYPES, SCHEMAS
from twilio_emulator.eventstreams.sinks import read_object
from twilio_emulator.paging import meta_page, window_of
from twilio_emulator.resources.sinks import sink_named
from twilio_emulator.store import Slice

if TYPE_CHECKING:
    from twilio_emulator.models import Record

__all__ = ["ROUTES"]

_LIST = "/v1/Subscriptions"
_ONE = f"{_LIST}/{{Sid}}"
_EVENTS = f"{_LIST}/{{SubscriptionSid}}/SubscribedEvents"
_EVENT = f"{_EVENTS}/{{Type}}"
_UNUSABLE = 91101
"""Twilio's code for a subscription that cannot be made as it was described."""
_MOST = 100
_VERSION = re.compile(r"[0-9]{1,6}")


def create(call: Call) -> Answer:
    """Have events of some types sent to a sink."""
    description = _description(call) or ""
    if not description:
        raise invalid("Description", "it cannot be empty", code=_UNUSABLE)
    sink = _sink(call)
    types = _types(call)
    if len(call.core.store.records.where(streaming.SUBSCRIPTION, account_sid=call.account.sid)) >= _MOST:
        raise invalid("Subscription", f"an account may have at most {_MOST}", code=_UNUSABLE)
    subscription = call.core.store.records.add(
        streaming.SUBSCRIPTION,
        sid=call.core.sids.sid("DF"),
        account_sid=call.account.sid,
        parent_sid=sink.sid,
        now=call.now,
        data={"description": description, "types": types},
    )
    return Answer(status=201, body=_render(subscription))


def list_(call: Call) -> Answer:
    """List the account's subscriptions, newest first."""
    window = window_of(call.params)
    conditions: list[tuple[str, object]] = [("account_sid = ?", call.account.sid)]
    if sink_sid := call.params.sid("SinkSid", "DG"):
        conditions.append(("parent_sid = ?", sink_sid))
    found = call.core.store.records.page(streaming.SUBSCRIPTION, conditions, window)
    return Answer(body=meta_page(call, "subscriptions", found, window, _render, filters=("SinkSid",)))


def fetch(call: Call) -> Answer:
    """Return one subscription."""
    return Answer(body=_render(_named(call, "Sid")))


def update(call: Call) -> Answer:
    """Describe a subscription anew."""
    subscription = _named(call, "Sid")
    description = _description(call)
    if description == "":
        raise invalid("Description", "it cannot be empty", code=_UNUSABLE)
    changes = {} if description is None else {"description": description}
    return Answer(body=_render(call.core.store.records.change(subscription, now=call.now, data=changes)))


def delete(call: Call) -> Answer:
    """Delete a subscription; its sink stays."""
    call.core.store.records.delete(_named(call, "Sid"))
    return Answer(status=204)


def list_events(call: Call) -> Answer:
    """List the types of a subscription."""
    subscription = _named(call, "SubscriptionSid")
    window = window_of(call.params)
    found = Slice.of(sorted(_subscribed(subscription)), window)
    return Answer(body=meta_page(call, "types", found, window, lambda name: _render_event(subscription, name)))


def create_event(call: Call) -> Answer:
    """Add a type to a subscription; 200 when it was there already and has another schema version now."""
    subscription = _named(call, "SubscriptionSid")
    name = call.params.text("Type") or ""
    there = name in _subscribed(subscription)
    changed = _with_event(call, subscription, name)
    return Answer(status=200 if there else 201, body=_render_event(changed, name))


def fetch_event(call: Call) -> Answer:
    """Return one type of a subscription."""
    subscription, name = _event(call)
    return Answer(body=_render_event(subscription, name))


def update_event(call: Call) -> Answer:
    """Have a type's events in another schema version."""
    subscription, name = _event(call)
    return Answer(body=_render_event(_with_event(call, subscription, name), name))


def delete_event(call: Call) -> Answer:
    """Take a type out of a subscription."""
    subscription, name = _event(call)
    left = {kept: version for kept, version in _subscribed(subscription).items() if kept != name}
    call.core.store.records.change(subscription, now=call.now, data={"types": left})
    return Answer(status=204)


def _sink(call: Call) -> Record:
    """Return the sink that the call names, which is active and free."""
    sid = call.params.sid("SinkSid", "DG", code=91001) or ""
    sink = sink_named(call, sid)
    if sink is None:
        raise invalid("SinkSid", "the sink could not be found", code=91001)
    if sink.status != streaming.ACTIVE:
        raise invalid("SinkSid", f"the sink is {sink.status}, not active", code=91100)
    if call.core.store.records.first(streaming.SUBSCRIPTION, parent_sid=sink.sid):
        raise ApiError(status=400, code=91100, message=f"SinkSid: Sink with SID {sink.sid} is in use")
    return sink


def _types(call: Call) -> dict[str, int]:
    """Read the list of types: each value is a JSON object with ``type`` and perhaps ``schema_version``."""
    given = call.params.many("Types")
    if not given:
        raise invalid("Types", "give at least one event type", code=_UNUSABLE)
    types: dict[str, int] = {}
    for index, text in enumerate(given):
        name, version = _type(index, text)
        if name in types:
            raise invalid("Types", f"{name} is duplicated", code=_UNUSABLE)
        types[name] = _checked(f"Types[{index}]", name, version)
    return types


def _type(index: int, text: str) -> tuple[str, str | None]:
    missing = ApiError(
        status=400, code=20001, message=f"Missing required input parameter event_types[{index}].type (Types)"
    )
    if not text.lstrip().startswith("{"):
        raise missing
    given = read_object(f"Types[{index}]", text)
    name, version = given.get("type"), given.get("schema_version")
    if not isinstance(name, str) or not name:
        raise missing
    return name, None if version is None else str(version)


def _checked(where: str, name: str, version: str | None) -> int:
    """Return the schema version to be sent, the latest when none is named.

    Raises:
        ApiError: there is no such type, or its schema has no such version.
    """
    known = EVENT_TYPES.get(name)
    if known is None:
        raise invalid(where, "Type not found in system", code=_UNUSABLE)
    latest = SCHEMAS[known.schema]
    if version is None:
        return latest
    if not _VERSION.fullmatch(version) or not 1 <= int(version) <= latest:
        raise invalid(f"{where} SchemaVersion", f"{known.schema} has the versions 1 to {latest}", code=_UNUSABLE)
    return int(version)


def _with_event(call: Call, subscription: Record, name: str) -> Record:
    version = _checked("Type", name, call.params.text("SchemaVersion") or None)
    types = {**_subscribed(subscription), name: version}
    return call.core.store.records.change(subscription, now=call.now, data={"types": types})


def _named(call: Call, variable: str) -> Record:
    subscription = call.core.store.records.find(streaming.SUBSCRIPTION, call.ids[variable])
    if subscription is None or subscription.account_sid != call.account.sid:
        raise call.not_found()
    return subscription


def _event(call: Call) -> tuple[Record, str]:
    subscription, name = _named(call, "SubscriptionSid"), call.ids["Type"]
    if name not in _subscribed(subscription):
        raise call.not_found()
    return subscription, name


def _subscribed(subscription: Record) -> dict[str, int]:
    return streaming.types_of(subscription)


def _description(call: Call) -> str | None:
    return call.params.text("Description", longest=255, code=_UNUSABLE)


def _render(subscription: Record) -> Json:
    url = f"https://events.twilio.com{_LIST}/{subscription.sid}"
    return {
        "account_sid": subscription.account_sid,
        "sid": subscription.sid,
        "date_created": iso8601(subscription.created),
        "date_updated": iso8601(subscription.updated),
        "description": subscription.data["description"],
        "sink_sid": subscription.parent_sid,
        "url": url,
        "links": {"subscribed_events": f"{url}/SubscribedEvents"},
    }


def _render_event(subscription: Record, name: str) -> Json:
    return {
        "account_sid": subscription.account_sid,
        "type": name,
        "schema_version": _subscribed(subscription)[name],
        "subscription_sid": subscription.sid,
        "url": f"https://events.twilio.com{_LIST}/{subscription.sid}/SubscribedEvents/{name}",
    }


ROUTES = (
    Route("POST", "events", _LIST, create),
    Route("GET", "events", _LIST, list_),
    Route("GET", "events", _ONE, fetch),
    Route("POST", "events", _ONE, update),
    Route("DELETE", "events", _ONE, delete),
    Route("GET", "events", _EVENTS, list_events),
    Route("POST", "events", _EVENTS, create_event),
    Route("GET", "events", _EVENT, fetch_event),
    Route("POST", "events", _EVENT, update_event),
    Route("DELETE", "events", _EVENT, delete_event),
)
