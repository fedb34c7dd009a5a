"""Holds all traffic of an emulator to Twilio's OpenAPI documents, closed.

For: ``Recorder.middleware`` goes into the emulator under test; ``Recorder.problems`` must then stay empty.
Closed means: no parameter, status or property outside of the documents, and every property of a schema present. The
documents themselves leave everything optional, so ``{}`` would pass. What may deviate is listed, with reasons, in
``twilio-oai/deviations.json``; what nobody serves yet, in ``twilio-oai/awaited.json``.
Documents are read, and schemas compiled, once a process: the check runs on every call of hundreds of tests.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import jsonschema
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from aiohttp.typedefs import Handler

FOLDER = Path(__file__).parent / "twilio-oai"
DOCUMENTS = {
    "api": ("api_v2010", "made/recordings_v2010"),
    "iam": ("iam_v1",),
    "accounts": ("accounts_v1",),
    "pricing": ("pricing_v1",),
    "messaging": ("messaging_v1", "messaging_v2"),
    "content": ("content_v1",),
    "numbers": ("numbers_v2",),
    "events": ("events_v1",),
    "monitor": ("monitor_v1",),
    "webhooks": ("made/webhooks_v1",),
}
"""The documents of each product host."""
_METHODS = ("get", "post", "put", "patch", "delete")
_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"
_LARGEST_FORM = 1_000_000
_ABSENT = "may be absent"
_ERROR = {"code", "message", "more_info", "status"}
_PROBLEM = {"code", "detail", "status", "title", "type"}
"""What an error's body has; of the second kind are those of webhooks.twilio.com."""
_NUMBER = r"^-?\d+(\.\d+)?$"

# -------------------------------------------------------------------------------------------------------------- formats

_FORMATS = jsonschema.FormatChecker(formats=())
_SUCH_AS = {
    "date-time-rfc-2822": "Thu, 30 Jul 2015 20:12:31 +0000",
    "date-time": "2015-07-30T20:12:31Z",
    "date": "2015-07-30",
    "uri": "https://api.twilio.com/..., or a path below it",
    "uri-map": '{"name": "https://..."}',
    "iso-country-code": "US",
    "currency": "USD",
    "http-method": "POST",
}


def _a_format(name: str, pattern: str) -> None:
    compiled = re.compile(pattern)
    _FORMATS.checks(name)(lambda value: not isinstance(value, str) or bool(compiled.fullmatch(value)))


_a_format("date-time", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_a_format("date", r"\d{4}-\d\d-\d\d")
_a_format("uri", r"(https?:/)?/.*")
_a_format("iso-country-code", "[A-Z]{2}")
_a_format("currency", "[A-Z]{3}")
_a_format("http-method", "GET|POST|PUT|DELETE|HEAD|PATCH")


@_FORMATS.checks("date-time-rfc-2822", raises=(ValueError, TypeError))
def _rfc2822(value: object) -> bool:
    return not isinstance(value, str) or (bool(parsedate_to_datetime(value)) and value.endswith(" +0000"))


@_FORMATS.checks("uri-map")
def _uri_map(value: object) -> bool:
    uris = value.values() if isinstance(value, dict) else ()
    return all(isinstance(uri, str) and uri.startswith(("http://", "https://", "/")) for uri in uris)


# ------------------------------------------------------------------------------------------------------------ documents


@dataclass(frozen=True)
class _Product:
    """All documents of one host as one, and their paths compiled."""

    paths: Mapping[str, Mapping[str, Any]]
    components: Mapping[str, Any]
    awaited: frozenset[tuple[str, str]]
    patterns: tuple[tuple[re.Pattern[str], str], ...]


@cache
def _product(host: str) -> _Product:
    awaited = json.loads((FOLDER / "awaited.json").read_text())
    paths: dict[str, Any] = {}
    components: dict[str, Any] = {}
    calls: set[tuple[str, str]] = set()
    for name in DOCUMENTS.get(host, ()):
        document = json.loads(document_file(name).read_text())
        parts = {
            f"{kind}/{part}": found for kind, all_ in document["components"].items() for part, found in all_.items()
        }
        if (paths.keys() & document["paths"].keys()) or any(
            components.get(key, parts[key]) != parts[key] for key in parts
        ):
            raise ValueError(f"{name} names a path or a component that another document of host {host} has too")
        paths |= document["paths"]
        components |= parts
        calls |= {tuple(call.split(" ", 1)) for call in awaited.get(name, ())}
    patterns = tuple((_pattern(template), template) for template in sorted(paths, key=_variables))
    return _Product(paths, components, frozenset(calls), patterns)


def document_file(name: str) -> Path:
    """Return where a document is: Twilio's own, or one made by hand where Twilio has none."""
    return FOLDER / (f"{name}.json" if name.startswith("made/") else f"twilio_{name}.json")


def _variables(template: str) -> list[bool]:
    """Sort literal parts before variable ones, from the left."""
    return ["{" in part for part in template.split("/")]


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{\w+\\\}", r"[^/]+", re.escape(template)))


@cache
def _rules() -> Mapping[tuple[str, str], tuple[str, ...]]:
    rules: dict[tuple[str, str], tuple[str, ...]] = {}
    for entry in json.loads((FOLDER / "deviations.json").read_text()):
        if entry["rule"] != _ABSENT and entry["rule"] not in _SHAPES:
            raise ValueError(f"deviations.json: no rule {entry['rule']}, only {', '.join([_ABSENT, *_SHAPES])}")
        for key in ((schema, name) for schema in entry["schemas"] for name in entry["properties"]):
            rules[key] = (*rules.get(key, ()), entry["rule"])
    return rules


def _or(**other: object) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda shape: {"anyOf": [shape, other]}


def _instead(**other: object) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Take another shape; null stays allowed where it was."""
    return lambda shape: {**other, "type": [other["type"], "null"] if _nullable(shape) else other["type"]}


def _nullable(shape: Mapping[str, Any]) -> bool:
    return "null" in shape.get("type", ()) or any(map(_nullable, shape.get("anyOf", ())))


_SHAPES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "may be empty": _or(const=""),
    "may be null": _or(type="null"),
    "may be text for number": _or(type="string", pattern=_NUMBER),
    "any text": _instead(type="string"),
    "decimal text for number": _instead(type="string", pattern=r"^\d+\.\d\d$"),
    "lower-case currency": _instead(type="string", pattern="^[a-z]{3}$"),
    "text for number": _instead(type="string", pattern=_NUMBER),
}
"""What a rule of deviations.json makes of a property's shape; ``may be absent`` is about presence, not shape."""


class Documents:
    """The extracts, by product host, and what may deviate from them."""

    def operations(self, *, awaited: bool = False) -> Iterator[tuple[str, str, str]]:
        """Yield host, method and path template of everything documented; what is awaited only if asked for."""
        for host in DOCUMENTS:
            product = _product(host)
            for path, item in product.paths.items():
                for method in (method.upper() for method in item if method in _METHODS):
                    if awaited or (method, path) not in product.awaited:
                        yield host, method, path

    def find(self, host: str, method: str, path: str) -> tuple[str, dict[str, Any]] | None:
        """Return the path template and the operation that a call is; literal parts win over variable ones."""
        product = _product(host)
        for pattern, template in product.patterns:
            if method.lower() in product.paths[template] and pattern.fullmatch(path):
                return template, product.paths[template][method.lower()]
        return None

    def closed(self, host: str, schema: Mapping[str, Any], name: str = "", *, given: bool = False) -> dict[str, Any]:
        """Return a JSON Schema that lets nothing in or out beyond the document's schema.

        ``given`` makes it one for requests: no property is required, and a text that is one of a few may be empty.
        An object that the document gives no properties stays free.
        """
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            target = _product(host).components[schema["$ref"].removeprefix("#/components/")]
            return self.closed(host, {**target, **_beside(schema)}, name, given=given)
        if "allOf" in schema:
            return self.closed(host, self._merged(host, schema), name, given=given)
        name = schema.get("title", name)
        for key in ("oneOf", "anyOf"):
            if key in schema:
                shapes = [self.closed(host, option, name, given=given) for option in schema[key]]
                return {"anyOf": [*shapes, {"type": "null"}] if schema.get("nullable") else shapes}
        kept = {key: value for key, value in schema.items() if key in {"type", "format", "enum", "pattern"}}
        if "items" in schema:
            kept["items"] = self.closed(host, schema["items"], name, given=given)
        kept |= self._closed_object(host, schema, name, given=given)
        if "enum" in kept and given:
            kept["enum"] = [*kept["enum"], ""]
        if schema.get("nullable") and "type" in kept:
            kept["type"] = [kept["type"], "null"]
            if "enum" in kept:
                kept["enum"] = [*kept["enum"], None]
        return kept

    def _closed_object(self, host: str, schema: Mapping[str, Any], name: str, *, given: bool) -> dict[str, Any]:
        more = schema.get("additionalProperties", False)
        if isinstance(more, dict):
            more = self.closed(host, more, name, given=given)
        if "properties" not in schema:
            return {"additionalProperties": more} if "additionalProperties" in schema else {}
        properties = schema["properties"]
        shapes = {prop: self.closed(host, shape, name, given=given) for prop, shape in properties.items()}
        rules = {prop: _rules().get((name, prop), ()) for prop in properties}
        for prop, named in rules.items():
            for rule in named:
                shapes[prop] = _SHAPES.get(rule, dict)(shapes[prop])
        required = [prop for prop, named in rules.items() if _ABSENT not in named and not given]
        return {"properties": shapes, "required": required, "additionalProperties": more}

    def _merged(self, host: str, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return one schema for all of ``allOf`` and what stands beside it."""
        merged: dict[str, Any] = {"properties": {}}
        for part in [*schema["allOf"], {key: value for key, value in schema.items() if key != "allOf"}]:
            found = part
            while "$ref" in found or "allOf" in found:
                if "allOf" in found:
                    found = self._merged(host, found)
                else:
                    target = _product(host).components[found["$ref"].removeprefix("#/components/")]
                    found = {**target, **_beside(found)}
            merged |= {**found, "properties": {**merged["properties"], **found.get("properties", {})}}
        return merged if merged["properties"] else {key: value for key, value in merged.items() if key != "properties"}


def _beside(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return what counts beside a reference: the documents mark references as nullable."""
    return {"nullable": True} if schema.get("nullable") else {}


# -------------------------------------------------------------------------------------------------------- one operation


@dataclass(frozen=True)
class Shape:
    """A closed schema, compiled."""

    schema: dict[str, Any]
    formats: bool = True

    @cached_property
    def _validator(self) -> jsonschema.Draft202012Validator:
        return jsonschema.Draft202012Validator(self.schema, format_checker=_FORMATS if self.formats else None)

    def problems(self, value: object, where: str) -> Iterator[str]:
        """Yield what is wrong with a value: where in it, and what was expected."""
        for error in self._validator.iter_errors(value):
            yield from _explained(error, where)


@dataclass(frozen=True)
class _Operation:
    """What an operation takes and answers, compiled; ``sounds`` are its content types other than JSON."""

    query: Mapping[str, Shape]
    form: Mapping[str, Shape] | None
    json: Shape | None
    answers: Mapping[str, Shape | None]
    sounds: frozenset[str]


@cache
def _operation(host: str, method: str, template: str) -> _Operation:
    documents, product = Documents(), _product(host)
    operation = product.paths[template][method.lower()]

    def taken(schema: Mapping[str, Any]) -> Shape:
        return Shape(documents.closed(host, schema, given=True), formats=False)  # a date filter may be a day

    parameters = [
        product.components[item["$ref"].removeprefix("#/components/")] if "$ref" in item else item
        for item in [*product.paths[template].get("parameters", []), *operation.get("parameters", [])]
    ]
    body = {
        kind: taken(content["schema"]) for kind, content in operation.get("requestBody", {}).get("content", {}).items()
    }
    form = body[_FORM].schema["properties"].items() if _FORM in body else None
    answers = {status: answer.get("content", {}).get(_JSON) for status, answer in operation["responses"].items()}
    return _Operation(
        query={item["name"]: taken(item["schema"]) for item in parameters if item["in"] == "query"},
        form=None if form is None else {name: Shape(schema, formats=False) for name, schema in form},
        json=body.get(_JSON),
        answers={
            status: None if content is None else Shape(documents.closed(host, content["schema"]))
            for status, content in answers.items()
        },
        sounds=frozenset(kind for answer in operation["responses"].values() for kind in answer.get("content", {}))
        - {_JSON},
    )


@dataclass
class Recorder:
    """Remembers which operations answered well and what was wrong with any call.

    Attributes:
        documents: what traffic is held to.
        holds_requests: whether requests are held to it too, and not the answers alone.
        served: host, method and path template of what answered well.
        problems: what was wrong.
    """

    documents: Documents = field(default_factory=Documents)
    holds_requests: bool = True
    served: set[tuple[str, str, str]] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def middleware(self) -> Any:
        """Return an aiohttp middleware that checks every call but those of the admin API."""

        @web.middleware
        async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
            too_large = (request.content_length or 0) > _LARGEST_FORM
            body = "" if too_large else (await request.read()).decode("utf-8", "replace")
            response = await handler(request)
            if not request.path.startswith(("/emulator/", "/healthz")) and isinstance(response, web.Response):
                host, _, path = request.path.lstrip("/").partition("/")
                where = f"{request.method} {request.path} -> {response.status}"
                found = self._check(host, request, f"/{path}", body, response)
                self.problems += [f"{where}: {problem}" for problem in found]
            return response

        return check

    def _check(self, host: str, request: web.Request, path: str, body: str, response: web.Response) -> Iterator[str]:
        if response.status >= 400:
            yield from _check_error(response)
            return
        found = self.documents.find(host, request.method, path)
        if found is None:
            yield "the documents have no such operation"
            return
        self.served.add((host, request.method, found[0]))
        operation = _operation(host, request.method, found[0])
        if self.holds_requests:
            yield from _check_request(operation, request, body)
        yield from _check_answer(operation, response)


def _check_request(operation: _Operation, request: web.Request, body: str) -> Iterator[str]:
    yield from _check_values(operation.query, request.rel_url.raw_query_string, "query")
    if operation.json is not None and request.content_type == _JSON:
        yield from check_json(operation.json, body)
    elif operation.form is not None:
        yield from _check_values(operation.form, body, "form")
    elif body:
        yield f"body: {_JSON if operation.json else 'nothing'} was expected, not {request.content_type}"


def _check_values(documented: Mapping[str, Shape], encoded: str, where: str) -> Iterator[str]:
    for name, value in parse_qsl(encoded, keep_blank_values=True):
        shape = documented.get(name) or _prefixed(documented, name)
        if shape is None:
            yield f"{where}: parameter {name} is not documented, only {', '.join(documented) or 'none'}"
        elif value:
            yield from check_value(shape, value, f"{where}: {name}")


def _prefixed(documented: Mapping[str, Shape], name: str) -> Shape | None:
    """Return the shape of a map whose entries are parameters of their own, ``Name.Entry``."""
    shape = documented.get(name.partition(".")[0])
    return (
        Shape({"type": "string"})
        if shape and str(shape.schema.get("format", "")).startswith("prefixed-collapsible-map")
        else None
    )


def check_value(shape: Shape, value: str, where: str) -> Iterator[str]:
    """Yield what is wrong with the value of a query or form parameter."""
    typed = _typed(value, shape.schema)
    yield from [f"{where}: JSON was expected, not {value!r}"] if typed is ... else shape.problems(typed, where)


def check_json(shape: Shape, body: str) -> Iterator[str]:
    """Yield what is wrong with a JSON body; the SDK writes null for whatever is not given."""
    try:
        given = json.loads(body)
    except ValueError as error:
        yield f"body: JSON was expected: {error}"
    else:
        yield from shape.problems(_without_nulls(given), "body")


def _without_nulls(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _without_nulls(value) for key, value in node.items() if value is not None}
    return [_without_nulls(item) for item in node] if isinstance(node, list) else node


def _check_answer(operation: _Operation, response: web.Response) -> Iterator[str]:
    status = str(response.status)
    if status not in operation.answers:
        yield f"status {status} is not documented, only {', '.join(operation.answers)}"
        return
    shape = operation.answers[status]
    if shape is None:
        if response.body and response.content_type not in operation.sounds:
            yield "the answer has a body, the documents say it has none"
        return
    try:
        answer = json.loads(response.text or "null")
    except ValueError as error:
        yield f"answer: JSON was expected: {error}"
    else:
        yield from shape.problems(answer, "answer")


def _check_error(response: web.Response) -> Iterator[str]:
    body = json.loads(response.text or "null")
    if not isinstance(body, dict) or set(body) not in (_ERROR, _PROBLEM):
        yield f"an error body has {', '.join(sorted(_ERROR))}, or those of RFC 9457, this one is {body}"
    elif body["status"] != response.status or str(body["code"]) not in str(body.get("more_info", body.get("type"))):
        yield f"the error body contradicts itself: {body}"
    if response.status == 500:
        yield "the emulator failed"


def _explained(error: jsonschema.ValidationError, where: str) -> Iterator[str]:
    """Yield what an error says; of several alternatives, what is wrong with the nearest one."""
    keyword: Any = error.validator_value
    if error.validator != "anyOf":
        such_as = f", such as {_SUCH_AS[keyword]}" if error.validator == "format" else ""
        yield f"{where}{error.json_path.removeprefix('$')}: {error.message}{such_as}"
        return
    shapes = [index for index, option in enumerate(keyword) if not _trivial(option)]
    count = Counter(each.schema_path[0] for each in error.context)
    nearest = min(shapes or range(len(keyword)), key=lambda index: (count[index], index))
    for each in error.context:
        if each.schema_path[0] == nearest:
            yield from _explained(each, where)


def _trivial(option: Mapping[str, Any]) -> bool:
    return "const" in option or option.get("type") == "null"


def _typed(value: str, schema: Mapping[str, Any]) -> Any:
    """Return a form value as its schema's type; where that is not to be had, as text; ``...`` where JSON was needed."""
    kinds = schema.get("type", "")
    kind = kinds[0] if isinstance(kinds, list) else kinds
    if kind == "array":
        item = _typed(value, schema.get("items", {}))
        return item if item is ... or isinstance(item, list) else [item]
    try:
        if kind in {"object", ""} and "anyOf" not in schema:
            return json.loads(value)
        if kind == "integer":
            return int(value)
        if kind == "number":
            return float(value) if re.fullmatch(r"[0-9.]+", value) else value
    except ValueError:
        return ... if kind in {"object", ""} else value
    return {"true": True, "false": False}.get(value.lower(), value) if kind == "boolean" else value
