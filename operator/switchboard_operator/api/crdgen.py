"""CustomResourceDefinitions from the models.

`python -m switchboard_operator.api.crdgen --out crds [--check]` writes them.

The models are the one source: descriptions are their docstrings, defaults their defaults, refusals their
rules. What comes out needs Kubernetes 1.29 or newer (CEL with `fieldPath`, quantities).
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from switchboard_operator.api import KINDS, ApiModel, Resource, generated, grammar
from switchboard_operator.api.conditions import STATUS_DEFAULT
from switchboard_operator.api.resource import CATEGORY, GROUP, VERSION, Column
from switchboard_operator.api.rules import VALIDATIONS
from switchboard_operator.api.structural import Schema, lower

PATTERN: Final = f"{GROUP}_*.yaml"
"""Names of the files."""

_API_VERSION: Final = "Group and version of this schema, such as switchboard.dev/v1alpha1."
_KIND: Final = "Kind of this object."


class _Generator(GenerateJsonSchema):
    """Defaults in the words of YAML; of a model only what differs, since lowering fills in the rest."""

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, ApiModel):
            return dft.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        if isinstance(dft, timedelta):
            return grammar.format_duration(dft)
        return super().encode_default(dft)


def json_schema(model: type[BaseModel]) -> Schema:
    """The JSON Schema of `model` by its YAML names, before lowering."""
    return model.model_json_schema(by_alias=True, schema_generator=_Generator)


def object_schema(kind: type[Resource[Any, Any]]) -> Schema:
    """The structural schema of whole objects of `kind`."""
    whole = json_schema(kind)
    definitions, properties = whole["$defs"], whole["properties"]
    spec = lower({**properties["spec"], "$defs": definitions}, path=".spec")
    status = _unruled(lower({**properties["status"], "$defs": definitions}, path=".status"))
    schema: Schema = {
        "type": "object",
        "description": lower({**whole, "properties": {}, "required": []})["description"],
        "required": ["spec"] if "spec" in whole["required"] else [],
        "properties": {
            "apiVersion": {"type": "string", "description": _API_VERSION},
            "kind": {"type": "string", "description": _KIND},
            "metadata": {"type": "object"},
            "spec": spec,
            "status": {**status, "default": STATUS_DEFAULT},
        },
        VALIDATIONS: [rule.schema() for rule in kind.crd.validations],
    }
    return {key: value for key, value in schema.items() if value}


def _unruled(schema: Any) -> Any:
    """The status without rules: the operator alone writes it, and must be able to write what it found."""
    if not isinstance(schema, dict):
        return schema
    return {key: _unruled(value) for key, value in schema.items() if key != VALIDATIONS}


def _column(column: Column) -> Schema:
    out: Schema = {
        "name": column.name,
        "type": column.type,
        "jsonPath": column.path,
        "description": column.description,
    }
    return {**out, "priority": 1} if column.wide else out


def definition(kind: type[Resource[Any, Any]]) -> Schema:
    """The CustomResourceDefinition of `kind`."""
    crd = kind.crd
    names = {
        "kind": crd.kind,
        "listKind": f"{crd.kind}List",
        "plural": crd.plural,
        "singular": crd.singular,
        "categories": [CATEGORY],
    }
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": [_column(column) for column in crd.printer_columns],
        "schema": {"openAPIV3Schema": object_schema(kind)},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": crd.name, "labels": {"app.kubernetes.io/part-of": "switchboard"}},
        "spec": {
            "group": GROUP,
            "names": {**names, "shortNames": list(crd.short_names)} if crd.short_names else names,
            "scope": crd.scope,
            "versions": [version],
        },
    }


def files() -> generated.Files:
    """All CRDs as YAML, by file name."""
    return {f"{GROUP}_{kind.crd.plural}.yaml": _text(kind) for kind in KINDS}


class _Dumper(yaml.SafeDumper):
    """YAML without anchors: the same default may stand in many places."""

    def ignore_aliases(self, data: Any) -> bool:
        return data is not None


def _text(kind: type[Resource[Any, Any]]) -> str:
    header = (
        f"# Generated from {kind.__module__} by `python -m switchboard_operator.api.crdgen`; edit that, not this.\n"
    )
    body = yaml.dump(definition(kind), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return header + body


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the CRDs, or with `--check` says what is out of date.

    Returns:
        The exit status: 1 when `--check` found a difference.
    """
    parser = argparse.ArgumentParser(prog="crdgen", description="Write the CustomResourceDefinitions.")
    parser.add_argument("--out", type=Path, required=True, help="folder of the YAML files")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file is out of date")
    options = parser.parse_args(arguments)
    return generated.run(files(), options.out, pattern=PATTERN, check=options.check)


if __name__ == "__main__":
    sys.exit(main())
