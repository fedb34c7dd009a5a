"""The kinds of content a template can have, each with its fields, as Twilio's document of the Content API lists them.

A field that no kind knows is refused: the document closes these objects. Lengths are checked where Twilio's pages
give them; what WhatsApp itself would find too long, its review finds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from twilio_emulator.documents import Document
from twilio_emulator.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["BY_CHANNEL", "read_types", "texts_of"]

_BODY = 1600
_Reader = Callable[[Document, str], object]


@dataclass(frozen=True, kw_only=True)
class _Shape:
    """An object: its fields, and which of them must be there and not empty."""

    fields: Mapping[str, _Reader]
    required: tuple[str, ...] = ()

    def read(self, document: Document) -> dict[str, object]:
        document.refuse_others(self.fields)
        document.require(*self.required)
        values = {name: read(document, name) for name, read in self.fields.items() if name in document}
        for name in self.required:
            if values[name] in ("", []):
                raise invalid(document.where(name), "it must not be empty")
        return values


def _text(longest: int = _BODY) -> _Reader:
    return partial(Document.text, longest=longest)


def _number(bound: float = 1e12) -> _Reader:
    return partial(Document.number, least=-bound, most=bound)


def _objects(shape: _Shape, *, most: int = 10) -> _Reader:
    return lambda document, name: [shape.read(part) for part in document.parts(name, most=most) or ()]


def _choice(*values: str) -> _Reader:
    return partial(Document.choice, values=values)


def _actions(
    *kinds: str, required: Sequence[str] = ("type", "title"), more: Mapping[str, _Reader] = MappingProxyType({})
) -> _Reader:
    fields = {"type": _choice(*kinds), "title": _text(), "id": _text(), **more}
    return _objects(_Shape(fields=fields, required=tuple(required)))


_LINKS: Mapping[str, _Reader] = {"url": _text(4096), "phone": _text()}
_CARD_ACTIONS = _actions(
    "URL",
    "PHONE_NUMBER",
    "QUICK_REPLY",
    "COPY_CODE",
    "VOICE_CALL",
    more={**_LINKS, "code": _text(), "webview_size": _choice("TALL", "FULL", "HALF", "NONE")},
)
_CAROUSEL_CARD = _Shape(
    fields={
        "title": _text(),
        "body": _text(),
        "media": _text(4096),
        "actions": _actions("URL", "PHONE_NUMBER", "QUICK_REPLY", more=_LINKS),
    },
    required=("body", "actions", "media"),
)
_PRODUCT = _Shape(
    fields={
        **{name: _text() for name in ("id", "section_title", "name", "media_url", "description")},
        "price": _number(),
    }
)
_COMPONENT = _Shape(fields={"label": _text(), "type": _text()}, required=("type",))
_PAGE = _Shape(
    fields={
        **{name: _text() for name in ("id", "next_page_id", "title", "subtitle")},
        "layout": _objects(_COMPONENT, most=100),
    },
    required=("id", "layout", "title"),
)
_LIST_ITEM = _Shape(
    fields={"id": _text(200), "item": _text(24), "description": _text(72)},
    required=("id", "item"),
)
_COPY_CODE = _Shape(
    fields={"type": _choice("COPY_CODE"), "copy_code_text": _text(25)},
    required=("type", "copy_code_text"),
)
_FLOW = {name: _text() for name in ("body", "button_text", "subtitle", "media_url")}

_KINDS: Mapping[str, _Shape] = {
    "whatsapp/card": _Shape(
        fields={
            "body": _text(),
            "footer": _text(60),
            "media": Document.texts,
            "header_text": _text(),
            "actions": _CARD_ACTIONS,
        },
        required=("body",),
    ),
    "whatsapp/authentication": _Shape(
        fields={
            "add_security_recommendation": Document.flag,
            "code_expiration_minutes": partial(Document.number, least=1, most=90),
            "actions": _objects(_COPY_CODE),
        },
        required=("actions",),
    ),
    "whatsapp/flows": _Shape(
        fields={
            **_FLOW,
            **{name: _text() for name in ("flow_id", "flow_token", "flow_first_page_id")},
            "is_flow_first_page_endpoint": Document.flag,
        },
        required=("body", "button_text", "flow_id"),
    ),
    "twilio/card": _Shape(
        fields={"title": _text(), "subtitle": _text(), "media": Document.texts, "actions": _CARD_ACTIONS}
    ),
    "twilio/carousel": _Shape(fields={"body": _text(), "cards": _objects(_CAROUSEL_CARD)}, required=("body", "cards")),
    "twilio/quick-reply": _Shape(
        fields={"body": _text(), "actions": _actions("QUICK_REPLY", required=["title"])}, required=("body", "actions")
    ),
    "twilio/list-picker": _Shape(
        fields={"body": _text(1024), "button": _text(), "items": _objects(_LIST_ITEM)},
        required=("body", "button", "items"),
    ),
    "twilio/call-to-action": _Shape(
        fields={
            "body": _text(),
            "actions": _actions(
                "URL",
                "PHONE_NUMBER",
                "COPY_CODE",
                "VOICE_CALL",
                "VOICE_CALL_REQUEST",
                more={**_LINKS, "code": _text()},
            ),
        },
        required=("body", "actions"),
    ),
    "twilio/flows": _Shape(
        fields={**_FLOW, "pages": _objects(_PAGE), "type": _text()}, required=("body", "button_text", "pages", "type")
    ),
    "twilio/catalog": _Shape(
        fields={
            **{name: _text() for name in ("title", "body", "subtitle", "id", "dynamic_items")},
            "items": _objects(_PRODUCT, most=30),
        },
        required=("body",),
    ),
    "twilio/schedule": _Shape(
        fields={name: _text() for name in ("id", "title", "timeSlots")}, required=("id", "title", "timeSlots")
    ),
    "twilio/location": _Shape(
        fields={
            "latitude": _number(90),
            "longitude": _number(180),
            **{name: _text() for name in ("label", "id", "address")},
        },
        required=("latitude", "longitude"),
    ),
    "twilio/media": _Shape(fields={"body": _text(), "media": Document.texts}, required=("media",)),
    "twilio/text": _Shape(fields={"body": _text()}, required=("body",)),
}

BY_CHANNEL: Mapping[str, Sequence[str]] = {"whatsapp": tuple(_KINDS), "": ("twilio/text", "twilio/media")}
"""The kinds a channel can show, the richest first; ``""`` is SMS and MMS."""


def read_types(document: Document) -> dict[str, dict[str, object]]:
    """Return the kinds that a template's ``types`` give, checked.

    Raises:
        ApiError: 400, it names the field: ``types.twilio/text.body``.
    """
    document.refuse_others(_KINDS)
    if not document.names():
        raise invalid(document.where("twilio/text"), "give at least one type")
    return {name: _KINDS[name].read(document.part(name)) for name in document.names()}


def texts_of(value: object) -> list[str]:
    """Return all texts within a type, in order: where placeholders may stand."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for item in value.values() for text in texts_of(item)]
    return [text for item in value for text in texts_of(item)] if isinstance(value, list) else []
