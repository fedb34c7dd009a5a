"""The audit log: ``monitor.twilio.com/v1/Events``, every change made by the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.calls import Answer, Call, Json, Route
from twilio_emulator.dates import iso8601
from twilio_emulator.paging import meta_page, window_of
from twilio_emulator.resources.monitor_dates import between

if TYPE_CHECKING:
    from twilio_emulator.store.audit import AuditEvent

__all__ = ["ROUTES"]

_LIST = "/v1/Events"
_COLUMNS = {
    "ActorSid": "actor_sid",
    "EventType": "event_type",
    "ResourceSid": "resource_sid",
    "SourceIpAddress": "source_ip",
}
_FILTERS = (*_COLUMNS, "StartDate", "EndDate")


def list_(call: Call) -> Answer:
    """List the changes in an account, newest first."""
    window = window_of(call.params)
    conditions: list[tuple[str, object]] = [("account_sid = ?", call.account.sid)]
    for name, column in _COLUMNS.items():
        if value := call.params.text(name):
            conditions.append((f"{column} = ?", value))
    found = call.core.store.audit.page([*conditions, *between(call.params)], window)
    return Answer(body=meta_page(call, "events", found, window, _render, filters=_FILTERS))


def fetch(call: Call) -> Answer:
    """Return one change."""
    event = call.core.store.audit.find(call.ids["Sid"])
    if event is None or event.account_sid != call.account.sid:
        raise call.not_found()
    return Answer(body=_render(event))


def _render(event: AuditEvent) -> Json:
    return {
        "account_sid": event.account_sid,
        "actor_sid": event.actor_sid,
        "actor_type": "account",
        "description": None,
        "event_data": dict(event.changes) or None,
        "event_date": iso8601(event.created),
        "event_type": event.event_type,
        "resource_sid": event.resource_sid or None,
        "resource_type": event.event_type.rpartition(".")[0],
        "sid": event.sid,
        "source": "api",
        "source_ip_address": event.source_ip,
        "url": f"https://monitor.twilio.com{_LIST}/{event.sid}",
        "links": {
            "actor": f"https://api.twilio.com/2010-04-01/Accounts/{event.actor_sid}",
            "resource": event.resource_url,
        },
    }


ROUTES = (
    Route("GET", "monitor", _LIST, list_),
    Route("GET", "monitor", f"{_LIST}/{{Sid}}", fetch),
)
