"""Conversations: listed, searched, read, taken over, written in and given back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from switchboard_runtime.edge.api.call import Route
from switchboard_runtime.edge.api.models import (
    Asked,
    Number,
    Paged,
    PageQuery,
    Person,
    Plain,
    Shown,
    Timestamp,
)
from switchboard_runtime.edge.api.writing import Written, replies_of

if TYPE_CHECKING:
    from switchboard_runtime.edge.api.call import Call
    from switchboard_runtime.people import Conversation, Entry, Hit, Page

__all__ = ["ROUTES", "ShownConversation", "ShownEntry"]

_READ, _WRITE = "conversations:read", "conversations:write"


class ShownConversation(Shown):
    """The lane between one of the tenant's addresses and one of a contact's."""

    id: int
    channel: str
    own: str
    contact: str
    contact_id: str | None
    name: str | None
    tags: tuple[str, ...]
    mode: Literal["bot", "human"]
    person: str | None
    since: Timestamp | None
    opted_out: bool
    language: str | None
    created_at: Timestamp
    updated_at: Timestamp
    last_inbound_at: Timestamp | None


class ShownEntry(Shown):
    """Something that was said, and what became of it."""

    id: str
    at: Timestamp
    direction: Literal["in", "out"]
    author: str
    text: str
    kind: str
    media: tuple[str, ...]
    status: str
    error_code: int | None
    error: str | None
    sid: str | None
    trace: str


class ShownHit(Shown):
    """Something said that a search found; `id` is that of its message."""

    id: str
    conversation_id: int
    at: Timestamp
    direction: Literal["in", "out"]
    author: str
    text: str


class ConversationQuery(PageQuery):
    """Which conversations."""

    mode: Literal["bot", "human"] | None = None
    opted_out: bool | None = None
    contact: Annotated[Plain, Field(max_length=200, description="An address, or a contact's id.")] | None = None
    tag: Annotated[Plain, Field(max_length=64)] | None = None
    updated_since: Timestamp | None = None


class SearchQuery(PageQuery):
    """What to look for, in which conversation."""

    q: Annotated[Plain, Field(min_length=1, max_length=200, description="Words, whatever their case and accents.")]
    conversation: Number | None = None


class OneConversation(Asked):
    """The conversation."""

    conversation: Number


class TakeOver(Asked):
    """Who takes it; without a name, the token does."""

    person: Person | None = None
    force: Annotated[bool, Field(description="Take it from another person too.")] = False


class HandBack(Asked):
    """Who gives it back."""

    person: Person | None = None


class PersonsReply(Asked):
    """What a person writes, in order. Whoever writes has the conversation, unless `takeOver` is false."""

    person: Person | None = None
    take_over: bool = True
    messages: Annotated[tuple[Written, ...], Field(min_length=1, max_length=20)]


class Queued(Shown):
    """What waits to be sent, by the ids that the history has."""

    ids: tuple[str, ...]


async def list_conversations(call: Call) -> Page[Conversation]:
    """``GET /conversations``."""
    query = call.query
    return await call.people.conversations.page(
        mode=query.mode,
        opted_out=query.opted_out,
        contact=query.contact,
        tag=query.tag,
        updated_since=query.updated_since.timestamp() if query.updated_since else None,
        limit=query.limit,
        cursor=query.cursor,
    )


async def search_conversations(call: Call) -> Page[Hit]:
    """``GET /conversations/search``."""
    query = call.query
    return await call.people.conversations.search(
        query.q, conversation_id=query.conversation, limit=query.limit, cursor=query.cursor
    )


async def get_conversation(call: Call) -> Conversation:
    """``GET /conversations/{conversation}``."""
    return await call.people.conversations.get(call.path["conversation"])


async def list_messages(call: Call) -> Page[Entry]:
    """``GET /conversations/{conversation}/messages``."""
    conversation = await get_conversation(call)
    return await call.people.history.page(conversation.id, limit=call.query.limit, cursor=call.query.cursor)


async def take_over(call: Call) -> Conversation:
    """``POST /conversations/{conversation}/take-over``."""
    return await call.people.conversations.take_over(
        call.path["conversation"],
        actor=call.body.person or call.token.name,
        force=call.body.force,
        around=call.once,
    )


async def hand_back(call: Call) -> Conversation:
    """``POST /conversations/{conversation}/hand-back``."""
    await get_conversation(call)
    return await call.people.conversations.hand_back(
        call.path["conversation"], actor=call.body.person or call.token.name, around=call.once
    )


async def reply(call: Call) -> dict[str, tuple[str, ...]]:
    """``POST /conversations/{conversation}/messages``."""
    conversation = await get_conversation(call)
    replies = replies_of(call.body.messages, conversation, now=call.now)
    ids = await call.people.conversations.say(
        conversation.id,
        replies,
        actor=call.body.person or call.token.name,
        key=f"{call.token.name} {call.key}" if call.key else None,
        take_over=call.body.take_over,
        trace=call.trace,
        around=call.once.of(lambda ids: {"ids": ids}),
    )
    return {"ids": ids}


_ONE = "/conversations/{conversation}"
_TAG = "Conversations"

ROUTES = (
    Route(
        method="GET",
        path="/conversations",
        scope=_READ,
        handler=list_conversations,
        answer=Paged[ShownConversation],
        query=ConversationQuery,
        summary="Conversations, the one in which something happened last first",
        tag=_TAG,
    ),
    Route(
        method="GET",
        path="/conversations/search",
        scope=_READ,
        handler=search_conversations,
        answer=Paged[ShownHit],
        query=SearchQuery,
        summary="What was said with these words in it",
        tag=_TAG,
    ),
    Route(
        method="GET",
        path=_ONE,
        scope=_READ,
        handler=get_conversation,
        answer=ShownConversation,
        parameters=OneConversation,
        summary="One conversation",
        tag=_TAG,
        problems=("not-found",),
    ),
    Route(
        method="GET",
        path=_ONE + "/messages",
        scope=_READ,
        handler=list_messages,
        answer=Paged[ShownEntry],
        parameters=OneConversation,
        query=PageQuery,
        summary="What was said, newest first",
        tag=_TAG,
        problems=("not-found",),
    ),
    Route(
        method="POST",
        path=_ONE + "/messages",
        scope=_WRITE,
        handler=reply,
        answer=Queued,
        status=202,
        parameters=OneConversation,
        body=PersonsReply,
        summary="Write as a person",
        tag=_TAG,
        problems=("not-found", "conflict"),
    ),
    Route(
        method="POST",
        path=_ONE + "/take-over",
        scope=_WRITE,
        handler=take_over,
        answer=ShownConversation,
        parameters=OneConversation,
        body=TakeOver,
        summary="Make it a person's: the bot is silent, its answer in flight is not sent",
        tag=_TAG,
        problems=("not-found", "conflict"),
    ),
    Route(
        method="POST",
        path=_ONE + "/hand-back",
        scope=_WRITE,
        handler=hand_back,
        answer=ShownConversation,
        parameters=OneConversation,
        body=HandBack,
        summary="Close it for the person: the bot answers from now on",
        tag=_TAG,
        problems=("not-found",),
    ),
)
