"""What the API's requests and answers are made of; its document is generated from these models.

They are built when they are first used, so that a process is ready sooner.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, StringConstraints
from pydantic.alias_generators import to_camel

__all__ = ["Asked", "Id", "Nothing", "Number", "PageQuery", "Paged", "Person", "Shown", "Timestamp"]

Item = TypeVar("Item")


def _moment(value: Any) -> Any:
    return datetime.fromtimestamp(value, UTC) if isinstance(value, int | float) else value


def _stamp(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(value: str) -> str:
    if "\x00" in value:
        raise ValueError("must not hold the character U+0000")
    return value


Timestamp = Annotated[
    datetime,
    BeforeValidator(_moment),
    PlainSerializer(_stamp, return_type=str),
    Field(examples=["2026-03-01T12:00:00.000Z"]),
]
"""RFC 3339 in UTC, to the millisecond."""

Number = Annotated[int, Field(ge=1, le=2**53)]
"""The number of a row."""

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,128}$")]
Person = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_plain)]
Plain = Annotated[str, AfterValidator(_plain)]


class Asked(BaseModel):
    """Base of what callers send: no field but its own."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, validate_by_name=False, defer_build=True
    )


class Shown(BaseModel):
    """Base of what callers get."""

    model_config = ConfigDict(
        frozen=True,
        defer_build=True,
        alias_generator=to_camel,
        validate_by_name=True,
        from_attributes=True,
        json_schema_serialization_defaults_required=True,
    )


class Nothing(Asked):
    """No parameters, or an empty body."""


class PageQuery(Asked):
    """Which part of a list."""

    limit: Annotated[int, Field(ge=1, le=200, description="Items at most.")] = 50
    cursor: Annotated[str, Field(max_length=1000, description="The last page's `next`.")] | None = None


class Paged(Shown, Generic[Item]):
    """A part of a list; `next` is the cursor of the one after it, null at the end."""

    items: tuple[Item, ...]
    next: str | None
