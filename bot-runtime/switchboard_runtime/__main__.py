"""``switchboard-runtime``: the command line."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import sys
from typing import TYPE_CHECKING, Any

from switchboard_runtime.commands import COMMANDS, add_settings, add_tenant_commands, run_tenant_command
from switchboard_runtime.config.settings import Settings
from switchboard_runtime.errors import ConfigurationError
from switchboard_runtime.store.postgres.command import add_commands, run_command
from switchboard_runtime.telemetry.logs import configure_logging

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

_REFUSED = 78
"""EX_CONFIG of sysexits.h."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    flags = vars(_parser().parse_args(arguments))
    command = flags["command"]
    try:
        if command in COMMANDS:
            return run_tenant_command(flags, os.environ)
        if command not in {"serve", "replay"}:
            sys.stdout.write(run_command(flags, os.environ) + "\n")
            return 0
        settings = Settings.read(os.environ, flags)
        configure_logging(level=settings.log_level)
        if command == "replay":
            from switchboard_runtime.replaying import replay  # noqa: PLC0415  # as below

            as_json = flags["output"] == "json"
            asyncio.run(replay(settings, only_list=flags["list"], dead_letters=flags["dead_letters"], as_json=as_json))
            return 0
        _serve(settings)
    except ConfigurationError as error:
        sys.stderr.write(f"switchboard-runtime: {error}\n")
        return _REFUSED
    return 0


def _serve(settings: Settings) -> None:
    """Serve until the end; while the program loads, nothing is garbage that a collection would find."""
    gc.disable()
    try:
        import uvloop  # noqa: PLC0415  # a wrong flag is told without loading a server

        from switchboard_runtime.app import run  # noqa: PLC0415

        uvloop.run(run(settings))
    finally:
        gc.enable()


class _Version(argparse.Action):
    """Looks the version up when it is asked for: a start has no time for it."""

    def __call__(self, parser: argparse.ArgumentParser, *_given: object) -> None:
        """Tell it, and end."""
        from importlib.metadata import version  # noqa: PLC0415  # as above

        sys.stdout.write(f"{parser.prog} {version('switchboard-runtime')}\n")
        parser.exit()


class _Commands(argparse._SubParsersAction):  # type: ignore[type-arg]  # noqa: SLF001  # no subscript at run time
    """Each command's help begins with what the list of commands says of it."""

    def add_parser(self, name: str, **settings: Any) -> argparse.ArgumentParser:
        """See argparse."""
        made: argparse.ArgumentParser = super().add_parser(name, **{"description": settings.get("help"), **settings})
        return made


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="switchboard-runtime", description="Serves the bots of the tenants in a folder."
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="say which release this is")
    commands = parser.add_subparsers(dest="command", required=True, action=_Commands)
    serve = commands.add_parser("serve", help="answer webhooks until SIGTERM")
    replay = commands.add_parser("replay", help="try quarantined webhooks again, as after an upgrade")
    replay.add_argument("--list", action="store_true", help="only list what waits, and the dead letters")
    replay.add_argument("--dead-letters", action="store_true", help="put dead letters back into their lanes too")
    replay.add_argument("--output", default="text", choices=("text", "json"), help="how it is told; default text")
    add_settings(serve, replay)
    add_tenant_commands(commands)
    add_commands(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
