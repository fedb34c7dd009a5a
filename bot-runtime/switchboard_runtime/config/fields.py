"""What the models of a tenant document are made of: the strict base and the fields that many of them share."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from switchboard_runtime.urls import has_host

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "SHAPES",
    "AccountSid",
    "ContentSid",
    "Currency",
    "FieldName",
    "Filled",
    "HttpUrl",
    "Identifier",
    "Language",
    "Model",
    "Money",
    "Phone",
    "Phrase",
    "Price",
    "Replies",
    "Slug",
    "Stage",
    "Texts",
    "TimeZone",
    "ToolName",
    "VariableName",
    "braces",
    "unique",
]

_BRACES = re.compile(r"\{[^{}]*\}")
_SHOWN = 40


def braces(text: str) -> list[str]:
    """What stands in braces in a text, with them, as people are shown it; in order, each once."""
    found = dict.fromkeys(_BRACES.findall(text))
    return [one if len(one) <= _SHOWN else f"{one[:_SHOWN]}…" for one in found]


def _http_url(value: str) -> str:
    if not has_host(value):
        raise ValueError("must be an http(s) URL with a host and no user or password in it")
    return value


def _phrase(value: str) -> str:
    if not any(letter.isalnum() for letter in value):
        raise ValueError(f"{value!r} has no word in it; write letters or digits")
    return value


def _said(value: dict[str, str]) -> dict[str, str]:
    for language, text in value.items():
        for found in braces(text):
            raise ValueError(f"{language}: {found} would be said as it stands, nothing is filled in here; take it out")
    return value


def _zone(value: str) -> str:
    known = value[:1].isupper()  # "localtime" is the machine's, "right/…" counts leap seconds
    try:
        ZoneInfo(value)
    except (ValueError, OSError, LookupError):
        known = False
    if not known:
        raise ValueError(f"{value!r} is no time zone; write its IANA name, such as America/Argentina/Buenos_Aires")
    return value


_SLUG = r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$"
_IDENTIFIER = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"
_PHONE = r"^\+[1-9][0-9]{4,14}$"
_FILLED = r"[^ \t\r\n]"
_LANGUAGE = r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$"
_CURRENCY = r"^[A-Z]{3}$"
_PRICE = r"^([0-9]{1,16}|[0-9]{1,3}([.,' ][0-9]{3}){1,5})([.,][0-9]{1,6})?$"
_TOOL_NAME = r"^[a-z][a-z0-9_]{0,47}$"
_ACCOUNT_SID = r"^AC[0-9a-zA-Z]{1,64}$"
_CONTENT_SID = r"^HX[0-9a-fA-F]{32}$"
_VARIABLE = r"^[A-Za-z0-9_]{1,32}$"
_STAGE = r"^[a-z][a-z0-9_-]{0,31}$"
_FIELD_NAME = r"^[A-Za-z][A-Za-z0-9_]{0,47}$"

SHAPES: Mapping[str, str] = {
    _SLUG: "must be 1 to 63 of a-z, 0-9 and -, a letter first and no - at the end, such as acme-2",
    _IDENTIFIER: "must be 1 to 128 letters, digits, dots, - and _, a letter or digit first, such as sales",
    _PHONE: "must be a number in E.164, + and the country's code first, such as +13055550123",
    _FILLED: "must have words in it; blanks alone say nothing",
    _LANGUAGE: "must be a language's code, such as es or pt-BR",
    _CURRENCY: "must be a currency's code of three capitals, such as USD",
    _PRICE: "must be a number and nothing else, not negative, such as 1200.50 or 1.200,50; the currency has its field",
    _TOOL_NAME: "must be 1 to 48 of a-z, 0-9 and _, a letter first, such as find_order",
    _ACCOUNT_SID: "must be an account's SID: AC and the letters and digits behind it",
    _CONTENT_SID: "must be a content template's SID: HX and 32 hexadecimal digits",
    _VARIABLE: "must be named by the template's placeholder, 1 to 32 letters, digits and _, such as 1",
    _STAGE: "must be 1 to 32 of a-z, 0-9, - and _, a letter first, such as won",
    _FIELD_NAME: "must be 1 to 48 letters, digits and _, a letter first, such as city",
}
"""What a text must be like, in words, by the pattern that it has to match."""

Slug = Annotated[str, StringConstraints(pattern=_SLUG)]
Identifier = Annotated[str, StringConstraints(pattern=_IDENTIFIER)]
Phone = Annotated[str, StringConstraints(pattern=_PHONE)]
Language = Annotated[str, StringConstraints(pattern=_LANGUAGE)]
Filled = Annotated[str, StringConstraints(pattern=_FILLED)]
Phrase = Annotated[str, AfterValidator(_phrase)]
"""What is looked for in what people write: a word at least."""
Replies = Annotated[dict[Language, Filled], Field(min_length=1)]
"""A text by language, in which words in braces may be filled in."""
Texts = Annotated[Replies, AfterValidator(_said)]
"""A text by language, said as it stands."""
TimeZone = Annotated[str, AfterValidator(_zone)]
Currency = Annotated[str, StringConstraints(pattern=_CURRENCY)]
Price = Annotated[str, StringConstraints(pattern=_PRICE)]
Money = Annotated[Decimal, Field(ge=0, le=1_000_000)]
ToolName = Annotated[str, StringConstraints(pattern=_TOOL_NAME)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
AccountSid = Annotated[str, StringConstraints(pattern=_ACCOUNT_SID)]
ContentSid = Annotated[str, StringConstraints(pattern=_CONTENT_SID)]
VariableName = Annotated[str, StringConstraints(pattern=_VARIABLE)]
Stage = Annotated[str, StringConstraints(pattern=_STAGE)]
FieldName = Annotated[str, StringConstraints(pattern=_FIELD_NAME)]


class Model(BaseModel):
    """A part of the document: camelCase in JSON, strict, frozen, and no field but its own."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, alias_generator=to_camel, validate_by_name=True)


def unique(field: str, values: list[str]) -> None:
    """Raise ValueError, which names ``field`` and the cure, if a value is there twice."""
    twice = {value for value in values if values.count(value) > 1}
    if twice:
        raise ValueError(f"{field}: {min(twice)!r} is there twice; remove one")
