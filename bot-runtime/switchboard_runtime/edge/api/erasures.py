"""What a contact may ask for by law: all that is kept of them, and that it be taken away."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import Field

from switchboard_runtime.edge.api.call import Route
from switchboard_runtime.edge.api.models import Asked, Id, Person, Shown, Timestamp

if TYPE_CHECKING:
    from switchboard_runtime.edge.api.call import Call
    from switchboard_runtime.people import LedgerEntry, Receipt

__all__ = ["ROUTES"]

_SCOPE = "contacts:erase"


class OneContact(Asked):
    """The contact."""

    contact: Id


class OneErasure(Asked):
    """The erasure."""

    erasure: Id


class Exported(Shown):
    """Lines, each with its `type`: contact, note, lead, conversation, message, audit."""

    lines: tuple[dict[str, Any], ...]


class Wish(Asked):
    """Who asks for it."""

    person: Person | None = None


class ShownReceipt(Shown):
    """What an erasure did; `doneAt` and `digest` are null while something waits, `provider.waiting` says how much."""

    id: str
    at: Timestamp
    actor: str
    subjects: tuple[str, ...] = Field(description="SHA-256 of tenant id, channel and address, a line each")
    counts: dict[str, int]
    provider: dict[str, int]
    done_at: Timestamp | None
    digest: str | None


class ShownErasure(Shown):
    """A line of the ledger, which is to be kept outside of the store and applied to a restored one."""

    id: str
    at: Timestamp
    actor: str
    subjects: tuple[str, ...]


class Ledger(Shown):
    """All erasures, oldest first."""

    items: tuple[ShownErasure, ...]


async def export_contact(call: Call) -> dict[str, Any]:
    """``GET /contacts/{contact}/export``."""
    exports = call.people.exports
    return {"lines": [json.loads(line) async for line in exports.lines(call.path["contact"], actor=call.token.name)]}


async def erase_contact(call: Call) -> Receipt:
    """``POST /contacts/{contact}/erase``."""
    actor = call.body.person or call.token.name
    return await call.people.erasures.erase(call.path["contact"], actor=actor, around=call.once)


async def get_erasure(call: Call) -> Receipt:
    """``GET /erasures/{erasure}``."""
    return await call.people.erasures.receipt(call.path["erasure"])


async def list_erasures(call: Call) -> dict[str, tuple[LedgerEntry, ...]]:
    """``GET /erasures``."""
    return {"items": await call.people.erasures.ledger()}


def _route(method: Any, path: str, handler: Any, answer: Any, summary: str, **more: Any) -> Route:
    return Route(
        method=method,
        path=path,
        scope=_SCOPE,
        handler=handler,
        answer=answer,
        summary=summary,
        tag="Erasures",
        **more,
    )


_ONE: dict[str, Any] = {"parameters": OneContact, "problems": ("not-found",)}

ROUTES = (
    _route("GET", "/contacts/{contact}/export", export_contact, Exported, "All that is kept of a contact", **_ONE),
    _route(
        "POST",
        "/contacts/{contact}/erase",
        erase_contact,
        ShownReceipt,
        "Take a contact away, here and at the provider; the answer is the receipt so far",
        status=202,
        body=Wish,
        **_ONE,
    ),
    _route("GET", "/erasures", list_erasures, Ledger, "The ledger of erasures, oldest first"),
    _route(
        "GET",
        "/erasures/{erasure}",
        get_erasure,
        ShownReceipt,
        "The receipt of an erasure",
        parameters=OneErasure,
        problems=("not-found",),
    ),
)
