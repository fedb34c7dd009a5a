"""The official SDK, pointed at an emulator: the product's host becomes the first part of the path."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

__all__ = ["EmulatorHttpClient", "sdk_client"]


class EmulatorHttpClient(TwilioHttpClient):  # type: ignore[misc]  # the SDK has no types
    """An HTTP client for ``twilio.rest.Client`` that calls an emulator.

    Args:
        base_url: where the emulator is, such as ``http://127.0.0.1:8089``.
        timeout: seconds for one call.
    """

    def __init__(self, base_url: str, *, timeout: float = 10.0) -> None:
        super().__init__(timeout=timeout)
        self._base_url = base_url.rstrip("/")

    def request(self, method: str, uri: str, *args: Any, **kwargs: Any) -> Any:
        """Send a call to the emulator."""
        parts = urlsplit(uri)
        product = (parts.hostname or "").partition(".")[0]
        query = f"?{parts.query}" if parts.query else ""
        return super().request(method, f"{self._base_url}/{product}{parts.path}{query}", *args, **kwargs)

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
