"""The short form of ``make chaos-runtime``, on both stores; and it can fail: with a safety taken out it goes red."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dev.chaos.run import Plan, run
from dev.chaos.stores import KINDS
from dev.chaos.verdict import Delivery, judge

SHORT = Plan(
    conversations=12, messages=5, pause=1.0, kill_every=2.5, harm_every=1.0, grace=4.0, patience=60.0, mount=False
)
AWAY = {"sqlite": 1.5, "postgres": 5.5}
"""Seconds; a server is waited for, up to five."""

BROKEN = Plan(conversations=15, messages=8, pause=0.6, kill_every=4.0, harm_every=5.0, away=0.5, mount=False)


@pytest.mark.parametrize("store", KINDS)
async def test_every_message_is_answered_once_and_in_order_whatever_happens(store: str) -> None:
    """Kills, a disk that is full or a server that crashes, webhooks twice and late, a Twilio that loses answers."""
    result = await run(replace(SHORT, store=store, away=AWAY[store]))

    assert result.tried, result
    assert result.settled, result
    assert result.verdict.right, result.verdict
    assert result.verdict.answers == 60


@pytest.mark.parametrize("store", KINDS)
@pytest.mark.parametrize(("without", "harm"), [("dedupe", "twice"), ("order", "disordered")])
async def test_the_chaos_finds_that_a_safety_is_missing(store: str, without: str, harm: str) -> None:
    """Else its green would mean nothing."""
    result = await run(replace(BROKEN, store=store, without=without))

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
