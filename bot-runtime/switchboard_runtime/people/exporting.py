"""All that is kept of one contact, as JSON Lines: what the law lets them ask for."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from switchboard_runtime.people import audit
from switchboard_runtime.people.history import FIRST, place_of, read_said, told
from switchboard_runtime.store import statement

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator

    from switchboard_runtime.people.audit import Audit
    from switchboard_runtime.people.contacts import Contacts
    from switchboard_runtime.people.conversations import Conversations
    from switchboard_runtime.store import Rows, Statement, Store

__all__ = ["Exports"]

_SLICE = 200


class Exports:
    """Exports of one tenant.

    Args:
        store: the tenant's.
        contacts: the tenant's.
        conversations: the tenant's.
        audit: the tenant's, which an export is entered in.
    """

    def __init__(self, *, store: Store, contacts: Contacts, conversations: Conversations, audit: Audit) -> None:
        self._store = store
        self._contacts = contacts
        self._conversations = conversations
        self._audit = audit

    async def lines(self, contact_id: str, *, actor: str) -> AsyncIterator[str]:
        """Lines of JSON, each with ``type``: contact, note, lead, conversation, message, audit; without line ends.

        Of each conversation what was said is newest first, with the URLs of its media and all that came with a message.

        Raises:
            NotFound: there is no such contact; before the first line.
        """
        contact = await self._contacts.get(contact_id)
        act = self._audit.act(actor, "contact.exported", f"contact/{contact.id}")
        await self._store.transact(lambda: audit.write(act))
        yield _line("contact", asdict(contact))
        for note in await self._contacts.notes(contact.id):
            yield _line("note", asdict(note))
        cursor = None
        while True:
            page = await self._contacts.leads(contact_id=contact.id, limit=_SLICE, cursor=cursor)
            for lead in page.items:
                yield _line("lead", asdict(lead))
            cursor = page.next
            if cursor is None:
                break
        subjects = [f"contact/{contact.id}"]
        for conversation in await self._conversations.conversations_of(contact.id):
            yield _line("conversation", asdict(conversation))
            subjects.append(f"conversation/{conversation.id}")
            async for line in self._said(conversation.id):
                yield line
        for row in await self._store.transact(lambda: _acts(tuple(subjects))):
            yield _line("audit", {name: row[name] for name in ("seq", "at", "actor", "action", "subject", "details")})

    async def _said(self, conversation_id: int) -> AsyncIterator[str]:
        before = FIRST
        while True:
            rows = await self._store.transact(
                lambda place=before: read_said(conversation_id, before=place, limit=_SLICE)  # type: ignore[misc]
            )
            for row in rows:
                fields = json.loads(row["extra"]) if row["side"] == 0 else None
                content = {"conversation_id": conversation_id, **asdict(told(row))}
                yield _line("message", {**content, "fields": fields} if fields else content)
            if len(rows) < _SLICE:
                return
            before = place_of(rows[-1])


def _line(kind: str, content: dict[str, Any]) -> str:
    return json.dumps({"type": kind, **content}, ensure_ascii=False)


def _acts(subjects: tuple[str, ...]) -> Generator[Statement, Rows, Rows]:
    return (
        yield statement(
            "SELECT seq, at, actor, action, subject, details FROM audit WHERE tenant_id = :tenant"
            " AND subject IN :subjects ORDER BY seq",
            subjects=subjects,
        )
    )
