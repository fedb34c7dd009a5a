"""What went over the wire: ``/requests``, the API calls served, and ``/deliveries``, the webhooks called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twilio_emulator.admin.edge import json_response, stretch_of, wait_for
from twilio_emulator.dates import iso8601

if TYPE_CHECKING:
    from aiohttp import web

    from twilio_emulator.admin.edge import Admin, AdminRoute
    from twilio_emulator.models import Delivery, LoggedRequest

__all__ = ["ROUTES", "delivery_json", "request_json"]


async def requests(admin: Admin, request: web.Request) -> web.Response:
    """API calls served, oldest first."""
    log, stretch = admin.core.store.requests, stretch_of(request)
    conditions = _conditions(request, {"account": "account_sid = ?", "path": "instr(path, ?)"})
    found = await wait_for(admin, request, lambda _: log.since(stretch, conditions))
    return json_response({"requests": [request_json(item) for item in found]})


async def deliveries(admin: Admin, request: web.Request) -> web.Response:
    """Webhook attempts, oldest first."""
    outbox, stretch = admin.core.store.outbox, stretch_of(request)
    conditions = _conditions(
        request, {"account": "account_sid = ?", "resource": "resource_sid = ?", "url": "instr(url, ?)"}
    )
    found = await wait_for(admin, request, lambda _: outbox.attempts_since(stretch, conditions))
    return json_response({"deliveries": [delivery_json(item) for item in found]})


def _conditions(request: web.Request, known: dict[str, str]) -> list[tuple[str, object]]:
    """Return a condition for each of the query's filters that is given."""
    return [(condition, value) for name, condition in known.items() if (value := request.query.get(name))]


def request_json(item: LoggedRequest) -> dict[str, Any]:
    """Return an API call as the admin API shows it."""
    return {
        "seq": item.seq,
        "method": item.method,
        "path": item.path,
        "status": item.status,
        "accountSid": item.account_sid,
        "write": item.write,
        "at": iso8601(item.at),
        "milliseconds": item.milliseconds,
        "code": item.code,
        "fault": item.fault,
    }


def delivery_json(item: Delivery) -> dict[str, Any]:
    """Return a webhook attempt as the admin API shows it."""
    return {
        "seq": item.seq,
        "kind": item.kind,
        "url": item.url,
        "status": item.status,
        "error": item.error,
        "errorCode": item.error_code,
        "attempt": item.attempt,
        "messageSid": item.resource_sid,
        "resourceSid": item.resource_sid,
        "accountSid": item.account_sid,
        "at": iso8601(item.at),
        "milliseconds": round(item.duration * 1000, 1),
        "request": {
            "method": item.request_method,
            "headers": dict(item.request_headers),
            "body": item.request_body,
        },
        "response": {"headers": dict(item.response_headers), "body": item.response_body},
    }


ROUTES: tuple[AdminRoute, ...] = (
    ("GET", "/requests", requests),
    ("GET", "/deliveries", deliveries),
)
