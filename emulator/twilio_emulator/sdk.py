"""The official SDK, pointed at an emulator: the product's host becomes the first part of the path."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["EmulatorHttpClient", "redirected_sdk", "sdk_client"]

_TWILIO = ".twilio.com"


class EmulatorHttpClient(TwilioHttpClient):  # type: ignore[misc]  # the SDK has no types
    """An HTTP client for ``twilio.rest.Client`` that calls an emulator.

    Args:
        base_url: where the emulator is, such as ``http://127.0.0.1:8089``.
        timeout: seconds for one call.
    """

    def __init__(self, base_url: str, *, timeout: float = 10.0) -> None:
        super().__init__(timeout=timeout)
        self._base_url = base_url

    def request(self, method: str, uri: str, *args: Any, **kwargs: Any) -> Any:
        """Send a call to the emulator."""
        return super().request(method, _moved(uri, self._base_url), *args, **kwargs)

    def close(self) -> None:
        """Close the connections."""
        if self.session is not None:
            self.session.close()


def sdk_client(
    base_url: str, username: str, password: str, account_sid: str | None = None, *, timeout: float = 10.0
) -> Client:
    """Return the SDK's synchronous client; arguments as ``twilio.rest.Client`` has them, after the address.

    Args:
        base_url: where the emulator is.
        username: an account SID or an API key's SID.
        password: the auth token or the key's secret.
        account_sid: the account acted on; the username when left out.
        timeout: seconds for one call.
    """
    return Client(username, password, account_sid, http_client=EmulatorHttpClient(base_url, timeout=timeout))


@contextmanager
def redirected_sdk(base_url: str) -> Iterator[None]:
    """Have every client of the SDK call the emulator, synchronous or not, also those that the code under test makes.

    Args:
        base_url: where the emulator is.
    """
    sync, later = TwilioHttpClient.request, AsyncTwilioHttpClient.request

    def request(self: Any, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        return sync(self, method, _moved(url, base_url), *args, **kwargs)

    async def request_later(self: Any, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        return await later(self, method, _moved(url, base_url), *args, **kwargs)

    TwilioHttpClient.request, AsyncTwilioHttpClient.request = request, request_later
    try:
        yield
    finally:
        TwilioHttpClient.request, AsyncTwilioHttpClient.request = sync, later


def _moved(url: str, base_url: str) -> str:
    """Return where a call goes instead; what is not for Twilio goes where it would."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not host.endswith(_TWILIO):
        return url
    query = f"?{parts.query}" if parts.query else ""
    return f"{base_url.rstrip('/')}/{host.partition('.')[0]}{parts.path}{query}"
