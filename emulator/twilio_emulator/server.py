"""Twilio's API over HTTP: routes, credentials, faults, error bodies and the log, around the resources.

Refuses nothing that Twilio takes: a GET may carry a form Content-Type. Whatever goes wrong is answered with
Twilio's error body; a failure of the emulator itself is a 500 with code 20500 and a traceback in its log.
"""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from twilio_emulator.auth import Caller, CredentialKind, authenticate, authorize, reach
from twilio_emulator.calls import Answer, Call, Route
from twilio_emulator.errors import ApiError, not_found
from twilio_emulator.faults import ApiCall, FaultKind, When, wire
from twilio_emulator.intake import check_path, printable, read_document, read_params
from twilio_emulator.models import Account, AccountStatus
from twilio_emulator.params import Params
from twilio_emulator.resources import ROUTES, test_mode
from twilio_emulator.routes import Routes
from twilio_emulator.signals import Signal
from twilio_emulator.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twilio_emulator.core import Core
    from twilio_emulator.faults import Order, Strikes
    from twilio_emulator.routes import Match
    from twilio_emulator.traffic import Visit

__all__ = ["access_log", "add_routes"]

_log = logging.getLogger(__name__)
access_log = logging.getLogger("twilio_emulator.access")

_READS = frozenset({"GET", "HEAD"})
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_MADE = frozenset({201, 202})
_ORDERED = {
    409: "The resource was modified by another request. Please refresh and retry.",
    429: "Too Many Requests",
    500: "An internal server error has occurred",
    503: "Service Unavailable",
}
"""What Twilio says with a status that was ordered."""


@dataclass(kw_only=True, slots=True)
class _Served:
    """What became known of a call while it was served; the log wants it whatever happens.

    Attributes:
        visit: the call among those in progress.
        answer: what it is answered with.
        account_sid: the account acted on, or the caller's, None for unknown credentials.
        spoil: the fault that decides the answer, once it has struck.
        faults: what struck, for the log.
    """

    visit: Visit
    answer: Answer
    account_sid: str | None = None
    spoil: Order | None = None
    faults: str = ""

    @property
    def status(self) -> int | None:
        """The status that is sent, None when the connection closes without an answer."""
        return None if self.spoil and wire.is_silent(self.spoil.effect.kind) else self.answer.status


def add_routes(app: web.Application, core: Core) -> None:
    """Serve every resource below its product's name, and 404 or 405 for all the rest."""
    app.router.add_route("*", "/{anything:(?s:.*)}", _Server(core).serve)


class _Server:
    def __init__(self, core: Core) -> None:
        self._core = core
        self._routes = Routes(ROUTES)
        self._traffic = Traffic(core.store)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer any call."""
        match = self._routes.find(request.method, request.rel_url.raw_path)
        visit = self._traffic.enter(request.headers.get("Authorization"))
        served = _Served(visit=visit, answer=Answer(status=500))
        try:
            if self._core.faults:
                await self._serve_with_faults(request, match, served)
            else:
                await self._answer(request, match, served)
        finally:
            self._traffic.leave(visit)
        self._note(request, served)
        return await _response(request, served)

    async def _serve_with_faults(self, request: web.Request, match: Match, served: _Served) -> None:
        """Serve a call that orders may strike, before or after it is done."""
        strikes = self._strikes(request, served.visit)
        served.faults, spoil = str(strikes), strikes.spoil
        await asyncio.sleep(strikes.latency(When.BEFORE))
        if spoil and spoil.effect.when is When.BEFORE:
            served.spoil = spoil
        else:
            await self._answer(request, match, served, strikes)
            await asyncio.sleep(strikes.latency(When.AFTER))
            served.spoil = spoil
        if served.spoil:
            await _spoil(request, served, served.spoil)

    def _strikes(self, request: web.Request, visit: Visit) -> Strikes:
        call = ApiCall(
            method=request.method,
            path=request.path,
            credential=visit.credential,
            account=visit.account,
            in_progress=visit.in_progress,
        )
        return self._core.faults.strike(call, self._core.clock.now())

    async def _answer(
        self, request: web.Request, match: Match, served: _Served, strikes: Strikes | None = None
    ) -> None:
        """Do what is asked; whatever goes wrong is an answer too."""
        try:
            await self._act(request, match, served, strikes)
        except ApiError as error:
            served.answer = _refused(error)
        except Exception:  # noqa: BLE001  # whatever it is: Twilio's 500 for the caller, the traceback for the log
            _log.exception("%s %s failed", request.method, printable(request.path))
            served.answer = _refused(ApiError(status=500, code=20500, message=_ORDERED[500]))

    async def _act(self, request: web.Request, match: Match, served: _Served, strikes: Strikes | None) -> None:
        check_path(request.path)
        route = match.route
        params = await read_params(request, route) if route else Params()
        document = await read_document(request) if route and route.takes_json else {}
        if request.method == "OPTIONS":
            served.answer = _options(request, match)
            return
        caller = authenticate(self._core, request.headers.get("Authorization"))
        served.account_sid = caller.account.sid
        if caller.kind is CredentialKind.TEST:
            served.answer = test_mode.answer(self._core, caller, request.method, request.path, params)
            return
        limit = self._core.settings.concurrency
        if limit is not None and served.visit.in_progress > limit:
            raise ApiError(status=429, code=20429, message=_ORDERED[429])
        if route is None:
            raise _unknown(request, match)
        authorize(caller, route)
        account = self._account(request, match, caller)
        served.account_sid = account.sid
        call = Call(
            core=self._core,
            caller=caller,
            account=account,
            host=route.host,
            path=_below_host(request),
            ids=match.ids,
            params=params,
            document=document,
            now=self._core.clock.now(),
        )
        self._check_veil(call)
        if request.method in _READS:
            served.answer = self._read(call, route)
            return
        with self._core.store.transaction():
            served.answer = route.endpoint(call)
            self._core.signals.emit(_write(call, route, served.answer))
        if strikes:
            self._veil(call, served.answer, strikes)

    def _read(self, call: Call, route: Route) -> Answer:
        """Answer a GET; its lists are without what was made but is not listed yet."""
        veils = self._core.faults.veils
        if not veils:
            return route.endpoint(call)
        with self._core.store.without(veils.unlisted(call.now)):
            return route.endpoint(call)

    def _account(self, request: web.Request, match: Match, caller: Caller) -> Account:
        """Return the account that the path names; outside of v2010 none does, whatever the client meant."""
        account_sid = match.ids.get("AccountSid")
        if account_sid is None:
            return caller.account
        account = reach(self._core.store, caller, account_sid, _below_host(request))
        if account.status == AccountStatus.CLOSED and request.method not in _READS:
            raise ApiError(status=403, code=20005, message="Account is not active")
        return account

    def _check_veil(self, call: Call) -> None:
        """Refuse what was made but cannot be found yet."""
        veils = self._core.faults.veils
        if veils and veils.is_missing(call.ids.values(), call.now):
            raise call.not_found()

    def _veil(self, call: Call, answer: Answer, strikes: Strikes) -> None:
        """Hide what the call made, if it made something."""
        sid = (answer.body or {}).get("sid")
        if isinstance(sid, str) and answer.status in _MADE and sid not in call.ids.values():
            strikes.veil(self._core.faults.veils, sid, call.now)

    def _note(self, request: web.Request, served: _Served) -> None:
        path, milliseconds = printable(request.path), round(served.visit.seconds * 1000, 2)
        code = (served.answer.body or {}).get("code") if served.answer.status >= 400 else None
        with self._core.store.logging():
            self._core.store.requests.add(
                method=request.method,
                path=path,
                status=served.status,
                account_sid=served.account_sid,
                write=request.method in _WRITES,
                now=self._core.clock.now(),
                milliseconds=milliseconds,
                code=code if isinstance(code, int) else None,
                fault=served.faults or None,
            )
        if access_log.isEnabledFor(logging.INFO):
            line = {
                "method": request.method,
                "path": path,
                "status": served.status,
                "account": served.account_sid,
                "ms": milliseconds,
            }
            access_log.info("%s %s %s", request.method, path, served.status, extra={"fields": line})


async def _spoil(request: web.Request, served: _Served, order: Order) -> None:
    """Have an order decide the answer; what closes the connection is done when the answer would be sent."""
    effect = order.effect
    if effect.kind is FaultKind.HANG:
        await wire.hang(request, order)
    elif effect.kind is FaultKind.CONCURRENCY:
        served.answer = _refused(
            ApiError(status=429, code=20429, message=_ORDERED[429]), {"Retry-After": str(effect.retry_after)}
        )
    elif effect.kind is FaultKind.STATUS:
        message = _ORDERED.get(effect.status, "A fault was ordered for this call")
        headers = {"Retry-After": str(effect.retry_after)} if effect.status == 429 else {}
        if effect.status < 400:
            headers = {"Location": request.rel_url.raw_path_qs}  # who follows comes again, and never to Twilio itself
        served.answer = _refused(ApiError(status=effect.status, code=effect.code, message=message), headers)


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


def _below_host(request: web.Request) -> str:
    """Return the path on the product's host."""
    return f"/{request.path.lstrip('/').partition('/')[2]}"


def _unknown(request: web.Request, match: Match) -> ApiError:
    """Return 405 when another method would find a resource there, else 404."""
    if match.allowed:
        message = f"Method {request.method} is not allowed here, only {', '.join(match.allowed)}"
        return ApiError(status=405, code=20004, message=message, headers={"Allow": _methods(match)})
    return not_found(_below_host(request))


def _methods(match: Match) -> str:
    """Return what ``Allow`` says: every method that is answered."""
    return ", ".join([*match.allowed, *(("HEAD",) if "GET" in match.allowed else ()), "OPTIONS"])


def _options(request: web.Request, match: Match) -> Answer:
    """Say which methods there are, as a browser asks before it calls; it sends no credentials with that.

    Raises:
        ApiError: 404, nothing is there.
    """
    if not match.allowed:
        raise _unknown(request, match)
    methods = _methods(match)
    headers = {
        "Allow": methods,
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Methods": methods,
        "Access-Control-Allow-Headers": "Accept, Authorization, Content-Type, If-Match, Idempotency-Key",
    }
    return Answer(status=204, headers=headers)


def _refused(error: ApiError, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status=error.status, body=error.body(), headers={**error.headers, **(headers or {})})


async def _response(request: web.Request, served: _Served) -> web.StreamResponse:
    headers = _headers(request, served)
    if served.spoil:
        return await _spoilt(request, served, served.spoil, headers)
    answer = served.answer
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


async def _spoilt(
    request: web.Request, served: _Served, order: Order, headers: Mapping[str, str]
) -> web.StreamResponse:
    """Return the answer as a fault leaves it."""
    effect, answer = order.effect, served.answer
    if wire.is_silent(effect.kind):
        return wire.close(request, reset=effect.kind is FaultKind.RESET)
    text = json.dumps(answer.body) if answer.body is not None else ""
    if effect.kind is FaultKind.STATUS and effect.html:
        page = wire.PROXY_PAGE.format(status=effect.status, reason=HTTPStatus(effect.status).phrase)
        return await wire.send(
            request, status=effect.status, body=page.encode(), content_type="text/html", headers=headers
        )
    if effect.kind is FaultKind.BAD_JSON and text:
        text = wire.spoil_json(text)
    data = answer.data if answer.data is not None else text.encode()
    kind = answer.content_type if answer.data is not None else "application/json"
    share = 0.5 if effect.kind is FaultKind.HALF_BODY else 1.0
    return await wire.send(request, status=answer.status, body=data, content_type=kind, headers=headers, share=share)


def _headers(request: web.Request, served: _Served) -> dict[str, str]:
    host = request.path[1:].partition("/")[0]
    headers = {**served.visit.headers(printable(host)), **served.answer.headers}
    if served.answer.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="Twilio API"'
    elif served.answer.status == 429:
        headers.setdefault("Retry-After", "1")
    return headers
