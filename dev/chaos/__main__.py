"""``python -m dev.chaos``: exit code 0 when each message was answered exactly once and in order."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from dataclasses import asdict

from dev.chaos.run import Plan, Result, run

_WRONG, _UNPROVEN = 1, 2


def main() -> int:
    """Run, print the figures, judge."""
    given = vars(_parser().parse_args())
    output = given.pop("output")
    result = asyncio.run(run(Plan(**{name: value for name, value in given.items() if value is not None})))
    print(json.dumps(asdict(result)) if output == "json" else _text(result))
    if not (result.verdict.right and result.settled):
        return _WRONG
    return 0 if result.tried else _UNPROVEN


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dev.chaos", description=__doc__)
    parser.add_argument("--conversations", type=int)
    parser.add_argument("--messages", type=int, help="of each conversation")
    parser.add_argument("--kill-every", type=float, metavar="SECONDS")
    parser.add_argument("--pause", type=float, metavar="SECONDS", help="between two messages of a phone, at most")
    parser.add_argument("--without", choices=["dedupe", "fence", "transaction", "order"], help="must go red")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--output", choices=["text", "json"], default="text")
    return parser


def _text(result: Result) -> str:
    verdict = result.verdict
    happened = [f"{name} {count}" for name, count in sorted({**result.webhooks}.items())]
    struck = [f"{name} {count}" for name, count in sorted(result.faults.items())]
    return "\n".join(
        [
            f"{verdict.messages} messages, {verdict.answers} answers, {result.seconds:.0f} s",
            f"killed with -9: {result.kills}; disk full: {result.fills} ({result.disk})",
            f"webhooks: {', '.join(happened)}",
            f"Twilio: {', '.join(struck)}",
            f"lost {verdict.lost}, answered twice {verdict.twice}, out of order {verdict.disordered}"
            + ("" if result.settled else "; NOT SETTLED: something still waits"),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
