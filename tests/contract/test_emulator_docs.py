"""The emulator's pages: every Python example runs as it is printed, and every flag, host and page is named."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from twilio_emulator.__main__ import _parser
from twilio_emulator.background import background_emulator
from twilio_emulator.resources import ROUTES
from twilio_emulator.testing import ACCOUNT_SID, AUTH_TOKEN

FOLDER = Path(__file__).parents[2] / "docs" / "emulator"
PAGES = {path.name: path.read_text() for path in sorted(FOLDER.glob("*.md"))}
TESTED_ELSEWHERE = {"pytest.md"}
EXAMPLES = [
    pytest.param(code, id=f"{name}-{number}")
    for name, page in PAGES.items()
    if name not in TESTED_ELSEWHERE
    for number, code in enumerate(re.findall(r"```python\n(.*?)```", page, re.DOTALL), start=1)
]


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # an example need not show how a session is closed
@pytest.mark.parametrize("code", EXAMPLES)
def test_an_example_runs(code: str) -> None:
    """With clients of the parent account and of a subaccount, an emulator of its own, and nothing else."""
    with background_emulator() as emulator:
        tenant = emulator.subaccount("muebles-sur")
        names: dict[str, object] = {
            "parent": emulator.client(),
            "tenant": tenant,
            "base_url": emulator.base_url,
            "emulator": emulator,
            "ACCOUNT_SID": ACCOUNT_SID,
            "AUTH_TOKEN": AUTH_TOKEN,
        }
        exec(code.replace("http://127.0.0.1:8089", emulator.base_url), names)
        for example in [made for name, made in names.items() if name.startswith("test_")]:
            asyncio.run(example())  # type: ignore[operator]


def test_the_pages_name_every_flag_of_every_command() -> None:
    """On the page of the command line."""
    (commands,) = [action for action in _parser()._actions if action.choices]
    flags = {
        flag
        for command in commands.choices.values()  # type: ignore[union-attr]
        for action in command._actions
        for flag in action.option_strings
        if flag.startswith("--")
    }

    assert sorted(flag for flag in flags - {"--help"} if flag not in PAGES["cli.md"]) == []


def test_the_first_page_leads_to_every_other() -> None:
    """And says with which account its emulator is started."""
    index = PAGES["README.md"]

    assert [name for name in PAGES if name != "README.md" and f"({name})" not in index] == []
    assert ACCOUNT_SID in index
    assert AUTH_TOKEN in index


def test_every_link_leads_somewhere() -> None:
    """To a page, a picture or a heading's page that is there."""
    links = {
        (name, target) for name, page in PAGES.items() for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page)
    }

    assert sorted((name, target) for name, target in links if not (FOLDER / target).exists()) == []


def test_every_product_is_named() -> None:
    """Each host that is served stands on some page, as a customer writes it."""
    everything = "\n".join(PAGES.values())

    assert sorted(host for host in {route.host for route in ROUTES} if f"{host}." not in everything) == []
