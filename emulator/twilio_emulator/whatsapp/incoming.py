"""What a WhatsApp user can send beside text and media, as the admin API's ``/inbound`` takes it.

    location        {"latitude": 25.01, "longitude": -77.39, "address": "West Bay St", "label": "Home"}
    button          {"text": "Yes", "payload": "yes", "template": true}    answers a template's quick reply, or, with
                                                                           template false, one of a session message
    list            {"id": "visit_pm", "title": "Afternoon", "description": "16 to 20"}
    replyTo         the SID of the message that is answered
    referral        {"body", "headline", "sourceId", "sourceType", "sourceUrl", "mediaContentType", "mediaUrl",
                     "ctwaClid"}: the advertisement that the user came from
    externalUserId  whatsapp:AR.1502…: the business-scoped id of a user who shows a phone number too
    forwarded, frequentlyForwarded
    messageType     such as order; else it follows from the rest

What is read becomes the parameters of the webhook at once; ``message.extra`` keeps them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twilio_emulator.addresses import Address
from twilio_emulator.errors import AdminError
from twilio_emulator.sids import is_sid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["FIELDS", "label", "read"]

FIELDS = frozenset(
    {
        "location",
        "button",
        "list",
        "replyTo",
        "referral",
        "externalUserId",
        "forwarded",
        "frequentlyForwarded",
        "messageType",
    }
)
"""Names of the fields of ``/inbound`` that ``read`` reads."""

_LOCATION = {"latitude": "Latitude", "longitude": "Longitude", "address": "Address", "label": "Label"}
_BUTTON = {"text": "ButtonText", "payload": "ButtonPayload"}
_LIST = {"id": "ListId", "title": "ListTitle", "description": "ListDescription"}
_REFERRAL = {
    "body": "ReferralBody",
    "headline": "ReferralHeadline",
    "sourceId": "ReferralSourceId",
    "sourceType": "ReferralSourceType",
    "sourceUrl": "ReferralSourceUrl",
    "mediaContentType": "ReferralMediaContentType",
    "mediaUrl": "ReferralMediaUrl",
    "ctwaClid": "ReferralCtwaClid",
}
_OBJECTS = {"location": _LOCATION, "button": _BUTTON, "list": _LIST, "referral": _REFERRAL}
_REQUIRED = {"location": ("latitude", "longitude"), "button": ("text",), "list": ("id", "title"), "referral": ()}


def read(body: Mapping[str, Any]) -> dict[str, object]:
    """Return what is kept of these fields in ``message.extra``, JSON.

    Args:
        body: the whole body of the call.

    Raises:
        AdminError: a field cannot be used; the text names it.
    """
    objects = {name: _object(body, name) for name in _OBJECTS}
    extra = {
        "message_type": _message_type(body),
        "parameters": [*_forwarded(body), *_parameters(objects)],
        "referral_media": 1 if "mediaUrl" in objects["referral"] else 0,
        "external_user_id": _hidden(body),
        "reply_to": _reply_to(body),
    }
    return {name: value for name, value in extra.items() if value}


def label(body: Mapping[str, Any]) -> str:
    """Return the text that a tapped button or list item has, which is the message's text; ``""`` for neither."""
    return _object(body, "button").get("text") or _object(body, "list").get("title") or ""


def _object(body: Mapping[str, Any], name: str) -> dict[str, str]:
    """Return one of the objects, its values as texts; empty when it is not given."""
    value = body.get(name)
    if value is None:
        return {}
    known = {*_OBJECTS[name], "template"} if name == "button" else set(_OBJECTS[name])
    if not isinstance(value, dict) or value.keys() - known:
        raise AdminError(status=400, message=f"{name}: give an object with {', '.join(sorted(known))}")
    for required in _REQUIRED[name]:
        if value.get(required) in (None, ""):
            raise AdminError(status=400, message=f"{name}.{required}: it is required")
    given = [(key, value[key]) for key in _OBJECTS[name] if value.get(key) is not None]
    return {key: _text(f"{name}.{key}", item) for key, item in given}


def _text(where: str, value: object) -> str:
    if isinstance(value, float):
        return f"{value:.12f}"
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise AdminError(status=400, message=f"{where}: give a text or a number")
    text = str(value)
    if text.encode("utf-8", "replace").decode() != text:
        raise AdminError(status=400, message=f"{where}: it has half a surrogate pair")
    return text


def _parameters(objects: Mapping[str, Mapping[str, str]]) -> Iterator[list[str]]:
    for name, values in objects.items():
        for key, value in values.items():
            yield [_OBJECTS[name][key], value]


def _forwarded(body: Mapping[str, Any]) -> list[list[str]]:
    values = [body.get("forwarded"), body.get("frequentlyForwarded")]
    if not all(value is None or isinstance(value, bool) for value in values):
        raise AdminError(status=400, message="forwarded, frequentlyForwarded: give true or false")
    if all(value is None for value in values):
        return []
    names = ("Forwarded", "FrequentlyForwarded")
    return [[name, str(bool(value)).lower()] for name, value in zip(names, values, strict=True)]


def _message_type(body: Mapping[str, Any]) -> str:
    given = body.get("messageType")
    if given is not None:
        return _text("messageType", given)
    button = body.get("button")
    if isinstance(button, dict):
        return "button" if button.get("template") else "interactive"
    if body.get("list") is not None:
        return "interactive"
    return "location" if body.get("location") is not None else ""


def _hidden(body: Mapping[str, Any]) -> str:
    given = body.get("externalUserId")
    if given is None:
        return ""
    address = Address.parse(_text("externalUserId", given))
    if not address.is_whatsapp or not address.is_valid or address.number.startswith("+"):
        raise AdminError(status=400, message="externalUserId: write whatsapp:AR.1502576394655843")
    return str(address)


def _reply_to(body: Mapping[str, Any]) -> str:
    given = body.get("replyTo")
    if given is None:
        return ""
    if not isinstance(given, str) or not is_sid(given, "SM", "MM"):
        raise AdminError(status=400, message="replyTo: give the SID of a message")
    return given
