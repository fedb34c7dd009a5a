"""The CRDs: in step with the models, complete, and without a way into another namespace."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from switchboard_operator.api import KINDS, crdgen, generated

ROOT = Path(__file__).parents[3]
IDS = [kind.crd.kind for kind in KINDS]
GRANT = ".spec.adoption[].namespace"
"""The administrator's list of who may adopt, in a cluster-scoped kind."""


def fields(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """All places below a schema with their paths."""
    yield path, schema
    for name, part in schema.get("properties", {}).items():
        yield from fields(part, f"{path}.{name}")
    if "items" in schema:
        yield from fields(schema["items"], f"{path}[]")
    if "additionalProperties" in schema:
        yield from fields(schema["additionalProperties"], f"{path}{{}}")


def below_spec(kind: Any) -> list[tuple[str, dict[str, Any]]]:
    """All places below `spec` of a kind."""
    return list(fields(crdgen.object_schema(kind)["properties"]["spec"], ".spec"))


def test_crds_are_what_the_models_say() -> None:
    """`crds/` holds no edit by hand and lacks no change of a model (crdgen --out crds mends it)."""
    assert generated.drift(crdgen.files(), ROOT / "crds", pattern=crdgen.PATTERN) == []


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_no_field_names_a_namespace(kind: Any) -> None:
    """A reference resolves in its own namespace: no field could say otherwise (security.md T1)."""
    found = [path for path, _ in below_spec(kind) if "namespace" in path.rpartition(".")[2].lower()]

    assert [path for path in found if not path.startswith((GRANT, ".spec.allowedNamespaces"))] == []


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_reference_is_a_name_and_nothing_else(kind: Any) -> None:
    """What ends in Ref holds a name; only Twilio's own things are named by SID, and one Secret by name and key."""
    references = {path: list(schema["properties"]) for path, schema in below_spec(kind) if path.endswith("Ref")}
    if kind.crd.kind == "Tenant":
        assert references.pop(".spec.webhooks[].secretRef") == ["name", "key"]

    assert {path for path, names in references.items() if names not in (["name"], ["sid"])} == set()


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_every_field_is_described(kind: Any) -> None:
    """`kubectl explain` has an answer everywhere."""
    assert [
        path for path, schema in below_spec(kind) if not path.endswith(("[]", "{}")) and "description" not in schema
    ] == []


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_defaults_fit_their_own_schema(kind: Any) -> None:
    """What the API server fills in, it would also take."""
    for _, schema in below_spec(kind):
        if "default" in schema:
            jsonschema.validate(schema["default"], schema)


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_no_default_stands_inside_a_list(kind: Any) -> None:
    """Argo CD compares lists whole."""
    assert [path for path, schema in below_spec(kind) if "[]" in path and "default" in schema] == []


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_fresh_status_is_not_current(kind: Any) -> None:
    """Nobody takes an object for finished that the operator has not seen."""
    default = crdgen.object_schema(kind)["properties"]["status"]["default"]

    assert default["observedGeneration"] == -1
    assert [(condition["type"], condition["status"]) for condition in default["conditions"]] == [("Ready", "Unknown")]


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_status_has_no_rules(kind: Any) -> None:
    """The operator must be able to write what it found."""
    status = crdgen.object_schema(kind)["properties"]["status"]

    assert [path for path, schema in fields(status) if "x-kubernetes-validations" in schema] == []


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_columns_say_whether_and_why_not(kind: Any) -> None:
    """Ready and Reason come first; Age closes what is always shown."""
    columns = crdgen.definition(kind)["spec"]["versions"][0]["additionalPrinterColumns"]
    always = [column["name"] for column in columns if "priority" not in column]

    assert always[:2] == ["Ready", "Reason"]
    assert always[-1] == "Age"


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_columns_point_at_fields_that_exist(kind: Any) -> None:
    """No column is empty for ever."""
    known = {path for path, _ in fields(crdgen.object_schema(kind))} | {".metadata.creationTimestamp"}
    paths = {column.path.partition("[")[0] for column in kind.crd.printer_columns}

    assert paths <= known


def test_check_names_what_is_out_of_date(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing, a changed and a left-over file are each named, and nothing is written."""
    crdgen.main(["--out", str(tmp_path)])
    (tmp_path / "switchboard.dev_plans.yaml").unlink()
    (tmp_path / "switchboard.dev_tenants.yaml").write_text("edited")
    (tmp_path / "switchboard.dev_bots.yaml").write_text("left over")

    assert crdgen.main(["--out", str(tmp_path), "--check"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"{tmp_path}/switchboard.dev_bots.yaml has no source",
        f"{tmp_path}/switchboard.dev_plans.yaml is missing",
        f"{tmp_path}/switchboard.dev_tenants.yaml differs from its source",
    ]


def test_writing_mends_what_check_found(tmp_path: Path) -> None:
    """After a write nothing is out of date, and files of others are still there."""
    (tmp_path / "switchboard.dev_bots.yaml").write_text("left over")
    (tmp_path / "README.md").write_text("kept")
    crdgen.main(["--out", str(tmp_path)])

    assert crdgen.main(["--out", str(tmp_path), "--check"]) == 0
    assert (tmp_path / "README.md").read_text() == "kept"
    assert not (tmp_path / "switchboard.dev_bots.yaml").exists()


def test_files_are_plain_yaml() -> None:
    """No anchors, no tags: any tool can read them."""
    for text in crdgen.files().values():
        assert "&id" not in text
        assert yaml.safe_load(text)["kind"] == "CustomResourceDefinition"
