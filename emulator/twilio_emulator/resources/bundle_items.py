"""What is in bundles: end users, supporting documents, and their assignments.

``numbers.twilio.com/v2/RegulatoryCompliance``: ``EndUsers``, ``SupportingDocuments`` and
``Bundles/{Sid}/ItemAssignments``.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from twilio_emulator.calls import Answer, Call, Json, Route
from twilio_emulator.dates import iso8601
from twilio_emulator.errors import invalid
from twilio_emulator.paging import meta_page, window_of
from twilio_emulator.regulatory.bundles import (
    ASSIGNMENT,
    DOCUMENT,
    END_USER,
    assign,
    refuse_change,
    refuse_item_change,
)
from twilio_emulator.regulatory.regulations import DOCUMENT_TYPES, END_USER_TYPES
from twilio_emulator.resources.bundles import named_bundle

if TYPE_CHECKING:
    from twilio_emulator.models import Record
    from twilio_emulator.params import Params

__all__ = ["ROUTES"]

_LONGEST = 256
_DEEPEST = 20
_PREFIXES = {END_USER: "IT", DOCUMENT: "RD"}
_PATHS = {END_USER: "EndUsers", DOCUMENT: "SupportingDocuments"}


def create(call: Call, *, kind: str) -> Answer:
    """Keep an end user, or a document as a draft."""
    name = call.params.text("FriendlyName", longest=_LONGEST)
    if not name:
        raise invalid("FriendlyName", "it is required")
    record = call.core.store.records.add(
        kind,
        sid=call.core.sids.sid(_PREFIXES[kind]),
        account_sid=call.account.sid,
        status="draft" if kind == DOCUMENT else "",
        data={
            "friendly_name": name,
            "type": _type(call.params, kind),
            "attributes": _attributes(call.params) or {},
            "failure_reason": None,
        },
        now=call.now,
    )
    return Answer(status=201, body=_render(record))


def list_(call: Call, *, kind: str) -> Answer:
    """List the account's end users or documents, newest first."""
    window = window_of(call.params)
    found = call.core.store.records.page(kind, [("account_sid = ?", call.account.sid)], window)
    return Answer(body=meta_page(call, "results", found, window, _render))


def fetch(call: Call, *, kind: str) -> Answer:
    """Return one of them."""
    return Answer(body=_render(_named(call, kind)))


def update(call: Call, *, kind: str) -> Answer:
    """Change one of them; attributes are replaced as a whole."""
    record = _named(call, kind)
    refuse_item_change(call.core, record)
    name = call.params.text("FriendlyName", longest=_LONGEST)
    if name is not None and not name:
        raise invalid("FriendlyName", "it cannot be empty")
    attributes = _attributes(call.params)
    data = {"friendly_name": name, "attributes": attributes}
    given = {field: value for field, value in data.items() if value is not None}
    return Answer(body=_render(call.core.store.records.change(record, data=given, now=call.now)))


def delete(call: Call, *, kind: str) -> Answer:
    """Delete one of them, also from the drafts that have it."""
    record = _named(call, kind)
    refuse_item_change(call.core, record)
    records = call.core.store.records
    for assignment in records.where(ASSIGNMENT, key=record.sid):
        records.delete(assignment)
    records.delete(record)
    return Answer(status=204)


def add_item(call: Call) -> Answer:
    """Put an end user or a document into a bundle."""
    bundle = named_bundle(call, "BundleSid")
    sid = call.params.text("ObjectSid")
    if not sid:
        raise invalid("ObjectSid", "it is required", code=22205)
    return Answer(status=201, body=_render_item(assign(call.core, bundle, sid, now=call.now)))


def items(call: Call) -> Answer:
    """List what is in a bundle, newest first."""
    bundle = named_bundle(call, "BundleSid")
    window = window_of(call.params)
    found = call.core.store.records.page(ASSIGNMENT, [("parent_sid = ?", bundle.sid)], window)
    return Answer(body=meta_page(call, "results", found, window, _render_item))


def item(call: Call) -> Answer:
    """Return one assignment."""
    return Answer(body=_render_item(_named_item(call)))


def remove_item(call: Call) -> Answer:
    """Take an end user or a document out of a bundle."""
    assignment = _named_item(call)
    refuse_change(named_bundle(call, "BundleSid"), "its items cannot change")
    call.core.store.records.delete(assignment)
    return Answer(status=204)


def _type(params: Params, kind: str) -> str:
    if kind == END_USER:
        value = params.choice("Type", END_USER_TYPES)
        if not value:
            raise invalid("Type", "it is required")
        return value
    value = params.text("Type")
    if value not in DOCUMENT_TYPES:
        raise invalid("Type", f"it must be one of {', '.join(sorted(DOCUMENT_TYPES))}", code=22210)
    return str(value)


def _attributes(params: Params) -> Json | None:
    """Return ``Attributes``, a JSON object, or None when it was not given."""
    text = params.text("Attributes")
    if text is None:
        return None
    try:
        value = json.loads(text or "{}")
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise invalid("Attributes", "it must be a JSON object") from error
    if not isinstance(value, dict) or _depth(value) > _DEEPEST:
        raise invalid("Attributes", f"it must be a JSON object, at most {_DEEPEST} deep")
    return value


def _depth(value: object) -> int:
    """Return how deep a JSON value is nested, level by level: it may be deeper than Python can recurse."""
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent if isinstance(parent, list) else ())
        ]
    return depth


def _named(call: Call, kind: str) -> Record:
    record = call.core.store.records.find(kind, call.ids["Sid"])
    if record is None or record.account_sid != call.account.sid:
        raise call.not_found()
    return record


def _named_item(call: Call) -> Record:
    bundle = named_bundle(call, "BundleSid")
    record = call.core.store.records.find(ASSIGNMENT, call.ids["Sid"])
    if record is None or record.parent_sid != bundle.sid:
        raise call.not_found()
    return record


def _render(record: Record) -> Json:
    body: dict[str, object] = {
        "sid": record.sid,
        "account_sid": record.account_sid,
        "friendly_name": record.data["friendly_name"],
        "type": record.data["type"],
        "attributes": record.data["attributes"],
        "date_created": iso8601(record.created),
        "date_updated": iso8601(record.updated),
        "url": f"https://numbers.twilio.com{_ROOT}/{_PATHS[record.kind]}/{record.sid}",
    }
    if record.kind == DOCUMENT:
        reason = record.data["failure_reason"]
        body |= {"mime_type": None, "status": record.status, "failure_reason": reason, "errors": None}
    return body


def _render_item(record: Record) -> Json:
    return {
        "sid": record.sid,
        "bundle_sid": record.parent_sid,
        "account_sid": record.account_sid,
        "object_sid": record.key,
        "date_created": iso8601(record.created),
        "url": f"https://numbers.twilio.com{_ROOT}/Bundles/{record.parent_sid}/ItemAssignments/{record.sid}",
    }


_ROOT = "/v2/RegulatoryCompliance"
_ITEMS = f"{_ROOT}/Bundles/{{BundleSid}}/ItemAssignments"


def _routes(kind: str) -> tuple[Route, ...]:
    path = f"{_ROOT}/{_PATHS[kind]}"
    return (
        Route("POST", "numbers", path, partial(create, kind=kind)),
        Route("GET", "numbers", path, partial(list_, kind=kind)),
        Route("GET", "numbers", f"{path}/{{Sid}}", partial(fetch, kind=kind)),
        Route("POST", "numbers", f"{path}/{{Sid}}", partial(update, kind=kind)),
        Route("DELETE", "numbers", f"{path}/{{Sid}}", partial(delete, kind=kind)),
    )


ROUTES: tuple[Route, ...] = (
    *_routes(END_USER),
    *_routes(DOCUMENT),
    Route("POST", "numbers", _ITEMS, add_item),
    Route("GET", "numbers", _ITEMS, items),
    Route("GET", "numbers", f"{_ITEMS}/{{Sid}}", item),
    Route("DELETE", "numbers", f"{_ITEMS}/{{Sid}}", remove_item),
)
