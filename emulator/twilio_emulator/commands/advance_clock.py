"""``twilio-emulator advance-clock``: move the emulator's time forward."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from twilio_emulator.commands.flags import a_command, seconds

if TYPE_CHECKING:
    import argparse

    from twilio_emulator.commands.flags import Commands

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Enter the command."""
    parser = a_command(
        commands, "advance-clock", _run, help_="move the emulator's clock, and wait until all that falls due is done"
    )
    parser.add_argument("by", type=seconds, help="such as 3600, 90m, 2h or 3d")


def _run(given: argparse.Namespace) -> int:
    return asyncio.run(_advance(given.url, given.by, as_json=given.output == "json"))


async def _advance(url: str, by: float, *, as_json: bool) -> int:
    from twilio_emulator.dates import iso8601  # noqa: PLC0415
    from twilio_emulator.phone import admin_of  # noqa: PLC0415
    from twilio_emulator.terminal import tell  # noqa: PLC0415

    async with admin_of(url) as admin:
        now = await admin.advance(by)
    tell(json.dumps({"now": now, "at": iso8601(now)}) if as_json else iso8601(now))
    return 0
