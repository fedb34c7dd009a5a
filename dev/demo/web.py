"""One HTTP exchange with an address, under whatever host name: the demo stands outside and calls tenants by name."""

import base64
import http.client
import json
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: its status and its body."""

    status: int
    body: bytes

    def json(self) -> Any:
        """Give the body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is sent: method, path with query, headers, body."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None


@dataclass(frozen=True)
class Ingress:
    """The door to all tenants.

    Attributes:
        host: where it listens; the name that is called is another matter.
        port: the port there.
        ca_file: authorities that its certificate is verified against; None takes the system's.
    """

    host: str
    port: int
    ca_file: Path | None

    def send(self, request: Request, *, host: str, seconds: float = 15.0) -> Answer:
        """Send a request to one host behind it by HTTPS, with certificate and name verified.

        Raises:
            OSError: it cannot be reached, or is not whom it says (ssl.SSLError).
        """
        context = ssl.create_default_context(cafile=self.ca_file)
        with (
            socket.create_connection((self.host, self.port), timeout=seconds) as plain,
            context.wrap_socket(plain, server_hostname=host) as secure,
        ):
            connection = http.client.HTTPConnection(host, timeout=seconds)
            connection.sock = secure
            return _exchange(connection, request)


def send(base_url: str, request: Request, *, seconds: float = 15.0) -> Answer:
    """Send a request to a plain HTTP server."""
    parts = urlsplit(base_url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=seconds)
    try:
        return _exchange(connection, request)
    finally:
        connection.close()


def basic(user: str, password: str) -> dict[str, str]:
    """Give the header of HTTP Basic authentication."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def _exchange(connection: http.client.HTTPConnection, request: Request) -> Answer:
    body = None if request.body is None else request.body.encode()
    connection.request(request.method, request.path, body, dict(request.headers))
    with connection.getresponse() as answer:
        return Answer(answer.status, answer.read())
