"""As much of a client for the Kubernetes API as the development cluster needs, by the standard library."""

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dev.cluster.errors import ApiRefused

APPLY = "application/apply-patch+yaml"

_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class Api:
    """The API server at a URL, as one user with a client certificate.

    Attributes:
        url: ``https://host:port``.
        ca_file: the authority that signed the server's certificate.
        certificate: the client's certificate, and ``key`` its private key.
    """

    url: str
    ca_file: Path
    certificate: Path
    key: Path

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        content_type: str = "application/json",
    ) -> dict[str, Any]:
        """Send one request and give the object in the answer (empty when the answer is no JSON object).

        Raises:
            ApiRefused: a status of 400 or more.
            OSError: no connection.
        """
        with self._answer(method, path, body, content_type, _TIMEOUT_SECONDS) as answer:
            text = answer.read()
            if answer.status >= 400:
                raise ApiRefused(answer.status, f"{method} {path}: {answer.status} {_message(text)}")
            return json.loads(text) if text.startswith(b"{") else {}

    def apply(self, path: str, document: Mapping[str, Any]) -> dict[str, Any]:
        """Create or change an object by server-side apply."""
        query = "fieldManager=switchboard-dev&force=true"
        return self.request("PATCH", f"{path}?{query}", document, content_type=APPLY)

    def ready(self) -> bool:
        """Whether the server says that it is ready."""
        try:
            self.request("GET", "/readyz")
        except (OSError, http.client.HTTPException, ApiRefused):
            return False
        return True

    def watch(self, path: str, *, resource_version: str, seconds: int = 240) -> Iterator[dict[str, Any]]:
        """Give events from the version on until the server ends the watch.

        Raises:
            ApiRefused: the version is too old, or anything else that the server refuses.
            OSError: the connection broke.
        """
        query = f"?watch=1&resourceVersion={resource_version}&timeoutSeconds={seconds}"
        with self._answer("GET", path + query, None, "application/json", seconds + _TIMEOUT_SECONDS) as answer:
            if answer.status >= 400:
                raise ApiRefused(answer.status, f"watch {path}: {answer.status} {_message(answer.read())}")
            for line in answer:
                yield json.loads(line)

    @contextmanager
    def _answer(
        self, method: str, path: str, body: Mapping[str, Any] | None, content_type: str, timeout: float
    ) -> Iterator[http.client.HTTPResponse]:
        context = ssl.create_default_context(cafile=str(self.ca_file))
        context.load_cert_chain(self.certificate, self.key)
        address = urlsplit(self.url)
        connection = http.client.HTTPSConnection(
            address.hostname or "", address.port or 443, timeout=timeout, context=context
        )
        try:
            payload = json.dumps(body).encode() if body is not None else None
            connection.request(method, path, payload, {"Content-Type": content_type, "Accept": "application/json"})
            yield connection.getresponse()
        finally:
            connection.close()


def _message(text: bytes) -> str:
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text.decode(errors="replace")[:200]
