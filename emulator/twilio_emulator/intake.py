"""What comes in with a call: its parameters and its JSON body, read as far as they can be read at all.

Whatever a client sends that is no HTTP, no UTF-8 or no JSON is refused here, by the name of its place, before a
resource sees it: none of it can then be met in the store.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NoReturn

from aiohttp import http_exceptions, web

from twilio_emulator.errors import ApiError, invalid
from twilio_emulator.params import Params

if TYPE_CHECKING:
    from twilio_emulator.calls import Json, Route

__all__ = ["check_path", "printable", "read_document", "read_params"]

WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_FORM = "application/x-www-form-urlencoded"
_DEEPEST = 100
_BODY = "request body"


def check_path(path: str) -> None:
    """Refuse a path that is no text: bytes that are no UTF-8.

    Raises:
        ApiError: 400.
    """
    if printable(path) != path:
        raise invalid("path", "it must be percent-encoded UTF-8")


def printable(text: str) -> str:
    """Return a text as it can be kept: halves of surrogate pairs are replaced."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


async def read_params(request: web.Request, route: Route | None) -> Params:
    """Return a POST's form, or the query of anything else.

    Raises:
        ApiError: 400, it cannot be read.
    """
    if request.method not in WITH_BODY or (route and route.takes_json):
        return Params.parse(printable(request.rel_url.raw_query_string), where="query")
    body = await _read(request)
    if body and request.content_type != _FORM:
        raise invalid("Content-Type", f"it must be {_FORM}")
    return Params.parse(body, where=_BODY)


async def read_document(request: web.Request) -> Json:
    """Return the JSON object of a POST or PUT; empty for other methods and for an empty body.

    Raises:
        ApiError: 400, it is no JSON object of finite numbers and whole characters.
    """
    body = await _read(request) if request.method in WITH_BODY else b""
    if not body:
        return {}
    if request.content_type != "application/json":
        raise invalid("Content-Type", "it must be application/json")
    try:
        document = json.loads(body, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise invalid(_BODY, "it must be a JSON object") from error
    if not isinstance(document, dict):
        raise invalid(_BODY, "it must be a JSON object")
    _check_texts(document)
    return document


async def _read(request: web.Request) -> bytes:
    """Return the body, whatever the client did on the way."""
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise invalid(_BODY, "it may have at most 1 MiB") from error
    except (http_exceptions.HttpProcessingError, web.RequestPayloadError) as error:
        raise invalid(_BODY, "its transfer or content encoding is broken") from error
    except ConnectionError as error:  # nobody is there to be answered; the log says what became of the call
        raise invalid(_BODY, "the connection ended in the middle of it") from error


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _check_texts(document: dict[str, Any]) -> None:
    """Refuse half a surrogate pair anywhere, and nesting that nobody means."""
    level: list[tuple[str, Any]] = list(document.items())
    _check_names(document)
    for _ in range(_DEEPEST):
        if not level:
            return
        deeper: list[tuple[str, Any]] = []
        for name, value in level:
            if isinstance(value, str):
                _check_text(name, value)
            elif isinstance(value, dict):
                _check_names(value)
                deeper += [(f"{name}.{key}", item) for key, item in value.items()]
            elif isinstance(value, list):
                deeper += [(name, item) for item in value]
        level = deeper
    raise invalid(_BODY, f"it may be nested {_DEEPEST} levels deep at most")


def _check_names(node: dict[str, Any]) -> None:
    for name in node:
        _check_text(_BODY, name)


def _check_text(name: str, text: str) -> None:
    if printable(text) != text:
        raise _half(name)


def _half(name: str) -> ApiError:
    return invalid(name, "it has half a surrogate pair")
