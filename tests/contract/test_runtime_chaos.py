"""The short form of ``make chaos-runtime``, on both stores; and it can fail: with a safety taken out it goes red."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dev.chaos.run import Plan, run
from dev.chaos.stores import KINDS
from dev.chaos.verdict import Answer, Delivery, judge

SHORT = Plan(
    conversations=12,
    messages=4,
    pause=1.0,
    kill_every=3.0,
    harm_every=3.0,
    lease=0.5,
    grace=4.0,
    patience=60.0,
    mount=False,
)
STORES = {
    "sqlite": replace(SHORT, away=1.5),
    "postgres": replace(SHORT, store="postgres", away=5.5, harm_every=2.5, burst=0.3),
}
"""A server is waited for, up to five seconds; there also bursts are answered as one."""

BROKEN = Plan(lease=0.5, conversations=15, messages=8, pause=0.6, kill_every=4.0, harm_every=5.0, away=0.5, mount=False)


@pytest.mark.parametrize("store", KINDS)
async def test_every_message_is_answered_once_and_in_order_whatever_happens(store: str) -> None:
    """Kills, a disk that is full or a server that crashes, webhooks twice and late, a Twilio that loses answers.

    Four of the twelve phones are interrupted, by STOP and START or by a person, and have more to be judged.
    """
    result = await run(STORES[store])

    assert result.tried, result
    assert result.settled, result
    assert result.verdict.right, result.verdict
    assert result.verdict.messages == 12 * 4 + 2 * 1 + 2 * 2


@pytest.mark.parametrize("store", KINDS)
@pytest.mark.parametrize(("without", "harm"), [("dedupe", "twice"), ("order", "disordered")])
async def test_the_chaos_finds_that_a_safety_is_missing(store: str, without: str, harm: str) -> None:
    """Else its green would mean nothing."""
    result = await run(replace(BROKEN, store=store, without=without))

    assert getattr(result.verdict, harm) > 0, result


def test_the_verdict_knows_what_need_not_or_must_not_be_answered() -> None:
    """After STOP, or when a person took over."""
    written = [delivered("a", number, 0.0, 9.0) for number in (1, 2, 3)]
    promises: dict[tuple[str, int], Answer] = {("a", 1): "may", ("a", 2): "never"}

    silent = judge(written, {"a": [3]}, promises)
    spoken = judge(written, {"a": [1, 2, 3]}, promises)

    assert (silent.right, silent.lost, silent.unwanted) == (True, 0, 0)
    assert (spoken.right, spoken.lost, spoken.unwanted) == (False, 0, 1)


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
