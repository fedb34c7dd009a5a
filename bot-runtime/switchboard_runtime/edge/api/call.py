"""A route of the API as data, and one call of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from switchboard_runtime.edge.api.models import Nothing

if TYPE_CHECKING:
    from pydantic import BaseModel

    from switchboard_runtime.config.directory import TenantEntry
    from switchboard_runtime.conversation import TenantService
    from switchboard_runtime.edge.api.idempotency import Once
    from switchboard_runtime.edge.api.tokens import Token
    from switchboard_runtime.edge.context import EdgeContext
    from switchboard_runtime.people import People
    from switchboard_runtime.store import Store

__all__ = ["Call", "Handler", "Route"]

Model = TypeVar("Model", bound="BaseModel")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, checked as far as its route says.

    Attributes:
        context: the edge's.
        entry: the tenant.
        token: who calls.
        path: the path's parameters, converted.
        query: the query, as the route's model.
        body: the body, as the route's model.
        once: goes around the transaction that does it, and keeps the request's Idempotency-Key with it.
        match: the If-Match header, if it has one.
        trace: id for the log.
        now: seconds since the epoch.
    """

    context: EdgeContext
    entry: TenantEntry
    token: Token
    path: Mapping[str, Any]
    query: Any
    body: Any
    once: Once
    match: str | None
    trace: str
    now: float
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str | None:
        """The Idempotency-Key, if the request has one."""
        return self.once.key

    @property
    def service(self) -> TenantService:
        """The tenant's engine."""
        return self.context.services[self.entry.slug]

    @property
    def store(self) -> Store:
        """The tenant's store."""
        return self.context.stores[self.entry.slug]

    @property
    def people(self) -> People:
        """The tenant's people."""
        return self.context.people[self.entry.slug]


Handler = Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One operation.

    Attributes:
        method: of HTTP.
        path: below ``/api/v1``; names in braces are keys of ``parameters``.
        scope: what a token needs.
        handler: does it, and returns what the answer model can be made of. What changes something does so in one
            transaction, with ``Call.once`` around it.
        answer: the model of the answer.
        status: of the answer.
        query: the model of the query.
        body: the model of the body; None for no body.
        parameters: the model of the path's parameters.
        summary: one line.
        etag: the answer has an ETag.
        problems: kinds of refusals, besides those of every route.
        tag: the subject.
    """

    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    scope: str
    handler: Handler
    answer: type[BaseModel]
    summary: str
    tag: str
    status: int = 200
    query: type[BaseModel] = Nothing
    body: type[BaseModel] | None = None
    parameters: type[BaseModel] = Nothing
    etag: bool = False
    problems: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The operation's id."""
        return self.handler.__name__

    @property
    def keyed(self) -> bool:
        """Whether it takes an Idempotency-Key."""
        return self.method != "GET"

    def written(self, found: Any) -> str:
        """The text of the answer."""
        return self.answer.model_validate(found).model_dump_json(by_alias=True)
