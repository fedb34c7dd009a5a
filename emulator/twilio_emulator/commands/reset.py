"""``twilio-emulator reset``: forget everything but the parent account."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from twilio_emulator.commands.flags import a_command

if TYPE_CHECKING:
    import argparse

    from twilio_emulator.commands.flags import Commands

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Enter the command."""
    a_command(commands, "reset", _run, help_="forget everything but the parent account")


def _run(given: argparse.Namespace) -> int:
    return asyncio.run(_reset(given.url, as_json=given.output == "json"))


async def _reset(url: str, *, as_json: bool) -> int:
    from twilio_emulator.phone import admin_of  # noqa: PLC0415
    from twilio_emulator.terminal import tell  # noqa: PLC0415

    async with admin_of(url) as admin:
        await admin.reset()
    if as_json:
        tell(json.dumps({"reset": True}))
    return 0
