"""``twilio-emulator say``: write from a phone and print the answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from twilio_emulator.commands.flags import a_command, fields

if TYPE_CHECKING:
    import argparse

    from twilio_emulator.commands.flags import Commands

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Enter the command."""
    parser = a_command(commands, "say", _run, help_="write from a phone and print the answer")
    parser.add_argument("--from", dest="sender", required=True, help="the phone, such as whatsapp:+5491155550100")
    parser.add_argument("--to", required=True, help="the bot's number")
    parser.add_argument("--wait", type=float, default=15.0, help="seconds for the answer (default %(default)g)")
    parser.add_argument("--profile-name", help="name that a WhatsApp user shows")
    parser.add_argument("--media", action="append", default=[], metavar="URL", help="sent along; may be repeated")
    parser.add_argument(
        "--field",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="another field of POST /inbound, its value as JSON or plain text; may be repeated",
    )
    parser.add_argument("text", nargs="?", default="", help="what is written")


def _run(given: argparse.Namespace) -> int:
    from twilio_emulator.phone import say  # noqa: PLC0415  # serve starts without it

    return asyncio.run(
        say(
            url=given.url,
            sender=given.sender,
            recipient=given.to,
            text=given.text,
            wait=given.wait,
            profile_name=given.profile_name,
            media=given.media,
            fields=fields(given.field),
            as_json=given.output == "json",
        )
    )
