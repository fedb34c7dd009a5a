"""What went over the wire: ``/requests``, the API calls served, and ``/deliveries``, the webhooks called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.admin.edge import MOST_ITEMS, json_response, wait_for
from twilio_emulator.dates import iso8601

if TYPE_CHECKING:
    from aiohttp import web

    from twilio_emulator.admin.edge import Admin, AdminRoute
    from twilio_emulator.models import Delivery, LoggedRequest

__all__ = ["ROUTES"]


async def requests(admin: Admin, request: web.Request) -> web.Response:
    """API calls served, oldest first."""
    log = admin.core.store.requests
    found = await wait_for(admin, request, lambda after: log.since(after, most=MOST_ITEMS))
    return json_response({"requests": [_logged(item) for item in found]})


async def deliveries(admin: Admin, request: web.Request) -> web.Response:
    """Webhook attempts, oldest first."""
    outbox = admin.core.store.outbox
    found = await wait_for(admin, request, lambda after: outbox.attempts_since(after, most=MOST_ITEMS))
    return json_response({"deliveries": [_delivery(item) for item in found]})


def _logged(item: LoggedRequest) -> dict[str, object]:
    return {
        "seq": item.seq,
        "method": item.method,
        "path": item.path,
        "status": item.status,
        "accountSid": item.account_sid,
        "write": item.write,
        "at": iso8601(item.at),
    }


def _delivery(item: Delivery) -> dict[str, object]:
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
