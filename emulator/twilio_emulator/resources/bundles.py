"""Regulatory bundles: ``numbers.twilio.com/v2/RegulatoryCompliance/Bundles``, their copies and evaluations."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from twilio_emulator.calls import Answer, Call, Json, Route
from twilio_emulator.dates import iso8601, parse_moment
from twilio_emulator.errors import ApiError, invalid
from twilio_emulator.paging import meta_page, window_of
from twilio_emulator.regulatory.bundles import (
    ASSIGNMENT,
    BUNDLE,
    EVALUATION,
    BundleStatus,
    clone,
    refuse_delete,
)
from twilio_emulator.regulatory.evaluation import evaluate
from twilio_emulator.regulatory.regulations import (
    END_USER_TYPES,
    find_regulation,
    number_type_of,
    regulation_for,
)
from twilio_emulator.regulatory.review import set_status
from twilio_emulator.sids import is_sid
from twilio_emulator.store.window import Slice, Window

if TYPE_CHECKING:
    from twilio_emulator.models import Record
    from twilio_emulator.params import Params
    from twilio_emulator.regulatory.regulations import Regulation

__all__ = ["ROUTES", "named_bundle"]

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_LONGEST = 256
_MOST_SIDS = 20
_MOST_SORTED = 100_000
_MATCHES = {"RegulationSid": "regulation_sid", "IsoCountry": "iso_country", "EndUserType": "end_user_type"}
_MOMENTS = {"ValidUntilDate>": ">=", "ValidUntilDate<": "<="}
_FILTERS = (
    "Status",
    "BundleSids",
    "FriendlyName",
    *_MATCHES,
    "NumberType",
    "HasValidUntilDate",
    "ValidUntilDate",
    *_MOMENTS,
    "SortBy",
    "SortDirection",
)
_VALID_UNTIL = "json_extract(data, '$.valid_until')"


def create(call: Call) -> Answer:
    """Make a draft for a regulation, named by its SID or by country, kind of number and end user."""
    params = call.params
    for name in ("FriendlyName", "Email"):
        if not params.text(name):
            raise invalid(name, "it is required")
    regulation = _regulation(params)
    data = {
        "status_callback": "",
        **_properties(params),
        "regulation_sid": regulation.sid,
        "iso_country": regulation.country,
        "number_kind": regulation.kind,
        "end_user_type": regulation.end_user_type,
        "is_test": params.boolean("IsTest") or False,
        "valid_until": None,
        "failure_reason": "",
    }
    record = call.core.store.records.add(
        BUNDLE,
        sid=call.core.sids.sid("BU"),
        account_sid=call.account.sid,
        key=str(data["friendly_name"]),
        status=BundleStatus.DRAFT,
        data=data,
        now=call.now,
    )
    return Answer(status=201, body=_render(record))


def list_(call: Call) -> Answer:
    """List the account's bundles, newest first unless ``SortBy`` says otherwise."""
    window = window_of(call.params)
    conditions = [("account_sid = ?", call.account.sid), *_conditions(call.params)]
    found = _sorted_page(call, conditions, window)
    return Answer(body=meta_page(call, "results", found, window, _render, filters=_FILTERS))


def fetch(call: Call) -> Answer:
    """Return one bundle."""
    return Answer(body=_render(named_bundle(call, "Sid")))


def update(call: Call) -> Answer:
    """Change a bundle's properties, or submit it for review, or take it back."""
    bundle = named_bundle(call, "Sid")
    status = call.params.choice("Status", list(BundleStatus), code=22203)
    properties = _properties(call.params)
    if status and properties:
        message = "Status: bundle status and properties cannot be updated in the same request"
        raise ApiError(status=400, code=22204, message=message)
    if status:
        return Answer(body=_render(set_status(call.core, bundle, status, now=call.now)))
    key = str(properties.get("friendly_name", bundle.key))
    return Answer(body=_render(call.core.store.records.change(bundle, data=properties, key=key, now=call.now)))


def delete(call: Call) -> Answer:
    """Delete a draft."""
    bundle = named_bundle(call, "Sid")
    refuse_delete(call.core, bundle)
    records = call.core.store.records
    for kind in (ASSIGNMENT, EVALUATION):
        for record in records.where(kind, parent_sid=bundle.sid):
            records.delete(record)
    records.delete(bundle)
    return Answer(status=204)


def copy(call: Call) -> Answer:
    """Copy an approved bundle into a related account."""
    bundle = named_bundle(call, "BundleSid")
    target = call.params.sid("TargetAccountSid", "AC")
    if not target:
        raise invalid("TargetAccountSid", "it is required")
    made = clone(
        call.core,
        bundle,
        target=call.core.store.accounts.find(target),
        name=call.params.text("FriendlyName", longest=_LONGEST) or None,
        to_draft=call.params.boolean("MoveToDraft") or False,
        now=call.now,
    )
    body = {name: value for name, value in _render(made).items() if name not in {"sid", "links"}}
    return Answer(status=201, body={**body, "bundle_sid": made.sid, "url": f"{body['url']}/Clones"})


def evaluate_now(call: Call) -> Answer:
    """Say what is missing in a bundle."""
    bundle = named_bundle(call, "BundleSid")
    results = evaluate(call.core, bundle)
    record = call.core.store.records.add(
        EVALUATION,
        sid=call.core.sids.sid("EL"),
        account_sid=call.account.sid,
        parent_sid=bundle.sid,
        status="compliant" if all(result["passed"] for result in results) else "noncompliant",
        data={"regulation_sid": bundle.data["regulation_sid"], "results": results},
        now=call.now,
    )
    return Answer(status=201, body=_render_evaluation(record))


def evaluations(call: Call) -> Answer:
    """List a bundle's evaluations, newest first."""
    bundle = named_bundle(call, "BundleSid")
    window = window_of(call.params)
    found = call.core.store.records.page(EVALUATION, [("parent_sid = ?", bundle.sid)], window)
    return Answer(body=meta_page(call, "results", found, window, _render_evaluation))


def evaluation(call: Call) -> Answer:
    """Return one evaluation."""
    bundle = named_bundle(call, "BundleSid")
    record = call.core.store.records.find(EVALUATION, call.ids["Sid"])
    if record is None or record.parent_sid != bundle.sid:
        raise call.not_found()
    return Answer(body=_render_evaluation(record))


def named_bundle(call: Call, name: str) -> Record:
    """Return the caller's bundle that a path names.

    Raises:
        ApiError: 404, it is absent or another account's.
    """
    record = call.core.store.records.find(BUNDLE, call.ids[name])
    if record is None or record.account_sid != call.account.sid:
        raise call.not_found()
    return record


def _regulation(params: Params) -> Regulation:
    sid = params.sid("RegulationSid", "RN")
    if sid:
        regulation = find_regulation(sid)
        if regulation is None:
            raise invalid("RegulationSid", f"there is no regulation {sid}")
        return regulation
    country, number_type = params.text("IsoCountry"), params.text("NumberType")
    end_user = params.choice("EndUserType", END_USER_TYPES, code=22200)
    if not (country and number_type and end_user):
        raise invalid("RegulationSid", "give it, or IsoCountry, NumberType and EndUserType")
    regulation = regulation_for(country, number_type_of(number_type), end_user)
    if regulation is None:
        raise invalid("IsoCountry", f"{number_type} numbers of {country} need no bundle")
    return regulation


def _properties(params: Params) -> dict[str, object]:
    """Return the properties that a call names, checked."""
    email = params.text("Email", longest=_LONGEST)
    if email is not None and not _EMAIL.fullmatch(email):
        raise invalid("Email", "give an address such as somebody@example.com")
    name = params.text("FriendlyName", longest=_LONGEST)
    if name is not None and not name:
        raise invalid("FriendlyName", "it cannot be empty")
    values = {"friendly_name": name, "email": email, "status_callback": params.url("StatusCallback", code=21502)}
    return {field: value for field, value in values.items() if value is not None}


def _conditions(params: Params) -> list[tuple[str, object]]:
    conditions: list[tuple[str, object]] = []
    if status := params.choice("Status", ["", *BundleStatus], code=22203):
        conditions.append(("status = ?", status))
    if name := params.text("FriendlyName"):
        conditions.append(("key = ?", name))
    for parameter, field in _MATCHES.items():
        if value := params.text(parameter):
            conditions.append((f"json_extract(data, '$.{field}') = ?", value))
    if number_type := params.text("NumberType"):
        conditions.append(("json_extract(data, '$.number_kind') = ?", number_type_of(number_type)))
    if sids := params.text("BundleSids"):
        conditions.append(("instr(?, sid)", _sids(sids)))
    return [*conditions, *_validity(params)]


def _sids(text: str) -> str:
    sids = text.split(",")
    if len(sids) > _MOST_SIDS or not all(is_sid(sid, "BU") for sid in sids):
        raise invalid("BundleSids", f"give up to {_MOST_SIDS} SIDs of bundles with commas between them")
    return text


def _validity(params: Params) -> list[tuple[str, object]]:
    """Return the conditions on the date until which a bundle is valid."""
    conditions: list[tuple[str, object]] = []
    if (wants := params.boolean("HasValidUntilDate")) is not None:
        conditions.append((f"({_VALID_UNTIL} IS NOT NULL) = ?", int(wants)))
    if exact := _moment(params, "ValidUntilDate"):
        conditions += [(f"{_VALID_UNTIL} >= ?", exact[0]), (f"{_VALID_UNTIL} < ?", exact[1])]
    for name, comparison in _MOMENTS.items():
        if bound := _moment(params, name):
            conditions.append((f"{_VALID_UNTIL} {comparison} ?", bound[0]))
    return conditions


def _moment(params: Params, name: str) -> tuple[float, float] | None:
    text = params.text(name)
    if not text:
        return None
    try:
        return parse_moment(text)
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        raise invalid(name, "give a moment such as 2026-11-21T00:00:00Z") from error


def _sorted_page(call: Call, conditions: list[tuple[str, object]], window: Window) -> Slice[Record]:
    by = call.params.choice("SortBy", ["", "valid-until", "date-updated"])
    direction = call.params.choice("SortDirection", ["", "ASC", "DESC"])
    records = call.core.store.records
    if not by:
        return records.page(BUNDLE, conditions, window)
    found = list(records.page(BUNDLE, conditions, Window(size=_MOST_SORTED)).items)
    found.sort(key=lambda record: _sort_key(record, by), reverse=direction != "ASC")
    return Slice.of(found, window)


def _sort_key(record: Record, by: str) -> tuple[float, int]:
    moment = record.updated if by == "date-updated" else record.data["valid_until"]
    return (float(moment) if isinstance(moment, int | float) else 0.0), record.seq


def _render(record: Record) -> Json:
    url = f"https://numbers.twilio.com{_LIST}/{record.sid}"
    valid_until = record.data["valid_until"]
    return {
        "sid": record.sid,
        "account_sid": record.account_sid,
        "regulation_sid": record.data["regulation_sid"],
        "friendly_name": record.data["friendly_name"],
        "status": record.status,
        "valid_until": iso8601(valid_until) if isinstance(valid_until, int | float) else None,
        "email": record.data["email"],
        "status_callback": record.data["status_callback"] or None,
        "date_created": iso8601(record.created),
        "date_updated": iso8601(record.updated),
        "url": url,
        "links": {
            "evaluations": f"{url}/Evaluations",
            "item_assignments": f"{url}/ItemAssignments",
            "bundle_copies": f"{url}/Copies",
        },
    }


def _render_evaluation(record: Record) -> Json:
    return {
        "sid": record.sid,
        "account_sid": record.account_sid,
        "regulation_sid": record.data["regulation_sid"],
        "bundle_sid": record.parent_sid,
        "status": record.status,
        "results": record.data["results"],
        "date_created": iso8601(record.created),
        "url": f"https://numbers.twilio.com{_LIST}/{record.parent_sid}/Evaluations/{record.sid}",
    }


_LIST = "/v2/RegulatoryCompliance/Bundles"
_ONE = f"{_LIST}/{{Sid}}"
_OF_ONE = f"{_LIST}/{{BundleSid}}"

ROUTES: tuple[Route, ...] = (
    Route("POST", "numbers", _LIST, create),
    Route("GET", "numbers", _LIST, list_),
    Route("GET", "numbers", _ONE, fetch),
    Route("POST", "numbers", _ONE, update),
    Route("DELETE", "numbers", _ONE, delete),
    Route("POST", "numbers", f"{_OF_ONE}/Clones", copy),
    Route("POST", "numbers", f"{_OF_ONE}/Evaluations", evaluate_now),
    Route("GET", "numbers", f"{_OF_ONE}/Evaluations", evaluations),
    Route("GET", "numbers", f"{_OF_ONE}/Evaluations/{{Sid}}", evaluation),
)
