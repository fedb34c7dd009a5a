"""``switchboard-runtime backup``, ``restore`` and ``export``: flags in, an exit code out."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from dataclasses import fields
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from switchboard_runtime.config.settings import Settings
from switchboard_runtime.errors import ConfigurationError, Conflict, RuntimeFailure, StoreUnavailable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

__all__ = ["COMMANDS", "add_settings", "add_tenant_commands", "run_tenant_command"]

COMMANDS = frozenset({"backup", "restore", "export"})

_BROKEN, _EXISTS, _NOT_NOW, _REFUSED = 65, 73, 75, 78
"""EX_DATAERR, EX_CANTCREAT, EX_TEMPFAIL and EX_CONFIG of sysexits.h."""

_UNREAD = 141
"""What a shell says of a program that a SIGPIPE ended."""

_ADMIN = "SWITCHBOARD_ADMIN_DSN"
_TELL_EVERY = 1.0
_KINDS = ("contacts", "conversations", "messages", "leads", "usage")


def add_settings(*commands: argparse.ArgumentParser) -> None:
    """Give commands a flag for each setting."""
    for field in fields(Settings):
        flag = "--" + field.name.replace("_", "-")
        for command in commands:
            command.add_argument(flag, help=f"overrides SWITCHBOARD_{field.name.upper()}; default {field.default}")


def add_tenant_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the commands."""
    backup = commands.add_parser("backup", help="write all of one tenant into one file, also while it is served")
    backup.add_argument("--to", required=True, type=Path, help="the file; packed if its name ends in .gz")
    backup.add_argument("--force", action="store_true", help="replace a file that is there")
    restore = commands.add_parser("restore", help="put a backup into a tenant's store, whichever it is; all or nothing")
    restore.add_argument("--from", dest="source", required=True, type=Path, help="the file")
    restore.add_argument("--force", action="store_true", help="replace what is there; take another tenant's file")
    restore.add_argument("--erased", type=Path, help="a ledger of erasures, as GET /api/v1/erasures answers it")
    restore.add_argument("--admin-dsn", help=f"administrator of PostgreSQL; better in {_ADMIN}")
    export = commands.add_parser("export", help="write contacts, conversations, messages, leads or usage as a table")
    export.add_argument("--what", required=True, choices=_KINDS, help="which rows")
    export.add_argument("--format", default="csv", choices=("csv", "jsonl"), help="default csv")
    export.add_argument("--to", type=Path, help="the file; left out, stdout")
    export.add_argument("--force", action="store_true", help="replace a file that is there")
    for command in (backup, restore, export):
        command.add_argument("--tenant", required=True, help="slug of the tenant")
        command.add_argument("--output", default="text", choices=("text", "json"), help="how the result is told")
    add_settings(backup, restore, export)


def run_tenant_command(flags: Mapping[str, Any], environment: Mapping[str, str]) -> int:
    """Do what the command line says, tell what came of it, and return the exit code."""
    from switchboard_runtime.backup.format import BrokenFile  # noqa: PLC0415  # a wrong flag is told without loading it

    try:
        settings = Settings.read(environment, flags)
        result = asyncio.run(_done(flags, settings, environment))
    except (ConfigurationError, Conflict) as error:
        return _failed(flags, _EXISTS if isinstance(error, Conflict) else _REFUSED, error)
    except StoreUnavailable as error:
        return _failed(flags, _NOT_NOW, error)
    except BrokenFile as error:
        return _failed(flags, _BROKEN, error)
    except OSError as error:
        return _unwritten(flags, error)
    if flags["output"] == "json":
        stream = sys.stderr if flags["command"] == "export" and flags["to"] is None else sys.stdout
        stream.write(json.dumps(result) + "\n")
    elif not (flags["command"] == "export" and flags["to"] is None):
        sys.stdout.write(f"{flags['command']}: {result['total']} rows, {result['file']}\n")
    return 0


async def _done(flags: Mapping[str, Any], settings: Settings, environment: Mapping[str, str]) -> dict[str, Any]:
    from switchboard_runtime.backup.command import backup, restore  # noqa: PLC0415

    now = time.time()
    given: dict[str, Any] = {"tenant": flags["tenant"], "force": flags["force"], "now": now}
    if flags["command"] == "backup":
        return await backup(settings, to=flags["to"], progress=_Told(), **given)
    if flags["command"] == "restore":
        admin = flags["admin_dsn"] or environment.get(_ADMIN)
        told = _Told()
        return await restore(
            settings, source=flags["source"], ledger=flags["erased"], admin_dsn=admin, progress=told, **given
        )
    return await _exported(flags, settings, now)


async def _exported(flags: Mapping[str, Any], settings: Settings, now: float) -> dict[str, Any]:
    from switchboard_runtime.backup.command import reading, tenant_entry  # noqa: PLC0415
    from switchboard_runtime.backup.format import check_free  # noqa: PLC0415
    from switchboard_runtime.exporting import EXPORTS, write_rows  # noqa: PLC0415

    to: Path | None = flags["to"]
    if to is not None:
        check_free(to, force=flags["force"])
    entry = tenant_entry(settings, flags["tenant"], now=now)

    async def write(stream: IO[str]) -> int:
        async with reading(settings, entry) as place:
            return await write_rows(EXPORTS[flags["what"]](place), stream, as_csv=flags["format"] == "csv")

    if to is None:
        total = await write(sys.stdout)
        sys.stdout.flush()
    else:
        with open(to, "w", encoding="utf-8", newline="") as stream:  # noqa: ASYNC230, PTH123  # nothing else runs
            total = await write(stream)
    return {"tenant": flags["tenant"], "what": flags["what"], "file": str(to or "-"), "total": total}


class _Told:
    """Tells a person at a terminal how far it is, once a second."""

    def __init__(self) -> None:
        self._told = time.monotonic()

    def __call__(self, table: str, rows: int) -> None:
        """Some rows are done."""
        now = time.monotonic()
        if now - self._told >= _TELL_EVERY:
            self._told = now
            sys.stderr.write(f"{table}: {rows} rows\n")


def _unwritten(flags: Mapping[str, Any], error: OSError) -> int:
    if flags.get("to") is None:  # what Python still holds for stdout goes nowhere, lest it fail once more at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        return _UNREAD
    return _failed(flags, _EXISTS, ConfigurationError(error.filename or "file", error.strerror or "not written"))


def _failed(flags: Mapping[str, Any], code: int, error: RuntimeFailure) -> int:
    if flags["output"] == "json":
        sys.stderr.write(json.dumps({"error": str(error), "code": code}) + "\n")
    else:
        sys.stderr.write(f"switchboard-runtime: {error}\n")
    return code
