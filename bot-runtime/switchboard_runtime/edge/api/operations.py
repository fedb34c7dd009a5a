"""How the tenant stands: status, usage, the audit log, and what was put aside."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from switchboard_runtime.edge import quarantine, status
from switchboard_runtime.edge.api.call import Route
from switchboard_runtime.edge.api.models import Asked, Nothing, Number, Paged, PageQuery, Shown, Timestamp
from switchboard_runtime.errors import InvalidRequest, NotFound
from switchboard_runtime.people.pages import Page, cursor_of, read_cursor
from switchboard_runtime.store import DeadLetter

if TYPE_CHECKING:
    from collections.abc import Generator

    from switchboard_runtime.edge.api.call import Call
    from switchboard_runtime.store import Rows, Statement

__all__ = ["ROUTES"]

_QUEUES = ("inbox", "outbox")


class AssistantState(Shown):
    """How an assistant does; `since` and `reason` say more when it fails."""

    state: Literal["Healthy", "Failing"]
    since: Timestamp | None = None
    reason: str | None = None


class LimitState(Shown):
    """What was used of a limit: messages, tokens, or millionths of money; `limit` is null when there is none."""

    limit: int | None
    used: int
    reserved: int
    resets_at: Timestamp


class QueueState(Shown):
    """What waits, and since when the oldest does."""

    depth: int
    oldest: Timestamp | None


class Status(Shown):
    """How the tenant stands."""

    assistants: dict[str, AssistantState]
    limits: dict[str, LimitState]
    queues: dict[str, QueueState]


class Usage(Shown):
    """The tenant's limits, by their names in its document."""

    limits: dict[str, LimitState]


class ShownAct(Shown):
    """An entry of the audit log; `prev` is the hash of the one before."""

    seq: int
    id: str
    at: Timestamp
    actor: str
    action: str
    subject: str
    details: dict[str, str | int | float | bool | None]
    prev: str
    hash: str


class KnownHead(Asked):
    """A head that was seen before, to check against: both of it, or neither."""

    seq: Annotated[int, Field(ge=1, le=2**53)] | None = None
    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None


class ShownVerdict(Shown):
    """What a check of the chain found; `brokenAt` is the first entry that does not hold."""

    ok: bool
    entries: int
    seq: int
    hash: str
    broken_at: int | None
    problem: str | None


class ShownQuarantined(Shown):
    """A webhook that was signed and is not understood."""

    id: int
    path: str
    content_type: str
    reason: str
    received_at: Timestamp
    body: str


class ShownLetter(Shown):
    """A message whose assistant failed at every try (`inbox`), or a reply given up (`outbox`)."""

    queue: Literal["inbox", "outbox"]
    id: int
    trace: str
    reason: str
    attempts: int


class OneLetter(Asked):
    """The dead letter."""

    queue: Literal["inbox", "outbox"]
    letter: Number


class Replayed(Shown):
    """What came of a replay."""

    understood: int
    not_yet: int


class Revived(Shown):
    """The letter is in its lane again."""

    queue: Literal["inbox", "outbox"]
    id: int


async def get_status(call: Call) -> dict[str, Any]:
    """``GET /status``."""
    return await status.standing(call.context, call.entry)


async def get_usage(call: Call) -> dict[str, Any]:
    """``GET /usage``."""
    used = await call.context.limits[call.entry.slug].usage()
    return {"limits": {name: asdict(one) for name, one in used.items()}}


async def list_audit(call: Call) -> dict[str, Any]:
    """``GET /audit``."""
    page = await call.people.audit.page(limit=call.query.limit, cursor=call.query.cursor)
    items = [{**asdict(entry), "details": json.loads(entry.details)} for entry in page.items]
    return {"items": items, "next": page.next}


async def verify_audit(call: Call) -> dict[str, Any]:
    """``GET /audit/verify``."""
    from switchboard_runtime.people import Head  # noqa: PLC0415

    seq, digest = call.query.seq, call.query.hash
    if (seq is None) != (digest is None):
        missing = "seq" if seq is None else "hash"
        raise InvalidRequest(missing, "is missing; a head is given as both, seq and hash")
    known = Head(seq=seq, hash=digest) if seq is not None and digest is not None else None
    verdict = await call.people.audit.verify(known=known)
    return {
        "ok": verdict.ok,
        "entries": verdict.entries,
        "seq": verdict.head.seq,
        "hash": verdict.head.hash,
        "broken_at": verdict.broken_at,
        "problem": verdict.problem,
    }


async def list_quarantine(call: Call) -> Page[dict[str, Any]]:
    """``GET /quarantine``."""
    limit = call.query.limit
    after = int(read_cursor(call.query.cursor, (int,))[0]) if call.query.cursor else 0
    found = await call.store.quarantined(limit=limit + 1, after=after)
    items = tuple(
        {
            "id": one.id,
            "path": one.webhook.path,
            "content_type": one.webhook.content_type,
            "reason": one.webhook.reason,
            "received_at": one.webhook.received_at,
            "body": one.webhook.body.decode("utf-8", "replace"),
        }
        for one in found[:limit]
    )
    return Page(items=items, next=cursor_of(found[limit - 1].id) if len(found) > limit else None)


async def replay_quarantine(call: Call) -> dict[str, int]:
    """``POST /quarantine/replay``."""
    understood, not_yet = await quarantine.replay(call.store, call.entry.document)
    call.service.nudge()
    act = call.people.audit.act(call.token.name, "quarantine.replayed", "quarantine", understood=understood)

    def recorded() -> Generator[Statement, Rows, dict[str, int]]:
        yield from call.people.audit.also(act)()
        return {"understood": understood, "not_yet": not_yet}

    return await call.store.transact(call.once(recorded))


async def list_dead_letters(call: Call) -> Page[DeadLetter]:
    """``GET /dead-letters``."""
    limit, after = call.query.limit, ("", 0)
    if call.query.cursor:
        place, number = read_cursor(call.query.cursor, (int, int))
        after = (_QUEUES[int(place) % len(_QUEUES)], int(number))
    found = await call.store.dead_letters(limit=limit + 1, after=after)
    last = found[limit - 1] if len(found) > limit else None
    return Page(items=found[:limit], next=cursor_of(_QUEUES.index(last.queue), last.id) if last else None)


async def replay_dead_letter(call: Call) -> dict[str, Any]:
    """``POST /dead-letters/{queue}/{letter}/replay``."""
    queue, number = call.path["queue"], call.path["letter"]
    letter = DeadLetter(queue=queue, id=number, trace="", reason="", attempts=0)
    act = call.people.audit.act(call.token.name, "dead_letter.replayed", f"{queue}/{number}")
    done = {"queue": queue, "id": number}

    def revived() -> Generator[Statement, Rows, dict[str, Any]]:
        yield from call.people.audit.also(act)()
        return done

    if not await call.store.revive(letter, also=(call.once(revived),)):
        raise NotFound(f"{queue} {number} is no dead letter")
    call.service.nudge()
    return done


def _route(method: Any, path: str, scope: str, handler: Any, answer: Any, summary: str, **more: Any) -> Route:
    return Route(
        method=method, path=path, scope=scope, handler=handler, answer=answer, summary=summary, tag="Operation", **more
    )


ROUTES = (
    _route("GET", "/status", "usage:read", get_status, Status, "Assistants, limits and queues"),
    _route("GET", "/usage", "usage:read", get_usage, Usage, "What is used of each limit"),
    _route("GET", "/audit", "audit:read", list_audit, Paged[ShownAct], "Who did what, newest first", query=PageQuery),
    _route(
        "GET", "/audit/verify", "audit:read", verify_audit, ShownVerdict, "Check the audit log's chain", query=KnownHead
    ),
    _route(
        "GET",
        "/quarantine",
        "operations:read",
        list_quarantine,
        Paged[ShownQuarantined],
        "Webhooks that are not understood yet",
        query=PageQuery,
    ),
    _route(
        "POST", "/quarantine/replay", "operations:write", replay_quarantine, Replayed, "Read them again", body=Nothing
    ),
    _route(
        "GET",
        "/dead-letters",
        "operations:read",
        list_dead_letters,
        Paged[ShownLetter],
        "What was given up, messages first, oldest first",
        query=PageQuery,
    ),
    _route(
        "POST",
        "/dead-letters/{queue}/{letter}/replay",
        "operations:write",
        replay_dead_letter,
        Revived,
        "Put a dead letter back into its lane",
        body=Nothing,
        parameters=OneLetter,
        problems=("not-found",),
    ),
)
