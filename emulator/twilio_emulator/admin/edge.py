"""The edge of the admin API: bodies and queries read and checked, refusals and answers written."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from twilio_emulator.errors import AdminError
from twilio_emulator.store.window import Stretch

if TYPE_CHECKING:
    from twilio_emulator.bell import Bell
    from twilio_emulator.clockwork import Clockwork
    from twilio_emulator.core import Core

__all__ = [
    "MOST_ITEMS",
    "Admin",
    "AdminRoute",
    "flag",
    "guarded",
    "json_body",
    "json_response",
    "query_number",
    "refuse_unknown",
    "stretch_of",
    "text",
    "texts",
    "wait_for",
    "wait_until",
]

MOST_ITEMS = 1000
"""Most items of one answer."""
_LONGEST_WAIT = 60.0
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, kw_only=True)
class Admin:
    """What a call of the admin API may use."""

    core: Core
    bell: Bell
    clockwork: Clockwork


AdminRoute = tuple[str, str, Callable[[Admin, web.Request], Awaitable[web.StreamResponse]]]
"""Method, path below ``/emulator/v1``, and what answers."""


def guarded(
    admin: Admin, handler: Callable[[Admin, web.Request], Awaitable[web.StreamResponse]]
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Return an aiohttp handler that turns refusals into answers."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            _check_site(request)
            _check_query(request)
            return await handler(admin, request)
        except AdminError as error:
            return json_response({"error": str(error)}, status=error.status)
        except web.HTTPRequestEntityTooLarge:
            return json_response({"error": "body: give at most 1 MiB"}, status=413)

    return handle


def _check_site(request: web.Request) -> None:
    """Refuse what a page of another site has a browser do: it takes no credentials to reset an emulator."""
    if request.method not in _READS and request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise AdminError(status=403, message="Sec-Fetch-Site: a page of another site may change nothing here")


def _check_query(request: web.Request) -> None:
    """Refuse a query that is no text, before it meets the store."""
    for name, value in (*request.query.items(), *request.match_info.items(), ("path", request.path)):
        try:
            f"{name}{value}".encode()
        except UnicodeEncodeError as error:
            raise AdminError(status=400, message="query: it must be percent-encoded UTF-8") from error


async def wait_for(admin: Admin, request: web.Request, find: Callable[[int], list[Any]]) -> list[Any]:
    """Return what is found after the query's ``after``, waiting up to ``wait`` seconds for the first of it."""
    after = int(query_number(request, "after", most=2**53))
    return await wait_until(admin, request, lambda: find(after))


async def wait_until(admin: Admin, request: web.Request, find: Callable[[], list[Any]]) -> list[Any]:
    """Return what is found, waiting up to the query's ``wait`` seconds for the first of it."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + query_number(request, "wait", most=_LONGEST_WAIT)
    while True:
        rung = admin.bell.listen()
        found = find()
        left = deadline - loop.time()
        if found or left <= 0 or admin.bell.is_closed:
            return found
        await asyncio.wait({rung}, timeout=left)


def stretch_of(request: web.Request) -> Stretch:
    """Return which part of a log the query wants: ``after``, ``before``, and ``last`` for the newest so many."""
    before = int(query_number(request, "before", most=2**53))
    newest = int(query_number(request, "last", most=MOST_ITEMS))
    return Stretch(
        after=int(query_number(request, "after", most=2**53)),
        before=before or None,
        most=newest or MOST_ITEMS,
        newest=bool(newest),
    )


async def json_body(request: web.Request) -> dict[str, Any]:
    """Return the JSON object of a call."""
    try:
        body = json.loads(await request.read() or b"{}")
    except (ValueError, RecursionError, HttpProcessingError, web.RequestPayloadError) as error:
        raise AdminError(status=400, message="body: give a JSON object") from error
    if not isinstance(body, dict):
        raise AdminError(status=400, message="body: give a JSON object")
    return body


def refuse_unknown(body: dict[str, Any], known: set[str]) -> None:
    """Refuse a field nobody reads: a typo must not pass for a setting."""
    if unknown := sorted(body.keys() - known):
        names = ", ".join(sorted(known))
        raise AdminError(status=400, message=f"{unknown[0]}: unknown field; the known ones are {names}")


def text(body: dict[str, Any], name: str, *, default: str | None = None) -> str:
    """Return a text of the body; without default it must be there and not empty."""
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


def texts(body: dict[str, Any], name: str) -> tuple[str, ...]:
    """Return a list of URLs of the body."""
    values = body.get(name) or []
    if not isinstance(values, list):
        raise AdminError(status=400, message=f"{name}: give a list of URLs")
    return tuple(text({name: value}, name) for value in values)


def flag(body: dict[str, Any], name: str, *, default: bool) -> bool:
    """Return a boolean of the body."""
    value = body.get(name, default)
    if not isinstance(value, bool):
        raise AdminError(status=400, message=f"{name}: give true or false")
    return value


def query_number(request: web.Request, name: str, *, most: float) -> float:
    """Return a number of the query, 0 when it is not given."""
    text = request.query.get(name, "0")
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= most:
        raise AdminError(status=400, message=f"{name}: give a number from 0 to {most:g}")
    return value


def json_response(body: object, *, status: int = 200) -> web.Response:
    """Return an answer."""
    return web.json_response(body, status=status)
