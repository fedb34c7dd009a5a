"""Lowering to structural schemas: what has a form gets it, what has none is refused with its path."""

import types
from enum import Enum
from typing import Annotated, Any, Literal

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, create_model

from switchboard_operator.api.crdgen import json_schema
from switchboard_operator.api.fields import Duration, Money, Quantity
from switchboard_operator.api.limits import ONE_DAY
from switchboard_operator.api.model import ApiModel
from switchboard_operator.api.rules import ListMap, ListSet, matches
from switchboard_operator.api.structural import NotStructural, defaulted, lower

Short = Annotated[str, Field(max_length=8)]
RULES = "x-kubernetes-validations"


def lowered(**fields: Any) -> dict[str, Any]:
    """The properties of a model with these fields, lowered."""
    properties: dict[str, Any] = lower(json_schema(create_model("Made", __base__=ApiModel, **fields)))["properties"]
    return properties


class Inner(ApiModel):
    """A part."""

    name: Short
    """What it is called."""

    size: int = 3
    """How large it is."""


class Colour(Enum):
    """A choice."""

    RED = "Red"
    BLUE = "Blue"


# ---- what is lowered -----------------------------------------------------------------------------------------------


def test_reference_is_written_out_with_the_description_of_its_field() -> None:
    """A field's own words win over those of its type."""
    schema = lowered(inner=(Inner, Field(description="The first part.")))["inner"]

    assert schema["description"] == "The first part."
    assert schema["properties"]["name"] == {"type": "string", "maxLength": 8, "description": "What it is called."}


def test_optional_field_is_one_that_may_be_absent() -> None:
    """None has no form of its own: neither as a type nor as a default."""
    assert lowered(name=(Short | None, None))["name"] == {"type": "string", "maxLength": 8}


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        (Literal["A", "B"], {"type": "string", "enum": ["A", "B"]}),
        (Literal["A"], {"type": "string", "enum": ["A"]}),
        (Literal[True], {"type": "boolean", "enum": [True]}),
        (Colour, {"type": "string", "enum": ["Red", "Blue"], "description": "A choice."}),
        (Annotated[int, Field(gt=0, lt=10)], {"type": "integer", "format": "int64", "minimum": 1, "maximum": 9}),
        (Annotated[dict[str, Short], Field(max_length=2)], {"type": "object", "maxProperties": 2}),
        (Annotated[list[Short], Field(max_length=2), ListSet()], {"type": "array", "x-kubernetes-list-type": "set"}),
        (Annotated[set[Short], Field(max_length=2)], {"type": "array", "x-kubernetes-list-type": "set"}),
    ],
)
def test_type_has_its_structural_form(annotation: Any, schema: dict[str, Any]) -> None:
    """Each of pydantic's spellings has one in the CRD."""
    assert lowered(field=(annotation, ...))["field"].items() >= schema.items()


def test_quantity_is_a_number_or_a_string() -> None:
    """The one union that Kubernetes knows."""
    schema = lowered(cpu=(Quantity, ...))["cpu"]

    assert schema["x-kubernetes-int-or-string"] is True
    assert schema["anyOf"] == [{"type": "integer"}, {"type": "string"}]
    assert "type" not in schema


def test_rules_of_type_and_field_are_all_kept() -> None:
    """A rule on the field stands after those of its type."""
    ruled = Annotated[Duration, matches("^1h$", "must be an hour")]

    assert [rule["message"] for rule in lowered(wait=(ruled | None, None))["wait"][RULES]] == [
        "is no duration: write hours, minutes or seconds; days are hours, so 90d is 2160h",
        "must be an hour",
    ]


def test_default_is_written_in_the_words_of_yaml() -> None:
    """Durations as Go has them, amounts as strings."""
    assert lowered(wait=(Duration, ONE_DAY))["wait"]["default"] == "24h"


def test_default_of_a_part_has_the_defaults_below_it() -> None:
    """The API server validates a default before it fills in others."""
    schema = lowered(inner=(Inner, Inner(name="a")))["inner"]

    assert schema["default"] == {"name": "a", "size": 3}


def test_defaults_inside_list_items_are_left_out() -> None:
    """Whoever compares whole lists would see the API server's additions as drift."""
    schema = lowered(parts=(Annotated[list[Inner], Field(max_length=2)], ...))["parts"]

    assert "default" not in schema["items"]["properties"]["size"]


@pytest.mark.parametrize("annotation", [list[Short], dict[str, Short]])
def test_empty_default_is_left_out(annotation: Any) -> None:
    """It says what absence says."""
    field = (Annotated[annotation, Field(max_length=2)], Field(default_factory=annotation))

    assert "default" not in lowered(field=field)["field"]


def test_description_flows() -> None:
    """Lines of the source are no lines of the description; paragraphs are."""
    assert lower({"type": "boolean", "description": "One\n  two.\n\nThree."})["description"] == "One two.\n\nThree."


def test_filling_in_defaults_keeps_what_is_given() -> None:
    """A given value is never replaced."""
    schema = {"properties": {"a": {"default": 1}, "b": {"properties": {"c": {"default": 2}}}}}

    assert defaulted({"a": 5, "b": {}}, schema) == {"a": 5, "b": {"c": 2}}


# ---- what is refused -----------------------------------------------------------------------------------------------


class Tree(ApiModel):
    """Holds itself."""

    child: "Tree | None" = None
    """The next one."""


class Loose(BaseModel):
    """Takes anything beside its fields."""

    model_config = {"extra": "allow"}

    name: Short = ""


@pytest.mark.parametrize(
    ("annotation", "path", "fault"),
    [
        (str, ".field", "a string needs a cap"),
        (list[Short], ".field", "a list needs a cap"),
        (Annotated[list[str], Field(max_length=2)], ".field[]", "a string needs a cap"),
        (dict[str, Short], ".field", "a map needs a cap"),
        (Annotated[dict[str, str], Field(max_length=2)], ".field{}", "a string needs a cap"),
        (Annotated[dict[str, Any], Field(max_length=2)], ".field", "give the map a type of values"),
        (int | bool, ".field", "a union of types"),
        (Any, ".field", "type None has no structural form"),
        (Tree, ".field.child", "Tree holds itself"),
        (Annotated[str, Field(max_length=2, pattern="^a")], ".field", "pattern has no structural form"),
        (Annotated[float, Field(gt=0)], ".field", "exclusiveMinimum has no structural form"),
        (Annotated[tuple[Short, Short], Field(max_length=2)], ".field[]", "type None"),
        (Annotated[list[Inner], Field(max_length=2), ListSet()], ".field", "only scalars make a set"),
        (
            Annotated[list[Inner], Field(max_length=2), ListMap(("size",))],
            ".field",
            "size of the list must be a required",
        ),
        (Annotated[list[Inner], Field(max_length=2), ListMap(("id",))], ".field", "id of the list is no scalar"),
        (Loose, ".field", "any value at all has no structural form"),
    ],
)
def test_what_has_no_form_is_refused_with_its_path(annotation: Any, path: str, fault: str) -> None:
    """The person who wrote the model learns where and what."""
    with pytest.raises(NotStructural) as refusal:
        lowered(field=(annotation, ...))

    assert refusal.value.path == path
    assert fault in str(refusal.value)


def test_reference_to_nothing_is_refused() -> None:
    """A schema cut out of its whole says so."""
    with pytest.raises(NotStructural, match="names nothing"):
        lower({"$ref": "#/$defs/Missing"})


# ---- properties ----------------------------------------------------------------------------------------------------

SCALARS: list[tuple[Any, st.SearchStrategy[Any]]] = [
    (Short, st.text(max_size=8)),
    (Annotated[int, Field(ge=-5, le=5)], st.integers(-5, 5)),
    (bool, st.booleans()),
    (Literal["A", "B"], st.sampled_from(["A", "B"])),
    (Money, st.decimals(0, 99, places=2)),
]

Typed = tuple[Any, st.SearchStrategy[Any]]


def _list_of(inner: Typed) -> Typed:
    item, values = inner
    return Annotated[types.GenericAlias(list, item), Field(max_length=3)], st.lists(values, max_size=3)


def _map_of(inner: Typed) -> Typed:
    item, values = inner
    whole = st.dictionaries(st.text(max_size=3), values, max_size=3)
    return Annotated[types.GenericAlias(dict, (str, item)), Field(max_length=3)], whole


def _model_of(fields: dict[str, tuple[Typed, bool]]) -> Typed:
    definitions: Any = {
        name: (typed[0] | None, None) if optional else (typed[0], ...) for name, (typed, optional) in fields.items()
    }
    model = create_model("Generated", __base__=ApiModel, **definitions)
    values = {name: st.none() | typed[1] if optional else typed[1] for name, (typed, optional) in fields.items()}
    return model, st.fixed_dictionaries(values).map(model.model_validate)


NAMES = st.sampled_from(["first_part", "second", "third_url", "kind"])


def _extend(inner: st.SearchStrategy[Typed]) -> st.SearchStrategy[Typed]:
    fields = st.dictionaries(NAMES, st.tuples(inner, st.booleans()), max_size=4)
    return st.one_of(inner.map(_list_of), inner.map(_map_of), fields.map(_model_of))


TYPES = st.recursive(st.sampled_from(SCALARS), _extend, max_leaves=8)
MODELS = st.dictionaries(NAMES, st.tuples(TYPES, st.booleans()), max_size=4).map(_model_of)


def _faults(schema: dict[str, Any], path: str = "") -> list[str]:
    """What apiextensions' rules for structural schemas forbid, written down a second time."""
    found = [f"{path}: {key}" for key in ("$ref", "allOf", "oneOf", "not", "const", "title", "$defs") if key in schema]
    if "x-kubernetes-int-or-string" not in schema and not isinstance(schema.get("type"), str):
        found.append(f"{path}: no type")
    if {"properties", "additionalProperties"} <= schema.keys():
        found.append(f"{path}: fields and free keys")
    for name, part in schema.get("properties", {}).items():
        found += _faults(part, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        found += _faults(schema[key], f"{path}[]") if key in schema else []
    return found


@given(MODELS)
def test_any_model_of_ours_lowers_to_a_structural_schema(made: Typed) -> None:
    """Whatever is built from our types has a form."""
    assert _faults(lower(json_schema(made[0]))) == []


@given(MODELS)
def test_lowering_again_changes_nothing(made: Typed) -> None:
    """The form of a form is itself."""
    once = lower(json_schema(made[0]))

    assert lower(once) == once


@given(st.data())
def test_lowered_schema_takes_what_the_model_takes(data: st.DataObject) -> None:
    """Nothing that the operator may write is refused by the schema."""
    model, values = data.draw(MODELS)
    manifest = data.draw(values).manifest()

    jsonschema.validate(manifest, lower(json_schema(model)))
