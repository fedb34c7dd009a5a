"""``twilio-emulator messages``: what all accounts sent and received."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from twilio_emulator.commands.flags import a_command

if TYPE_CHECKING:
    import argparse

    from twilio_emulator.commands.flags import Commands

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Enter the command."""
    parser = a_command(commands, "messages", _run, help_="print messages of all accounts")
    parser.add_argument("--to", default="", help="only to this address")
    parser.add_argument("--from", dest="sender", default="", help="only from this address")
    parser.add_argument("--account", default="", help="only of this account")


def _run(given: argparse.Namespace) -> int:
    from twilio_emulator.phone import print_messages  # noqa: PLC0415

    filters = {"from_": given.sender, "to": given.to, "account": given.account}
    return asyncio.run(print_messages(url=given.url, filters=filters, as_json=given.output == "json"))
