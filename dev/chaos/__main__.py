"""``python -m dev.chaos``: exit code 0 when each message was answered exactly once and in order, on every store."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from dev.chaos.run import Plan, Result, run
from dev.chaos.runtime import SAFETIES
from dev.chaos.stores import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

_WRONG, _UNPROVEN = 1, 2


def main() -> int:
    """Run, print the figures, judge; the worst of all stores is the exit code."""
    given = vars(_parser().parse_args())
    output, kinds = given.pop("output"), given.pop("store")
    wanted = {name: value for name, value in given.items() if value is not None}
    codes = []
    for kind in KINDS if kinds == "all" else (kinds,):
        result = asyncio.run(run(Plan(store=kind, **wanted)))
        print(json.dumps(asdict(result)) if output == "json" else _text(result), flush=True)
        codes.append(_code(result))
    return next((code for code in (_WRONG, _UNPROVEN) if code in codes), 0)


def _code(result: Result) -> int:
    if not (result.verdict.right and result.settled):
        return _WRONG
    return 0 if result.tried else _UNPROVEN


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dev.chaos", description=__doc__)
    parser.add_argument("--store", choices=[*KINDS, "all"], default="all", help="default: one after the other")
    parser.add_argument("--conversations", type=int)
    parser.add_argument("--messages", type=int, help="of each conversation")
    parser.add_argument("--kill-every", type=float, metavar="SECONDS")
    parser.add_argument("--harm-every", type=float, metavar="SECONDS", help="between two harms of the store")
    parser.add_argument("--pause", type=float, metavar="SECONDS", help="between two messages of a phone, at most")
    parser.add_argument("--away", type=float, metavar="SECONDS", help="disk full, or server away, at most")
    parser.add_argument("--burst", type=float, metavar="SECONDS", help="answer bursts as one")
    parser.add_argument("--without", choices=SAFETIES, help="must go red")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--output", choices=["text", "json"], default="text")
    return parser


def _text(result: Result) -> str:
    verdict = result.verdict
    harms = {"processes killed with -9": result.kills, **result.harms}
    return "\n".join(
        [
            f"{result.store}: {verdict.messages} messages, {verdict.answers} answers, {result.seconds:.0f} s",
            f"  harm: {_counts(harms)}",
            f"  webhooks: {_counts(dict(sorted(result.webhooks.items())))}",
            f"  Twilio: {_counts(dict(sorted(result.faults.items())))}",
            f"  lost {verdict.lost}, answered twice {verdict.twice}, out of order {verdict.disordered},"
            f" answered and should not have been {verdict.unwanted}"
            + ("" if result.settled else "; NOT SETTLED: something still waits, or the run ended at the first wrong"),
        ]
    )


def _counts(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counted.items())


if __name__ == "__main__":
    sys.exit(main())
