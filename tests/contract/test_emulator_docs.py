"""The examples of docs/emulator.md run as they are printed."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tests.contract.emulator_contract import DOCUMENTS
from tests.contract.emulator_kit import TRANSPORT_WARNINGS
from twilio_emulator.errors import AdminError
from twilio_emulator.resources import ROUTES
from twilio_emulator.testing import ACCOUNT_SID, AUTH_TOKEN, running_emulator

pytestmark = TRANSPORT_WARNINGS

PAGE = (Path(__file__).parents[2] / "docs" / "emulator.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


async def test_the_sdk_example_buys_a_number_and_sends_a_message() -> None:
    """With the parent account that the page starts the emulator with."""
    assert ACCOUNT_SID in PAGE
    assert AUTH_TOKEN in PAGE
    async with running_emulator() as emulator:
        code = BLOCKS[0].replace("http://127.0.0.1:8089", emulator.base_url)
        names: dict[str, object] = {}
        await asyncio.to_thread(exec, code, names)  # the page's own words
        names["http"].session.close()  # type: ignore[attr-defined]
        (message,) = await emulator.admin.messages(direction="outbound-api")

    assert message["body"] == "¡Hola!"


async def test_the_test_example_is_python_that_runs_up_to_what_it_leaves_out() -> None:
    """The number is nobody's, and the emulator says so."""
    names: dict[str, object] = {}
    exec(BLOCKS[1], names)
    example = names["test_a_phone_is_heard"]

    with pytest.raises(AdminError, match="buy it first"):
        await example()  # type: ignore[operator]


def test_the_page_names_every_flag_of_serve() -> None:
    """And every product host that is served can be reached as the page says."""
    from twilio_emulator.__main__ import _parser  # noqa: PLC0415

    (commands,) = [action for action in _parser()._actions if action.choices]
    flags = [flag for action in commands.choices["serve"]._actions for flag in action.option_strings]  # type: ignore[index]

    assert [flag for flag in flags if flag not in {"-h", "--help"} and flag not in PAGE] == []
    assert {route.host for route in ROUTES} <= set(DOCUMENTS)
