"""A caller of the API that holds every answer to the API's own document."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

from switchboard_runtime.edge.api import API
from switchboard_runtime.edge.api.openapi import document
from tests.unit.runtime.kit import API_TOKEN, Reply

if TYPE_CHECKING:
    from tests.unit.runtime.kit import Caller

__all__ = ["DOCUMENT", "Api"]

DOCUMENT = document(API)
HOST = "muebles-sur.bots.example.com"


@dataclass
class Api:
    """Calls as a tenant's other systems do.

    Attributes:
        caller: reaches the runtime.
        token: shown as bearer token; None shows none.
        host: the Host header.
        base: of the paths.
        seen: operations and statuses that were answered.
    """

    caller: Caller
    token: str | None = API_TOKEN
    host: str = HOST
    base: str = "/api/v1"
    seen: set[tuple[str, int]] = field(default_factory=set)

    async def get(self, path: str, **query: Any) -> Reply:
        """GET."""
        return await self.call("GET", path, query=query)

    async def post(self, path: str, body: Any = None, **headers: str) -> Reply:
        """POST JSON."""
        return await self.call("POST", path, body=body, headers=headers)

    async def patch(self, path: str, body: Any, **headers: str) -> Reply:
        """PATCH with JSON."""
        return await self.call("PATCH", path, body=body, headers=headers)

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, Any] | None = None,
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """Call, and see that the answer is as documented."""
        named = {"Host": self.host, **({"Authorization": f"Bearer {self.token}"} if self.token else {})}
        named |= {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        if data is not None:
            named.setdefault("Content-Type", "application/json")
        params = {
            name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in (query or {}).items()
        }
        async with self.caller.session.request(
            method, self.caller.base + self.base + path, params=params, data=data, headers=named
        ) as response:
            reply = Reply(status=response.status, headers=response.headers, body=await response.read())
        if self.base:
            self._check(method, path, reply)
        return reply

    def _check(self, method: str, path: str, reply: Reply) -> None:
        found = _operation(method, path)
        if found is None:
            return
        answers = found["responses"]
        assert str(reply.status) in answers, (method, path, reply.status, reply.body)
        ((kind, content),) = answers[str(reply.status)]["content"].items()
        assert reply.headers["Content-Type"].partition(";")[0] == kind
        schema = {**content["schema"], "components": DOCUMENT["components"]}
        Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(reply.json())
        self.seen.add((found["operationId"], reply.status))


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _operation(method: str, path: str) -> dict[str, Any] | None:
    """The operation of a path; one whose path has fewer parameters is the likelier."""
    fitting = [
        (pattern.count("{"), methods[method.lower()])
        for pattern, methods in DOCUMENT["paths"].items()
        if method.lower() in methods
        and re.fullmatch("/api/v1" + "".join(_parts(pattern.removeprefix("/api/v1"))), "/api/v1" + path)
    ]
    return min(fitting, key=lambda one: one[0])[1] if fitting else None


def _parts(pattern: str) -> list[str]:
    return ["[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{[a-z]+\})", pattern)]
