"""``switchboard-operator``: ``run`` (the default) and ``version``."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from importlib.metadata import version

from switchboard_operator import logs
from switchboard_operator.adapters.kubeconfig import KubeconfigError
from switchboard_operator.handlers.serve import serve
from switchboard_operator.settings import Settings, SettingsError, from_environment


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="switchboard-operator", description="The Switchboard operator.")
    parser.add_argument("command", nargs="?", default="run", choices=["run", "version"])
    command = parser.parse_args(arguments).command
    if command == "version":
        sys.stdout.write(f"switchboard-operator {version('switchboard-operator')}\n")
        return 0
    try:
        settings = from_environment()
        logs.configure(settings.log_level)
        asyncio.run(_run(settings))
    except (SettingsError, KubeconfigError) as error:
        sys.stderr.write(f"switchboard-operator: {error}\n")
        return 2
    return 0


async def _run(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await serve(settings, stop=stop)


if __name__ == "__main__":
    sys.exit(main())
