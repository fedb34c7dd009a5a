"""CEL rules of the CRDs, declared beside the models that they guard.

A rule says what the API server refuses, and its message names the field's trouble and the cure. A `Rule`
works as annotation metadata (`Annotated[str, Rule(...)]`) and in a model's `validations` class variable;
either way it ends as `x-kubernetes-validations`. Pydantic itself does not evaluate it: stored objects passed
the API server, and an operator must be able to read what an older or newer CRD let through.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import GetJsonSchemaHandler
from pydantic_core import CoreSchema

from switchboard_operator.api import grammar

VALIDATIONS = "x-kubernetes-validations"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One CEL rule over the place it is declared at (`self`; `oldSelf` makes it a rule for updates).

    Attributes:
        rule: CEL expression, true when all is well.
        message: What is wrong and what to write instead; a literal, since it must never echo a secret.
        field: Path of the field to blame, below the place of the rule (`.slug`).
    """

    rule: str
    message: str
    field: str | None = None

    def __post_init__(self) -> None:
        if "\n" in self.message:
            raise ValueError(f"a rule's message is one line: {self.message!r}")

    def schema(self) -> dict[str, str]:
        """This rule as an item of `x-kubernetes-validations`."""
        schema = {"rule": self.rule, "message": self.message}
        return schema if self.field is None else {**schema, "fieldPath": self.field}

    def __get_pydantic_json_schema__(self, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return with_rules(handler(core_schema), (self,))


@dataclass(frozen=True)
class ListMap:
    """Annotation: a list whose items are unique by these fields; server-side apply merges by them."""

    keys: tuple[str, ...]

    def __get_pydantic_json_schema__(self, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {
            **handler(core_schema),
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": list(self.keys),
        }


@dataclass(frozen=True)
class ListSet:
    """Annotation: a list of scalars without duplicates."""

    def __get_pydantic_json_schema__(self, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(core_schema), "x-kubernetes-list-type": "set"}


def with_rules(schema: Mapping[str, Any], rules: tuple[Rule, ...]) -> dict[str, Any]:
    """A copy of `schema` that holds `rules` after those it has."""
    if not rules:
        return dict(schema)
    return {**schema, VALIDATIONS: [*schema.get(VALIDATIONS, ()), *(rule.schema() for rule in rules)]}


def raw(pattern: str) -> str:
    """`pattern` as a CEL raw string literal."""
    if "'" in pattern:
        raise ValueError(f"a pattern with a quote cannot be written as a raw CEL string: {pattern}")
    return f"r'{pattern}'"


def matches(pattern: str, message: str) -> Rule:
    """The string must be of the grammar `pattern`."""
    return Rule(rule=f"self.matches({raw(pattern)})", message=message)


def keys_match(pattern: str, message: str) -> Rule:
    """Each key of the map must be of the grammar `pattern`."""
    return Rule(rule=f"self.all(key, key.matches({raw(pattern)}))", message=message)


def one_line() -> Rule:
    """No control characters: such a string ends in labels, headers and logs."""
    return Rule(
        rule=f"!self.matches({raw(grammar.CONTROL_CHARACTER)})",
        message="must be one line of text: remove line ends, tabs and other control characters",
    )


def filled() -> Rule:
    """Not blanks alone, which say nothing."""
    return Rule(rule=f"self.matches({raw(grammar.FILLED)})", message="must have words in it: blanks alone say nothing")


def has_word() -> Rule:
    """A letter or digit, since people's words are compared without all else: no other text is ever found."""
    return Rule(rule=r"self.matches(r'[\p{L}\p{N}]')", message="has no word in it: write letters or digits")


def said_as_it_stands(texts: str = "self") -> str:
    """CEL: no text of the map `texts` has anything in braces."""
    return f"!{texts}.exists(language, {texts}[language].matches({raw(grammar.BRACES)}))"


def immutable(cure: str, *, why: str) -> Rule:
    """The value, once there, stays (declared on the field; for optional fields see `settled`)."""
    return Rule(rule="self == oldSelf", message=f"cannot change: {why}; {cure}")


def settled(field: str, cure: str, *, why: str) -> Rule:
    """The optional `field` of this object neither changes nor comes nor goes."""
    here, before = f"self.{field}", f"oldSelf.{field}"
    same = f"has({here}) == has({before}) && (!has({here}) || {here} == {before})"
    return Rule(rule=same, message=f"{field} cannot change: {why}; {cure}", field=f".{field}")


def set_once(field: str, cure: str, *, why: str) -> Rule:
    """The optional `field` of this object may come, and then stays."""
    kept = f"!has(oldSelf.{field}) || (has(self.{field}) && self.{field} == oldSelf.{field})"
    return Rule(rule=kept, message=f"{field} cannot change once set: {why}; {cure}", field=f".{field}")


def exactly_one(*fields: str, cure: str) -> Rule:
    """Exactly one of these optional fields is there."""
    given = ", ".join(f"has(self.{field})" for field in fields)
    return Rule(
        rule=f"[{given}].filter(given, given).size() == 1",
        message=f"exactly one of {', '.join(fields[:-1])} and {fields[-1]} must be given: {cure}",
    )


def at_least_one(*fields: str, cure: str) -> Rule:
    """At least one of these optional fields is there."""
    given = " || ".join(f"has(self.{field})" for field in fields)
    return Rule(rule=given, message=f"{' or '.join(fields)} must be given: {cure}")


def duration_between(low: str, high: str) -> Rule:
    """The duration, if it is one at all (another rule says so), lies within these bounds."""
    for bound in (low, high):
        grammar.parse_duration(bound)
    inside = f"duration(self) >= duration('{low}') && duration(self) <= duration('{high}')"
    return Rule(
        rule=f"!self.matches({raw(grammar.DURATION)}) || ({inside})",
        message=f"must be between {low} and {high}",
    )


def duration_shorter(shorter: str, longer: str, *, why: str) -> Rule:
    """Of two optional durations of this object the first is the shorter one."""
    one, other = f"self.{shorter}", f"self.{longer}"
    absent = f"!has({one}) || !has({other})"
    odd = f"!{one}.matches({raw(grammar.DURATION)}) || !{other}.matches({raw(grammar.DURATION)})"
    return Rule(
        rule=f"{absent} || {odd} || duration({one}) < duration({other})",
        message=f"{shorter} must be shorter than {longer}: {why}",
        field=f".{shorter}",
    )
