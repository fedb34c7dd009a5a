"""The catalogue of reasons: complete, unambiguous, and what the page says."""

import ast
import re
from pathlib import Path

import pytest

import switchboard_operator
from switchboard_operator import reasondocs, reasons
from switchboard_operator.api import generated
from switchboard_operator.api.conditions import STATUS_DEFAULT
from switchboard_operator.reasons import BY_NAME, CATALOGUE, Reason

SOURCE = Path(switchboard_operator.__file__).parent
DOCS = Path(__file__).parents[3] / "docs"
CONSTANTS = {name: value for name, value in vars(reasons).items() if name.isupper() and type(value) is str}
IDS = [reason.name for reason in CATALOGUE]


def used() -> set[str]:
    """The constants that the operator's source names as `reasons.X`."""
    found: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "reasons":
                found.add(node.attr)
    return found


def test_what_is_used_is_what_is_explained() -> None:
    """No condition carries a reason without an explanation, and none is explained that never comes."""
    explained = {name for name, value in CONSTANTS.items() if value in BY_NAME}

    assert used() == explained == set(CONSTANTS)


def test_each_reason_is_explained_once() -> None:
    """One constant, one name, one entry."""
    assert len(CATALOGUE) == len(BY_NAME) == len(set(CONSTANTS.values())) == len(CONSTANTS)


@pytest.mark.parametrize("reason", CATALOGUE, ids=IDS)
def test_a_reason_is_a_word_and_its_explanation_sentences(reason: Reason) -> None:
    """PascalCase, at most 64 characters (the status holds no more); meaning and cure end with a full stop."""
    assert re.fullmatch(r"([A-Z][a-z]+){1,5}", reason.name)
    assert len(reason.name) <= 64
    assert re.fullmatch(r"[A-Z].+\.", reason.meaning)
    assert re.fullmatch(r"[A-Z].+\.", reason.cure)


def test_what_the_crd_says_at_first_is_explained() -> None:
    """Before the operator saw a resource its condition has a reason too."""
    assert {condition["reason"] for condition in STATUS_DEFAULT["conditions"]} == {reasons.PENDING}


def test_the_page_is_what_the_catalogue_says() -> None:
    """`docs/reasons.md` holds no edit by hand (`reasondocs --out docs` mends it)."""
    assert generated.drift({reasondocs.PAGE: reasondocs.page(CATALOGUE)}, DOCS, pattern=reasondocs.PAGE) == []


def test_every_reason_has_a_heading_to_link_to() -> None:
    """A link of the overview leads to meaning and cure."""
    page = reasondocs.page(CATALOGUE)
    linked = re.findall(r"\[(\w+)\]\(#(\w+)\)", page)

    assert {name for name, _ in linked} == set(BY_NAME)
    assert all(anchor == name.lower() and f"\n## {name}\n" in page for name, anchor in linked)


def test_check_fails_until_written(tmp_path: Path) -> None:
    """The command tells, and mends."""
    arguments = ["--out", str(tmp_path)]

    assert reasondocs.main([*arguments, "--check"]) == 1
    assert reasondocs.main(arguments) == 0
    assert reasondocs.main([*arguments, "--check"]) == 0
