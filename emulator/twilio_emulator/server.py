"""Twilio's API over HTTP: routes, credentials, faults, error bodies and the log, around the resources.

Refuses nothing that Twilio takes: a GET may carry a form Content-Type. Whatever goes wrong is answered with
Twilio's error body; a failure of the emulator itself is a 500 with code 20500 and a traceback in its log.
"""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from twilio_emulator.auth import Caller, CredentialKind, authenticate, authorize, reach
from twilio_emulator.calls import Answer, Call, Route
from twilio_emulator.errors import ApiError, invalid, not_found, unauthorized
from twilio_emulator.faults import Fault, FaultKind, When
from twilio_emulator.params import Params
from twilio_emulator.resources import ROUTES, test_mode
from twilio_emulator.signals import Signal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from twilio_emulator.calls import Json
    from twilio_emulator.core import Core
    from twilio_emulator.models import Account

__all__ = ["access_log", "add_routes"]

_log = logging.getLogger(__name__)
access_log = logging.getLogger("twilio_emulator.access")

_FORM = "application/x-www-form-urlencoded"
_ANYTHING = "/{anything}"
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(kw_only=True, slots=True)
class _Served:
    """What became known of a call while it was served; the log wants it whatever happens."""

    answer: Answer
    account_sid: str | None = None
    dropped: bool = False


def add_routes(app: web.Application, core: Core) -> None:
    """Serve every resource below its product's name, and 404 or 405 for all the rest."""
    server = _Server(core)
    for route in ROUTES:
        app.router.add_route(route.method, f"/{route.host}{route.path}", server.handler(route))
    app.router.add_route("*", f"{_ANYTHING[:-1]}:.*}}", server.unknown)


class _Server:
    def __init__(self, core: Core) -> None:
        self._core = core

    def handler(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Return the aiohttp handler of a route."""

        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._serve(request, route)

        return handle

    async def unknown(self, request: web.Request) -> web.StreamResponse:
        """Answer a path that no resource has, or a method that its resource has not."""
        return await self._serve(request, None)

    async def _serve(self, request: web.Request, route: Route | None) -> web.StreamResponse:
        started = time.perf_counter()
        served = _Served(answer=Answer(status=500))
        fault = self._core.faults.take(request.method, request.path)
        try:
            if fault and fault.when is When.BEFORE:
                self._fail(fault, served)
            else:
                await self._answer(request, route, served)
                if fault:
                    self._fail(fault, served)
        except ApiError as error:
            served.answer = Answer(status=error.status, body=error.body())
        except web.HTTPRequestEntityTooLarge:
            served.answer = _refused(invalid("request body", "it may have at most 1 MiB"))
        except Exception:  # noqa: BLE001  # whatever it is: Twilio's 500 for the caller, the traceback for the log
            _log.exception("%s %s failed", request.method, request.path)
            broken = ApiError(status=500, code=20500, message="An internal server error has occurred")
            served.answer = _refused(broken)
        self._note(request, served, started)
        return _response(request, served)

    async def _answer(self, request: web.Request, route: Route | None, served: _Served) -> None:
        params = await _params(request, route)
        document = await _document(request) if route and route.takes_json else {}
        caller = authenticate(self._core, request.headers.get("Authorization"))
        served.account_sid = caller.account.sid
        if caller.kind is CredentialKind.TEST:
            served.answer = test_mode.answer(self._core, caller, request.method, request.path, params)
            return
        if route is None:
            raise _unknown(request)
        authorize(caller, route)
        account = self._account(request, route, caller)
        served.account_sid = account.sid
        call = Call(
            core=self._core,
            caller=caller,
            account=account,
            host=route.host,
            path=request.path.removeprefix(f"/{route.host}"),
            ids=request.match_info,
            params=params,
            document=document,
            now=self._core.clock.now(),
        )
        if request.method == "GET":
            served.answer = route.endpoint(call)
            return
        with self._core.store.transaction():
            served.answer = route.endpoint(call)
            self._core.signals.emit(_write(call, route, served.answer))

    def _account(self, request: web.Request, route: Route, caller: Caller) -> Account:
        """Return the account that the path names; outside of v2010 none does, whatever the client meant."""
        account_sid = request.match_info.get("AccountSid")
        if account_sid is None:
            return caller.account
        path = request.path.removeprefix(f"/{route.host}")
        return reach(self._core.store, caller, account_sid, path)

    def _fail(self, fault: Fault, served: _Served) -> None:
        if fault.kind is FaultKind.DROP:
            served.dropped = True
            return
        raise ApiError(status=fault.status, code=fault.code, message="A fault was ordered for this call")

    def _note(self, request: web.Request, served: _Served, started: float) -> None:
        status = None if served.dropped else served.answer.status
        write = request.method in _WRITES
        with self._core.store.transaction():
            self._core.store.requests.add(
                method=request.method,
                path=request.path,
                status=status,
                account_sid=served.account_sid,
                write=write,
                now=self._core.clock.now(),
            )
        if access_log.isEnabledFor(logging.INFO):
            line = {
                "method": request.method,
                "path": request.path,
                "status": status,
                "account": served.account_sid,
                "ms": round((time.perf_counter() - started) * 1000, 2),
            }
            access_log.info("%s %s %s", request.method, request.path, status, extra={"fields": line})


async def _params(request: web.Request, route: Route | None) -> Params:
    """Return a POST's form, or the query of anything else."""
    if request.method not in _WITH_BODY or (route and route.takes_json):
        return Params.parse(request.rel_url.raw_query_string, where="query")
    body = await request.read()
    if body and request.content_type != _FORM:
        raise invalid("Content-Type", f"it must be {_FORM}")
    return Params.parse(body, where="request body")


async def _document(request: web.Request) -> Json:
    """Return the JSON object of a POST or PUT; empty for other methods and for an empty body."""
    body = await request.read() if request.method in _WITH_BODY else b""
    if not body:
        return {}
    if request.content_type != "application/json":
        raise invalid("Content-Type", "it must be application/json")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise invalid("request body", "it must be a JSON object") from error
    if not isinstance(document, dict):
        raise invalid("request body", "it must be a JSON object")
    return document


def _write(call: Call, route: Route, answer: Answer) -> Signal:
    """Return what the audit log is told of a write that was done."""
    body = answer.body or {}
    data = {"method": route.method, "host": route.host, "template": route.path, "path": call.path, "body": body}
    sid = body.get("sid") or next(reversed(list(call.ids.values())), "")
    return Signal(
        name="api.write",
        account_sid=call.account.sid,
        resource_sid=str(sid),
        now=call.now,
        data={**data, "actor_sid": call.caller.account.sid},
    )


def _unknown(request: web.Request) -> ApiError:
    """Return 405 when another method would find a resource there, else 404."""
    for resource in request.app.router.resources():
        if resource.canonical == _ANYTHING:
            continue
        allowed = [route.method for route in resource]
        if resource.get_info().get("path") == request.path or _fits(resource, request.path):
            message = f"Method {request.method} is not allowed here, only {', '.join(sorted(set(allowed)))}"
            return ApiError(status=405, code=20004, message=message)
    return not_found(f"/{request.path.lstrip('/').partition('/')[2]}")


def _fits(resource: web.AbstractResource, path: str) -> bool:
    pattern = resource.get_info().get("pattern")
    return bool(pattern and pattern.fullmatch(path))


def _refused(error: ApiError) -> Answer:
    return Answer(status=error.status, body=error.body())


def _response(request: web.Request, served: _Served) -> web.StreamResponse:
    if served.dropped:
        if request.transport:
            request.transport.abort()
        return web.StreamResponse()  # goes nowhere: the connection is closed
    answer = served.answer
    headers = dict(answer.headers)
    if answer.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="Twilio API"'
    if answer.data is not None:
        return web.Response(status=answer.status, body=answer.data, content_type=answer.content_type, headers=headers)
    if answer.body is None:
        return web.Response(status=answer.status, headers=headers)
    return web.Response(
        status=answer.status,
        text=json.dumps(answer.body),
        content_type="application/json",
        headers=headers,
    )
