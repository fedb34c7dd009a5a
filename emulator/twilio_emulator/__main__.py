"""The command line, ``twilio-emulator COMMAND``; each command is a module of ``commands``.

Refusals go to standard error in one line that names the flag and the cure. Exit status: 0 done, 1 no answer
or a failure, 2 a wrong command line.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from twilio_emulator import __version__
from twilio_emulator.commands import add_commands
from twilio_emulator.errors import EmulatorError, SettingsError
from twilio_emulator.terminal import complain

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    given = _parser().parse_args(arguments)
    try:
        status: int = given.run(given)
    except SettingsError as error:
        complain(f"twilio-emulator: {error}")
        return 2
    except EmulatorError as error:
        complain(f"twilio-emulator: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="twilio-emulator", description="A stateful stand-in for Twilio.")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    add_commands(parser.add_subparsers(required=True, metavar="COMMAND"))
    return parser


if __name__ == "__main__":
    sys.exit(main())
