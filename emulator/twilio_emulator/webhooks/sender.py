"""One attempt to call a customer's URL, and what came of it in Twilio's terms."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from twilio_emulator.webhooks.twiml import LARGEST_REPLY

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping, Sequence

    from twilio_emulator.settings import ConnectTo
    from twilio_emulator.webhooks.signing import SignedRequest

__all__ = ["Outcome", "WebhookSender"]

_MOST_REDIRECTS = 5
_FAILURES: dict[type[Exception], tuple[int, str, str]] = {
    aiohttp.ClientSSLError: (11220, "the TLS handshake failed", "ct"),
    aiohttp.ConnectionTimeoutError: (11205, "the connection timed out", "ct"),
    TimeoutError: (11200, "the answer did not come in time", "rt"),
    aiohttp.TooManyRedirects: (11215, "too many redirects", "other"),
    aiohttp.ServerDisconnectedError: (11200, "the connection broke before the answer", "other"),
    aiohttp.ClientPayloadError: (11200, "the answer broke off", "other"),
    OSError: (11200, "the connection broke", "other"),
}
"""Failures that need no look inside, the special ones first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came of an attempt.

    Attributes:
        status: HTTP status, None when no answer came.
        error_code: Twilio's alert, None for a good answer.
        error: what went wrong, for a person.
        kind: ``ct``, ``rt``, ``4xx``, ``5xx`` or ``other`` for a failure, ``""`` for a good answer.
        body: the answer, cut at what Twilio reads.
        content_type: its media type.
        headers: its headers.
    """

    status: int | None = None
    error_code: int | None = None
    error: str | None = None
    kind: str = ""
    body: bytes = b""
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The answer for people to read."""
        return self.body.decode("utf-8", "replace")

    @property
    def ok(self) -> bool:
        """Say whether the customer answered well."""
        return self.error_code is None


class WebhookSender:
    """Sends webhooks over one pool of connections.

    Args:
        tls: how servers are verified.
        connect_to: where some hosts are really called.
    """

    def __init__(self, *, tls: ssl.SSLContext, connect_to: Sequence[ConnectTo] = ()) -> None:
        connector = aiohttp.TCPConnector(
            ssl=tls, resolver=_Resolver(connect_to), use_dns_cache=False, limit=0, force_close=True
        )
        self._session = aiohttp.ClientSession(connector=connector)

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def send(
        self, request: SignedRequest, *, connect_timeout: float, read_timeout: float, total_timeout: float
    ) -> Outcome:
        """Make one attempt; a failure is an outcome, not an exception."""
        timeout = aiohttp.ClientTimeout(total=total_timeout, sock_connect=connect_timeout, sock_read=read_timeout)
        try:
            async with self._session.request(
                request.method,
                URL(request.url, encoded=True),
                data=request.body.encode() if request.body else None,
                headers=request.headers,
                timeout=timeout,
                max_redirects=_MOST_REDIRECTS,
            ) as reply:
                return _answered(reply, await _read(reply.content))
        except (aiohttp.ClientError, TimeoutError, ValueError, OSError) as error:
            return _failed(error)


class _Resolver(AbstractResolver):
    """The system's resolver, but for hosts that are sent elsewhere."""

    def __init__(self, connect_to: Sequence[ConnectTo]) -> None:
        self._connect_to = connect_to
        self._system = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return addresses of ``host``; a redirected one has its port replaced too."""
        for rule in self._connect_to:
            if rule.covers(host):
                found = await self._system.resolve(rule.host, rule.port, family)
                return [{**address, "hostname": host} for address in found]
        return await self._system.resolve(host, port, family)

    async def close(self) -> None:
        """Release the system's resolver."""
        await self._system.close()


async def _read(content: aiohttp.StreamReader) -> bytes:
    """Return the answer, or a little more than Twilio would read of it."""
    body = b""
    while len(body) <= LARGEST_REPLY:
        chunk = await content.read(LARGEST_REPLY + 1 - len(body))
        if not chunk:
            break
        body += chunk
    return body


def _answered(reply: aiohttp.ClientResponse, body: bytes) -> Outcome:
    headers = dict(reply.headers)
    if 200 <= reply.status < 300:
        declared = reply.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return Outcome(status=reply.status, body=body, content_type=declared, headers=headers)
    kind = "4xx" if 400 <= reply.status < 500 else "5xx" if reply.status >= 500 else "other"
    error = f"the webhook answered HTTP {reply.status}"
    return Outcome(status=reply.status, error_code=11200, error=error, kind=kind, body=body, headers=headers)


def _failed(error: Exception) -> Outcome:
    code, what, kind = _classify(error)
    return Outcome(error_code=code, error=what, kind=kind)


def _classify(error: Exception) -> tuple[int, str, str]:
    """Return Twilio's alert, a text and the kind of a failure."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _certificate(error.certificate_error)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return 11210, f"the host name cannot be resolved: {error.host}", "ct"
    if isinstance(error, aiohttp.ClientConnectorError) and not isinstance(error, aiohttp.ClientSSLError):
        return 11205, f"the connection failed: {error.os_error.strerror or error.os_error}", "ct"
    for kind, classified in _FAILURES.items():
        if isinstance(error, kind):
            return classified
    return 11206, f"the answer is no HTTP: {type(error).__name__}", "other"


def _certificate(error: Exception) -> tuple[int, str, str]:
    reason = getattr(error, "verify_message", "") or str(error)
    if "mismatch" in reason.lower():
        return 11235, f"the certificate is for another host: {reason}", "ct"
    if "expired" in reason.lower():
        return 11236, "the certificate has expired", "ct"
    return 11237, f"the certificate is not trusted: {reason}; --ca-file names authorities", "ct"
