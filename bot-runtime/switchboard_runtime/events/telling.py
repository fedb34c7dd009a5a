"""What a tenant's endpoints are told: facts become rows in the transaction that made them facts.

Assumes: bodies may be run again; an event's id is made of what it tells, so it is queued once.
Refuses: message texts, unless the endpoint says that it wants them.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Literal

from switchboard_runtime.events import queue
from switchboard_runtime.events.facts import Told, of_reply, of_report, of_turn, opted_out, reply_row
from switchboard_runtime.store import statement
from switchboard_runtime.store.delivery import OPTED_OUT

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from switchboard_runtime.assistants import Answer, Meter
    from switchboard_runtime.clock import Clock
    from switchboard_runtime.config import TenantDocument
    from switchboard_runtime.config.webhooks import EventType
    from switchboard_runtime.conversation.turn import Ask
    from switchboard_runtime.store import Also, OutboxItem, Rows, Statement, StatusUpdate, Turn, WorkItem

__all__ = ["Events", "stamp"]

_CONVERSATION = "SELECT id, channel, own, contact FROM conversation WHERE tenant_id = :tenant AND id = :id"

_REPLY = """
SELECT id, conversation_id, channel, sender, recipient, author, text, sid, trace FROM outbox
WHERE tenant_id = :tenant AND sid = :sid
"""


class Events:
    """One tenant's events. Takes part in turns (:class:`TurnHook`) and in sends (:class:`SendHook`).

    Args:
        document: the tenant.
        clock: time.
        nudge: is called when something may wait to be told.
    """

    def __init__(self, *, document: TenantDocument, clock: Clock, nudge: Callable[[], None] = lambda: None) -> None:
        self._endpoints = document.webhooks
        self._tenant = document.tenant
        self._clock = clock
        self._nudge = nudge

    def tell(self, *events: Told) -> Also:
        """Bodies that queue the events for all who want them."""
        return tuple(
            partial(
                queue.add,
                endpoint=endpoint.name,
                event_id=self._id(told),
                event=told.event,
                body=self._body(told, texts=endpoint.texts),
                now=self._clock.now(),
            )
            for told in events
            for endpoint in self._endpoints
            if endpoint.wants(told.event)
        )

    def turned(self, conversation_id: int, *, to: Literal["bot", "human"], by: str, key: str) -> Also:
        """Bodies that tell that ``by`` took a conversation over, or gave it back; ``key`` is unique to this act."""
        event: EventType = "conversation.handed_over" if to == "human" else "conversation.returned"
        if not self._wanted(event):
            return ()

        def body() -> Generator[Statement, Rows, None]:
            for row in (yield statement(_CONVERSATION, id=conversation_id)):
                yield from self._all(Told(event=event, key=key, data={"conversation": dict(row), "by": by}))

        return (body,)

    async def before(self, item: WorkItem, ask: Ask) -> Ask | Turn:
        """See :class:`TurnHook`: a question is left as it is."""
        del item
        return ask

    def after(self, item: WorkItem, turn: Turn, said: Answer | None) -> Turn:
        """See :class:`TurnHook`: what came, and what came of it."""
        also = self.tell(*of_turn(item, turn, said))
        return replace(turn, also=(*turn.also, *also)) if also else turn

    async def dropped(self, item: WorkItem, took: Meter) -> None:
        """See :class:`TurnHook`: nothing is kept of it."""

    def sent(self, item: OutboxItem, sid: str) -> Also:
        """See :class:`SendHook`."""
        return self.tell(of_reply("message.sent", reply_row(item, sid)))

    def failed(self, item: OutboxItem, *, code: int | None, reason: str) -> Also:
        """See :class:`SendHook`; an opt-out at the provider is one here."""
        row = reply_row(item, None)
        told = of_reply("message.failed", row, error={"code": code, "reason": reason})
        return self.tell(told, opted_out(row)) if code == OPTED_OUT else self.tell(told)

    def reported(self, update: StatusUpdate) -> Also:
        """See :class:`SendHook`."""
        names: tuple[EventType, ...] = ("message.sent", "message.delivered", "message.failed", "contact.opted_out")
        if not any(map(self._wanted, names)):
            return ()

        def body() -> Generator[Statement, Rows, None]:
            for row in (yield statement(_REPLY, sid=update.sid)):
                yield from self._all(*of_report(row, update))

        return (body,)

    def kept(self) -> None:
        """See :class:`SendHook`."""
        self._nudge()

    def _wanted(self, event: EventType) -> bool:
        return any(endpoint.wants(event) for endpoint in self._endpoints)

    def _all(self, *events: Told) -> Generator[Statement, Rows, None]:
        for job in self.tell(*events):
            yield from job()

    def _id(self, told: Told) -> str:
        facts = f"{self._tenant.id}\0{told.event}\0{told.key}"
        return f"msg_{hashlib.sha256(facts.encode('utf-8', 'replace')).hexdigest()[:32]}"

    def _body(self, told: Told, *, texts: bool) -> str:
        data = {"tenant": self._tenant.slug, **told.data}
        if texts and told.text is not None:
            data["message"] = {**data["message"], "text": told.text}
        content = {"type": told.event, "timestamp": stamp(self._clock.now()), "data": data}
        return json.dumps(content, ensure_ascii=False)


def stamp(at: float) -> str:
    """A date (seconds since the epoch) as RFC 3339 in UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
