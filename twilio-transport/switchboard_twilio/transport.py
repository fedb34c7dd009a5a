"""The official SDK over one aiohttp session.

For: calling any Twilio resource with the SDK's ``*_async`` methods, against Twilio or another endpoint.
Assumes: the session is made and closed by whoever wires the program.
Refuses: redirects, and repeating a call. The SDK's own async client repeats POSTs after a 5xx (a second
purchase), ignores time-outs and form-encodes JSON bodies (twilio-python #925, #932); none of it happens here.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from switchboard_twilio.errors import TwilioRefused, TwilioThrottled, TwilioUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["TwilioTransport", "twilio_client"]

_HOST_SUFFIX = ".twilio.com"
_SAFE_METHODS = frozenset({"GET", "HEAD"})
_MAX_MESSAGE = 300


class TwilioTransport(AsyncHttpClient):  # type: ignore[misc]  # the SDK is untyped
    """Carries the SDK's requests.

    Args:
        session: the aiohttp session that makes the calls; its connector caps the connections.
        endpoint: base URL that stands in for Twilio, such as an emulator or a proxy. The product becomes
            the first part of the path: ``https://iam.twilio.com/v1/Keys`` goes to ``{endpoint}/iam/v1/Keys``.
            None is Twilio itself.
        deadline: seconds for a whole call, connect to last byte.
        on_call: told of each finished call as (method, path, status or None, seconds).
    """

    def __init__(
        self,
        *,
        session: aiohttp.ClientSession,
        endpoint: str | None = None,
        deadline: float = 15.0,
        on_call: Callable[[str, str, int | None, float], None] | None = None,
    ) -> None:
        super().__init__(logging.getLogger(__name__), is_async=True, timeout=deadline)
        self._session = session
        self._endpoint = endpoint.rstrip("/") if endpoint else None
        self._deadline = deadline
        self._on_call = on_call

    async def request(
        self,
        method: str,
        uri: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # the SDK's signature
        allow_redirects: bool = False,  # noqa: ARG002  # never followed: a redirect would carry credentials away
    ) -> Response:
        """Make one call, once.

        Raises:
            TwilioRefused: Twilio answered 4xx.
            TwilioThrottled: Twilio answered 429.
            TwilioUnavailable: no usable answer came.
        """
        url, path = self._target(uri)
        started = asyncio.get_running_loop().time()
        status: int | None = None
        try:
            async with self._session.request(
                method.upper(),
                url,
                params=_plain(params),
                headers=_with_credentials(headers, auth),
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout or self._deadline),
                **_body(data, headers),
            ) as reply:
                status = reply.status
                text = await reply.text()
                return _checked(method.upper(), path, reply, text)
        except (aiohttp.ClientError, TimeoutError, UnicodeDecodeError) as error:
            raise _unreachable(method.upper(), path, status, error) from error
        finally:
            if self._on_call:
                elapsed = asyncio.get_running_loop().time() - started
                self._on_call(method.upper(), path, status, elapsed)

    def _target(self, uri: str) -> tuple[str, str]:
        """Where a twilio.com address is really called, and how it is named in errors and metrics."""
        parts = urlsplit(uri)
        host = parts.hostname or ""
        if not host.endswith(_HOST_SUFFIX):
            raise ValueError(f"the SDK asked for {host!r}, which is not a host of Twilio")
        product = host.removesuffix(_HOST_SUFFIX).split(".")[0]
        path = f"/{product}{parts.path}"
        if self._endpoint is None:
            return uri, path
        query = f"?{parts.query}" if parts.query else ""
        return f"{self._endpoint}{path}{query}", path


def twilio_client(
    *, transport: TwilioTransport, username: str, password: str, account_sid: str | None = None
) -> Client:
    """Return an SDK client that speaks through ``transport``.

    Args:
        transport: what carries the calls; many clients share one.
        username: an account SID or an API key SID.
        password: the auth token or the key's secret.
        account_sid: the account acted upon, when it is not ``username``.
    """
    return Client(username, password, account_sid, http_client=transport)


def _plain(params: Mapping[str, object] | None) -> list[tuple[str, str]] | None:
    """Query parameters without those that are None; lists repeat their name."""
    if not params:
        return None
    pairs: list[tuple[str, str]] = []
    for name, value in params.items():
        values = value if isinstance(value, list | tuple) else [value]
        pairs.extend((name, _text(item)) for item in values if item is not None)
    return pairs


def _with_credentials(headers: Mapping[str, str] | None, auth: tuple[str, str] | None) -> dict[str, str]:
    given = dict(headers or {})
    return given | {"Authorization": aiohttp.encode_basic_auth(*auth)} if auth else given


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _body(data: Mapping[str, object] | None, headers: Mapping[str, str] | None) -> dict[str, Any]:
    if data is None:
        return {}
    content_type = next((v for k, v in (headers or {}).items() if k.lower() == "content-type"), "")
    if content_type.startswith("application/json"):
        return {"data": json.dumps(data).encode()}
    return {"data": aiohttp.FormData(_plain(data) or [])}


def _checked(method: str, path: str, reply: aiohttp.ClientResponse, text: str) -> Response:
    """Hand a good answer on, or raise what a bad one means."""
    status = reply.status
    if status >= 500:  # HTTP's server errors
        code, message = _problem(text, reply.reason)
        raise TwilioUnavailable(
            method=method,
            path=path,
            status=status,
            code=code,
            message=message,
            outcome_unknown=_unsafe(method),
        )
    if status == 429:  # Too Many Requests
        code, message = _problem(text, reply.reason)
        raise TwilioThrottled(
            method=method,
            path=path,
            status=status,
            code=code,
            message=message,
            retry_after=_retry_after(reply),
        )
    if not 200 <= status < 300:  # a redirect is no success either: the SDK would take it for one
        code, message = _problem(text, reply.reason)
        raise TwilioRefused(method=method, path=path, status=status, code=code, message=message)
    if text and not _is_json(text):
        raise TwilioUnavailable(
            method=method,
            path=path,
            status=status,
            message="the answer is not JSON",
            outcome_unknown=_unsafe(method),
        )
    return Response(status, text, reply.headers)


def _unreachable(method: str, path: str, status: int | None, error: Exception) -> TwilioUnavailable:
    never_sent = isinstance(error, aiohttp.ClientConnectorError)
    what = "timed out" if isinstance(error, TimeoutError) else type(error).__name__
    return TwilioUnavailable(
        method=method,
        path=path,
        status=status,
        message=what,
        outcome_unknown=_unsafe(method) and not never_sent,
    )


def _unsafe(method: str) -> bool:
    return method not in _SAFE_METHODS


def _problem(text: str, reason: str | None) -> tuple[int | None, str]:
    """Twilio's code and text, from the old error body or the RFC 9457 one."""
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return None, reason or "no text"
    code = body.get("code")
    message = body.get("message") or body.get("detail") or body.get("title") or reason or "no text"
    return (code if isinstance(code, int) else None), str(message)[:_MAX_MESSAGE]


def _retry_after(reply: aiohttp.ClientResponse) -> float | None:
    value = reply.headers.get("Retry-After", "")
    return float(value) if value.isdigit() else None


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
