"""The command line: ``python -m dev.demo``. Exit status 0 only if everything shown was right."""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence

from dev.cluster.errors import ClusterError
from dev.demo.console import Console
from dev.demo.errors import DemoError
from dev.demo.run import STEPS, Shown, show


def main(arguments: Sequence[str]) -> int:
    """Run the demo and give the exit status."""
    options = _parser().parse_args(arguments)
    as_json = options.output == "json"
    console = Console(sys.stderr if as_json else sys.stdout, STEPS)
    began = time.monotonic()
    try:
        shown = show(console, os.environ, image_prefix=options.image_prefix, run=int(time.time()))
    except DemoError as error:
        _tell_failure(console, error)
        return error.exit_code
    except ClusterError as error:
        console.plain(f"error: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        console.plain("interrupted; run it again, it goes on with what is there")
        return 130
    seconds = time.monotonic() - began
    _tell_how_to_go_on(console, shown)
    if as_json:
        print(json.dumps(_result(console, shown, seconds), indent=2, ensure_ascii=False))
    console.plain(f"demo ok in {seconds:.0f} s")
    return 0


def _tell_failure(console: Console, error: DemoError) -> None:
    console.plain()
    console.plain(f"demo failed at step {len(console.seconds) + 1}: {console.current}")
    console.plain(f"  expected  {error.expected}")
    console.plain(f"  seen      {error.seen}")
    console.plain(f"  look      {error.look}")


def _tell_how_to_go_on(console: Console, shown: Shown) -> None:
    console.plain()
    for title, seconds in console.seconds.items():
        console.plain(f"{seconds:7.1f} s  {title}")
    console.plain()
    if not shown.target.local:
        return
    console.plain("The cluster keeps running:")
    console.plain('  make kubectl ARGS="get switchboard -A"       what is there')
    console.plain("  uv run twilio-emulator say --from whatsapp:+5491155550100 --to whatsapp:+541155550186 \"Hola\"")
    console.plain("  make cluster-down                            stop it and remove all of it")
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dev.demo", description="Show Switchboard on a real cluster.")
    parser.add_argument("--output", choices=["text", "json"], default="text", help="json: a result at the end")
    parser.add_argument("--image-prefix", metavar="PREFIX", help="with KUBECONFIG: where the images are")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
