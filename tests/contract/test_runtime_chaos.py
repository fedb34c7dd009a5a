"""The short form of ``make chaos-runtime``; and it can fail: with a safety taken out it goes red."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dev.chaos.run import Plan, run
from dev.chaos.verdict import Delivery, judge

SHORT = Plan(conversations=20, messages=10, pause=1.2, kill_every=1.5, full=1.5, grace=6.0, patience=60.0, mount=False)
BROKEN = Plan(conversations=10, messages=8, pause=1.0, kill_every=2.0, full=0.5, patience=4.0, mount=False)


async def test_every_message_is_answered_once_and_in_order_whatever_happens() -> None:
    """Kills, a disk that is full, webhooks twice and late, a Twilio that loses answers."""
    result = await run(SHORT)

    assert result.tried, result
    assert result.settled, result
    assert result.verdict.right, result.verdict
    assert result.verdict.answers == 200


@pytest.mark.parametrize(("without", "harm"), [("dedupe", "twice"), ("order", "disordered")])
async def test_the_chaos_finds_that_a_safety_is_missing(without: str, harm: str) -> None:
    """Else its green would mean nothing."""
    result = await run(replace(BROKEN, without=without))

    assert getattr(result.verdict, harm) > 0, result


def delivered(contact: str, number: int, began: float, acknowledged: float) -> Delivery:
    """A message."""
    return Delivery(contact=contact, number=number, began=began, acknowledged=acknowledged)


@pytest.mark.parametrize(
    ("answers", "lost", "twice", "disordered"),
    [
        ([1, 2, 3], 0, 0, 0),
        ([1, 3, 2], 0, 0, 0),
        ([2, 1, 3], 0, 0, 1),
        ([1, 3], 1, 0, 0),
        ([1, 2, 3, 3], 0, 1, 0),
        ([1, 2, 3, 9], 0, 1, 0),
        ([], 3, 0, 0),
    ],
)
def test_the_verdict_counts_what_is_wrong(answers: list[int], lost: int, twice: int, disordered: int) -> None:
    """The second and third message were under way at once: either may be answered first."""
    written = [delivered("a", 1, 0.0, 1.0), delivered("a", 2, 2.0, 5.0), delivered("a", 3, 3.0, 4.0)]
    verdict = judge(written, {"a": answers})

    assert (verdict.lost, verdict.twice, verdict.disordered) == (lost, twice, disordered)
    assert verdict.right == (lost == twice == disordered == 0)
