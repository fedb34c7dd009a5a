"""Contacts and leads: who writes, and what they want."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from switchboard_runtime.edge.api.call import Route
from switchboard_runtime.edge.api.models import Asked, Id, Paged, PageQuery, Person, Plain, Shown, Timestamp
from switchboard_runtime.edge.api.problems import Problem
from switchboard_runtime.edge.api.serving import etag_of
from switchboard_runtime.people import KEEP

if TYPE_CHECKING:
    from switchboard_runtime.edge.api.call import Call
    from switchboard_runtime.people import Contact, ContactNote, KeptLead, Page

__all__ = ["ROUTES"]

_READ, _WRITE = "contacts:read", "contacts:write"
_Tag = Annotated[Plain, Field(min_length=1, max_length=64)]
_Value = Annotated[Plain, Field(max_length=2000)] | bool | int | float


class ShownIdentity(Shown):
    """An address that a contact writes from."""

    channel: str
    address: str


class ShownContact(Shown):
    """A person or firm that writes, by one address or several."""

    id: str
    name: str | None
    phone: str | None
    email: str | None
    language: str | None
    stage: str
    fields_: dict[str, str | int | float | bool] = Field(alias="fields", validation_alias="fields")
    tags: tuple[str, ...]
    identities: tuple[ShownIdentity, ...]
    first_seen: Timestamp
    last_seen: Timestamp


class ShownNote(Shown):
    """What somebody noted of a contact."""

    id: str
    at: Timestamp
    author: str
    text: str


class Notes(Shown):
    """What was noted, newest first."""

    items: tuple[ShownNote, ...]


class ShownLead(Shown):
    """A wish that an assistant understood."""

    id: str
    contact_id: str
    conversation_id: int
    at: Timestamp
    name: str | None
    phone: str | None
    email: str | None
    interest: str


class ContactQuery(PageQuery):
    """Which contacts."""

    stage: Annotated[Plain, Field(max_length=64)] | None = None
    tag: _Tag | None = None
    q: Annotated[Plain, Field(max_length=200, description="In name, e-mail or phone, any case and accents.")] | None = (
        None
    )


class LeadQuery(PageQuery):
    """Which leads."""

    contact: Id | None = None
    since: Timestamp | None = None


class OneContact(Asked):
    """The contact."""

    contact: Id


class ContactPatch(Asked):
    """What changes; what is left out stays, null takes away. A contact's stage is its leads' too."""

    name: Annotated[Plain, Field(min_length=1, max_length=200)] | None = None
    email: Annotated[Plain, Field(min_length=1, max_length=200)] | None = None
    language: Annotated[str, Field(max_length=35)] | None = None
    stage: Annotated[Plain, Field(max_length=64)] = ""
    fields_: Annotated[dict[Plain, _Value | None], Field(alias="fields", max_length=100, default_factory=dict)]
    add_tags: Annotated[tuple[_Tag, ...], Field(max_length=50)] = ()
    remove_tags: Annotated[tuple[_Tag, ...], Field(max_length=50)] = ()
    person: Person | None = None


class NewNote(Asked):
    """A note."""

    text: Annotated[Plain, Field(min_length=1, max_length=10_000)]
    person: Person | None = None


class Merge(Asked):
    """The contact that stays."""

    into: Id
    person: Person | None = None


async def list_contacts(call: Call) -> Page[Contact]:
    """``GET /contacts``."""
    query = call.query
    return await call.people.contacts.page(
        stage=query.stage, tag=query.tag, words=query.q, limit=query.limit, cursor=query.cursor
    )


async def get_contact(call: Call) -> Contact:
    """``GET /contacts/{contact}``."""
    return await call.people.contacts.get(call.path["contact"])


async def change_contact(call: Call) -> Contact:
    """``PATCH /contacts/{contact}``."""
    body, given = call.body, call.body.model_fields_set

    def as_it_was(contact: Contact) -> None:
        shown = etag_of(ShownContact.model_validate(contact).model_dump_json(by_alias=True))
        if call.match is not None and call.match != "*" and shown not in _etags(call.match):
            raise Problem("changed", f"contact {contact.id} is not as it was when that ETag was given")

    return await call.people.contacts.update(
        call.path["contact"],
        actor=body.person or call.token.name,
        name=body.name if "name" in given else KEEP,
        email=body.email if "email" in given else KEEP,
        language=body.language if "language" in given else KEEP,
        stage=body.stage if "stage" in given else KEEP,
        fields=body.fields_,
        add_tags=body.add_tags,
        remove_tags=body.remove_tags,
        check=as_it_was,
        around=call.once,
    )


async def list_notes(call: Call) -> dict[str, tuple[ContactNote, ...]]:
    """``GET /contacts/{contact}/notes``."""
    return {"items": await call.people.contacts.notes(call.path["contact"])}


async def add_note(call: Call) -> ContactNote:
    """``POST /contacts/{contact}/notes``."""
    actor = call.body.person or call.token.name
    return await call.people.contacts.note(call.path["contact"], call.body.text, actor=actor, around=call.once)


async def merge_contact(call: Call) -> Contact:
    """``POST /contacts/{contact}/merge``."""
    actor = call.body.person or call.token.name
    return await call.people.contacts.merge(call.path["contact"], into=call.body.into, actor=actor, around=call.once)


async def list_leads(call: Call) -> Page[KeptLead]:
    """``GET /leads``."""
    query = call.query
    since = query.since.timestamp() if query.since else None
    return await call.people.contacts.leads(
        contact_id=query.contact, since=since, limit=query.limit, cursor=query.cursor
    )


def _etags(match: str) -> set[str]:
    return {one.strip() for one in match.split(",")}


def _route(method: Any, path: str, scope: str, handler: Any, answer: Any, summary: str, **more: Any) -> Route:
    return Route(
        method=method,
        path=path,
        scope=scope,
        handler=handler,
        answer=answer,
        summary=summary,
        tag="Leads" if path == "/leads" else "Contacts",
        **more,
    )


_ONE: dict[str, Any] = {"parameters": OneContact, "problems": ("not-found",)}

ROUTES = (
    _route("GET", "/contacts", _READ, list_contacts, Paged[ShownContact], "Contacts, newest first", query=ContactQuery),
    _route("GET", "/contacts/{contact}", _READ, get_contact, ShownContact, "One contact", etag=True, **_ONE),
    _route(
        "PATCH",
        "/contacts/{contact}",
        _WRITE,
        change_contact,
        ShownContact,
        "Change a contact: name, e-mail, language, stage, fields, tags",
        etag=True,
        body=ContactPatch,
        parameters=OneContact,
        problems=("not-found", "changed"),
    ),
    _route("GET", "/contacts/{contact}/notes", _READ, list_notes, Notes, "What was noted of a contact", **_ONE),
    _route(
        "POST",
        "/contacts/{contact}/notes",
        _WRITE,
        add_note,
        ShownNote,
        "Note something",
        status=201,
        body=NewNote,
        **_ONE,
    ),
    _route(
        "POST",
        "/contacts/{contact}/merge",
        _WRITE,
        merge_contact,
        ShownContact,
        "Make it one with another contact, which stays",
        body=Merge,
        parameters=OneContact,
        problems=("not-found", "conflict"),
    ),
    _route("GET", "/leads", _READ, list_leads, Paged[ShownLead], "Leads, newest first", query=LeadQuery),
)
