"""The API's document (OpenAPI 3.1), made of the routes and their models: it cannot say what the code does not do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import models_json_schema

from switchboard_runtime.edge.api.models import Nothing
from switchboard_runtime.edge.api.problems import KINDS
from switchboard_runtime.edge.api.tokens import SCOPES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import BaseModel

    from switchboard_runtime.edge.api.call import Route

__all__ = ["document"]

_REFS = "#/components/schemas/{model}"
_ALWAYS = ("unauthorized", "missing-scope", "too-many-requests", "internal", "unavailable", "invalid-request")
_WITH_BODY = ("too-large", "too-slow", "not-json")
_WITH_KEY = ("request-in-progress", "key-reused")

_INTRODUCTION = (
    "One tenant's API. Send `Authorization: Bearer` and a token of the tenant, to the tenant's own host, or to the"
    " pod's address below `/api/v1/tenants/{slug}`. Lists come in pages; refusals are problem details (RFC 9457)."
)

_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "description": "The kind; a place in this API's page."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong in this request, and what to do."},
        "scope": {"type": "string", "description": "What the token lacks."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "problem"],
                "properties": {"field": {"type": "string"}, "problem": {"type": "string"}},
            },
        },
    },
}


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """The OpenAPI document of ``routes``."""
    routes = tuple(routes)
    schemas, shared = _schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(f"/api/v1{route.path}", {})[route.method.lower()] = _operation(route, schemas, shared)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Switchboard bot API", "version": "1", "description": _INTRODUCTION},
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {**shared, "Problem": _PROBLEM},
        },
    }


def _schemas(routes: tuple[Route, ...]) -> tuple[dict[tuple[Any, str], Any], dict[str, Any]]:
    """A reference for each model, and what the references lead to."""
    asked: set[type[BaseModel]] = set()
    for route in routes:
        asked |= {route.query, route.parameters, *([route.body] if route.body else [])}
    inputs: list[tuple[Any, Any]] = [(model, "validation") for model in sorted(asked, key=lambda one: one.__name__)]
    outputs: list[tuple[Any, Any]] = [
        (model, "serialization") for model in sorted({route.answer for route in routes}, key=lambda one: one.__name__)
    ]
    refs, whole = models_json_schema([*inputs, *outputs], ref_template=_REFS)
    return {(model, str(mode)): ref for (model, mode), ref in refs.items()}, whole.get("$defs", {})


def _operation(route: Route, schemas: dict[tuple[Any, str], Any], shared: dict[str, Any]) -> dict[str, Any]:
    answer = {"application/json": {"schema": schemas[route.answer, "serialization"]}}
    success: dict[str, Any] = {"description": "Done.", "content": answer}
    if route.etag:
        success["headers"] = {"ETag": {"schema": {"type": "string"}}}
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "description": f"Scope: `{route.scope}` ({SCOPES[route.scope]}).",
        "tags": [route.tag],
        "parameters": _parameters(route, shared),
        "responses": {str(route.status): success, **_refusals(route)},
        "x-scope": route.scope,
    }
    if route.body is not None:
        schema = schemas[route.body, "validation"]
        needed = bool(_of(route.body, shared).get("required"))
        operation["requestBody"] = {"required": needed, "content": {"application/json": {"schema": schema}}}
    return operation


def _parameters(route: Route, shared: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for model, place in ((route.parameters, "path"), (route.query, "query")):
        schema = _of(model, shared)
        for name, one in schema.get("properties", {}).items():
            needed = place == "path" or name in schema.get("required", ())
            found.append({"name": name, "in": place, "required": needed, "schema": _without_null(one)})
    if route.keyed:
        found.append(_header("Idempotency-Key", "The same request under the same key is done once, for a day."))
    if route.method == "PATCH" and route.etag:
        found.append(_header("If-Match", "An ETag; if the thing is not as it was then, nothing is changed."))
    return found


def _header(name: str, description: str) -> dict[str, Any]:
    schema = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


def _of(model: type[BaseModel], shared: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = shared.get(model.__name__, {})
    return found if model is not Nothing else {}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter's schema: one that is left out is not null."""
    kinds = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    kept = {name: value for name, value in schema.items() if name not in {"anyOf", "default", "title"}}
    if len(kinds) == 1:
        return {**kinds[0], **kept}
    return {**kept, "anyOf": kinds} if kinds else {name: value for name, value in schema.items() if name != "title"}


def _refusals(route: Route) -> dict[str, Any]:
    kinds = {*_ALWAYS, *route.problems}
    kinds |= set(_WITH_BODY) if route.method != "GET" else set()
    kinds |= set(_WITH_KEY) if route.keyed else set()
    if re.search(r"\{", route.path):
        kinds.add("not-found")
    by_status: dict[str, list[str]] = {}
    for kind in sorted(kinds):
        by_status.setdefault(str(KINDS[kind][0]), []).append(KINDS[kind][1])
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": "; ".join(titles) + ".", "content": content}
        for status, titles in sorted(by_status.items())
    }
