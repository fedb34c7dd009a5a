"""The senders of a Messaging Service: ``PhoneNumbers``, ``AlphaSenders`` and ``ChannelSenders`` below it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from twilio_emulator.addresses import Address
from twilio_emulator.calls import Answer, Call, Endpoint, Json, Route
from twilio_emulator.dates import iso8601
from twilio_emulator.errors import ApiError, invalid
from twilio_emulator.messaging.pools import (
    POOLED_ALPHA,
    POOLED_CHANNEL,
    POOLED_NUMBER,
    add_alpha,
    add_channel,
    add_number,
)
from twilio_emulator.numbering.plan import country_of, locate
from twilio_emulator.paging import meta_page, window_of
from twilio_emulator.resources.services import find_service
from twilio_emulator.whatsapp.senders import SENDER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twilio_emulator.models import Record

__all__ = ["ROUTES"]


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """One of the three lists.

    Attributes:
        kind: of its records.
        path: its part of the path.
        service: the name of the service's SID in the path.
        key: the name of the list in its pages.
        add: reads what is to be added and adds it.
        render: makes JSON of a record.
    """

    kind: str
    path: str
    service: str
    key: str
    add: Callable[[Call, Record], Record]
    render: Callable[[Record], Json]


def _create(call: Call, *, kind: _Kind) -> Answer:
    return Answer(status=201, body=kind.render(kind.add(call, find_service(call, kind.service))))


def _list(call: Call, *, kind: _Kind) -> Answer:
    service, window = find_service(call, kind.service), window_of(call.params)
    found = call.core.store.records.page(kind.kind, [("parent_sid = ?", service.sid)], window)
    return Answer(body=meta_page(call, kind.key, found, window, kind.render))


def _fetch(call: Call, *, kind: _Kind) -> Answer:
    return Answer(body=kind.render(_named(call, kind)))


def _delete(call: Call, *, kind: _Kind) -> Answer:
    call.core.store.records.delete(_named(call, kind))
    return Answer(status=204)


def _named(call: Call, kind: _Kind) -> Record:
    service = find_service(call, kind.service)
    record = call.core.store.records.find(kind.kind, call.ids["Sid"])
    if record is None or record.parent_sid != service.sid:
        raise call.not_found()
    return record


def _add_number(call: Call, service: Record) -> Record:
    sid = call.params.sid("PhoneNumberSid", "PN", code=21421)
    if not sid:
        raise invalid("PhoneNumberSid", "it is required", code=21421)
    number = call.core.store.numbers.find(sid)
    if number is None or number.account_sid != call.account.sid:
        raise ApiError(status=404, code=20404, message=f"PhoneNumberSid: the account has no number {sid}")
    place = locate(number.phone_number)
    if place is None or not place.type.sms:
        raise invalid("PhoneNumberSid", f"{number.phone_number} carries no messages", code=21401)
    return add_number(call.core, service, number, now=call.now)


def _add_alpha(call: Call, service: Record) -> Record:
    alpha = call.params.text("AlphaSender")
    if not alpha:
        raise invalid("AlphaSender", "it is required", code=21709)
    return add_alpha(call.core, service, alpha, now=call.now)


def _add_channel(call: Call, service: Record) -> Record:
    sid = call.params.sid("Sid", "XE")
    if not sid:
        raise invalid("Sid", "it is required")
    sender = call.core.store.records.find(SENDER, sid)
    if sender is None or sender.account_sid != call.account.sid:
        raise ApiError(status=404, code=20404, message=f"Sid: the account has no sender {sid}")
    return add_channel(call.core, service, sid, sender.key, now=call.now)


def _render_number(record: Record) -> Json:
    place = locate(record.key)
    able = {"MMS": place.type.mms, "SMS": place.type.sms, "Voice": place.type.voice} if place else {}
    return {
        **_common(record, "PhoneNumbers"),
        "service_sid": record.parent_sid,
        "phone_number": record.key,
        "country_code": record.data["country"],
        "capabilities": [name for name, is_able in able.items() if is_able],
    }


def _render_alpha(record: Record) -> Json:
    return {
        **_common(record, "AlphaSenders"),
        "service_sid": record.parent_sid,
        "alpha_sender": record.key,
        "capabilities": ["SMS"],
    }


def _render_channel(record: Record) -> Json:
    return {
        **_common(record, "ChannelSenders"),
        "messaging_service_sid": record.parent_sid,
        "sender": record.key,
        "sender_type": "WhatsApp",
        "country_code": country_of(Address.parse(record.key).number) or None,
    }


def _common(record: Record, path: str) -> dict[str, object]:
    return {
        "sid": record.sid,
        "account_sid": record.account_sid,
        "date_created": iso8601(record.created),
        "date_updated": iso8601(record.updated),
        "url": f"https://messaging.twilio.com/v1/Services/{record.parent_sid}/{path}/{record.sid}",
    }


_KINDS = (
    _Kind(
        kind=POOLED_NUMBER,
        path="PhoneNumbers",
        service="ServiceSid",
        key="phone_numbers",
        add=_add_number,
        render=_render_number,
    ),
    _Kind(
        kind=POOLED_ALPHA,
        path="AlphaSenders",
        service="ServiceSid",
        key="alpha_senders",
        add=_add_alpha,
        render=_render_alpha,
    ),
    _Kind(
        kind=POOLED_CHANNEL,
        path="ChannelSenders",
        service="MessagingServiceSid",
        key="senders",
        add=_add_channel,
        render=_render_channel,
    ),
)


def _routes(kind: _Kind) -> Iterator[Route]:
    path = f"/v1/Services/{{{kind.service}}}/{kind.path}"
    yield Route("POST", "messaging", path, _of(_create, kind))
    yield Route("GET", "messaging", path, _of(_list, kind))
    yield Route("GET", "messaging", f"{path}/{{Sid}}", _of(_fetch, kind))
    yield Route("DELETE", "messaging", f"{path}/{{Sid}}", _of(_delete, kind))


def _of(endpoint: Callable[..., Answer], kind: _Kind) -> Endpoint:
    return partial(endpoint, kind=kind)


ROUTES = tuple(route for kind in _KINDS for route in _routes(kind))
