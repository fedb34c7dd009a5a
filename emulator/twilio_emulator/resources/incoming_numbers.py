"""Numbers that an account owns: ``/2010-04-01/Accounts/{AccountSid}/IncomingPhoneNumbers``.

Every well-formed number of the numbering plan can be bought until somebody owns it. A released number can
be bought by nobody for ten days: Twilio gives it back in its Console only.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from twilio_emulator.calls import Answer, Call, Json, Route
from twilio_emulator.dates import rfc2822
from twilio_emulator.errors import ApiError, invalid
from twilio_emulator.models import Account, AccountStatus, Number, NumberConfig
from twilio_emulator.numbering import COUNTRIES, Search, search
from twilio_emulator.numbering.plan import is_e164, locate
from twilio_emulator.paging import uri_page, window_of
from twilio_emulator.resources.available_numbers import friendly_name
from twilio_emulator.resources.number_config import apply_config

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twilio_emulator.params import Params

__all__ = ["ROUTES"]

_TYPES: Mapping[str, str] = {"Local": "local", "TollFree": "toll_free", "Mobile": "mobile"}
_FILTERS = ("Beta", "FriendlyName", "PhoneNumber", "Origin")
_UNBUYABLE = {"+15005550000": 21422, "+15005550001": 21421}
"""Twilio's magic numbers for a refused purchase."""


def create(call: Call, *, kind: str | None = None) -> Answer:
    """Buy a number: an exact one, or any of an area code."""
    if call.account.status != AccountStatus.ACTIVE:
        raise ApiError(status=403, code=20005, message="Account is not active")
    name = call.params.text("FriendlyName", longest=64, code=20002)
    config = apply_config(NumberConfig(), call.params)
    phone_number = _chosen(call)
    place = locate(phone_number)
    if place is None:
        raise _invalid_number(phone_number)
    if kind is not None and place.type.kind != kind:
        raise ApiError(status=400, code=21458, message=f"PhoneNumber {phone_number} is {place.type.kind}, not {kind}")
    number = call.core.store.numbers.add(
        sid=call.core.sids.sid("PN"),
        account_sid=call.account.sid,
        phone_number=phone_number,
        country=place.country.code,
        kind=place.type.kind,
        friendly_name=name or friendly_name(phone_number),
        config=config,
        now=call.now,
    )
    return Answer(status=201, body=_render(number) if kind is None else _render_typed(number))


def list_(call: Call, *, kind: str | None = None) -> Answer:
    """List the account's numbers, newest first."""
    window = window_of(call.params)
    conditions = [("account_sid = ?", call.account.sid), *_conditions(call.params)]
    if kind is not None:
        conditions.append(("kind = ?", kind))
    found = call.core.store.numbers.page(conditions, window)
    render = _render if kind is None else _render_typed
    return Answer(body=uri_page(call, "incoming_phone_numbers", found, window, render, filters=_FILTERS))


def fetch(call: Call) -> Answer:
    """Return one number."""
    return Answer(body=_render(_named(call)))


def update(call: Call) -> Answer:
    """Configure a number, or move it to another account."""
    number = _named(call)
    name = call.params.text("FriendlyName", longest=64, code=20002)
    config = apply_config(number.config, call.params)
    owner = _gaining_account(call) or call.account
    changed = call.core.store.numbers.change(
        number.sid,
        account_sid=owner.sid,
        friendly_name=number.friendly_name if name is None else name,
        config=config,
        now=call.now,
    )
    return Answer(body=_render(changed))


def delete(call: Call) -> Answer:
    """Release a number for good."""
    call.core.store.numbers.release(_named(call), now=call.now)
    return Answer(status=204)


def _chosen(call: Call) -> str:
    """Return the number to buy, known to be free."""
    phone_number = call.params.text("PhoneNumber")
    if phone_number:
        return _exact(call, phone_number)
    area_code = call.params.text("AreaCode")
    if not area_code:
        raise invalid("PhoneNumber", "give PhoneNumber or AreaCode", code=21401)
    return _of_area(call, area_code)


def _exact(call: Call, phone_number: str) -> str:
    if _UNBUYABLE.get(phone_number) == 21421 or not is_e164(phone_number):
        raise _invalid_number(phone_number)
    free = call.core.store.numbers.is_free(phone_number, now=call.now)
    if phone_number in _UNBUYABLE or not free:
        raise ApiError(status=400, code=21422, message=f"PhoneNumber {phone_number} is not available for purchase")
    return phone_number


def _of_area(call: Call, area_code: str) -> str:
    if not (len(area_code) == 3 and area_code.isascii() and area_code.isdecimal() and area_code[0] > "1"):
        raise invalid("AreaCode", "it must have three digits and not start with 0 or 1", code=21451)
    store, now = call.core.store, call.now
    for country in (found for found in COUNTRIES.values() if found.has_area_codes):
        for type_ in country.types:
            offers = search(
                country=country,
                type_=type_,
                wanted=Search(area_code=area_code),
                seed=call.core.settings.seed,
                most=1,
                is_free=lambda number: store.numbers.is_free(number, now=now),
            )
            if offers:
                return offers[0].phone_number
    raise ApiError(status=400, code=21452, message=f"No phone numbers found in area code {area_code}")


def _invalid_number(phone_number: str) -> ApiError:
    return ApiError(status=400, code=21421, message=f"PhoneNumber {phone_number} is invalid")


def _gaining_account(call: Call) -> Account | None:
    """Return the account that a transfer names; only the parent's token may transfer."""
    account_sid = call.params.sid("AccountSid", "AC", code=21470)
    if not account_sid or account_sid == call.account.sid:
        return None
    if not call.caller.account.is_parent:
        raise ApiError(
            status=400,
            code=21474,
            message="AccountSid: the caller must be the parent account to transfer phone numbers",
        )
    account = call.core.store.accounts.find(account_sid)
    if account is None or account.owner_sid != call.account.owner_sid:
        raise ApiError(
            status=400,
            code=21473,
            message="AccountSid is not related to the account that owns the phone number",
        )
    if account.status != AccountStatus.ACTIVE:
        raise ApiError(status=400, code=21472, message="AccountSid: the account is not active")
    return account


def _conditions(params: Params) -> list[tuple[str, object]]:
    params.boolean("Beta")
    conditions: list[tuple[str, object]] = []
    if phone_number := params.text("PhoneNumber"):
        pattern = "".join("_" if char == "*" else char for char in phone_number if char.isalnum() or char == "*")
        conditions.append(("phone_number LIKE ?", f"%{pattern}%"))
    if name := params.text("FriendlyName"):
        conditions.append(("friendly_name = ?", name))
    return conditions


def _named(call: Call) -> Number:
    number = call.core.store.numbers.find(call.ids["Sid"])
    if number is None or number.account_sid != call.account.sid:
        raise call.not_found()
    return number


def _render(number: Number) -> Json:
    place = locate(number.phone_number)
    type_ = place.type if place else None
    return {
        **asdict(number.config),
        "account_sid": number.account_sid,
        "address_requirements": "none",
        "api_version": "2010-04-01",
        "beta": False,
        "capabilities": {
            "voice": bool(type_ and type_.voice),
            "sms": bool(type_ and type_.sms),
            "mms": bool(type_ and type_.mms),
            "fax": False,
        },
        "date_created": rfc2822(number.created),
        "date_updated": rfc2822(number.updated),
        "emergency_address_status": "unregistered",
        "friendly_name": number.friendly_name,
        "origin": "twilio",
        "phone_number": number.phone_number,
        "sid": number.sid,
        "status": "in-use",
        "type": number.kind.replace("_", "-"),
        "uri": f"/2010-04-01/Accounts/{number.account_sid}/IncomingPhoneNumbers/{number.sid}.json",
    }


def _render_typed(number: Number) -> Json:
    """Return a number as the lists of one type have it: without its type."""
    return {name: value for name, value in _render(number).items() if name != "type"}


_LIST = "/2010-04-01/Accounts/{AccountSid}/IncomingPhoneNumbers"
_ONE = f"{_LIST}/{{Sid}}.json"

ROUTES = (
    Route("POST", "api", f"{_LIST}.json", create),
    Route("GET", "api", f"{_LIST}.json", list_),
    *(Route("POST", "api", f"{_LIST}/{name}.json", partial(create, kind=kind)) for name, kind in _TYPES.items()),
    *(Route("GET", "api", f"{_LIST}/{name}.json", partial(list_, kind=kind)) for name, kind in _TYPES.items()),
    Route("GET", "api", _ONE, fetch),
    Route("POST", "api", _ONE, update),
    Route("DELETE", "api", _ONE, delete),
)
