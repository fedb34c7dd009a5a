"""The command line: ``python -m dev.demo``. Exit status 0 only if everything shown was right."""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from contextlib import redirect_stdout

from dev.cluster.errors import ClusterError
from dev.demo.console import Console
from dev.demo.errors import DemoError
from dev.demo.run import STEPS, Shown, show
from dev.demo.target import take_down_local


def main(arguments: Sequence[str]) -> int:
    """Run the demo and give the exit status."""
    options = _parser().parse_args(arguments)
    as_json = options.output == "json"
    console = Console(sys.stderr if as_json else sys.stdout, STEPS)
    began = time.monotonic()
    try:
        shown = show(console, os.environ, image_prefix=options.image_prefix, run=int(time.time()))
    except (DemoError, ClusterError) as error:
        _tell_failure(console, error)
        if as_json:
            _print_json({"ok": False, "step": console.current, "error": str(error)})
        return error.exit_code
    except KeyboardInterrupt:
        console.plain("interrupted; run it again, it goes on with what is there")
        return 130
    seconds = time.monotonic() - began
    _tell_times(console)
    if shown.target.local:
        _keep_or_not(console, keep=options.keep)
    if as_json:
        _print_json(_result(console, shown, seconds))
    console.plain(f"demo ok in {seconds:.0f} s")
    return 0


def _tell_failure(console: Console, error: DemoError | ClusterError) -> None:
    console.plain()
    console.plain(f"demo failed at step {len(console.seconds) + 1}: {console.current}")
    if isinstance(error, DemoError):
        console.plain(f"  expected  {error.expected}")
        console.plain(f"  seen      {error.seen}")
        console.plain(f"  look      {error.look}")
    else:
        console.plain(f"  {error}")


def _tell_times(console: Console) -> None:
    console.plain()
    for title, seconds in console.seconds.items():
        console.plain(f"{seconds:7.1f} s  {title}")
    console.plain()


def _keep_or_not(console: Console, *, keep: bool) -> None:
    if not keep:
        with redirect_stdout(console.stream):
            take_down_local()
        return
    console.plain("The cluster keeps running. Go on:")
    console.plain('  make kubectl ARGS="get switchboard -A"')
    console.plain("  .venv/bin/twilio-emulator say --from whatsapp:+5491155550100 --to whatsapp:+541155550186 'Hola'")
    console.plain('  make kubectl ARGS="apply -f examples/quickstart"    after you edited something there')
    console.plain("  make cluster-down    stops it and removes all of it")
    console.plain()


def _result(console: Console, shown: Shown, seconds: float) -> dict[str, object]:
    return {
        "ok": True,
        "seconds": seconds,
        "steps": console.seconds,
        "replies": shown.replies,
        "change": {"seconds": shown.changed.seconds, "asked": shown.changed.asked},
        "figures": shown.figures.as_json(),
    }


def _print_json(document: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dev.demo", description="Show Switchboard on a real cluster.")
    parser.add_argument("--output", choices=["text", "json"], default="text", help="json: the result, on stdout alone")
    parser.add_argument(
        "--keep", action=argparse.BooleanOptionalAction, default=True, help="keep the cluster running (the default)"
    )
    parser.add_argument("--image-prefix", metavar="PREFIX", help="with KUBECONFIG: what stands before images' names")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
