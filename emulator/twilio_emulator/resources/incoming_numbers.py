"""Numbers that an account owns: ``/2010-04-01/Accounts/{AccountSid}/IncomingPhoneNumbers``.

Every well-formed number of the numbering plan can be bought until somebody owns it. A released number can
be bought by nobody for ten days: Twilio gives it back in its Console only. What local law asks of the owner is
checked when a number is bought, when that part of it changes, and when it moves.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from twilio_emulator.accounts_control import check_may_buy
from twilio_emulator.calls import Answer, Call, Json, Route
from twilio_emulator.dates import rfc2822
from twilio_emulator.errors import ApiError, invalid
from twilio_emulator.models import Number, NumberConfig
from twilio_emulator.numbering import COUNTRIES
from twilio_emulator.numbering.plan import locate
from twilio_emulator.numbering.purchase import any_of_area, exact, friendly_name
from twilio_emulator.numbering.routing import APPLICATION
from twilio_emulator.numbering.transfer import gaining_account, left_behind
from twilio_emulator.paging import uri_page, window_of
from twilio_emulator.regulatory.emergency import address_status, refuse_while_registered, register
from twilio_emulator.regulatory.requirements import check_requirements
from twilio_emulator.resources.number_config import apply_config
from twilio_emulator.signals import Signal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twilio_emulator.params import Params

__all__ = ["ROUTES", "render_dependent"]

_TYPES: Mapping[str, str] = {"Local": "local", "TollFree": "toll_free", "Mobile": "mobile"}
_FILTERS = ("Beta", "FriendlyName", "PhoneNumber", "Origin")
_BETA = [(country.code, kind.kind) for country in COUNTRIES.values() for kind in country.types if kind.beta]
_DEPENDENT = (
    "voice_url",
    "voice_method",
    "voice_fallback_url",
    "voice_fallback_method",
    "voice_application_sid",
    "sms_url",
    "sms_method",
    "sms_fallback_url",
    "sms_fallback_method",
    "sms_application_sid",
    "status_callback",
    "status_callback_method",
    "trunk_sid",
    "emergency_status",
    "emergency_address_sid",
)
"""What an address tells of the numbers that name it."""


def create(call: Call, *, kind: str | None = None) -> Answer:
    """Buy a number: an exact one, or any of an area code."""
    check_may_buy(call.core, call.account)
    name = call.params.text("FriendlyName", longest=64, code=20002)
    config = apply_config(NumberConfig(), call.params)
    phone_number = _chosen(call, kind)
    place = exact(call.core, phone_number, now=call.now)
    if kind is not None and place.type.kind != kind:
        raise ApiError(status=400, code=21458, message=f"PhoneNumber {phone_number} is {place.type.kind}, not {kind}")
    _check_applications(call, call.account.sid, NumberConfig(), config)
    check_requirements(call.core, call.account.sid, place, config)
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
    register(call.core, number, before=None, now=call.now)
    return Answer(status=201, body=_render(call, number) if kind is None else _render_typed(call, number))


def list_(call: Call, *, kind: str | None = None) -> Answer:
    """List the account's numbers, newest first."""
    window = window_of(call.params)
    conditions = [("account_sid = ?", call.account.sid), *_conditions(call.params)]
    if kind is not None:
        conditions.append(("kind = ?", kind))
    found = call.core.store.numbers.page(conditions, window)
    render = partial(_render if kind is None else _render_typed, call)
    return Answer(body=uri_page(call, "incoming_phone_numbers", found, window, render, filters=_FILTERS))


def fetch(call: Call) -> Answer:
    """Return one number."""
    return Answer(body=_render(call, _named(call)))


def update(call: Call) -> Answer:
    """Configure a number, or move it to another account."""
    number = _named(call)
    name = call.params.text("FriendlyName", longest=64, code=20002)
    config = apply_config(number.config, call.params)
    account_sid = call.params.sid("AccountSid", "AC", code=21470) or number.account_sid
    moves = account_sid != number.account_sid
    if moves:
        gaining_account(call.core, caller=call.caller.account, owner=call.account, account_sid=account_sid)
        refuse_while_registered(call.core, number, "performing this action")
        config = left_behind(number.config, config)
    _check_applications(call, account_sid, number.config, config)
    _check_regulation(call, number, account_sid, config)
    changed = call.core.store.numbers.change(
        number.sid,
        account_sid=account_sid,
        friendly_name=number.friendly_name if name is None else name,
        config=config,
        now=call.now,
    )
    register(call.core, changed, before=number.config.emergency_address_sid, now=call.now)
    if moves:
        _tell(call, "number.transferred", changed, account_sid=number.account_sid)
    return Answer(body=_render(call, changed))


def delete(call: Call) -> Answer:
    """Release a number for good."""
    number = _named(call)
    refuse_while_registered(call.core, number, "deleting it")
    call.core.store.numbers.release(number, now=call.now)
    _tell(call, "number.released", number, account_sid=number.account_sid)
    return Answer(status=204)


def render_dependent(number: Number) -> Json:
    """Return a number as an address lists it."""
    place = locate(number.phone_number)
    type_ = place.type if place else None
    config = number.config.as_json()
    return {
        **{name: config[name] or None for name in _DEPENDENT},
        "voice_caller_id_lookup": number.config.voice_caller_id_lookup,
        "account_sid": number.account_sid,
        "address_requirements": type_.address if type_ else "none",
        "api_version": "2010-04-01",
        "capabilities": {
            "Voice": bool(type_ and type_.voice),
            "SMS": bool(type_ and type_.sms),
            "MMS": bool(type_ and type_.mms),
        },
        "date_created": rfc2822(number.created),
        "date_updated": rfc2822(number.updated),
        "friendly_name": number.friendly_name,
        "phone_number": number.phone_number,
        "sid": number.sid,
        "uri": _uri(number),
    }


def _chosen(call: Call, kind: str | None) -> str:
    """Return the number to buy."""
    phone_number = call.params.text("PhoneNumber")
    if phone_number:
        return phone_number
    area_code = call.params.text("AreaCode")
    if not area_code:
        raise invalid("PhoneNumber", "give PhoneNumber or AreaCode", code=21401)
    if kind is not None:
        raise ApiError(status=400, code=21457, message="AreaCode is not supported on lists of one kind of number")
    return any_of_area(call.core, area_code, now=call.now)


def _check_applications(call: Call, account_sid: str, before: NumberConfig, after: NumberConfig) -> None:
    """Refuse an application that the number's account has not."""
    given = (
        ("SmsApplicationSid", before.sms_application_sid, after.sms_application_sid),
        ("VoiceApplicationSid", before.voice_application_sid, after.voice_application_sid),
    )
    for name, old, sid in given:
        if sid is None or sid == old:
            continue
        application = call.core.store.records.find(APPLICATION, sid)
        if application is None or application.account_sid != account_sid:
            raise invalid(name, f"{sid} is not accessible to account {account_sid}", code=21420)


def _check_regulation(call: Call, number: Number, account_sid: str, config: NumberConfig) -> None:
    """Check what the law asks for, if any of that changed: what was bought before stays bought."""
    moves = account_sid != number.account_sid
    asked = ("address_sid", "bundle_sid", "identity_sid")
    changed = any(getattr(config, field) != getattr(number.config, field) for field in asked)
    place = locate(number.phone_number)
    if place and (moves or changed):
        check_requirements(call.core, account_sid, place, config, transfer=moves)


def _tell(call: Call, name: str, number: Number, *, account_sid: str) -> None:
    """Tell the other parts what became of a number; ``account_sid`` is who had it."""
    data = {"phone_number": number.phone_number, "owner_sid": number.account_sid}
    signal = Signal(name=name, account_sid=account_sid, resource_sid=number.sid, now=call.now, data=data)
    call.core.signals.emit(signal)


def _conditions(params: Params) -> list[tuple[str, object]]:
    conditions: list[tuple[str, object]] = []
    if params.boolean("Beta") is False:
        conditions += [("country || ' ' || kind != ?", f"{country} {kind}") for country, kind in _BETA]
    if phone_number := params.text("PhoneNumber"):
        pattern = "".join("_" if char == "*" else char for char in phone_number if char.isalnum() or char == "*")
        conditions.append(("phone_number LIKE ?", f"%{pattern}%"))
    if name := params.text("FriendlyName"):
        conditions.append(("friendly_name = ?", name))
    if origin := params.text("Origin"):
        conditions.append(("? = 'twilio'", origin))
    return conditions


def _named(call: Call) -> Number:
    number = call.core.store.numbers.find(call.ids["Sid"])
    if number is None or number.account_sid != call.account.sid:
        raise call.not_found()
    return number


def _render(call: Call, number: Number) -> Json:
    place = locate(number.phone_number)
    type_ = place.type if place else None
    return {
        **number.config.as_json(),
        "account_sid": number.account_sid,
        "address_requirements": type_.address if type_ else "none",
        "api_version": "2010-04-01",
        "beta": bool(type_ and type_.beta),
        "capabilities": {
            "voice": bool(type_ and type_.voice),
            "sms": bool(type_ and type_.sms),
            "mms": bool(type_ and type_.mms),
            "fax": False,
        },
        "date_created": rfc2822(number.created),
        "date_updated": rfc2822(number.updated),
        "emergency_address_status": address_status(call.core, number),
        "friendly_name": number.friendly_name,
        "origin": "twilio",
        "phone_number": number.phone_number,
        "sid": number.sid,
        "status": "in-use",
        "type": number.kind.replace("_", "-"),
        "uri": _uri(number),
    }


def _render_typed(call: Call, number: Number) -> Json:
    """Return a number as the lists of one type have it: without its type."""
    return {name: value for name, value in _render(call, number).items() if name != "type"}


def _uri(number: Number) -> str:
    return f"/2010-04-01/Accounts/{number.account_sid}/IncomingPhoneNumbers/{number.sid}.json"


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
