"""The reference pages: in step with the models and the samples, and complete."""

from pathlib import Path

import pytest

from switchboard_operator.api import KINDS, crdgen, docgen, generated

ROOT = Path(__file__).parents[3]
SAMPLES = ROOT / "examples" / "samples"
IDS = [kind.crd.kind for kind in KINDS]
PAGES = docgen.files(SAMPLES)


def test_pages_are_what_models_and_samples_say() -> None:
    """`docs/kinds/` holds no edit by hand (docgen --out docs/kinds --samples examples/samples mends it)."""
    assert generated.drift(PAGES, ROOT / "docs" / "kinds", pattern=docgen.PATTERN) == []


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_page_shows_every_field_with_its_meaning(kind: docgen.Kind) -> None:
    """No field is left to be guessed."""
    page = PAGES[f"{kind.crd.singular}.md"]
    spec = crdgen.object_schema(kind)["properties"]["spec"]
    rows = {line.split("`")[1]: line for line in page.splitlines() if line.startswith("| `spec.")}

    assert {field.path for field in docgen.fields(spec, "spec")} <= rows.keys()


@pytest.mark.parametrize("kind", KINDS, ids=IDS)
def test_page_shows_the_sample_that_tests_apply(kind: docgen.Kind) -> None:
    """The example works, since tests/api applies the same file."""
    assert (SAMPLES / f"{kind.crd.singular}.yaml").read_text().strip() in PAGES[f"{kind.crd.singular}.md"]


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        ({"type": "string", "maxLength": 3}, "string"),
        ({"type": "string", "format": "date-time"}, "time"),
        ({"type": "string", "enum": ["A", "B", "C"]}, "`A`, `B` or `C`"),
        ({"type": "boolean", "enum": [True]}, "`true`"),
        ({"x-kubernetes-int-or-string": True}, "quantity"),
        ({"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"}, "list of string, unique"),
        (
            {"type": "array", "items": {"type": "object"}, "x-kubernetes-list-map-keys": ["a", "b"]},
            "list of object, unique by a and b",
        ),
        ({"type": "object", "additionalProperties": {"type": "boolean"}}, "map of boolean"),
    ],
)
def test_type_is_said_in_words(schema: dict[str, object], name: str) -> None:
    """A reader needs no OpenAPI."""
    assert docgen.type_name(schema) == name


def test_check_fails_until_written(tmp_path: Path) -> None:
    """The command tells, and mends."""
    arguments = ["--out", str(tmp_path), "--samples", str(SAMPLES)]

    assert docgen.main([*arguments, "--check"]) == 1
    assert docgen.main(arguments) == 0
    assert docgen.main([*arguments, "--check"]) == 0
