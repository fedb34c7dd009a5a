"""Content templates and their approval by WhatsApp: ``content.twilio.com/v1``.

``LegacyContent`` lists what Twilio made of templates from before this API: those that the admin API calls so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.calls import Answer, Call, Json, Route
from twilio_emulator.content.templates import CATEGORIES, CONTENT, approval_of, check_unsubmitted, submit
from twilio_emulator.content.types import read_types
from twilio_emulator.dates import iso8601
from twilio_emulator.documents import Document
from twilio_emulator.errors import invalid
from twilio_emulator.paging import meta_page, window_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from twilio_emulator.models import Record

__all__ = ["ROUTES"]

_ROOT = "https://content.twilio.com/v1/Content"
_LONGEST_NAME = 450
_MOST_VARIABLES = 100


def create(call: Call) -> Answer:
    """Make a template."""
    document = Document(call.document)
    document.require("language", "types")
    data = {"friendly_name": "", "variables": {}, **_given(document)}
    content = call.core.store.records.add(
        CONTENT, sid=call.core.sids.sid("HX"), account_sid=call.account.sid, now=call.now, data=data
    )
    return Answer(status=201, body=_render(content))


def list_(call: Call) -> Answer:
    """List the account's templates, newest first."""
    return _page(call, _render)


def list_with_approvals(call: Call) -> Answer:
    """List the account's templates, each with its approval request."""
    return _page(call, _render_with_approval)


def list_legacy(call: Call) -> Answer:
    """List the account's templates that stem from older ones."""
    return _page(call, _render_legacy, [("json_extract(data, '$.legacy_name') > ?", "")])


def fetch(call: Call) -> Answer:
    """Return one template."""
    return Answer(body=_render(_named(call, "Sid")))


def update(call: Call) -> Answer:
    """Change a template that WhatsApp was not asked about."""
    content = _named(call, "Sid")
    document = Document(call.document)
    document.require("types")
    given = _given(document)
    check_unsubmitted(content)
    return Answer(body=_render(call.core.store.records.change(content, data=given, now=call.now)))


def delete(call: Call) -> Answer:
    """Delete a template."""
    call.core.store.records.delete(_named(call, "Sid"))
    return Answer(status=204)


def create_approval(call: Call) -> Answer:
    """Ask WhatsApp to approve a template."""
    content = _named(call, "ContentSid")
    document = Document(call.document)
    document.require("name", "category")
    name, category = document.text("name") or "", document.choice("category", CATEGORIES) or ""
    submitted = submit(call.core, content, name=name, category=category, now=call.now)
    return Answer(status=201, body=approval_of(submitted))


def fetch_approval(call: Call) -> Answer:
    """Return how the review of a template stands."""
    content = _named(call, "Sid")
    return Answer(
        body={
            "sid": content.sid,
            "account_sid": content.account_sid,
            "whatsapp": {"type": "whatsapp", **approval_of(content)},
            "url": f"{_ROOT}/{content.sid}/ApprovalRequests",
        }
    )


def _given(document: Document) -> dict[str, object]:
    """Return what the body gives of a template, checked."""
    values: dict[str, object] = {
        "friendly_name": document.text("friendly_name", longest=_LONGEST_NAME),
        "language": document.text("language", longest=20),
        "variables": _variables(document.part("variables")),
        "types": read_types(document.part("types")),
    }
    if values["language"] == "":
        raise invalid("language", "it must not be empty")
    return {name: value for name, value in values.items() if name in document}


def _variables(document: Document) -> dict[str, str | None]:
    names = document.names()
    if len(names) > _MOST_VARIABLES:
        raise invalid("variables", f"it may have at most {_MOST_VARIABLES}")
    for name in names:
        if not (name.isascii() and name.replace("_", "").isalnum() and len(name) <= 64):
            raise invalid("variables", "a name has letters, digits and underscores only")
    return {name: document.text(name, longest=1600) for name in names}


def _page(call: Call, render: Callable[[Record], Json], conditions: Sequence[tuple[str, object]] = ()) -> Answer:
    window = window_of(call.params)
    own = [("account_sid = ?", call.account.sid), *conditions]
    found = call.core.store.records.page(CONTENT, own, window)
    return Answer(body=meta_page(call, "contents", found, window, render))


def _named(call: Call, name: str) -> Record:
    content = call.core.store.records.find(CONTENT, call.ids[name])
    if content is None or content.account_sid != call.account.sid:
        raise call.not_found()
    return content


def _common(content: Record) -> dict[str, object]:
    return {
        "sid": content.sid,
        "account_sid": content.account_sid,
        "friendly_name": content.data["friendly_name"],
        "language": content.data["language"],
        "variables": content.data["variables"],
        "types": content.data["types"],
        "date_created": iso8601(content.created),
        "date_updated": iso8601(content.updated),
    }


def _render(content: Record) -> Json:
    url = f"{_ROOT}/{content.sid}"
    links = {
        "approval_create": f"{url}/ApprovalRequests/whatsapp",
        "approval_fetch": f"{url}/ApprovalRequests",
    }
    return {**_common(content), "url": url, "links": links}


def _render_with_approval(content: Record) -> Json:
    return {**_common(content), "approval_requests": approval_of(content)}


def _render_legacy(content: Record) -> Json:
    return {
        **_common(content),
        "legacy_template_name": content.data["legacy_name"],
        "legacy_body": _body(content.data["types"]),
        "url": f"{_ROOT}/{content.sid}",
    }


def _body(types: object) -> str:
    kinds = types.values() if isinstance(types, dict) else ()
    return next((str(fields["body"]) for fields in kinds if fields.get("body")), "")


_LIST = "/v1/Content"
_ONE = f"{_LIST}/{{Sid}}"

ROUTES = (
    Route("POST", "content", _LIST, create, takes_json=True),
    Route("GET", "content", _LIST, list_),
    Route("GET", "content", _ONE, fetch),
    Route("PUT", "content", _ONE, update, takes_json=True),
    Route("DELETE", "content", _ONE, delete),
    Route("GET", "content", f"{_ONE}/ApprovalRequests", fetch_approval),
    Route("POST", "content", f"{_LIST}/{{ContentSid}}/ApprovalRequests/whatsapp", create_approval, takes_json=True),
    Route("GET", "content", "/v1/ContentAndApprovals", list_with_approvals),
    Route("GET", "content", "/v1/LegacyContent", list_legacy),
)
