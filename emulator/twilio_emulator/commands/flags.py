"""Flags that several commands have, and texts that become numbers."""

from __future__ import annotations

import argparse
import json
import os
import re
from typing import TYPE_CHECKING, Any

from twilio_emulator.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  # it has no public name
    """What a command is entered in."""

__all__ = ["Commands", "a_command", "fields", "port", "seconds"]

_DEFAULT_URL = "http://127.0.0.1:8089"
_DURATION = re.compile(r"(?P<count>[0-9]{1,9}(\.[0-9]{1,6})?)(?P<unit>s|m|h|d|)")
_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def a_command(
    commands: Commands, name: str, run: Callable[[argparse.Namespace], int], *, help_: str
) -> argparse.ArgumentParser:
    """Enter a command that speaks to a running emulator, and return the parser for its own flags."""
    parser = commands.add_parser(name, help=help_, description=help_)
    url = os.environ.get("TWILIO_EMULATOR_URL", _DEFAULT_URL)
    parser.add_argument("--url", default=url, help="the emulator; or in TWILIO_EMULATOR_URL (default %(default)s)")
    parser.add_argument("--output", choices=["text", "json"], default="text", help="form of what is printed")
    parser.set_defaults(run=run)
    return parser


def port(text: str) -> int:
    """Read a port, 0 for any free one."""
    if not text.isascii() or not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; give a number from 0 to 65535")
    return int(text)


def seconds(text: str) -> float:
    """Read a duration such as ``3600``, ``90m``, ``2h`` or ``3d``."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; give seconds, or a number with m, h or d")
    return float(match["count"]) * _UNITS[match["unit"]]


def fields(given: Sequence[str]) -> dict[str, Any]:
    """Read ``name=value`` texts; a value that is JSON is taken as such.

    Raises:
        SettingsError: one has no name.
    """
    found: dict[str, Any] = {}
    for text in given:
        name, separator, value = text.partition("=")
        if not name or not separator:
            raise SettingsError(f"--field {text!r}: write NAME=VALUE, the value as JSON or as plain text")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found
