"""Messaging Services: ``messaging.twilio.com/v1/Services``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.calls import Answer, Call, Json, Route
from twilio_emulator.dates import iso8601
from twilio_emulator.errors import invalid
from twilio_emulator.messaging.pools import POOLED_ALPHA, POOLED_CHANNEL, POOLED_NUMBER
from twilio_emulator.messaging.services import DEFAULTS, SERVICE, require_service
from twilio_emulator.messaging.standing import CAMPAIGN
from twilio_emulator.paging import meta_page, window_of

if TYPE_CHECKING:
    from twilio_emulator.models import Record

__all__ = ["ROUTES", "find_service"]

_ROOT = "/v1/Services"
_LINKS = {
    "phone_numbers": "PhoneNumbers",
    "short_codes": "ShortCodes",
    "alpha_senders": "AlphaSenders",
    "messages": "Messages",
    "us_app_to_person": "Compliance/Usa2p",
    "us_app_to_person_usecases": "Compliance/Usa2p/Usecases",
    "channel_senders": "ChannelSenders",
    "destination_alpha_senders": "DestinationAlphaSenders",
}
_FLAGS = {
    "sticky_sender": "StickySender",
    "mms_converter": "MmsConverter",
    "smart_encoding": "SmartEncoding",
    "fallback_to_long_code": "FallbackToLongCode",
    "area_code_geomatch": "AreaCodeGeomatch",
    "synchronous_validation": "SynchronousValidation",
    "use_inbound_webhook_on_number": "UseInboundWebhookOnNumber",
}
_URLS = {
    "inbound_request_url": ("InboundRequestUrl", 21402),
    "fallback_url": ("FallbackUrl", 30122),
    "status_callback": ("StatusCallback", 21402),
}
"""The parameter of each URL, and the code of one that cannot be used."""

_USECASES = (
    {
        "usecase": "notifications",
        "description": "Transactional notifications and Alerts for any Delivery, Account, Reminder, Order, Fraud, "
        "Security, Public Service, or Emergency announcements.",
        "purpose": "Notify my users.",
    },
    {
        "usecase": "marketing",
        "description": "Marketing messages may contain product information, offers, and calls to action to engage "
        "with your organization.",
        "purpose": "Market my services.",
    },
    {
        "usecase": "verification",
        "description": "Two-factor authentication, one-time passwords and account verification.",
        "purpose": "Verify users.",
    },
    {
        "usecase": "discussion",
        "description": "Two-way conversations between people, or between people and a service.",
        "purpose": "Discuss with my users.",
    },
    {"usecase": "poll", "description": "Polls, surveys and voting.", "purpose": "Poll my users."},
    {"usecase": "undeclared", "description": "Not declared.", "purpose": "Undeclared."},
)


def create(call: Call) -> Answer:
    """Make a service."""
    given = _given(call)
    if not given.get("friendly_name"):
        raise invalid("FriendlyName", "it is required")
    service = call.core.store.records.add(
        SERVICE,
        sid=call.core.sids.sid("MG"),
        account_sid=call.account.sid,
        now=call.now,
        data={**DEFAULTS, **given},
    )
    return Answer(status=201, body=_render(call, service))


def list_(call: Call) -> Answer:
    """List the account's services, newest first."""
    window = window_of(call.params)
    found = call.core.store.records.page(SERVICE, [("account_sid = ?", call.account.sid)], window)
    return Answer(body=meta_page(call, "services", found, window, lambda service: _render(call, service)))


def fetch(call: Call) -> Answer:
    """Return one service."""
    return Answer(body=_render(call, _named(call)))


def update(call: Call) -> Answer:
    """Change a service."""
    service, given = _named(call), _given(call)
    if given.get("friendly_name") == "":
        raise invalid("FriendlyName", "it cannot be empty")
    return Answer(body=_render(call, call.core.store.records.change(service, now=call.now, data=given)))


def delete(call: Call) -> Answer:
    """Delete a service: its senders are free again, its campaign is gone."""
    service, records = _named(call), call.core.store.records
    for kind in (POOLED_NUMBER, POOLED_ALPHA, POOLED_CHANNEL, CAMPAIGN):
        for record in records.where(kind, parent_sid=service.sid):
            records.delete(record)
    records.delete(service)
    return Answer(status=204)


def usecases(_call: Call) -> Answer:
    """List what a service can be for."""
    return Answer(body={"usecases": list(_USECASES)})


def find_service(call: Call, name: str) -> Record:
    """Return the service that a part of the path names.

    Raises:
        ApiError: 404/21701, the account has no such service.
    """
    return require_service(call.core, call.account.sid, call.ids[name])


def _named(call: Call) -> Record:
    service = call.core.store.records.find(SERVICE, call.ids["Sid"])
    if service is None or service.account_sid != call.account.sid:
        raise call.not_found()
    return service


def _given(call: Call) -> dict[str, object]:
    """Return the properties that a call names, checked; an URL given empty is None."""
    params = call.params
    values: dict[str, object | None] = {name: params.boolean(parameter) for name, parameter in _FLAGS.items()}
    values["friendly_name"] = params.text("FriendlyName", longest=64)
    values["inbound_method"] = params.method("InboundMethod")
    values["fallback_method"] = params.method("FallbackMethod")
    values["scan_message_content"] = params.choice("ScanMessageContent", ["inherit", "enable", "disable"])
    values["validity_period"] = params.integer("ValidityPeriod", least=1, most=36_000)
    values["usecase"] = params.choice("Usecase", [usecase["usecase"] for usecase in _USECASES])
    given = {name: value for name, value in values.items() if value is not None}
    for name, (parameter, code) in _URLS.items():
        url = params.url(parameter, code=code)
        if url is not None:
            given[name] = url or None
    return given


def _render(call: Call, service: Record) -> Json:
    url = f"https://messaging.twilio.com{_ROOT}/{service.sid}"
    registered = call.core.store.records.first(CAMPAIGN, parent_sid=service.sid, status="VERIFIED") is not None
    return {
        **service.data,
        "sid": service.sid,
        "account_sid": service.account_sid,
        "date_created": iso8601(service.created),
        "date_updated": iso8601(service.updated),
        "us_app_to_person_registered": registered,
        "url": url,
        "links": {name: f"{url}/{path}" for name, path in _LINKS.items()},
    }


ROUTES = (
    Route("POST", "messaging", _ROOT, create),
    Route("GET", "messaging", _ROOT, list_),
    Route("GET", "messaging", f"{_ROOT}/Usecases", usecases),
    Route("GET", "messaging", f"{_ROOT}/{{Sid}}", fetch),
    Route("POST", "messaging", f"{_ROOT}/{{Sid}}", update),
    Route("DELETE", "messaging", f"{_ROOT}/{{Sid}}", delete),
)
