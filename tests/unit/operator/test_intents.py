"""Intents: what is about to be created, written before it is."""

import json
from typing import Any

import pytest

from switchboard_operator.desired.names import FINALIZER, PENDING
from switchboard_operator.errors import Conflict, NotReady, Stalled, Upstream
from switchboard_operator.ports import Ref
from switchboard_operator.reconcile.intents import GRACE_SECONDS, Intent, Intents
from tests.support.smallworld import NAMESPACE, SmallWorld, subaccount_manifest

SUB = Ref("TwilioSubaccount", NAMESPACE, "acme")


@pytest.fixture
def world() -> SmallWorld:
    """A TwilioSubaccount that nobody has worked on."""
    made = SmallWorld()
    made.apply(subaccount_manifest())
    return made


def sub(world: SmallWorld) -> Any:
    """As it is stored."""
    return world.live("TwilioSubaccount", "acme")


def intent(world: SmallWorld, intents: Intents | None = None) -> Intent:
    """The stored intent, as a process reads it."""
    found = (intents or world.intents).read(sub(world))
    assert found is not None
    return found


def attempt(world: SmallWorld, problem: NotReady, *, seconds: float = 0.0) -> None:
    """A create that goes out on the intent and ends in a problem, after some time."""

    def create() -> None:
        with world.intents.used(sub(world)):
            world.clock.advance(seconds)
            raise problem

    with pytest.raises(NotReady):
        create()


async def test_intent_and_finalizer_are_one_write(world: SmallWorld) -> None:
    """What may exist at Twilio from now on keeps the resource until it is dealt with."""
    await world.intents.write(sub(world), subject="+1305")

    assert world.cluster.writes == [("patch", SUB)]
    assert sub(world).metadata.finalizers == [FINALIZER]
    assert (intent(world).subject, intent(world).fresh) == ("+1305", True)
    assert json.loads(sub(world).metadata.annotations[PENDING])["at"].startswith("2026-01-01T00:00:00")


async def test_a_resource_that_changed_gets_no_intent(world: SmallWorld) -> None:
    """Whoever decided on an older version decides again."""
    former = sub(world)
    world.cluster.touch(SUB, {"spec": {"friendlyName": "New"}})
    with pytest.raises(Conflict):
        await world.intents.write(former)

    assert PENDING not in sub(world).metadata.annotations


async def test_a_resource_that_is_gone_gets_no_intent(world: SmallWorld) -> None:
    """Nothing is created for it."""
    former = sub(world)
    await world.cluster.delete(SUB)
    with pytest.raises(Conflict):
        await world.intents.write(former)


async def test_an_intent_is_fresh_for_one_try(world: SmallWorld) -> None:
    """A create that may have been done is looked up, not repeated."""
    await world.intents.write(sub(world))
    attempt(world, Upstream("TwilioUnavailable", "lost", outcome_unknown=True))

    assert not intent(world).fresh


@pytest.mark.parametrize("problem", [Upstream("Throttled", "busy"), Stalled("TwilioRefused", "no")])
async def test_an_intent_stays_fresh_where_nothing_was_done(world: SmallWorld, problem: NotReady) -> None:
    """A throttled or refused create is simply sent again, in its time."""
    await world.intents.write(sub(world))
    attempt(world, problem)

    assert intent(world).fresh


async def test_an_intent_of_another_process_is_not_fresh(world: SmallWorld) -> None:
    """A process that died after the intent may have created."""
    await world.intents.write(sub(world))
    world.crash()

    assert not intent(world).fresh


async def test_an_unused_intent_of_a_former_manifest_is_none(world: SmallWorld) -> None:
    """What was to be created may not be wanted any more, and nothing was created on it: begin anew."""
    await world.intents.write(sub(world))
    world.cluster.touch(SUB, {"spec": {"friendlyName": "New"}})

    assert world.intents.read(sub(world)) is None


async def test_a_used_intent_outlives_its_manifest(world: SmallWorld) -> None:
    """What may have been created is looked up, whatever the manifest says now."""
    await world.intents.write(sub(world))
    attempt(world, Upstream("TwilioUnavailable", "lost", outcome_unknown=True))
    world.cluster.touch(SUB, {"spec": {"friendlyName": "New"}})

    assert not intent(world).fresh


async def test_a_lost_answer_to_the_intent_still_counts(world: SmallWorld) -> None:
    """The write that took effect without an answer is this process's own, and nothing was created on it."""
    world.cluster.faults[""].append("after")
    with pytest.raises(Upstream):
        await world.intents.write(sub(world))

    assert intent(world).fresh


@pytest.mark.parametrize("age", [0.0, 3600.0])
async def test_the_grace_time_begins_with_the_first_look(world: SmallWorld, age: float) -> None:
    """However old an intent is, what was created on it may have been created just now."""
    await world.intents.write(sub(world))
    world.crash()
    world.clock.advance(age)
    found = intent(world)

    assert world.intents.grace_left(found) == GRACE_SECONDS
    world.clock.advance(GRACE_SECONDS)
    assert world.intents.grace_left(intent(world)) == 0


async def test_the_grace_time_begins_when_a_slow_create_ends(world: SmallWorld) -> None:
    """A create that took longer than the grace time is still looked for in all of it."""
    await world.intents.write(sub(world))
    attempt(world, Upstream("TwilioUnavailable", "lost", outcome_unknown=True), seconds=GRACE_SECONDS * 2)

    assert world.intents.grace_left(intent(world)) == GRACE_SECONDS


@pytest.mark.parametrize("text", ["", "{", "null", "[]", '"x"', '{"at": 5}', '{"subject": 7}', "yes"])
def test_an_intent_edited_by_hand_is_an_old_one(world: SmallWorld, text: str) -> None:
    """It is looked up, and breaks nothing."""
    world.cluster.touch(SUB, {"metadata": {"annotations": {PENDING: text}}})
    found = intent(world)

    assert not found.fresh
    assert isinstance(found.subject, str)


async def test_letting_go_takes_our_finalizer_alone(world: SmallWorld) -> None:
    """Others' finalizers are theirs."""
    world.cluster.touch(SUB, {"metadata": {"finalizers": ["example.com/other"]}})
    await world.intents.write(sub(world))
    await world.intents.release(sub(world))

    assert sub(world).metadata.finalizers == ["example.com/other"]
