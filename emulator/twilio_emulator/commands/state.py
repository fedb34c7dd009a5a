"""``twilio-emulator state``: what the emulator holds."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from twilio_emulator.commands.flags import a_command

if TYPE_CHECKING:
    import argparse

    from twilio_emulator.commands.flags import Commands

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Enter the command."""
    parser = a_command(commands, "state", _run, help_="print accounts, their numbers and what else they have")
    parser.add_argument("--account", default="", help="only this account")
    parser.add_argument("--full", action="store_true", help="every record, as one JSON object; without secrets")


def _run(given: argparse.Namespace) -> int:
    return asyncio.run(_print(given))


async def _print(given: argparse.Namespace) -> int:
    from twilio_emulator.phone import admin_of  # noqa: PLC0415
    from twilio_emulator.terminal import tell  # noqa: PLC0415

    async with admin_of(given.url) as admin:
        if given.full:
            tell(json.dumps(await admin.snapshot(), ensure_ascii=False))
            return 0
        accounts = await admin.accounts(account=given.account)
    if given.output == "json":
        tell(json.dumps({"accounts": accounts}, ensure_ascii=False))
        return 0
    for account in accounts:
        for line in _lines(account):
            tell(line)
    return 0


def _lines(account: dict[str, Any]) -> list[str]:
    counts = ", ".join(f"{count} {name}" for name, count in account["counts"].items() if count)
    lines = ["{sid} {status:9} {friendlyName}".format(**account) + (f"  ({counts})" if counts else "")]
    lines += [f"  {number['phoneNumber']} {number['smsUrl'] or '-'}" for number in account["numbers"]]
    lines += ["  {kind} {sid} {key} {status}".format(**resource).rstrip() for resource in account["resources"]]
    return lines
