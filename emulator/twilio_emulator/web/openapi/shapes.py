"""The words in which the admin API is described: schemas, parameters, operations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "ANYTHING",
    "FLAG",
    "INTEGER",
    "MOMENT",
    "NUMBER",
    "TEXT",
    "Answer",
    "Operation",
    "Schema",
    "log_of",
    "nullable",
    "one_of",
    "record",
    "ref",
    "several",
    "told",
]

Schema = dict[str, Any]
"""A JSON Schema, 2020-12, as OpenAPI 3.1 has it."""

TEXT: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
FLAG: Schema = {"type": "boolean"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
ANYTHING: Schema = {}


def told(schema: Schema, description: str) -> Schema:
    """Return a schema with a description."""
    return {**schema, "description": description}


def one_of(values: Iterable[str]) -> Schema:
    """Return the schema of a text that is one of these."""
    return {"type": "string", "enum": [str(value) for value in values]}


def nullable(schema: Schema) -> Schema:
    """Return a schema that takes null as well."""
    return {"anyOf": [schema, {"type": "null"}]}


def several(schema: Schema) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": schema}


def ref(name: str) -> Schema:
    """Return a reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def record(fields: Mapping[str, Schema], *, optional: Mapping[str, Schema] | None = None) -> Schema:
    """Return the schema of an object with these fields, those that must be there and those that may, and no other."""
    others = dict(optional or {})
    schema: Schema = {"type": "object", "properties": {**fields, **others}, "additionalProperties": False}
    return {**schema, "required": list(fields)} if fields else schema


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An answer that is no refusal; ``schema`` is None when it has no body."""

    status: int = 200
    description: str = "Done."
    schema: Schema | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """One call of the admin API.

    Attributes:
        method: HTTP method.
        path: below ``/emulator/v1``; names in braces are texts.
        group: the heading it stands under.
        summary: what it does, in a line.
        description: what else is to be known.
        query: parameters of the query by name.
        body: of the request, None for none.
        example: of the body.
        answers: what it says when it is done.
        refusals: statuses of refusals.
    """

    method: str
    path: str
    group: str
    summary: str
    description: str = ""
    query: Mapping[str, Schema] = field(default_factory=dict)
    body: Schema | None = None
    example: object = None
    answers: tuple[Answer, ...]
    refusals: tuple[int, ...] = (400,)


def log_of(what: str) -> dict[str, Schema]:
    """Return the parameters of a list that grows and can be waited for."""
    position = {"type": "integer", "minimum": 0}
    return {
        "after": told(position, f"only {what} with a greater `seq`"),
        "before": told(position, f"only {what} with a smaller `seq`"),
        "last": told({"type": "integer", "minimum": 0, "maximum": 1000}, "the newest so many, still oldest first"),
        "wait": told({"type": "number", "minimum": 0, "maximum": 60}, "seconds to wait for the first one"),
    }
