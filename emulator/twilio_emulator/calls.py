"""A call of the API as the resources see it, and the table of routes.

A resource is a module of plain functions: each takes a ``Call``, reads and checks its parameters, acts on
the store and renders an ``Answer``. No function waits; the server runs each in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twilio_emulator.errors import not_found

if TYPE_CHECKING:
    from twilio_emulator.auth import Caller
    from twilio_emulator.core import Core
    from twilio_emulator.errors import ApiError
    from twilio_emulator.models import Account
    from twilio_emulator.params import Params

__all__ = ["Answer", "Call", "Endpoint", "Json", "Route"]

Json = Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One authenticated call.

    Attributes:
        core: the emulator.
        caller: who authenticated.
        account: the account acted on: the one the path names, else the caller's.
        host: product host, such as ``iam``.
        path: path on that host.
        ids: the path's variable parts by name.
        params: form fields of a POST, query parameters of a GET or DELETE.
        document: the JSON object of a POST or PUT, for routes that take JSON.
        now: moment of the call.
    """

    core: Core
    caller: Caller
    account: Account
    host: str
    path: str
    ids: Mapping[str, str]
    params: Params
    now: float
    document: Json = field(default_factory=dict)

    def not_found(self) -> ApiError:
        """Return the 404 for what the path names."""
        return not_found(self.path)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a call is answered with.

    Attributes:
        status: HTTP status.
        body: a JSON object, None for an empty answer.
        data: bytes that are sent instead, such as a recording.
        content_type: of ``data``.
        headers: beside those every answer has.
    """

    status: int = 200
    body: Json | None = None
    data: bytes | None = None
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


Endpoint = Callable[[Call], Answer]


@dataclass(frozen=True)
class Route:
    """One method of one resource.

    Attributes:
        method: HTTP method.
        host: product host, the first part of the emulator's path.
        path: path on that host; ``{Name}`` is variable.
        endpoint: what answers.
        manages_accounts: whether a Standard key is refused.
        takes_json: whether the body is a JSON object and not a form.
    """

    method: str
    host: str
    path: str
    endpoint: Endpoint
    manages_accounts: bool = False
    takes_json: bool = False
