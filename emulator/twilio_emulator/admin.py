"""The admin API under ``/emulator/v1``: what a test or a demo does that no customer of Twilio can.

It takes no credentials. Bodies and answers are JSON; a refusal is ``{"error": "…"}`` and names the field.
Its contract is docs/decisions/0001.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from twilio_emulator.dates import iso8601
from twilio_emulator.errors import AdminError
from twilio_emulator.faults import Fault
from twilio_emulator.messaging.addresses import Address
from twilio_emulator.messaging.receiving import Incoming, receive
from twilio_emulator.models import Direction

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from twilio_emulator.bell import Bell
    from twilio_emulator.core import Core
    from twilio_emulator.faults import Faults
    from twilio_emulator.models import Delivery, LoggedRequest, Message
    from twilio_emulator.webhooks.signing import SignedRequest

__all__ = ["add_routes"]

_ROOT = "/emulator/v1"
_MOST_ITEMS = 1000
_LONGEST_WAIT = 60.0


def add_routes(app: web.Application, core: Core, faults: Faults, bell: Bell) -> None:
    """Serve the admin API and ``/healthz``."""
    admin = _Admin(core, faults, bell)
    app.router.add_get("/healthz", _health)
    for method, path, handler in (
        ("POST", "/inbound", admin.inbound),
        ("GET", "/messages", admin.messages),
        ("GET", "/requests", admin.requests),
        ("GET", "/deliveries", admin.deliveries),
        ("GET", "/faults", admin.faults),
        ("POST", "/faults", admin.add_fault),
        ("DELETE", "/faults", admin.clear_faults),
        ("POST", "/reset", admin.reset),
    ):
        app.router.add_route(method, f"{_ROOT}{path}", _guarded(handler))
    app.router.add_route("*", "/emulator/{rest:.*}", _guarded(_unknown))


async def _health(_request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _unknown(request: web.Request) -> web.Response:
    raise AdminError(status=404, message=f"{request.method} {request.path} is no call of the admin API")


def _guarded(
    handler: Callable[[web.Request], Awaitable[web.Response]],
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Turn refusals into answers."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except AdminError as error:
            return _json({"error": str(error)}, status=error.status)

    return guarded


class _Admin:
    def __init__(self, core: Core, faults: Faults, bell: Bell) -> None:
        self._core = core
        self._faults = faults
        self._bell = bell

    async def inbound(self, request: web.Request) -> web.Response:
        """A phone writes."""
        body = await _body(request)
        known = {"from", "to", "body", "media", "profileName", "deliver"}
        if unknown := sorted(body.keys() - known):
            raise AdminError(status=400, message=f"{unknown[0]}: unknown field")
        incoming = Incoming(
            sender=_text(body, "from"),
            recipient=_text(body, "to"),
            body=_text(body, "body", default=""),
            media=_texts(body, "media"),
            profile_name=_text(body, "profileName", default="") or None,
        )
        deliver = body.get("deliver", True)
        if not isinstance(deliver, bool):
            raise AdminError(status=400, message="deliver: give true or false")
        with self._core.store.transaction():
            received = receive(self._core, incoming, deliver=deliver, now=self._core.clock.now())
        answer = {"message": _message(received.message), "request": _request(received.request)}
        return _json(answer, status=201)

    async def messages(self, request: web.Request) -> web.Response:
        """Messages of all accounts, oldest first."""
        conditions: list[tuple[str, object]] = []
        for name, column in (
            ("account", "account_sid"),
            ("from", "sender"),
            ("to", "recipient"),
            ("direction", "direction"),
        ):
            if value := request.query.get(name):
                wanted = str(Address.parse(value)) if name in {"from", "to"} else value
                conditions.append((f"{column} = ?", wanted))
        direction = request.query.get("direction")
        if direction and direction not in list(Direction):
            raise AdminError(status=400, message=f"direction: give one of {', '.join(Direction)}")
        found = await self._wait(
            request,
            lambda after: self._core.store.messages.since(after, conditions, most=_MOST_ITEMS),
        )
        return _json({"messages": [_message(message) for message in found]})

    async def requests(self, request: web.Request) -> web.Response:
        """API calls served, oldest first."""
        log = self._core.store.requests
        found = await self._wait(request, lambda after: log.since(after, most=_MOST_ITEMS))
        return _json({"requests": [_logged(item) for item in found]})

    async def deliveries(self, request: web.Request) -> web.Response:
        """Webhook attempts, oldest first."""
        outbox = self._core.store.outbox
        found = await self._wait(request, lambda after: outbox.attempts_since(after, most=_MOST_ITEMS))
        return _json({"deliveries": [_delivery(item) for item in found]})

    async def faults(self, _request: web.Request) -> web.Response:
        """Orders to fail that are still open."""
        return _json({"faults": [_fault(fault) for fault in self._faults]})

    async def add_fault(self, request: web.Request) -> web.Response:
        """Order the next matching calls to fail."""
        fault = Fault.parse(await _body(request))
        self._faults.add(fault)
        return _json(_fault(fault), status=201)

    async def clear_faults(self, _request: web.Request) -> web.Response:
        """Withdraw all orders."""
        self._faults.clear()
        return web.Response(status=204)

    async def reset(self, _request: web.Request) -> web.Response:
        """Forget everything but the parent account."""
        self._faults.clear()
        with self._core.store.transaction():
            self._core.store.erase()
            self._core.seed()
        return web.Response(status=204)

    async def _wait(self, request: web.Request, find: Callable[[int], list[Any]]) -> list[Any]:
        """Return what is found after ``after``, waiting up to ``wait`` seconds for the first of it."""
        after = _number(request, "after", most=2**53)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + min(_number(request, "wait", most=_LONGEST_WAIT), _LONGEST_WAIT)
        while True:
            rung = self._bell.listen()
            found = find(int(after))
            left = deadline - loop.time()
            if found or left <= 0:
                return found
            await asyncio.wait({rung}, timeout=left)


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.read() or b"{}")
    except ValueError as error:
        raise AdminError(status=400, message="body: give a JSON object") from error
    if not isinstance(body, dict):
        raise AdminError(status=400, message="body: give a JSON object")
    return body


def _text(body: dict[str, Any], name: str, *, default: str | None = None) -> str:
    value = body.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or (default is None and not value):
        raise AdminError(status=400, message=f"{name}: give a text")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise AdminError(status=400, message=f"{name}: it has half a surrogate pair") from error
    return value


def _texts(body: dict[str, Any], name: str) -> tuple[str, ...]:
    values = body.get(name) or []
    if not isinstance(values, list):
        raise AdminError(status=400, message=f"{name}: give a list of URLs")
    return tuple(_text({name: value}, name) for value in values)


def _number(request: web.Request, name: str, *, most: float) -> float:
    text = request.query.get(name, "0")
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= most:
        raise AdminError(status=400, message=f"{name}: give a number from 0 to {most:g}")
    return value


def _json(body: object, *, status: int = 200) -> web.Response:
    return web.json_response(body, status=status)


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
        "created": iso8601(message.created),
    }


def _request(request: SignedRequest | None) -> dict[str, object] | None:
    if request is None:
        return None
    return {
        "method": request.method,
        "url": request.url,
        "headers": dict(request.headers),
        "body": request.body,
    }


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
        "messageSid": item.message_sid,
        "accountSid": item.account_sid,
        "at": iso8601(item.at),
    }


def _fault(fault: Fault) -> dict[str, object]:
    return {
        "method": fault.method,
        "path": fault.path.pattern,
        "kind": fault.kind,
        "status": fault.status,
        "code": fault.code,
        "when": fault.when,
        "count": fault.count,
    }
