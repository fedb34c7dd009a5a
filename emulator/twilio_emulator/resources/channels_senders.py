"""WhatsApp senders: ``messaging.twilio.com/v2/Channels/Senders``.

Bodies are JSON; what an asynchronous SDK sends instead, a form, is refused. Creating and changing are answered with
202 at once and done later. Senders of other channels (RCS) do not exist.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from twilio_emulator.addresses import Address
from twilio_emulator.calls import Answer, Call, Json, Route
from twilio_emulator.documents import Document
from twilio_emulator.errors import invalid
from twilio_emulator.numbering.plan import is_e164
from twilio_emulator.paging import meta_page, window_of
from twilio_emulator.sids import is_sid
from twilio_emulator.whatsapp import senders
from twilio_emulator.whatsapp.senders import INVALID, SENDER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twilio_emulator.models import Record

__all__ = ["ROUTES"]

_DEFAULT_PAGE_SIZE = 20
"""Of lists of WhatsApp senders; other lists have 50."""
_CHANNELS = ("whatsapp", "rcs")
_CONFIGURATION = ("waba_id", "verification_method", "voice_application_sid", "account_type")
_URLS = ("callback_url", "fallback_url", "status_callback_url")
_METHODS = ("callback_method", "fallback_method", "status_callback_method")
_PROFILE_TEXTS = {"name": 512, "about": 139, "address": 256, "description": 512}
"""Longest texts, as WhatsApp has them for a business profile."""
_PROFILE_URLS = ("logo_url", "banner_url", "privacy_url", "terms_of_service_url")
_LISTED = {"websites": "website", "emails": "email", "phone_numbers": "phone_number"}
_LABELS = {"websites": "Website", "emails": "Email", "phone_numbers": "Phone"}
_PROFILE = (*_PROFILE_TEXTS, *_PROFILE_URLS, "accent_color", "vertical", *_LISTED)
_VERTICALS = frozenset(
    {
        "Alcohol",
        "Automotive",
        "Beauty, Spa and Salon",
        "Clothing and Apparel",
        "Education",
        "Entertainment",
        "Event Planning and Service",
        "Finance and Banking",
        "Food and Grocery",
        "Hotel and Lodging",
        "Matrimony Service",
        "Medical and Health",
        "Non-profit",
        "Online Gambling",
        "OTC Drugs",
        "Other",
        "Physical Gambling",
        "Professional Services",
        "Public Service",
        "Restaurant",
        "Shopping and Retail",
        "Travel and Transportation",
    }
)
_PROPERTIES = {"quality_rating": "HIGH", "messaging_limit": "10K Customers/24hr"}


def create(call: Call) -> Answer:
    """Begin to register a sender."""
    document = Document(call.document, code=INVALID)
    address = _sender_id(document)
    parts = _parts(document)
    if not parts["profile"].get("name"):
        raise invalid("profile.name", "a WhatsApp sender must have a display name", code=INVALID)
    parts["configuration"].setdefault("verification_method", "sms")
    sender = senders.register(call.core, call.account, address=address, parts=parts, now=call.now)
    return Answer(status=202, body=_render(sender))


def list_(call: Call) -> Answer:
    """List the account's senders, newest first."""
    channel = call.params.choice("Channel", _CHANNELS)
    if not channel:
        raise invalid("Channel", f"it is required: one of {', '.join(_CHANNELS)}")
    window = window_of(call.params)
    if call.params.text("PageSize") is None:
        window = replace(window, size=_DEFAULT_PAGE_SIZE)
    conditions = [("account_sid = ?", call.account.sid), ("key LIKE ?", f"{channel}:%")]
    found = call.core.store.records.page(SENDER, conditions, window)
    return Answer(body=meta_page(call, "senders", found, window, _render, filters=("Channel",)))


def fetch(call: Call) -> Answer:
    """Return one sender."""
    return Answer(body=_render(_named(call)))


def update(call: Call) -> Answer:
    """Change a sender, or verify its number with ``configuration.verification_code``."""
    sender = _named(call)
    document = Document(call.document, code=INVALID)
    parts = _parts(document)
    code = document.part("configuration").text("verification_code")
    if code:
        sender = senders.submit_code(call.core, sender, code, now=call.now)
    if any(parts.values()):
        sender = senders.change(call.core, sender, parts, now=call.now)
    return Answer(status=202, body=_render(sender))


def delete(call: Call) -> Answer:
    """Take a sender off WhatsApp: its address is free again."""
    senders.remove(call.core, _named(call), now=call.now)
    return Answer(status=204)


def _sender_id(document: Document) -> str:
    document.require("sender_id")
    text = document.text("sender_id") or ""
    channel, _, number = text.partition(":")
    if channel != "whatsapp" or not is_e164(number):
        raise invalid("sender_id", "write whatsapp:+15551234567", code=INVALID)
    return str(Address.parse(text))


def _parts(document: Document) -> dict[str, dict[str, object]]:
    """Return what is given of configuration, webhook and profile."""
    return {
        "configuration": _configuration(document.part("configuration")),
        "webhook": _webhook(document.part("webhook")),
        "profile": _profile(document.part("profile")),
    }


def _configuration(given: Document) -> dict[str, object]:
    application = given.text("voice_application_sid")
    if application and not is_sid(application, "AP"):
        why = "it must be AP and 32 hexadecimal digits"
        raise invalid(given.where("voice_application_sid"), why, code=INVALID)
    return _given(
        given,
        {
            "waba_id": given.text("waba_id", longest=64),
            "verification_method": given.choice("verification_method", ["sms", "voice"]),
            "voice_application_sid": application,
            "account_type": given.choice("account_type", ["ISV", "ISVSubAccount", ""]),
        },
    )


def _webhook(given: Document) -> dict[str, object]:
    urls = {name: given.url(name) for name in _URLS}
    methods = {name: given.choice(name, ["POST", "PUT"]) for name in _METHODS}
    return _given(given, {**urls, **methods})


def _profile(given: Document) -> dict[str, object]:
    texts = {name: given.text(name, longest=longest) for name, longest in _PROFILE_TEXTS.items()}
    urls = {name: given.url(name) for name in _PROFILE_URLS}
    lists = {name: _labelled(given, name) for name in _LISTED}
    colour, vertical = given.text("accent_color", longest=7), given.choice("vertical", _VERTICALS)
    return _given(given, {**texts, **urls, **lists, "accent_color": colour, "vertical": vertical})


def _labelled(given: Document, name: str) -> list[dict[str, str]] | None:
    """Return a list of websites, addresses or numbers, each with a label; a text alone gets the usual one."""
    if name not in given:
        return None
    key, label = _LISTED[name], _LABELS[name]
    if given.is_list_of(name, str):
        return [{key: text, "label": label} for text in given.texts(name) or ()]
    items = given.parts(name) or []
    for item in items:
        item.require(key)
    return [{key: item.text(key) or "", "label": item.text("label") or label} for item in items]


def _given(document: Document, values: Mapping[str, object]) -> dict[str, object]:
    """Leave out what was not given: it stays as it is; an empty text clears."""
    return {name: value or None for name, value in values.items() if name in document}


def _named(call: Call) -> Record:
    sender = call.core.store.records.find(SENDER, call.ids["Sid"])
    if sender is None or sender.account_sid != call.account.sid:
        raise call.not_found()
    return sender


def _render(sender: Record) -> Json:
    online = senders.is_online(sender)
    return {
        "sid": sender.sid,
        "status": sender.status,
        "sender_id": sender.key,
        "configuration": {**_all(sender, "configuration", _CONFIGURATION), "verification_code": None},
        "webhook": _all(sender, "webhook", (*_URLS, *_METHODS)),
        "profile": _all(sender, "profile", _PROFILE),
        "properties": {**_PROPERTIES, **_ordered(sender)} if online else None,
        "offline_reasons": sender.data.get("offline_reasons"),
        "compliance": None,
        "url": f"https://messaging.twilio.com/v2/Channels/Senders/{sender.sid}",
    }


def _all(sender: Record, part: str, names: tuple[str, ...]) -> dict[str, object]:
    given = sender.data[part]
    return {name: given.get(name) if isinstance(given, dict) else None for name in names}


def _ordered(sender: Record) -> dict[str, object]:
    """Return what the admin API ordered of a sender's properties."""
    ordered = sender.data.get("properties")
    return dict(ordered) if isinstance(ordered, dict) else {}


_LIST = "/v2/Channels/Senders"
_ONE = f"{_LIST}/{{Sid}}"

ROUTES = (
    Route("POST", "messaging", _LIST, create, takes_json=True),
    Route("GET", "messaging", _LIST, list_),
    Route("GET", "messaging", _ONE, fetch),
    Route("POST", "messaging", _ONE, update, takes_json=True),
    Route("DELETE", "messaging", _ONE, delete),
)
