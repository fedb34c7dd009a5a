"""What every route has in common: tenant, token, rate, scope, body, idempotency, refusals.

The order is the meaning: whoever has no token learns nothing, whoever may not do a thing does not learn whether it is
there, and a body is read only then.
"""

from __future__ import annotations

import hashlib
import logging
import math
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web
from pydantic import BaseModel, ValidationError

from switchboard_runtime.edge.api.call import Call, Route
from switchboard_runtime.edge.api.idempotency import Once, Repeated, digest
from switchboard_runtime.edge.api.problems import Problem
from switchboard_runtime.edge.api.rates import Rates
from switchboard_runtime.edge.api.tokens import Token, token_of
from switchboard_runtime.edge.body import read_body
from switchboard_runtime.edge.context import CONTEXT, host
from switchboard_runtime.errors import Conflict, InvalidRequest, NotFound, StoreUnavailable
from switchboard_runtime.telemetry.logs import log_event

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

    from switchboard_runtime.config.directory import TenantEntry
    from switchboard_runtime.edge.api.idempotency import Kept
    from switchboard_runtime.store import Rows, Statement

__all__ = ["RATES", "etag_of", "serve_route"]

_LOG = logging.getLogger(__name__)
_KEY_HEADER = "Idempotency-Key"
_LONGEST_KEY = 255
_TOO = {413: "too-large", 408: "too-slow", 415: "not-json"}

RATES: web.AppKey[Rates] = web.AppKey("api rates", Rates)


@dataclass(frozen=True, slots=True)
class _Answer:
    """A status and a JSON text."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> web.Response:
        headers = {"Cache-Control": "no-store", **self.headers}
        return web.Response(status=self.status, text=self.body, content_type="application/json", headers=headers)


def serve_route(route: Route) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The handler of a route for aiohttp."""

    async def handle(request: web.Request) -> web.Response:
        entry = _tenant(request)
        try:
            return (await _answered(request, route, entry)).response()
        except Problem as problem:
            response = problem.response()
        except StoreUnavailable as error:
            log_event(_LOG, logging.ERROR, "api: store", operation=route.name, error=str(error))
            response = Problem(
                "unavailable", "the store does not answer; nothing was done", headers={"Retry-After": "5"}
            ).response()
        except Exception as error:  # noqa: BLE001  # whatever goes wrong, the caller gets an answer in our form
            log_event(_LOG, logging.ERROR, "api: failed", operation=route.name, failure=error)
            response = Problem("internal", "the runtime failed; its log says how").response()
        log_event(
            _LOG,
            logging.INFO,
            "api refused",
            tenant=entry.slug if entry else None,
            operation=route.name,
            status=response.status,
        )
        return response

    handle.__name__ = route.name
    return handle


async def _answered(request: web.Request, route: Route, entry: TenantEntry | None) -> _Answer:
    now = request.app[CONTEXT].clock.now()
    token = token_of(entry, request.headers.get("Authorization", ""), now=now)
    if entry is None or token is None:
        raise Problem("unauthorized", "no valid token for this tenant", headers={"WWW-Authenticate": "Bearer"})
    wait = request.app[RATES].take(entry.slug, token.name, now=now)
    if wait:
        seconds = str(math.ceil(wait))
        raise Problem("too-many-requests", f"wait {seconds} s", headers={"Retry-After": seconds})
    if route.scope not in token.scopes:
        raise Problem("missing-scope", f"the token {token.name!r} needs {route.scope}", scope=route.scope)
    call = await _call(request, route, entry, token, now)
    if call.key is not None:
        return await _once(route, call)
    return _answer(route, route.written(await _done(route, call)))


async def _call(request: web.Request, route: Route, entry: TenantEntry, token: Token, now: float) -> Call:
    """The call, everything checked against the route's models."""
    context = request.app[CONTEXT]
    twice = {name for name in request.query if len(request.query.getall(name)) > 1}
    if twice:
        raise Problem("invalid-request", f"{min(twice)} is given twice", errors=[_wrong(min(twice), "give it once")])
    query = _checked(route.query, dict(request.query), "query")
    given = {name: value for name, value in request.match_info.items() if name != "slug"}
    path = _checked(route.parameters, given, "path", kind="not-found")
    raw = await _body(request) if route.method != "GET" else b""
    key = request.headers.get(_KEY_HEADER)
    if key is not None and not (1 <= len(key) <= _LONGEST_KEY and key.isascii() and key.isprintable()):
        raise Problem("invalid-request", f"{_KEY_HEADER}: give 1 to {_LONGEST_KEY} ASCII characters")
    body = _parsed(route.body, raw, request) if route.body else None
    once = Once(
        token=token.name,
        key=key if route.keyed else None,
        asked=digest(request.method, request.path, raw),
        status=route.status,
        written=route.written,
        now=now,
    )
    return Call(
        context=context,
        entry=entry,
        token=token,
        path={name: getattr(path, name) for name in type(path).model_fields},
        query=query,
        body=body,
        once=once,
        match=request.headers.get("If-Match"),
        trace=context.new_id(),
        now=now,
    )


async def _once(route: Route, call: Call) -> _Answer:
    """Do a request under its key once, and answer the same again."""
    kept = await call.store.transact(call.once.known)
    if kept is not None:
        return _again(route, call, kept)
    route.answer.model_rebuild()  # not in the thread that all writes wait for
    try:
        found = await _done(route, call)
        if call.once.body is None:  # nothing was to be changed, so nothing was written that it could be kept with
            await call.store.transact(call.once(partial(_nothing, found)))
    except Repeated as repeated:
        return _again(route, call, repeated.kept)
    except Problem:
        kept = await call.store.transact(call.once.known)
        if kept is None or not call.once.same(kept):
            raise
        return _again(route, call, kept)  # another did it meanwhile, which is why it cannot be done any more
    return _answer(route, call.once.body or route.written(found))


def _again(route: Route, call: Call, kept: Kept) -> _Answer:
    """The answer that was kept, if it is that of this request."""
    if not call.once.same(kept):
        raise Problem("key-reused", f"{_KEY_HEADER} {call.key!r} belongs to another request")
    if kept.status == 0:
        raise Problem("request-in-progress", "the same request is being done", headers={"Retry-After": "1"})
    return replace(_answer(route, kept.body, **{"Idempotent-Replayed": "true"}), status=kept.status)


def _nothing(found: object) -> Generator[Statement, Rows, object]:
    """Change nothing; the answer is what was found."""
    yield from ()
    return found


async def _done(route: Route, call: Call) -> object:
    """Do it; what the answer is made of."""
    try:
        found: object = await route.handler(call)
    except NotFound as error:
        raise Problem("not-found", str(error)) from None
    except Conflict as error:
        raise Problem("conflict", str(error)) from None
    except InvalidRequest as error:
        raise Problem("invalid-request", str(error), errors=[_wrong(error.field, error.problem)]) from None
    log_event(
        _LOG,
        logging.INFO if route.method != "GET" else logging.DEBUG,
        "api",
        tenant=call.entry.slug,
        operation=route.name,
        token=call.token.name,
        trace=call.trace,
    )
    return found


def _answer(route: Route, body: str, **headers: str) -> _Answer:
    tagged = {"ETag": etag_of(body)} if route.etag else {}
    return _Answer(route.status, body, {**tagged, **headers})


def etag_of(body: str) -> str:
    """The strong ETag of an answer."""
    return f'"{hashlib.sha256(body.encode("utf-8", "replace")).hexdigest()[:32]}"'


async def _body(request: web.Request) -> bytes:
    """The raw body within its limits."""

    def refuse(status: int, reason: str) -> web.Response:
        raise Problem(_TOO[status], reason)

    body = await read_body(request, refuse=refuse)
    return body if isinstance(body, bytes) else b""


def _parsed(model: type[BaseModel], raw: bytes, request: web.Request) -> BaseModel:
    if raw and request.content_type != "application/json":
        raise Problem("not-json", f"Content-Type is {request.content_type}; send application/json")
    try:
        return model.model_validate_json(raw or b"{}", strict=False)
    except ValidationError as error:
        raise _refusal(error, "body") from None


def _checked(model: type[BaseModel], given: dict[str, str], where: str, *, kind: str = "invalid-request") -> BaseModel:
    try:
        return model.model_validate_strings(given)
    except ValidationError as error:
        raise _refusal(error, where, kind=kind) from None


def _refusal(error: ValidationError, where: str, *, kind: str = "invalid-request") -> Problem:
    errors = [
        _wrong(".".join(map(str, one["loc"])) or where, one["msg"].removeprefix("Value error, "))
        for one in error.errors(include_input=False, include_url=False)[:20]
    ]
    return Problem(kind, f"{where}: {errors[0]['field']}: {errors[0]['problem']}", errors=errors)


def _wrong(name: str, problem: str) -> dict[str, str]:
    return {"field": name, "problem": problem}


def _tenant(request: web.Request) -> TenantEntry | None:
    """The tenant of the host; by the pod's address, that of the slug. Never another's by a tenant's host."""
    directory = request.app[CONTEXT].directory
    entry, slug = directory.by_host(host(request)), request.match_info.get("slug")
    if slug is None:
        return entry
    if entry is not None:
        return entry if entry.slug == slug else None
    return next((one for one in directory.entries if one.slug == slug), None)
