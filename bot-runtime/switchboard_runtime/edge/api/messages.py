"""Messages by themselves: written to people who did not just write, and looked up with what became of them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, StringConstraints

from switchboard_runtime.edge.api.call import Route
from switchboard_runtime.edge.api.conversations import ShownEntry
from switchboard_runtime.edge.api.models import Asked, Id, Person, Shown
from switchboard_runtime.edge.api.writing import Written, replies_of
from switchboard_runtime.errors import InvalidRequest

if TYPE_CHECKING:
    from switchboard_runtime.config import Number, TenantDocument
    from switchboard_runtime.edge.api.call import Call

__all__ = ["ROUTES"]

_ADDRESS = r"^(\+[1-9][0-9]{4,14}|[A-Z]{2}\.[A-Za-z0-9]{1,128})$"


class Proactive(Asked):
    """A message to a person. The bot stays in charge of what they answer."""

    channel: Literal["sms", "whatsapp"]
    to: Annotated[
        str,
        StringConstraints(pattern=_ADDRESS),
        Field(
            description="A phone number in E.164, or on WhatsApp a user id without one.", examples=["+5491155550100"]
        ),
    ]
    sender: Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{4,14}$")] | None = Field(
        default=None, alias="from", description="One of the tenant's numbers; left out, the primary."
    )
    person: Person | None = None
    message: Written


class Sent(Shown):
    """The message, which waits to be sent, and its conversation."""

    id: str
    conversation_id: int


class OneMessage(Asked):
    """The message."""

    message: Id


class FoundMessage(ShownEntry):
    """A message with its conversation."""

    conversation_id: int


async def send_message(call: Call) -> dict[str, Any]:
    """``POST /messages``."""
    body = call.body
    number = _number(call.entry.document, body.sender, body.channel)
    mark = "whatsapp:" if body.channel == "whatsapp" else ""
    conversation_id = await call.store.conversation(
        channel=body.channel, own=mark + number.phone_number, contact=mark + body.to
    )
    conversation = await call.people.conversations.get(conversation_id)
    told = await call.people.conversations.say(
        conversation_id,
        replies_of((body.message,), conversation, now=call.now),
        actor=body.person or call.token.name,
        key=f"{call.token.name} {call.key}" if call.key else None,
        take_over=False,
        trace=call.trace,
        around=call.once.of(lambda ids: _sent(ids, conversation_id)),
    )
    return _sent(told, conversation_id)


def _sent(ids: tuple[str, ...], conversation_id: int) -> dict[str, Any]:
    return {"id": ids[0], "conversation_id": conversation_id}


async def get_message(call: Call) -> dict[str, Any]:
    """``GET /messages/{message}``."""
    conversation_id, entry = await call.people.history.get(call.path["message"])
    return {**asdict(entry), "conversation_id": conversation_id}


def _number(document: TenantDocument, wanted: str | None, channel: str) -> Number:
    """The number to send from.

    Raises:
        InvalidRequest: it is none of the tenant's, or there is none for the channel.
    """
    able = [one for one in document.numbers if not one.channels or channel in one.channels]
    if wanted is not None:
        able = [one for one in able if one.phone_number == wanted]
    if not able:
        raise InvalidRequest("from", f"no number of this tenant's sends on {channel} as asked; give one of GET /status")
    return next((one for one in able if one.primary), able[0])


ROUTES = (
    Route(
        method="POST",
        path="/messages",
        scope="messages:write",
        handler=send_message,
        answer=Sent,
        status=202,
        body=Proactive,
        summary="Write to a person first; outside WhatsApp's 24 hours, with a template",
        tag="Messages",
        problems=("conflict",),
    ),
    Route(
        method="GET",
        path="/messages/{message}",
        scope="messages:read",
        handler=get_message,
        answer=FoundMessage,
        parameters=OneMessage,
        summary="A message and what became of it",
        tag="Messages",
        problems=("not-found",),
    ),
)
