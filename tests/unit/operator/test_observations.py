"""When a settled resource is compared with Twilio."""

from typing import Any

import pytest

from switchboard_operator.desired.names import REQUESTED_AT
from switchboard_operator.reconcile.observations import Observations, settled
from tests.support.ports import ManualClock
from tests.support.smallworld import resource

INTERVAL = 600.0
SPEC = {"accountRef": {"name": "main"}}
READY = {"type": "Ready", "status": "True", "reason": "Succeeded", "lastTransitionTime": "2026-01-01T00:00:00Z"}


def sub(name: str = "acme", status: dict[str, Any] | None = None, **meta: Any) -> Any:
    """A settled TwilioSubaccount, unless the test says otherwise."""
    base = {"observedGeneration": 1, "conditions": [READY], "sid": f"AC{'0' * 32}"}
    return resource("TwilioSubaccount", name, SPEC, status=base | (status or {}), **meta)


def observations(clock: ManualClock) -> Observations:
    """What a fresh process knows: nothing."""
    return Observations(clock=clock, interval=INTERVAL)


@pytest.mark.parametrize(
    "unsettled",
    [
        sub(status={"observedGeneration": -1, "conditions": []}),
        sub(generation=2),
        sub(status={"conditions": [READY | {"status": "False"}]}),
        sub(status={"conditions": []}),
        sub(status={"sid": None}),
        sub(annotations={REQUESTED_AT: "now"}),
        sub(deletionTimestamp="2026-01-01T00:00:00Z"),
    ],
)
def test_what_is_not_settled_is_looked_at_in_every_pass(unsettled: Any) -> None:
    """A new manifest, an unwell resource and a request are never put off."""
    clock = ManualClock()
    look = observations(clock)
    look.observed(unsettled)

    assert not settled(unsettled)
    assert look.due(unsettled)


@pytest.mark.parametrize("token", ["now", "x" * 5000])
def test_an_answered_request_is_settled(token: str) -> None:
    """A request is answered once, however long its token."""
    answered = sub(annotations={REQUESTED_AT: token}, status={"lastHandledReconcileAt": token[:256]})

    assert settled(answered)


def test_a_settled_resource_rests_for_the_interval() -> None:
    """After a look, the next is an interval later."""
    clock = ManualClock()
    look, resting = observations(clock), sub()

    assert look.observed(resting) == INTERVAL
    clock.advance(INTERVAL - 1)
    assert not look.due(resting)
    assert look.remaining(resting) == 1
    clock.advance(1)
    assert look.due(resting)


def test_a_restart_is_no_burst() -> None:
    """A fresh process spreads its first looks evenly over the interval."""
    clock = ManualClock()
    look = observations(clock)
    fleet = [sub(f"t{number}") for number in range(1000)]

    assert sum(look.due(one) for one in fleet) <= 5
    counts = []
    for _ in range(10):
        clock.advance(INTERVAL / 10)
        due = [one for one in fleet if look.due(one)]
        counts.append(len(due))
        for one in due:
            look.observed(one)
    assert sum(counts) >= len(fleet) - 5
    assert max(counts) < 160
    assert min(counts) > 50


def test_another_life_of_a_name_starts_anew() -> None:
    """What is forgotten takes no memory, and its successor is not put off by it."""
    clock = ManualClock()
    look, first = observations(clock), sub()
    look.observed(first)
    look.forget(first)
    clock.advance(INTERVAL)

    assert not look._due_at
