"""Addresses of customers: ``/2010-04-01/Accounts/{AccountSid}/Addresses``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from twilio_emulator.calls import Answer, Call, Json, Route
from twilio_emulator.dates import rfc2822
from twilio_emulator.errors import invalid
from twilio_emulator.paging import uri_page, window_of
from twilio_emulator.regulatory.addresses import ADDRESS, PARTS, checked, find_address, refuse_in_use
from twilio_emulator.resources.incoming_numbers import render_dependent

if TYPE_CHECKING:
    from twilio_emulator.models import Record

__all__ = ["ROUTES"]

_COUNTRY = re.compile(r"[A-Z]{2}")
_FILTERS = {"CustomerName": "customer_name", "FriendlyName": "friendly_name", "IsoCountry": "iso_country"}
_LONGEST = 256


def create(call: Call) -> Answer:
    """Keep an address."""
    country = call.params.text("IsoCountry")
    if not country:
        raise invalid("IsoCountry", "it is required")
    if not _COUNTRY.fullmatch(country):
        raise invalid("IsoCountry", "give a country as two capital letters, such as US")
    first = {
        "iso_country": country,
        "friendly_name": None,
        "street_secondary": None,
        "emergency_enabled": False,
    }
    record = call.core.store.records.add(
        ADDRESS, sid=call.core.sids.sid("AD"), account_sid=call.account.sid, data=_changed(call, first), now=call.now
    )
    return Answer(status=201, body=_render(record))


def list_(call: Call) -> Answer:
    """List the account's addresses, newest first."""
    window = window_of(call.params)
    conditions: list[tuple[str, object]] = [("account_sid = ?", call.account.sid)]
    for name, field in _FILTERS.items():
        if value := call.params.text(name):
            conditions.append((f"json_extract(data, '$.{field}') = ?", value))
    if (enabled := call.params.boolean("EmergencyEnabled")) is not None:
        conditions.append(("json_extract(data, '$.emergency_enabled') = ?", int(enabled)))
    found = call.core.store.records.page(ADDRESS, conditions, window)
    filters = (*_FILTERS, "EmergencyEnabled")
    return Answer(body=uri_page(call, "addresses", found, window, _render, filters=filters))


def fetch(call: Call) -> Answer:
    """Return one address."""
    return Answer(body=_render(_named(call, "Sid")))


def update(call: Call) -> Answer:
    """Change an address; its country stays."""
    record = _named(call, "Sid")
    data = _changed(call, record.data)
    return Answer(body=_render(call.core.store.records.change(record, data=data, now=call.now)))


def delete(call: Call) -> Answer:
    """Delete an address that no number needs."""
    record = _named(call, "Sid")
    refuse_in_use(call.core, record)
    call.core.store.records.delete(record)
    return Answer(status=204)


def dependent_numbers(call: Call) -> Answer:
    """List the numbers that name an address, also as their emergency address."""
    record = _named(call, "AddressSid")
    window = window_of(call.params)
    numbers = call.core.store.numbers
    names_it = numbers.configured(("address_sid", "emergency_address_sid"), record.sid)
    found = numbers.page([("account_sid = ?", call.account.sid), names_it], window)
    return Answer(body=uri_page(call, "dependent_phone_numbers", found, window, render_dependent))


def _changed(call: Call, before: Json) -> dict[str, object]:
    """Return an address after a call, checked."""
    params = call.params
    data = dict(before)
    for field, name in PARTS.items():
        value = params.text(name, longest=_LONGEST)
        if value is not None:
            data[field] = value
        if not str(data.get(field) or "").strip():
            raise invalid(name, "it is required")
    for field, name in (("friendly_name", "FriendlyName"), ("street_secondary", "StreetSecondary")):
        value = params.text(name, longest=_LONGEST)
        if value is not None:
            data[field] = value
    enabled = params.boolean("EmergencyEnabled")
    if enabled is not None:
        data["emergency_enabled"] = enabled
    may_correct = params.boolean("AutoCorrectAddress") is not False
    return checked(data, may_correct=may_correct)


def _named(call: Call, name: str) -> Record:
    record = find_address(call.core, call.account.sid, call.ids[name])
    if record is None:
        raise call.not_found()
    return record


def _render(record: Record) -> Json:
    return {
        **record.data,
        "account_sid": record.account_sid,
        "date_created": rfc2822(record.created),
        "date_updated": rfc2822(record.updated),
        "sid": record.sid,
        "uri": f"/2010-04-01/Accounts/{record.account_sid}/Addresses/{record.sid}.json",
    }


_LIST = "/2010-04-01/Accounts/{AccountSid}/Addresses"
_ONE = f"{_LIST}/{{Sid}}.json"

ROUTES: tuple[Route, ...] = (
    Route("POST", "api", f"{_LIST}.json", create),
    Route("GET", "api", f"{_LIST}.json", list_),
    Route("GET", "api", _ONE, fetch),
    Route("POST", "api", _ONE, update),
    Route("DELETE", "api", _ONE, delete),
    Route("GET", "api", f"{_LIST}/{{AddressSid}}/DependentPhoneNumbers.json", dependent_numbers),
)
