"""The admin API as an OpenAPI 3.1 document, made from tables: what a table does not say, the document does not claim.

Every route has one row; a test holds rows and routes together, and real answers to the schemas.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, Any

from twilio_emulator.web.openapi import accounts, running, talking
from twilio_emulator.web.openapi.components import COMPONENTS
from twilio_emulator.web.openapi.shapes import TEXT, ref

if TYPE_CHECKING:
    from twilio_emulator.web.openapi.shapes import Answer, Operation

__all__ = ["OPERATIONS", "ROOT", "document"]

ROOT = "/emulator/v1"
OPERATIONS: tuple[Operation, ...] = tuple(chain(talking.OPERATIONS, accounts.OPERATIONS, running.OPERATIONS))

_ABOUT = (
    "What a test, a demo or a person does to the emulator that no customer of Twilio can. It takes no credentials; "
    'whoever reaches its port can use it. A refusal is `{"error": "…"}` and names the field.'
)
_REFUSALS = {
    400: "A field or a parameter cannot be used.",
    403: "A page of another site had a browser ask.",
    404: "There is no such thing.",
    409: "It is not in a state for that.",
    413: "The body is too large.",
}
_NAME = re.compile(r"\{(\w+)\}")


def document() -> dict[str, Any]:
    """Return the document."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    groups = dict.fromkeys(operation.group for operation in OPERATIONS)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Twilio emulator: admin API", "version": "1", "description": _ABOUT},
        "servers": [{"url": ROOT}],
        "security": [],
        "tags": [{"name": group} for group in groups],
        "paths": paths,
        "components": {"schemas": COMPONENTS},
    }


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": _identity(operation),
        "tags": [operation.group],
        "summary": operation.summary,
        "responses": _responses(operation),
    }
    if operation.description:
        described["description"] = operation.description
    if parameters := _parameters(operation):
        described["parameters"] = parameters
    if operation.body is not None:
        content: dict[str, Any] = {"schema": operation.body}
        if operation.example is not None:
            content["example"] = operation.example
        described["requestBody"] = {"required": True, "content": {"application/json": content}}
    return described


def _identity(operation: Operation) -> str:
    """Return such as ``get_accounts_sid``."""
    words = re.findall(r"\w+", operation.path.replace("-", "_"))
    return "_".join([operation.method.lower(), *words])


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    named = [{"name": name, "in": "path", "required": True, "schema": TEXT} for name in _NAME.findall(operation.path)]
    for name, schema in operation.query.items():
        bare = {key: value for key, value in schema.items() if key != "description"}
        parameter = {"name": name, "in": "query", "required": False, "schema": bare}
        named.append({**parameter, "description": schema["description"]} if "description" in schema else parameter)
    return named


def _responses(operation: Operation) -> dict[str, Any]:
    found = {str(answer.status): _response(answer) for answer in operation.answers}
    statuses = {*operation.refusals, *([413] if operation.body is not None else [])}
    if operation.method != "GET":
        statuses.add(403)
    for status in sorted(statuses):
        content = {"application/json": {"schema": ref("Error")}}
        found[str(status)] = {"description": _REFUSALS[status], "content": content}
    return found


def _response(answer: Answer) -> dict[str, Any]:
    if answer.schema is None:
        return {"description": answer.description}
    return {"description": answer.description, "content": {"application/json": {"schema": answer.schema}}}
