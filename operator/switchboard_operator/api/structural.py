"""Lowers pydantic's JSON Schema to what Kubernetes calls a structural schema.

It assumes schemas in pydantic's own dialect (2020-12: `$defs`, `anyOf` with null for optional fields) and
writes OpenAPI v3 as `apiextensions.k8s.io/v1` reads it. It refuses, naming the path, whatever has no
structural form (free unions, recursion, keys by pattern, unknown keywords) and whatever has no cap on its
size, because the API server budgets CEL rules by caps.

Defaults inside list items are left out of the schema: tools that compare whole lists (Argo CD) would see the
API server's additions as drift for ever. The models fill them in when the operator reads. Empty defaults are
left out as well: they say nothing, and would only show up in `kubectl get -o yaml`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from switchboard_operator.api.rules import VALIDATIONS

Schema = dict[str, Any]

LIST_TYPE: Final = "x-kubernetes-list-type"
LIST_KEYS: Final = "x-kubernetes-list-map-keys"
INT_OR_STRING: Final = "x-kubernetes-int-or-string"

_KEPT: Final = frozenset(
    {"type", "format", "description", "enum", "default", "required", VALIDATIONS, LIST_TYPE, LIST_KEYS}
    | {"minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"}
)
_DROPPED: Final = frozenset({"title", "$defs"})
_NULL: Final = {"type": "null"}
_SCALARS: Final = frozenset({"string", "integer", "number", "boolean"})


class NotStructural(ValueError):
    """A schema that the API server would refuse, or could not budget.

    Attributes:
        path: Where, from the root (`.spec.items[]`).
    """

    def __init__(self, path: str, fault: str) -> None:
        super().__init__(f"{path or '.'}: {fault}")
        self.path = path


@dataclass(frozen=True)
class _Place:
    """Where in the schema the lowering stands."""

    path: str
    definitions: Mapping[str, Schema]
    open_references: frozenset[str] = frozenset()
    in_items: bool = False

    def below(self, step: str, *, items: bool = False) -> "_Place":
        return replace(self, path=self.path + step, in_items=self.in_items or items)

    def fault(self, text: str) -> NotStructural:
        return NotStructural(self.path, text)


def lower(schema: Schema, *, path: str = "") -> Schema:
    """The structural form of `schema`, a whole JSON Schema with its `$defs`.

    Lowering its own output changes nothing.

    Raises:
        NotStructural: There is none; the message names the path and what stands there.
    """
    return _lower(schema, _Place(path, schema.get("$defs", {})))


def _lower(schema: Schema, place: _Place) -> Schema:
    if "$ref" in schema:
        return _reference(schema, place)
    if INT_OR_STRING in schema:
        return _int_or_string(schema)
    if "anyOf" in schema:
        return _lower(_without_null(schema, place), place)
    schema = _typed(_bounded(schema))
    out = {key: value for key, value in schema.items() if key in _KEPT}
    match schema.get("type"):
        case "object":
            out |= _object(schema, place)
        case "array":
            out |= _array(schema, place)
        case "string":
            _check_string(schema, place)
        case "integer":
            out.setdefault("format", "int64")
        case "number" | "boolean":
            pass
        case other:
            raise place.fault(f"type {other!r} has no structural form")
    _check_keywords(schema, out, place)
    return _described(_with_default(out, place))


def _reference(schema: Schema, place: _Place) -> Schema:
    """The schema that `$ref` names, under what stands beside the reference."""
    name = schema["$ref"].rpartition("/")[2]
    if name in place.open_references:
        raise place.fault(f"{name} holds itself, and a structural schema cannot")
    if name not in place.definitions:
        raise place.fault(f"{schema['$ref']} names nothing")
    beside = {key: value for key, value in schema.items() if key != "$ref"}
    merged = _merged(place.definitions[name], beside)
    return _lower(merged, replace(place, open_references=place.open_references | {name}))


def _merged(schema: Schema, beside: Schema) -> Schema:
    """`schema` under what stands beside it; of rules both are kept."""
    rules = [*schema.get(VALIDATIONS, ()), *beside.get(VALIDATIONS, ())]
    return {**schema, **beside, **({VALIDATIONS: rules} if rules else {})}


def _without_null(schema: Schema, place: _Place) -> Schema:
    """An optional value is one that may be absent: null goes, and None as default with it."""
    choices = [choice for choice in schema["anyOf"] if choice != _NULL]
    if len(choices) != 1:
        raise place.fault("a union of types has no structural form: use one type, or an object with optional fields")
    beside = {key: value for key, value in schema.items() if key != "anyOf"}
    if beside.get("default", ...) is None:
        del beside["default"]
    return _merged(choices[0], beside)


def _int_or_string(schema: Schema) -> Schema:
    kept = {key: schema[key] for key in ("description", "default", VALIDATIONS, "maxLength") if key in schema}
    return _described({"anyOf": [{"type": "integer"}, {"type": "string"}], INT_OR_STRING: True, **kept})


def _typed(schema: Schema) -> Schema:
    """`const` is an enum of one."""
    if "const" not in schema:
        return schema
    return {**{key: value for key, value in schema.items() if key != "const"}, "enum": [schema["const"]]}


def _bounded(schema: Schema) -> Schema:
    """Exclusive bounds of whole numbers become inclusive ones."""
    if schema.get("type") != "integer":
        return schema
    out = dict(schema)
    if "exclusiveMinimum" in out:
        out["minimum"] = out.pop("exclusiveMinimum") + 1
    if "exclusiveMaximum" in out:
        out["maximum"] = out.pop("exclusiveMaximum") - 1
    return out


def _object(schema: Schema, place: _Place) -> Schema:
    properties, more = schema.get("properties"), schema.get("additionalProperties", False)
    if properties is not None and isinstance(more, dict):
        raise place.fault("an object has either named fields or free keys, not both")
    if isinstance(more, dict):
        if "maxProperties" not in schema:
            raise place.fault("a map needs a cap: Field(max_length=…)")
        return {"additionalProperties": _lower(more, place.below("{}"))}
    if more is True:
        raise place.fault("any value at all has no structural form: give the map a type of values")
    return {"properties": {name: _lower(field, place.below(f".{name}")) for name, field in (properties or {}).items()}}


def _array(schema: Schema, place: _Place) -> Schema:
    if "maxItems" not in schema:
        raise place.fault("a list needs a cap: Field(max_length=…)")
    items = _lower(schema.get("items", {}), place.below("[]", items=True))
    out: Schema = {"items": items}
    if schema.get("uniqueItems"):
        out[LIST_TYPE] = "set"
    _check_list_type({**schema, **out}, place)
    return out


def _check_list_type(schema: Schema, place: _Place) -> None:
    items = schema["items"]
    if schema.get(LIST_TYPE) == "set" and items.get("type") not in _SCALARS:
        raise place.fault("only scalars make a set: use ListMap for objects")
    for key in schema.get(LIST_KEYS, ()):
        if items.get("properties", {}).get(key, {}).get("type") not in _SCALARS:
            raise place.fault(f"the key {key} of the list is no scalar field of its items")
        if key not in items.get("required", ()):
            raise place.fault(f"the key {key} of the list must be a required field of its items")


def _check_string(schema: Schema, place: _Place) -> None:
    if not schema.keys() & {"maxLength", "enum", "const"} and schema.get("format") != "date-time":
        raise place.fault("a string needs a cap: Field(max_length=…)")


def _check_keywords(schema: Schema, out: Schema, place: _Place) -> None:
    used = {"properties", "additionalProperties", "items", "uniqueItems"}
    unknown = sorted(schema.keys() - out.keys() - _DROPPED - used)
    if unknown:
        raise place.fault(f"{', '.join(unknown)} has no structural form")


def _with_default(schema: Schema, place: _Place) -> Schema:
    if "default" not in schema:
        return schema
    default = defaulted(schema["default"], schema)
    if place.in_items or default in (None, [], {}):
        return {key: value for key, value in schema.items() if key != "default"}
    return {**schema, "default": default}


def defaulted(value: Any, schema: Schema) -> Any:
    """`value` with the defaults of `schema` below it, as the API server fills them in.

    It validates a default before it fills in those below, so a default must have them already.
    """
    if not isinstance(value, dict):
        return value
    fields = schema.get("properties", {})
    absent = {name: field["default"] for name, field in fields.items() if "default" in field and name not in value}
    given = {name: defaulted(item, fields.get(name, {})) for name, item in value.items()}
    return {**given, **absent}


def _described(schema: Schema) -> Schema:
    """Descriptions flow in paragraphs, whatever the line length of the source."""
    if "description" not in schema:
        return schema
    paragraphs = (" ".join(paragraph.split()) for paragraph in schema["description"].split("\n\n"))
    return {**schema, "description": "\n\n".join(paragraphs)}
