"""``twilio-emulator record``: write API calls and webhooks to a file while they happen, one JSON object a line."""

from __future__ import annotations

import asyncio
import json
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from twilio_emulator.commands.flags import a_command, seconds
from twilio_emulator.errors import SettingsError

if TYPE_CHECKING:
    import argparse
    from contextlib import AbstractContextManager

    from twilio_emulator.client import AdminClient
    from twilio_emulator.commands.flags import Commands

__all__ = ["add"]

_PATIENCE = 5.0
_STANDARD_OUTPUT = Path("-")


def add(commands: Commands) -> None:
    """Enter the command."""
    parser = a_command(commands, "record", _run, help_="write API calls and webhooks to a file while they happen")
    parser.add_argument("file", type=Path, help="added to, one JSON object a line; - for standard output")
    parser.add_argument(
        "--for", dest="seconds", type=seconds, help="how long, such as 60 or 5m (default: until ctrl-C)"
    )
    parser.add_argument("--from-start", action="store_true", help="begin with what happened before")


def _run(given: argparse.Namespace) -> int:
    with _open(given.file) as file:
        try:
            count = asyncio.run(_record(given, file))
        except KeyboardInterrupt:
            return 0
    _summarise(given, count)
    return 0


def _open(path: Path) -> AbstractContextManager[TextIO | None]:
    if path == _STANDARD_OUTPUT:
        return nullcontext()
    try:
        return path.open("a", encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{path}: give a file that can be written ({error.strerror})") from error


async def _record(given: argparse.Namespace, file: TextIO | None) -> int:
    """Follow the log and return how many entries were written."""
    from twilio_emulator.phone import admin_of  # noqa: PLC0415

    loop = asyncio.get_running_loop()
    deadline = None if given.seconds is None else loop.time() + given.seconds
    count = 0
    async with admin_of(given.url) as admin:
        after = "" if given.from_start else await _end(admin)
        while True:
            left = _PATIENCE if deadline is None else min(_PATIENCE, deadline - loop.time())
            found = await admin.record(after=after, wait=max(0.0, left))
            for entry in found["entries"]:
                _write(entry, file)
            count, after = count + len(found["entries"]), found["after"]
            if deadline is not None and loop.time() >= deadline and not found["entries"]:
                return count


async def _end(admin: AdminClient) -> str:
    """Return the position behind all that happened so far."""
    return str((await admin.record(after="end"))["after"])


def _write(entry: dict[str, Any], file: TextIO | None) -> None:
    from twilio_emulator.terminal import tell  # noqa: PLC0415

    line = json.dumps(entry, ensure_ascii=False)
    if file is None:
        tell(line)
        return
    file.write(f"{line}\n")
    file.flush()


def _summarise(given: argparse.Namespace, count: int) -> None:
    from twilio_emulator.terminal import tell  # noqa: PLC0415

    if given.file == _STANDARD_OUTPUT:
        return
    told = {"file": str(given.file), "entries": count}
    tell(json.dumps(told) if given.output == "json" else f"{given.file}: {count} entries")
