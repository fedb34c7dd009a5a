"""What people mean to a turn: who wrote, who has the conversation, whether anybody is there.

Before an assistant is asked: what was written while a person had the conversation is not the bot's to answer, a
language that was chosen for a contact is spoken, and outside business hours the bot may have to be silent. With every
turn: the contact, their leads, and what must be in the audit log are kept in its transaction.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from switchboard_runtime.config import localized
from switchboard_runtime.people import attending, audit
from switchboard_runtime.people.hours import back_words, is_open, next_open
from switchboard_runtime.people.meeting import Met, captured, seen
from switchboard_runtime.people.phrases import away_words
from switchboard_runtime.store import Reply, Turn, statement

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from switchboard_runtime.assistants import Answer, Meter
    from switchboard_runtime.clock import Clock
    from switchboard_runtime.config import TenantDocument
    from switchboard_runtime.conversation.turn import Ask
    from switchboard_runtime.people.audit import Act, Audit
    from switchboard_runtime.store import Inbound, Row, Rows, Statement, Store, WorkItem

__all__ = ["PeopleHook"]

_WHILE_AWAY = 7 * 86_400.0
"""For how long an away message stands when nobody says when somebody is back."""


class PeopleHook:
    """A :class:`~switchboard_runtime.conversation.TurnHook`.

    Args:
        document: the tenant.
        store: the tenant's.
        audit: the tenant's.
        clock: time.
        new_id: makes ids of contacts.
    """

    def __init__(
        self, *, document: TenantDocument, store: Store, audit: Audit, clock: Clock, new_id: Callable[[], str]
    ) -> None:
        self._document = document
        self._store = store
        self._audit = audit
        self._clock = clock
        self._new_id = new_id

    async def before(self, item: WorkItem, ask: Ask) -> Ask | Turn:
        """The question in the contact's language, or a turn without one."""
        known = await self._store.transact(lambda: _known(item))
        if known["language"] in self._document.languages:
            language: str = known["language"]
            ask = replace(
                ask,
                question=replace(ask.question, language=language),
                state=replace(ask.state, language=language),
            )
        if item.message.channel == "voice":
            return ask
        ended_at = known["ended_at"]
        if ended_at is not None and _newest(item).received_at <= ended_at:
            return Turn(replies=(), state=ask.state, outcome="with a human")
        return self._away(item, ask, told_until=known["until"]) or ask

    def after(self, item: WorkItem, turn: Turn, said: Answer | None) -> Turn:
        """The turn with who wrote, what they want and what must be shown later."""
        to_person = turn.state.mode == "human" and item.state.mode == "bot" and item.message.channel != "voice"
        if to_person:
            turn = self._with_return(item, turn)
        met = self._met(item)
        acts = self._acts(item, turn, said, to_person=to_person)
        now = self._clock.now()

        def kept() -> Generator[Statement, Rows, None]:
            contact_id = yield from seen(met)
            for place, lead in enumerate(said.leads if said else ()):
                yield from captured(
                    lead,
                    lead_id=f"{item.id}-{place}",
                    contact_id=contact_id,
                    conversation_id=item.conversation_id,
                    trace=item.message.trace,
                    at=now,
                )
            if to_person:
                yield from attending.begin(item.conversation_id, person=None, at=now)
            for act in acts:
                yield from audit.write(act)

        return replace(turn, also=(*turn.also, kept))

    async def dropped(self, item: WorkItem, took: Meter) -> None:
        """See :class:`TurnHook`: nothing is kept of it."""

    def _away(self, item: WorkItem, ask: Ask, *, told_until: float | None) -> Turn | None:
        """Outside hours, where the document wants it: an away message once, then silence until a person comes."""
        hours, now = self._document.hours, self._clock.now()
        if hours is None or hours.outside != "Away" or is_open(hours, now):
            return None
        if told_until is not None and now < told_until:
            return Turn(replies=(), state=ask.state, outcome="nobody there")
        until = next_open(hours, now)
        language = ask.question.language
        text = (
            localized(hours.away, language=language, languages=self._document.languages)
            if hours.away
            else away_words(language=language, display_name=self._document.tenant.display_name)
        )
        back = back_words(hours, now, language=language)
        reply = Reply(text=text if hours.away or back is None else f"{text} {back}")
        told = lambda: _told(item.conversation_id, until=until or now + _WHILE_AWAY)  # noqa: E731  # one line
        return Turn(replies=(reply,), state=ask.state, outcome="away", also=(told,))

    def _with_return(self, item: WorkItem, turn: Turn) -> Turn:
        """A hand-off that says when somebody is back, if nobody is there."""
        hours = self._document.hours
        language = turn.state.language or item.state.language or self._document.languages[0]
        back = back_words(hours, self._clock.now(), language=language) if hours and turn.replies else None
        if back is None:
            return turn
        *others, last = turn.replies
        return replace(turn, replies=(*others, replace(last, text=f"{last.text} {back}".strip())))

    def _met(self, item: WorkItem) -> Met:
        message = _newest(item)
        name = next((value for field, value in message.fields if field == "ProfileName"), "").strip()
        return Met(
            channel=message.channel,
            address=message.contact,
            new_id=self._new_id(),
            name=name[:200] or None,
            stage=self._document.contacts.stages[0],
            at=message.received_at,
        )

    def _acts(self, item: WorkItem, turn: Turn, said: Answer | None, *, to_person: bool) -> list[Act]:
        """What of the turn goes into the audit log."""
        subject = f"conversation/{item.conversation_id}"
        acts = []
        if turn.state.opted_out != item.state.opted_out:
            action = "contact.opted_out" if turn.state.opted_out else "contact.opted_in"
            acts.append(self._audit.act("contact", action, subject, act_id=f"opt-{item.id}"))
        for place, _ in enumerate(said.leads if said else ()):
            acts.append(
                self._audit.act("bot", "lead.captured", f"lead/{item.id}-{place}", act_id=f"lead-{item.id}-{place}")
            )
        if to_person:
            acts.append(self._audit.act("bot", "conversation.handed_off", subject, act_id=f"handoff-{item.id}"))
        return acts


def _newest(item: WorkItem) -> Inbound:
    return item.joined[-1][1] if item.joined else item.message


def _known(item: WorkItem) -> Generator[Statement, Rows, Row]:
    """What is known of who writes: the language chosen for them, when a person left, how long they know we are away."""
    rows = yield statement(
        "SELECT (SELECT p.language FROM identity AS i JOIN contact AS p ON p.tenant_id = i.tenant_id"
        " AND p.id = i.contact_id WHERE i.tenant_id = :tenant AND i.channel = :channel AND i.address = :address)"
        " AS language,"
        " (SELECT ended_at FROM attendance WHERE tenant_id = :tenant AND conversation_id = :conversation) AS ended_at,"
        " (SELECT until FROM absence WHERE tenant_id = :tenant AND conversation_id = :conversation) AS until",
        channel=item.message.channel,
        address=item.message.contact,
        conversation=item.conversation_id,
    )
    return rows[0]


def _told(conversation_id: int, *, until: float) -> Generator[Statement, Rows, None]:
    """The contact knows that we are away."""
    yield statement(
        "INSERT INTO absence (tenant_id, conversation_id, until) VALUES (:tenant, :conversation, :until)"
        " ON CONFLICT (tenant_id, conversation_id) DO UPDATE SET until = excluded.until",
        conversation=conversation_id,
        until=float(until),
    )
