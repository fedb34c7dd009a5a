"""The page of channels says what the program does: its codes, its words and its examples are the program's."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from switchboard_runtime.config import TenantDocument
from switchboard_runtime.conversation.codes import CODES
from switchboard_runtime.conversation.optout import OPT_OUT_WORDS
from tests.unit.runtime.kit import document

PAGE = (Path(__file__).parents[3] / "docs" / "channels.md").read_text(encoding="utf-8")
ROWS = {"later": "tried again", "pause": "pauses", "opt out": "silent", "template": "template", "words": "links"}


def codes_of(cell: str) -> set[int]:
    """The codes that a cell names, ranges too."""
    found = {int(code) for code in re.findall(r"\b\d{5}\b", cell)}
    for first, last in re.findall(r"(\d{5}) to (\d{5})", cell):
        found |= set(range(int(first), int(last) + 1))
    return found


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_stands_in_the_row_of_what_is_done_about_it(code: int) -> None:
    """Once."""
    [row] = [row for row in rows("Errors") if code in codes_of(row[0])]
    done = row[2].replace("*", "")

    assert ROWS.get(CODES[code].treatment, "ends; counted") in done


def test_the_words_that_stop_start_and_help_are_all_there() -> None:
    """Of Twilio, in Spanish and in Portuguese."""
    named = {row[0]: row[1:] for row in rows("STOP, START and HELP")}
    for language, cells in (("en", named["all"]), ("es", named["es"]), ("pt", named["pt"])):
        for wish, cell in zip(("STOP", "START", "HELP"), cells, strict=True):
            assert tuple(cell.lower().split(", ")) == OPT_OUT_WORDS[language][wish]  # type: ignore[index]


def test_every_example_is_read_as_it_stands() -> None:
    """With real SIDs in place of the dots."""
    parts = [block.strip() for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
    rules: list[Any] = []
    settings: dict[str, Any] = {}
    for part in (part.replace("HX…", f"HX{'a' * 32}") for part in parts):
        if part.startswith("{"):
            rules += json.loads(f"[{part}]")
        else:
            settings |= json.loads("{" + part + "}")
    assistants = [{**document()["assistants"][0], "script": {"rules": rules}}]
    tenant = TenantDocument.model_validate_json(json.dumps(document(assistants=assistants, **settings)))

    assert set(settings) == {"content", "optOut", "whatsapp"}
    assert len(rules) == 2
    assert tenant.opt_out is not None
