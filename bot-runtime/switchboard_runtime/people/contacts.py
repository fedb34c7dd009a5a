"""Contacts: who writes, by which addresses, in which stage; and the leads that assistants understood.

A contact is made with the first turn of a message of theirs; nothing is written before a webhook is answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from switchboard_runtime.errors import Conflict, InvalidRequest, NotFound
from switchboard_runtime.people import audit, knowing
from switchboard_runtime.people.fields import checked_fields, checked_text
from switchboard_runtime.people.pages import Page, checked_limit, cursor_of, read_cursor
from switchboard_runtime.store import alone

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from switchboard_runtime.clock import Clock
    from switchboard_runtime.config import TenantDocument
    from switchboard_runtime.people.audit import Audit
    from switchboard_runtime.people.records import Contact, ContactNote, FieldValue, KeptLead
    from switchboard_runtime.store import Around, Rows, Statement, Store

Found = TypeVar("Found")

__all__ = ["KEEP", "Contacts", "Keep"]

_LONGEST_NOTE = 10_000
_LONGEST_NAME = 200


class Keep:
    """Stands for a value that is not changed."""


KEEP = Keep()


class Contacts:
    """The contacts of one tenant.

    Args:
        store: the tenant's.
        document: says which fields, stages and languages there are.
        audit: the tenant's.
        clock: time.
        new_id: makes ids.
    """

    def __init__(
        self, *, store: Store, document: TenantDocument, audit: Audit, clock: Clock, new_id: Callable[[], str]
    ) -> None:
        self._store = store
        self._document = document
        self._audit = audit
        self._clock = clock
        self._new_id = new_id

    async def page(
        self,
        *,
        stage: str | None = None,
        tag: str | None = None,
        words: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Contact]:
        """Contacts, those who came last first.

        Args:
            stage: of the pipeline.
            tag: that they have.
            words: in their name, e-mail or phone, whatever case and accents.
            limit: of this page.
            cursor: the last page's ``next``.

        Raises:
            InvalidRequest: a limit or cursor that is none.
        """
        count = checked_limit(limit)
        place = None if cursor is None else read_cursor(cursor, (float, str))
        chosen = {"stage": stage, "tag": tag, "words": words}
        found = await self._store.transact(lambda: knowing.listed(chosen, before=place, limit=count + 1))
        last = found[count - 1] if len(found) > count else None
        return Page(items=found[:count], next=cursor_of(last.first_seen, last.id) if last else None)

    async def get(self, contact_id: str) -> Contact:
        """A contact; the id of one that was merged leads to the one it became.

        Raises:
            NotFound: there is none.
        """
        return _there(await self._store.transact(lambda: knowing.one(contact_id)), contact_id)

    async def of(self, *, channel: str, address: str) -> Contact | None:
        """Who writes from an address."""
        return await self._store.transact(lambda: knowing.by_address(channel, address))

    async def update(
        self,
        contact_id: str,
        *,
        actor: str,
        name: str | Keep | None = KEEP,
        email: str | Keep | None = KEEP,
        language: str | Keep | None = KEEP,
        stage: str | Keep = KEEP,
        fields: Mapping[str, FieldValue | None] | None = None,
        add_tags: Sequence[str] = (),
        remove_tags: Sequence[str] = (),
        check: Callable[[Contact], None] | None = None,
        around: Around = alone,
    ) -> Contact:
        """Change what is given.

        Args:
            contact_id: which.
            actor: who changes it.
            name: theirs, None for unknown.
            email: theirs, None for unknown.
            language: one of the tenant's, which sticks; None follows again what they write.
            stage: of the pipeline.
            fields: custom fields to set; None takes one away.
            add_tags: tags to give.
            remove_tags: tags to take.
            check: is shown the contact as it is in the transaction; what it raises keeps all as it is.
            around: goes around the transaction.

        Raises:
            NotFound: there is none.
            InvalidRequest: a value that does not fit; names field and cure.
        """
        columns = {
            column: value
            for column, value in (("name", name), ("email", email), ("language", language), ("stage", stage))
            if not isinstance(value, Keep)
        }
        self._check(columns)
        changes = checked_fields(fields or {}, self._document.contacts.fields_)
        tags = [checked_text("tags", tag, longest=64) for tag in add_tags]
        changed = sorted(
            [*columns, *(f"fields.{one}" for one in changes), *(["tags"] if add_tags or remove_tags else [])]
        )
        now = self._clock.now()
        act = self._audit.act(actor, "contact.changed", f"contact/{contact_id}", changed=", ".join(changed))

        def job() -> Generator[Statement, Rows, Contact]:
            there = _there((yield from knowing.one(contact_id)), contact_id)
            if check is not None:
                yield from knowing.held(there.id)
                check((yield from knowing.one(there.id)) or there)
            if not changed:
                return there
            if columns.get("language") is not None:
                yield from knowing.spoken(there.id, str(columns["language"]))
            yield from knowing.changed(there, columns, changes, at=now)
            yield from knowing.tagged(there.id, add=tags, remove=remove_tags)
            yield from audit.write(act)
            return _there((yield from knowing.one(there.id)), contact_id)

        return await self._store.transact(around(job))

    async def note(self, contact_id: str, text: str, *, actor: str, around: Around = alone) -> ContactNote:
        """Note something of a contact; ``around`` goes around the transaction.

        Raises:
            NotFound: there is none.
            InvalidRequest: no text, or too long.
        """
        written = checked_text("text", text, longest=_LONGEST_NOTE)
        note_id, now = self._new_id(), self._clock.now()
        act = self._audit.act(actor, "contact.noted", f"contact/{contact_id}", note=note_id)

        def job() -> Generator[Statement, Rows, ContactNote]:
            there = _there((yield from knowing.one(contact_id)), contact_id)
            yield from knowing.noted(there.id, note_id=note_id, author=actor, text=written, at=now)
            yield from audit.write(act)
            (noted,) = yield from knowing.notes(there.id, note_id=note_id)
            return noted

        return await self._store.transact(around(job))

    async def notes(self, contact_id: str) -> tuple[ContactNote, ...]:
        """What was noted of a contact, newest first, two hundred at most."""
        there = await self.get(contact_id)
        return await self._store.transact(lambda: knowing.notes(there.id))

    async def merge(self, contact_id: str, *, into: str, actor: str, around: Around = alone) -> Contact:
        """Make two contacts one: what only the first has goes to the second, whose own values stay.

        Args:
            contact_id: the first.
            into: the second.
            actor: who does it.
            around: goes around the transaction.

        Raises:
            NotFound: one of them is not there.
            Conflict: they are the same.
        """
        now = self._clock.now()
        act = self._audit.act(actor, "contact.merged", f"contact/{contact_id}", into=into)

        def job() -> Generator[Statement, Rows, Contact]:
            first = _there((yield from knowing.one(contact_id)), contact_id)
            second = _there((yield from knowing.one(into)), into)
            if first.id == second.id:
                raise Conflict(f"contact {contact_id} and {into} are one already")
            yield from knowing.merged(first, second, at=now)
            yield from audit.write(act)
            return _there((yield from knowing.one(second.id)), into)

        return await self._store.transact(around(job))

    async def leads(
        self, *, contact_id: str | None = None, since: float | None = None, limit: int = 50, cursor: str | None = None
    ) -> Page[KeptLead]:
        """Leads, newest first.

        Args:
            contact_id: of one contact.
            since: seconds since the epoch.
            limit: of this page.
            cursor: the last page's ``next``.

        Raises:
            InvalidRequest: a limit or cursor that is none.
        """
        count = checked_limit(limit)
        place = None if cursor is None else read_cursor(cursor, (float, str))
        chosen = {"contact": contact_id, "since": None if since is None else float(since)}
        found = await self._store.transact(lambda: knowing.leads(chosen, before=place, limit=count + 1))
        last = found[count - 1] if len(found) > count else None
        return Page(items=found[:count], next=cursor_of(last.at, last.id) if last else None)

    def _check(self, columns: dict[str, str | None]) -> None:
        stages, languages = self._document.contacts.stages, self._document.languages
        if "stage" in columns and columns["stage"] not in stages:
            raise InvalidRequest("stage", f"is {columns['stage']!r}; give one of {', '.join(stages)}")
        if columns.get("language") is not None and columns["language"] not in languages:
            raise InvalidRequest("language", f"is {columns['language']!r}; give one of {', '.join(languages)}")
        for column in ("name", "email"):
            value = columns.get(column)
            if value is not None:
                columns[column] = checked_text(column, value, longest=_LONGEST_NAME)


def _there(found: Found | None, contact_id: str) -> Found:
    if found is None:
        raise NotFound(f"contact {contact_id} is not there")
    return found
