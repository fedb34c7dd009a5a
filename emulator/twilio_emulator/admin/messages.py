"""Phones and their messages: ``/inbound`` and ``/messages``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from twilio_emulator.addresses import WHATSAPP, Address
from twilio_emulator.admin.edge import (
    MOST_ITEMS,
    flag,
    json_body,
    json_response,
    query_number,
    refuse_unknown,
    stretch_of,
    text,
    wait_for,
)
from twilio_emulator.dates import iso8601
from twilio_emulator.errors import AdminError
from twilio_emulator.messaging.receiving import Incoming, receive
from twilio_emulator.models import Direction
from twilio_emulator.whatsapp import incoming as whatsapp_incoming

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiohttp import web

    from twilio_emulator.admin.edge import Admin, AdminRoute
    from twilio_emulator.models import Message
    from twilio_emulator.webhooks.signing import SignedRequest

__all__ = ["ROUTES"]

_COLUMNS = {"account": "account_sid", "from": "sender", "to": "recipient", "direction": "direction"}


async def inbound(admin: Admin, request: web.Request) -> web.Response:
    """A phone writes."""
    body = await json_body(request)
    refuse_unknown(body, {"from", "to", "body", "media", "profileName", "deliver", *whatsapp_incoming.FIELDS})
    media = _media(body)
    incoming = Incoming(
        sender=text(body, "from"),
        recipient=text(body, "to"),
        body=text(body, "body", default="") or whatsapp_incoming.label(body),
        media=tuple(url for url, _ in media),
        media_types=tuple(kind for _, kind in media),
        profile_name=text(body, "profileName", default="") or None,
        extra=whatsapp_incoming.read(body),
    )
    deliver = flag(body, "deliver", default=True)
    core = admin.core
    with core.store.transaction():
        received = receive(core, incoming, deliver=deliver, now=core.clock.now())
    message = received.message
    answer: dict[str, object] = {
        "message": message and _message(message),
        "request": _request(received.request),
    }
    if received.note:
        answer["note"] = received.note
    return json_response(answer, status=201 if message else 200)


async def conversations(admin: Admin, request: web.Request) -> web.Response:
    """Who wrote with whom, the latest first; ``containing`` is part of a number, ``last`` the most of them."""
    most = int(query_number(request, "last", most=MOST_ITEMS)) or 100
    found = admin.core.store.messages.conversations(request.query.get("containing", ""), most=most)
    answer = [
        {"number": item.number, "phone": item.phone, "messages": item.messages, "last": _message(item.last)}
        for item in found
    ]
    return json_response({"conversations": answer})


async def messages(admin: Admin, request: web.Request) -> web.Response:
    """Messages of all accounts, oldest first."""
    conditions: list[tuple[str, object]] = []
    for name, column in _COLUMNS.items():
        if value := request.query.get(name):
            wanted = str(Address.parse(value)) if name in {"from", "to"} else value
            conditions.append((f"{column} = ?", wanted))
    direction = request.query.get("direction")
    if direction and direction not in list(Direction):
        raise AdminError(status=400, message=f"direction: give one of {', '.join(Direction)}")
    conditions += _between(request.query.get("between", ""))
    table, stretch = admin.core.store.messages, stretch_of(request)
    found = await wait_for(admin, request, lambda _: table.since(stretch, conditions))
    return json_response({"messages": [_message(message) for message in found]})


def _between(pair: str) -> list[tuple[str, object]]:
    """Return conditions for all that two numbers, ``A,B``, wrote to each other by SMS and WhatsApp."""
    if not pair:
        return []
    numbers = [Address.parse(part).number for part in pair.split(",")]
    if len(numbers) != 2:
        raise AdminError(status=400, message="between: give two numbers with a comma between them")
    addresses = [str(Address(channel=channel, number=each)) for each in numbers for channel in ("", WHATSAPP)]
    either = "IN (SELECT value FROM json_each(?))"
    return [(f"{column} {either}", json.dumps(addresses)) for column in ("sender", "recipient")]


def _media(body: dict[str, Any]) -> list[tuple[str, str]]:
    """Return URL and content type of each of the media: a URL alone, or ``{"url": …, "contentType": …}``."""
    values = body.get("media") or []
    if not isinstance(values, list) or not all(isinstance(value, str | dict) for value in values):
        raise AdminError(status=400, message="media: give a list of URLs, or of objects with url and contentType")
    items = [{"url": value} if isinstance(value, str) else value for value in values]
    return [(text(item, "url"), text(item, "contentType", default="")) for item in items]


def _message(message: Message) -> dict[str, object]:
    return {
        "seq": message.seq,
        "sid": message.sid,
        "account": message.account_sid,
        "direction": message.direction,
        "from": message.sender,
        "to": message.recipient,
        "body": message.body,
        "media": list(message.media),
        "status": message.status,
        "errorCode": message.error_code,
        "content": message.extra.get("content"),
        "buttons": list(_buttons(message.extra.get("content"))),
        "details": message.extra.get("parameters", []),
        "created": iso8601(message.created),
    }


def _buttons(content: object) -> Iterator[dict[str, object]]:
    """Return what a phone can answer a template with: the field of ``/inbound``, and what to give in it."""
    given = content if isinstance(content, dict) else {}
    for action in given.get("actions") or []:
        if action.get("type", "QUICK_REPLY") == "QUICK_REPLY":
            yield {"button": {"text": action.get("title", ""), "payload": action.get("id", "")}}
    for item in given.get("items") or []:
        if "item" in item:
            chosen = {"id": item.get("id", ""), "title": item["item"], "description": item.get("description", "")}
            yield {"list": chosen}


def _request(request: SignedRequest | None) -> dict[str, object] | None:
    if request is None:
        return None
    return {
        "method": request.method,
        "url": request.url,
        "headers": dict(request.headers),
        "body": request.body,
    }


ROUTES: tuple[AdminRoute, ...] = (
    ("POST", "/inbound", inbound),
    ("GET", "/messages", messages),
    ("GET", "/conversations", conversations),
)
