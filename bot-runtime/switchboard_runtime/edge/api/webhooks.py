"""Outgoing webhooks: how the endpoints do, what is told them, and to tell it again."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from switchboard_runtime.config.webhooks import EVENT_TYPES
from switchboard_runtime.edge.api.call import Route
from switchboard_runtime.edge.api.models import Asked, Nothing, Number, Paged, PageQuery, Shown, Timestamp
from switchboard_runtime.errors import Conflict, NotFound
from switchboard_runtime.events import reading
from switchboard_runtime.people.pages import Page, cursor_of, read_cursor

if TYPE_CHECKING:
    from collections.abc import Generator

    from switchboard_runtime.config.webhooks import WebhookEndpoint
    from switchboard_runtime.edge.api.call import Call
    from switchboard_runtime.store import Rows, Statement

__all__ = ["ROUTES"]

_READ, _WRITE = "webhooks:read", "webhooks:write"
_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]


class ShownEndpoint(Shown):
    """An endpoint of the tenant's document and how it does; `reason` says why it was ended."""

    name: str
    url: Annotated[str, Field(description="Without its query, which may hold a secret.")]
    events: tuple[str, ...]
    texts: bool
    state: Literal["active", "failing", "ended"]
    failing_since: Timestamp | None
    ended_at: Timestamp | None
    reason: str | None
    next_attempt_at: Timestamp | None
    pending: int
    dead: int


class Endpoints(Shown):
    """All endpoints."""

    items: tuple[ShownEndpoint, ...]


class ShownDelivery(Shown):
    """One event for one endpoint.

    `nextAttemptAt` is its own time, once the endpoint has refused it and is told meanwhile what came after it.
    """

    id: int
    event_id: str
    type: str
    state: Literal["pending", "delivered", "dead"]
    attempts: int
    status: int | None
    error: str | None
    created_at: Timestamp
    updated_at: Timestamp
    next_attempt_at: Timestamp | None


class DeliveryQuery(PageQuery):
    """Which deliveries."""

    state: Literal["pending", "delivered", "dead"] | None = None


class OneEndpoint(Asked):
    """The endpoint."""

    endpoint: _Name


class OneDelivery(Asked):
    """The delivery."""

    endpoint: _Name
    delivery: Number


class Tested(Shown):
    """The test event, which waits to be told."""

    event_id: str


class Done(Shown):
    """How many deliveries wait again."""

    waiting: int


async def list_endpoints(call: Call) -> dict[str, Any]:
    """``GET /webhooks``."""
    known = await call.store.transact(reading.endpoints)
    return {"items": [_shown(one, known.get(one.name, {})) for one in call.entry.document.webhooks]}


async def list_deliveries(call: Call) -> Page[dict[str, Any]]:
    """``GET /webhooks/{endpoint}/deliveries``."""
    name, limit = _endpoint(call).name, call.query.limit
    below = int(read_cursor(call.query.cursor, (int,))[0]) if call.query.cursor else 2**62
    rows = await call.store.transact(
        partial(reading.deliveries, name, state=call.query.state, below=below, limit=limit + 1)
    )
    return Page(items=tuple(rows[:limit]), next=cursor_of(rows[limit - 1]["id"]) if len(rows) > limit else None)


async def retry_delivery(call: Call) -> dict[str, int]:
    """``POST /webhooks/{endpoint}/deliveries/{delivery}/retry``."""
    return await _retried(call, delivery=call.path["delivery"])


async def retry_deliveries(call: Call) -> dict[str, int]:
    """``POST /webhooks/{endpoint}/retry``."""
    return await _retried(call)


async def test_endpoint(call: Call) -> dict[str, str]:
    """``POST /webhooks/{endpoint}/test``."""
    endpoint = _endpoint(call)
    event_id = f"msg_test{call.trace}"

    def tested() -> Generator[Statement, Rows, dict[str, str]]:
        if not (yield from reading.test(endpoint.name, event_id=event_id, tenant=call.entry.slug, now=call.now)):
            raise Conflict(f"endpoint {endpoint.name} was ended; turn it on with POST /webhooks/{endpoint.name}/retry")
        return {"event_id": event_id}

    told = await call.store.transact(call.once(tested))
    call.context.tellers[call.entry.slug].nudge()
    return told


async def _retried(call: Call, *, delivery: int | None = None) -> dict[str, int]:
    """Let all dead deliveries of an endpoint wait again, or one."""
    endpoint, act_id = _endpoint(call), call.context.new_id()

    def retried() -> Generator[Statement, Rows, dict[str, int]]:
        count = yield from reading.retry(endpoint.name, now=call.now, delivery=delivery)
        if delivery is not None and not count:
            raise NotFound(f"delivery {delivery} is not there, or not dead")
        subject = f"webhook/{endpoint.name}"
        act = call.people.audit.act(call.token.name, "webhook.retried", subject, act_id=act_id, deliveries=count)
        yield from call.people.audit.also(act)()
        return {"waiting": count}

    waiting = await call.store.transact(call.once(retried))
    call.context.tellers[call.entry.slug].nudge()
    return waiting


def _endpoint(call: Call) -> WebhookEndpoint:
    name = call.path["endpoint"]
    found = next((one for one in call.entry.document.webhooks if one.name == name), None)
    if found is None:
        raise NotFound(f"webhook endpoint {name} is not there")
    return found


def _shown(endpoint: WebhookEndpoint, row: dict[str, Any]) -> dict[str, Any]:
    ended, failing = row.get("disabled_at"), row.get("failing_since")
    state = "active" if ended is None and failing is None else "failing" if ended is None else "ended"
    return {
        "name": endpoint.name,
        "url": endpoint.url.partition("?")[0],
        "events": endpoint.events or EVENT_TYPES,
        "texts": endpoint.texts,
        "state": state,
        "failing_since": failing,
        "ended_at": ended,
        "reason": row.get("reason"),
        "next_attempt_at": row.get("due") or None,
        "pending": row.get("pending", 0),
        "dead": row.get("dead", 0),
    }


def _route(method: Any, path: str, scope: str, handler: Any, answer: Any, summary: str, **more: Any) -> Route:
    return Route(
        method=method,
        path=path,
        scope=scope,
        handler=handler,
        answer=answer,
        summary=summary,
        tag="Outgoing webhooks",
        **more,
    )


_ONE: dict[str, Any] = {"parameters": OneEndpoint, "problems": ("not-found",)}

ROUTES = (
    _route("GET", "/webhooks", _READ, list_endpoints, Endpoints, "The endpoints and how they do"),
    _route(
        "GET",
        "/webhooks/{endpoint}/deliveries",
        _READ,
        list_deliveries,
        Paged[ShownDelivery],
        "What is told an endpoint, newest first",
        query=DeliveryQuery,
        **_ONE,
    ),
    _route(
        "POST",
        "/webhooks/{endpoint}/retry",
        _WRITE,
        retry_deliveries,
        Done,
        "Turn an endpoint on again, and tell it all that is dead",
        body=Nothing,
        **_ONE,
    ),
    _route(
        "POST",
        "/webhooks/{endpoint}/deliveries/{delivery}/retry",
        _WRITE,
        retry_delivery,
        Done,
        "Tell one dead event again",
        body=Nothing,
        parameters=OneDelivery,
        problems=("not-found",),
    ),
    _route(
        "POST",
        "/webhooks/{endpoint}/test",
        _WRITE,
        test_endpoint,
        Tested,
        "Tell a test event",
        status=202,
        body=Nothing,
        parameters=OneEndpoint,
        problems=("not-found", "conflict"),
    ),
)
