"""The runtime's pages can be followed to the letter: their commands are run as they are printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from dev.ports import free_ports
from switchboard_runtime.__main__ import _parser
from switchboard_runtime.config.webhooks import EVENT_TYPES
from switchboard_runtime.edge.api import API
from switchboard_runtime.edge.api.problems import KINDS
from switchboard_runtime.events.reading import TEST

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def blocks(page: str) -> list[tuple[str, str]]:
    """Kind and content of each block of code."""
    return re.findall(r"```(\w+)\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)


def test_a_new_user_runs_the_bot_calls_its_api_and_backs_it_up(tmp_path: Path) -> None:
    """All commands of three pages in one shell, in the order of the pages; only ports and the folder are others."""
    runtime = [code for kind, code in blocks("runtime.md") if kind == "sh"][:3]
    then = [(kind, code) for page in ("api.md", "cli.md") for kind, code in blocks(page) if kind in {"sh", "text"}]
    commands = [*runtime, *(code for kind, code in then if kind == "sh")]
    emulator, bot = free_ports(2)
    script = "\n".join(["set -eu", "trap 'kill $(jobs -p) 2> /dev/null; wait' EXIT", *commands])
    for printed, here in (("8189", str(emulator)), ("8180", str(bot)), ("/tmp/switchboard-alone", str(tmp_path / "d"))):
        assert printed in script
        script = script.replace(printed, here)
    programs = Path(sys.executable).parent

    ran = subprocess.run(
        ["bash", "-c", script.replace("uv run --frozen ", "")],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("Oak table: 450 USD, 3 in stock.") >= 2
    expected = [line for kind, code in then if kind == "text" for line in code.splitlines()]
    assert [line for line in expected if line not in ran.stdout] == []


def test_every_route_and_kind_of_refusal_is_on_the_page() -> None:
    """With its scope."""
    page = (DOCS / "api.md").read_text()

    assert [one for one in API if f"| `{one.method} {one.path}` | `{one.scope}` | {one.summary} |" not in page] == []
    assert [kind for kind in KINDS if f"`{kind}`" not in page and kind != "internal"] == []


def test_every_flag_of_the_commands_on_a_tenant_is_on_the_page() -> None:
    """Settings are on the page of settings."""
    page = (DOCS / "cli.md").read_text() + (DOCS / "runtime.md").read_text() + (DOCS / "postgres.md").read_text()
    (commands,) = [action for action in _parser()._actions if action.choices]
    flags = {
        flag
        for command in commands.choices.values()  # type: ignore[union-attr]
        for action in command._actions
        for flag in action.option_strings
        if flag.startswith("--")
    }
    settings = {flag for flag in flags if f"SWITCHBOARD_{flag[2:].upper().replace('-', '_')}" in page}

    assert sorted(flag for flag in flags - settings - {"--help"} if flag not in page) == []


def test_every_event_is_on_the_page() -> None:
    """The one that only tests, too."""
    page = (DOCS / "webhooks-out.md").read_text()

    assert [event for event in (*EVENT_TYPES, TEST) if f"`{event}`" not in page] == []
