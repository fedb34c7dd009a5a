"""Reference pages from the models.

`python -m switchboard_operator.api.docgen --out docs/kinds --samples examples/samples [--check]` writes them: one page
a kind, drawn from the very schema that the API server gets. It says what the kind is, shows an example, each field,
what is refused and with which words, and the columns of `kubectl get`.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from switchboard_operator.api import API_VERSION, KINDS, Resource, crdgen, generated
from switchboard_operator.api.rules import VALIDATIONS
from switchboard_operator.api.structural import INT_OR_STRING, LIST_KEYS, LIST_TYPE, Schema, defaulted

PATTERN: Final = "*.md"
"""Names of the files."""

Kind = type[Resource[Any, Any]]

_GRAMMAR: Final = re.compile("is no ([^:]+):")


@dataclass(frozen=True)
class Field:
    """One place in a schema.

    Attributes:
        path: From the root, `[]` for items and `{}` for values (`spec.bot.hours.weekly[].days`).
        schema: What stands there.
        required: Whether its parent cannot be without it.
    """

    path: str
    schema: Schema
    required: bool


def fields(schema: Schema, path: str) -> Iterator[Field]:
    """All named fields below `schema`, in the order of the models."""
    for name, part in schema.get("properties", {}).items():
        below = f"{path}.{name}"
        yield Field(below, part, name in schema.get("required", ()))
        yield from fields(part, below)
    for key, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if key in schema:
            yield from fields(schema[key], path + mark)


def type_name(schema: Schema) -> str:
    """The type in words: `list of string`, `Local, Mobile or TollFree`."""
    if INT_OR_STRING in schema:
        return "quantity"
    if "enum" in schema:
        return _choice(["true" if value is True else value for value in schema["enum"]])
    match schema["type"]:
        case "array":
            return _list_name(schema)
        case "object" if "additionalProperties" in schema:
            return f"map of {type_name(schema['additionalProperties'])}"
        case "string":
            return "time" if schema.get("format") == "date-time" else _grammar_name(schema)
        case name:
            return str(name)


def _choice(values: Sequence[str]) -> str:
    *others, last = (f"`{value}`" for value in values)
    return f"{', '.join(others)} or {last}" if others else last


def _grammar_name(schema: Schema) -> str:
    """A string by its grammar, which the rule that guards it names: `is no duration: …`."""
    named = (_GRAMMAR.match(rule["message"]) for rule in schema.get(VALIDATIONS, ()))
    return next((found[1] for found in named if found), "string")


def _list_name(schema: Schema) -> str:
    """A list, and what tells its items apart."""
    name = f"list of {type_name(schema['items'])}"
    if schema.get(LIST_TYPE) == "set":
        return f"{name}, unique"
    keys = " and ".join(schema.get(LIST_KEYS, ()))
    return f"{name}, unique by {keys}" if keys else name


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _default(field: Field) -> str:
    if field.required:
        return "required"
    default = field.schema.get("default")
    if default is None or default == defaulted({}, field.schema):
        return ""  # what stands below says it
    text = yaml.safe_dump(default, default_flow_style=True, width=1000)
    return f"`{text.splitlines()[0]}`"


def _field_table(schema: Schema, path: str) -> str:
    rows = [
        [f"`{field.path}`", type_name(field.schema), _default(field), field.schema.get("description", "")]
        for field in fields(schema, path)
    ]
    return _table(["field", "type", "default", "meaning"], rows)


def _rules(schema: Schema, path: str) -> Iterator[tuple[str, str]]:
    """Where a refusal points, and its words."""
    for rule in schema.get(VALIDATIONS, ()):
        yield f"{path}{rule.get('fieldPath', '')}".lstrip("."), rule["message"]
    for name, part in schema.get("properties", {}).items():
        yield from _rules(part, f"{path}.{name}")
    for key, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if key in schema:
            yield from _rules(schema[key], path + mark)


def _rule_table(schema: Schema) -> str:
    places: dict[str, list[str]] = {}
    for path, message in _rules(schema, ""):
        places.setdefault(message, []).append(f"`{path or 'metadata.name'}`")
    return _table(["refused with", "at"], [[message, ", ".join(paths)] for message, paths in places.items()])


def _column_table(kind: Kind) -> str:
    rows = [
        [column.name, column.description, "`-o wide`" if column.wide else ""] for column in kind.crd.printer_columns
    ]
    return _table(["column", "shows", "with"], rows)


def _names(kind: Kind) -> str:
    crd = kind.crd
    names = ", ".join(f"`{name}`" for name in (crd.plural, crd.singular, *crd.short_names, "switchboard"))
    scope = "in a namespace" if crd.scope == "Namespaced" else "in no namespace (cluster-scoped)"
    return f"`{API_VERSION}`, {scope}; for `kubectl get`: {names}."


def page(kind: Kind, sample: str) -> str:
    """The reference page of `kind`, in Markdown, with `sample` as its example."""
    schema = crdgen.object_schema(kind)
    parts = [
        f"<!-- Generated from {kind.__module__} by `python -m switchboard_operator.api.docgen`. Edit that. -->",
        f"# {kind.crd.kind}",
        schema["description"],
        _names(kind),
        "## Example",
        f"```yaml\n{sample.strip()}\n```",
        "## Spec",
        "Written by people, never by the operator.",
        _field_table(schema["properties"]["spec"], "spec"),
        "## Status",
        "Written by the operator alone.",
        _field_table(schema["properties"]["status"], "status"),
        "## What is refused",
        "The API server says these words when a rule is broken; types, bounds and enums it checks besides.",
        _rule_table(schema),
        "## Columns",
        _column_table(kind),
    ]
    return "\n\n".join(parts) + "\n"


def files(samples: Path) -> generated.Files:
    """All pages by file name; `samples` holds a `{kind}.yaml` for each."""
    kinds = {kind.crd.singular: kind for kind in KINDS}
    texts = {name: (samples / f"{name}.yaml").read_text(encoding="utf-8") for name in kinds}
    return {f"{name}.md": page(kind, texts[name]) for name, kind in kinds.items()} | {"README.md": _index()}


def _index() -> str:
    rows = [
        [f"[{kind.crd.kind}]({kind.crd.singular}.md)", crdgen.object_schema(kind)["description"].split("\n\n")[0]]
        for kind in KINDS
    ]
    note = "<!-- Generated by `python -m switchboard_operator.api.docgen`. -->"
    return "\n\n".join([note, "# Kinds", _table(["kind", "what it is"], rows)]) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the pages, or with `--check` says what is out of date.

    Returns:
        The exit status: 1 when `--check` found a difference.
    """
    parser = argparse.ArgumentParser(prog="docgen", description="Write the reference page of each kind.")
    parser.add_argument("--out", type=Path, required=True, help="folder of the pages")
    parser.add_argument("--samples", type=Path, required=True, help="folder of the examples, one a kind")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a page is out of date")
    options = parser.parse_args(arguments)
    return generated.run(files(options.samples), options.out, pattern=PATTERN, check=options.check)


if __name__ == "__main__":
    sys.exit(main())
