"""Holds all traffic of an emulator to Twilio's OpenAPI documents, closed.

For: ``Recorder.middleware`` goes into the emulator under test; ``Recorder.problems`` must then stay empty.
Closed means: no parameter, status or property outside of the documents, and every property of a schema present. The
documents themselves leave everything optional, so ``{}`` would pass. What may deviate is listed, with reasons, in
``twilio-oai/deviations.json``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import jsonschema
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aiohttp.typedefs import Handler

FOLDER = Path(__file__).parent / "twilio-oai"
_DOCUMENTS = {"api": "api_v2010", "iam": "iam_v1", "accounts": "accounts_v1", "pricing": "pricing_v1"}
_LARGEST_FORM = 1_000_000
_FORMATS = jsonschema.FormatChecker(formats=())


@_FORMATS.checks("date-time-rfc-2822", raises=(ValueError, TypeError))
def _rfc2822(value: object) -> bool:
    return not isinstance(value, str) or (bool(parsedate_to_datetime(value)) and value.endswith(" +0000"))


@_FORMATS.checks("date-time")
def _iso8601(value: object) -> bool:
    return not isinstance(value, str) or bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value))


@_FORMATS.checks("uri")
def _uri(value: object) -> bool:
    return not isinstance(value, str) or value.startswith(("http://", "https://", "/"))


@_FORMATS.checks("iso-country-code")
def _country(value: object) -> bool:
    return not isinstance(value, str) or bool(re.fullmatch("[A-Z]{2}", value))


@_FORMATS.checks("currency")
def _currency(value: object) -> bool:
    return not isinstance(value, str) or bool(re.fullmatch("[A-Z]{3}", value))


@_FORMATS.checks("uri-map")
def _uri_map(value: object) -> bool:
    return not isinstance(value, dict) or all(isinstance(uri, str) and _uri(uri) for uri in value.values())


class Documents:
    """The extracts, by product host, and what may deviate from them."""

    def __init__(self) -> None:
        self._by_host = {
            host: json.loads((FOLDER / f"twilio_{name}.json").read_text()) for host, name in _DOCUMENTS.items()
        }
        self._rules = {
            (schema, name): entry["rule"]
            for entry in json.loads((FOLDER / "deviations.json").read_text())
            for schema in entry["schemas"]
            for name in entry["properties"]
        }

    def operations(self) -> Iterator[tuple[str, str, str]]:
        """Yield host, method and path template of everything documented."""
        for host, document in self._by_host.items():
            for path, item in document["paths"].items():
                yield from ((host, method.upper(), path) for method in item if method in {"get", "post", "delete"})

    def find(self, host: str, method: str, path: str) -> tuple[str, dict[str, Any]] | None:
        """Return the path template and the operation that a call is; literal parts win over variable ones."""
        templates = self._by_host.get(host, {"paths": {}})["paths"]
        for template in sorted(templates, key=lambda candidate: candidate.count("{")):
            pattern = re.sub(r"\\\{\w+\\\}", r"[^/]+", re.escape(template))
            if re.fullmatch(pattern, path) and method.lower() in templates[template]:
                return template, templates[template][method.lower()]
        return None

    def closed(self, host: str, schema: Mapping[str, Any], name: str = "") -> dict[str, Any]:
        """Return a JSON Schema that lets nothing in or out beyond the document's schema."""
        if "$ref" in schema:
            name = schema["$ref"].removeprefix("#/components/schemas/")
            target = self._by_host[host]["components"]["schemas"][name]
            return self.closed(host, target, name)
        name = schema.get("title", name)
        kept = {key: value for key, value in schema.items() if key in {"type", "format", "enum", "pattern"}}
        if "items" in schema:
            kept["items"] = self.closed(host, schema["items"], name)
        if "properties" in schema:
            kept |= self._closed_object(host, schema["properties"], name)
        if schema.get("nullable") and "type" in kept:
            kept["type"] = [kept["type"], "null"]
            if "enum" in kept:
                kept["enum"] = [*kept["enum"], None]
        return kept

    def _closed_object(self, host: str, properties: Mapping[str, Any], name: str) -> dict[str, Any]:
        rules = {prop: self._rules.get((name, prop)) for prop in properties}
        shapes = {prop: self.closed(host, schema, name) for prop, schema in properties.items()}
        for prop, rule in rules.items():
            if rule == "may be empty":
                shapes[prop] = {"anyOf": [shapes[prop], {"const": ""}]}
            elif rule == "decimal text for number":
                shapes[prop] = {"type": "string", "pattern": r"^\d+\.\d\d$"}
        required = [prop for prop, rule in rules.items() if rule != "may be absent"]
        return {"properties": shapes, "required": required, "additionalProperties": False}


@dataclass
class Recorder:
    """Remembers which operations answered well and what was wrong with any call."""

    documents: Documents = field(default_factory=Documents)
    served: set[tuple[str, str, str]] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def middleware(self) -> Any:
        """Return an aiohttp middleware that checks every call but those of the admin API."""

        @web.middleware
        async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
            too_large = (request.content_length or 0) > _LARGEST_FORM
            form = "" if too_large else (await request.read()).decode("utf-8", "replace")
            response = await handler(request)
            if not request.path.startswith(("/emulator/", "/healthz")) and isinstance(response, web.Response):
                host, _, path = request.path.lstrip("/").partition("/")
                where = f"{request.method} {request.path} -> {response.status}"
                found = self._check(host, request, f"/{path}", form, response)
                self.problems += [f"{where}: {problem}" for problem in found]
            return response

        return check

    def _check(self, host: str, request: web.Request, path: str, form: str, response: web.Response) -> Iterator[str]:
        if response.status >= 400:
            yield from _check_error(response)
            return
        found = self.documents.find(host, request.method, path)
        if found is None:
            yield "the documents have no such operation"
            return
        template, operation = found
        self.served.add((host, request.method, template))
        yield from self._check_request(host, operation, request, form)
        yield from self._check_answer(host, operation, response)

    def _check_request(self, host: str, operation: dict[str, Any], request: web.Request, form: str) -> Iterator[str]:
        documented = {item["name"]: item["schema"] for item in operation.get("parameters", []) if item["in"] == "query"}
        given = parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True)
        if request.method == "POST":
            content = operation.get("requestBody", {}).get("content", {})
            documented = content.get("application/x-www-form-urlencoded", {}).get("schema", {}).get("properties", {})
            given = parse_qsl(form, keep_blank_values=True)
        for name, value in given:
            if name not in documented:
                yield f"parameter {name} is not documented"
            elif value:
                schema = self.documents.closed(host, documented[name])
                validator = jsonschema.Draft202012Validator(schema)  # a date filter may be a day: no formats
                yield from (f"{name}: {error.message}" for error in validator.iter_errors(_typed(value, schema)))

    def _check_answer(self, host: str, operation: dict[str, Any], response: web.Response) -> Iterator[str]:
        documented = operation["responses"].get(str(response.status))
        if documented is None:
            yield f"status {response.status} is not documented, only {', '.join(operation['responses'])}"
            return
        content = documented.get("content", {}).get("application/json")
        if content is None:
            if response.body:
                yield "the answer has a body, the documents say it has none"
            return
        schema = self.documents.closed(host, content["schema"])
        yield from _errors(schema, json.loads(response.text or "null"), "answer")


def _check_error(response: web.Response) -> Iterator[str]:
    body = json.loads(response.text or "null")
    if not isinstance(body, dict) or body.keys() != {"code", "message", "more_info", "status"}:
        yield f"an error body has code, message, more_info and status, this one is {body}"
    elif body["status"] != response.status or str(body["code"]) not in body["more_info"]:
        yield f"the error body contradicts itself: {body}"
    if response.status == 500:
        yield "the emulator failed"


def _errors(schema: dict[str, Any], value: object, where: str) -> Iterator[str]:
    validator = jsonschema.Draft202012Validator(schema, format_checker=_FORMATS)
    for error in validator.iter_errors(value):
        yield f"{where}{error.json_path.removeprefix('$')}: {error.message}"


def _typed(value: str, schema: Mapping[str, Any]) -> object:
    """Return a form value as its schema's type."""
    kind = schema.get("type")
    if kind == "integer":
        return int(value)
    if kind == "number":
        return float(value) if re.fullmatch(r"[0-9.]+", value) else value
    if kind == "boolean":
        return {"true": True, "false": False}.get(value.lower(), value)
    return [value] if kind == "array" else value
