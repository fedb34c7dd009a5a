"""What the models of a tenant document are made of: the strict base and the fields that many of them share."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

__all__ = [
    "Currency",
    "Filled",
    "HttpUrl",
    "Identifier",
    "Language",
    "Model",
    "Money",
    "Phone",
    "Slug",
    "Texts",
    "ToolName",
    "unique",
]


def _http_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        plain = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        plain = False
    if not plain or re.search(r"[\s\\\x00-\x1f]", value):
        raise ValueError("must be an http(s) URL with a host and no user or password in it")
    return value


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$")]
Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
Phone = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{4,14}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
Filled = Annotated[str, StringConstraints(min_length=1)]
Texts = Annotated[dict[Language, Filled], Field(min_length=1)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Money = Annotated[Decimal, Field(ge=0, le=1_000_000)]
ToolName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,47}$")]
HttpUrl = Annotated[str, AfterValidator(_http_url)]


class Model(BaseModel):
    """A part of the document: camelCase in JSON, strict, frozen, and no field but its own."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, alias_generator=to_camel, validate_by_name=True)


def unique(field: str, values: list[str]) -> None:
    """Raise ValueError, which names ``field`` and the cure, if a value is there twice."""
    twice = {value for value in values if values.count(value) > 1}
    if twice:
        raise ValueError(f"{field}: {min(twice)!r} is there twice; remove one")
