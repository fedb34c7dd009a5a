"""Conversations: listed, searched, taken over by a person, written in, and given back to the bot.

A take-over raises the conversation's epoch in the transaction that makes it a person's: the turn in flight is not kept,
the bot's replies that have not left are ended, and the call of an assistant that runs in this process is cancelled.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, Protocol

from switchboard_runtime.errors import Conflict, InvalidRequest, NotFound
from switchboard_runtime.people import attending, audit
from switchboard_runtime.people.erasing import ERASED
from switchboard_runtime.people.listing import found, listed, one
from switchboard_runtime.people.pages import Page, checked_limit, cursor_of, read_cursor
from switchboard_runtime.people.searching import Searching
from switchboard_runtime.store import alone

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from switchboard_runtime.clock import Clock
    from switchboard_runtime.people.audit import Audit
    from switchboard_runtime.people.records import Conversation, Hit
    from switchboard_runtime.store import Also, Around, Reply, Rows, Statement, Store

__all__ = ["Conversations", "Engine", "Turned"]

_MOST_AT_ONCE = 100
_MOST_REPLIES = 20
_ASKED = "http"
"""The channel on which the contact's own system asks, and nobody is written to."""


class Engine(Protocol):
    """What of a tenant's engine is told of changes: :class:`~switchboard_runtime.conversation.TenantService`."""

    def interrupt(self, conversation_id: int) -> bool:
        """Cancel the call of an assistant for a conversation, if one runs here."""
        ...

    def nudge(self) -> None:
        """Look for work now."""
        ...


class Turned(Protocol):
    """Tells others that a conversation changed hands, in the transaction that did it."""

    def __call__(self, conversation_id: int, *, to: Literal["bot", "human"], by: str, key: str) -> Also:
        """Bodies for the transaction; ``key`` is unique to the act."""
        ...


def _nobody(conversation_id: int, *, to: Literal["bot", "human"], by: str, key: str) -> Also:
    """Nobody is told."""
    del conversation_id, to, by, key
    return ()


class Conversations:
    """The conversations of one tenant.

    Args:
        store: the tenant's.
        engine: is told of what must happen at once.
        audit: the tenant's.
        clock: time.
        new_id: makes ids.
        turned: tells others that a conversation changed hands.
    """

    def __init__(
        self,
        *,
        store: Store,
        engine: Engine,
        audit: Audit,
        clock: Clock,
        new_id: Callable[[], str],
        turned: Turned = _nobody,
    ) -> None:
        self._turned = turned
        self._store = store
        self._engine = engine
        self._audit = audit
        self._clock = clock
        self._new_id = new_id
        self._searching = Searching(store=store)

    async def page(
        self,
        *,
        mode: Literal["bot", "human"] | None = None,
        opted_out: bool | None = None,
        contact: str | None = None,
        tag: str | None = None,
        updated_since: float | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Conversation]:
        """Conversations, the one in which something happened last first.

        One that something happens in while pages are read moves to the front, where the next reading finds it.

        Args:
            mode: who answers.
            opted_out: whether they said STOP.
            contact: an address, or a contact's id.
            tag: of the contact.
            updated_since: seconds since the epoch.
            limit: of this page.
            cursor: the last page's ``next``.

        Raises:
            InvalidRequest: a limit or cursor that is none.
        """
        count = checked_limit(limit)
        place = None if cursor is None else read_cursor(cursor, (float, int))
        chosen = {
            "mode": mode,
            "opted_out": opted_out,
            "contact": contact,
            "tag": tag,
            "since": None if updated_since is None else float(updated_since),
        }
        rows = await self._store.transact(lambda: listed(chosen, before=place, limit=count + 1))
        last = rows[count - 1] if len(rows) > count else None
        return Page(items=rows[:count], next=cursor_of(last.updated_at, last.id) if last else None)

    async def get(self, conversation_id: int) -> Conversation:
        """One conversation.

        Raises:
            NotFound: it is not there.
        """
        return await self._store.transact(lambda: _there(conversation_id))

    async def search(
        self, words: str, *, conversation_id: int | None = None, limit: int = 50, cursor: str | None = None
    ) -> Page[Hit]:
        """What was said with these words in it, whatever their case and accents; see :class:`Searching`.

        Raises:
            InvalidRequest: no words, or a limit or cursor that is none.
        """
        return await self._searching.page(words, conversation_id=conversation_id, limit=limit, cursor=cursor)

    async def take_over(
        self, conversation_id: int, *, actor: str, force: bool = False, around: Around = alone
    ) -> Conversation:
        """Make a conversation a person's. Again by the same person changes nothing.

        Args:
            conversation_id: which.
            actor: the person's name.
            force: take it from another person too.
            around: goes around the transaction, whose result is the conversation.

        Raises:
            NotFound: it is not there.
            Conflict: another person has it.
        """
        now = self._clock.now()
        subject = f"conversation/{conversation_id}"
        act = self._audit.act(actor, "conversation.taken", subject, forced=force)

        def taken() -> Generator[Statement, Rows, Conversation]:
            yield from attending.begin(conversation_id, person=actor, at=now)
            yield from audit.write(act)
            return (yield from _there(conversation_id))

        def changed() -> Generator[Statement, Rows, Conversation]:
            if (yield from attending.take(conversation_id, person=actor, at=now, force=force)):
                yield from audit.write(act)
            return (yield from _there(conversation_id))

        told = self._turned(conversation_id, to="human", by=actor, key=act.id)
        if await self._store.hand_over(conversation_id, to="human", also=(*told, around(taken))):
            self._engine.interrupt(conversation_id)
            self._engine.nudge()
        else:
            await self._store.transact(around(changed))
        return await self.get(conversation_id)

    async def hand_back(self, conversation_id: int, *, actor: str, around: Around = alone) -> Conversation:
        """Let the bot answer from now on, not what was written until now. Nothing changes if it does already.

        Args:
            conversation_id: which.
            actor: the person's name.
            around: goes around the transaction, whose result is the conversation; if there is one.

        Raises:
            NotFound: it is not there.
        """
        await self._given_back(conversation_id, actor=actor, action="conversation.handed_back", around=around)
        return await self.get(conversation_id)

    async def return_forgotten(self, *, after: float) -> int:
        """Give back conversations in which no person did anything for ``after`` seconds. Returns how many."""
        before = self._clock.now() - after
        ids = await self._store.transact(lambda: attending.forgotten(before=before, limit=_MOST_AT_ONCE))
        returned = 0
        for conversation_id in ids:
            try:
                returned += await self._given_back(
                    conversation_id, actor="system", action="conversation.returned", before=before
                )
            except Conflict:
                continue  # somebody wrote just now
        return returned

    async def adopt(self) -> None:
        """Open the books for conversations that a release before this one gave to a person."""
        now = self._clock.now()
        await self._store.transact(lambda: attending.adopt(at=now))

    async def say(
        self,
        conversation_id: int,
        replies: Sequence[Reply],
        *,
        actor: str,
        key: str | None = None,
        take_over: bool = True,
        trace: str | None = None,
        around: Around = alone,
    ) -> tuple[str, ...]:
        """Queue what a person writes, in order, behind what waits. Window and opt-out rules apply to it as to the bot.

        Args:
            conversation_id: which.
            replies: what to say; the author of each becomes ``actor``.
            actor: the person's name.
            key: the same words under the same key are queued once.
            take_over: a person who writes has the conversation; False for notices that leave the bot in charge.
            trace: follows it through the log.
            around: goes around the transaction that queues them, whose result is their ids.

        Returns:
            The replies' ids, as the history has them.

        Raises:
            NotFound: no such conversation.
            Conflict: they said STOP, or another person has it.
            InvalidRequest: nothing to say, or too much at once.
        """
        conversation = await self._speakable(conversation_id, replies)
        if take_over and conversation.person != actor:
            await self.take_over(conversation_id, actor=actor)
        now = self._clock.now()
        stem = (
            self._new_id() if key is None else hashlib.sha256(f"{conversation_id} {actor} {key}".encode()).hexdigest()
        )
        ids = tuple(f"{stem[:24]}{place:02}" for place in range(len(replies)))
        act = self._audit.act(
            actor, "conversation.said", f"conversation/{conversation_id}", act_id=f"say-{ids[0]}", replies=len(ids)
        )

        def queued() -> Generator[Statement, Rows, tuple[str, ...]]:
            yield from attending.attended(conversation_id, at=now)
            yield from audit.write(act)
            return ids

        said = [(reply_id, _by(reply, actor)) for reply_id, reply in zip(ids, replies, strict=True)]
        if not await self._store.say(conversation_id, said, trace=trace or self._new_id(), also=(around(queued),)):
            raise NotFound(f"conversation {conversation_id} is not there")
        self._engine.nudge()
        return ids

    async def _speakable(self, conversation_id: int, replies: Sequence[Reply]) -> Conversation:
        if not 1 <= len(replies) <= _MOST_REPLIES:
            raise InvalidRequest("replies", f"are {len(replies)}; give 1 to {_MOST_REPLIES}")
        if not all(reply.text or reply.media or reply.content or reply.action for reply in replies):
            raise InvalidRequest("replies", "one is empty; give it text, media or a template")
        conversation = await self.get(conversation_id)
        if conversation.channel == _ASKED:
            raise Conflict(f"conversation {conversation_id}: its contact reads answers to their own requests only")
        if conversation.contact.startswith(ERASED):
            raise Conflict(f"conversation {conversation_id}: the contact was erased; there is nobody to write to")
        if conversation.opted_out:
            raise Conflict(f"conversation {conversation_id}: the contact said STOP; only their START opens it again")
        return conversation

    async def _given_back(
        self, conversation_id: int, *, actor: str, action: str, before: float | None = None, around: Around = alone
    ) -> bool:
        now = self._clock.now()
        act = self._audit.act(actor, action, f"conversation/{conversation_id}")

        def given() -> Generator[Statement, Rows, Conversation]:
            if before is not None:
                yield from attending.still_forgotten(conversation_id, before=before)
            yield from attending.end(conversation_id, at=now)
            yield from audit.write(act)
            return (yield from _there(conversation_id))

        told = self._turned(conversation_id, to="bot", by=actor, key=act.id)
        changed = await self._store.hand_over(conversation_id, to="bot", also=(*told, around(given)))
        if changed:
            self._engine.nudge()
        elif before is not None:
            await self._store.transact(lambda: attending.end(conversation_id, at=now))  # nobody's, by another way
        return changed

    async def conversations_of(self, contact: str) -> tuple[Conversation, ...]:
        """All conversations of a contact, by its id or one of its addresses."""
        return await self._store.transact(lambda: found(contact))


def _there(conversation_id: int) -> Generator[Statement, Rows, Conversation]:
    conversation = yield from one(conversation_id)
    if conversation is None:
        raise NotFound(f"conversation {conversation_id} is not there")
    return conversation


def _by(reply: Reply, actor: str) -> Reply:
    return replace(reply, author=actor)
