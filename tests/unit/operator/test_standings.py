"""How the bots' assistants stand: a condition and an Event when it changes, nothing when it does not."""

from __future__ import annotations

from typing import Any

import pytest

from switchboard_operator.ports import AssistantStanding, Ref
from tests.support.smallworld import (
    NAMESPACE,
    SmallWorld,
    account_manifest,
    assistant_manifest,
    database_secret,
    manifest,
    number_manifest,
    tenant_manifest,
)

WELL = {"sales": AssistantStanding(failing=False)}
FAILING = {"sales": AssistantStanding(failing=True, since="2026-01-01T00:00:00Z", reason="no model answers")}
KIND = "AssistantsHealthy"


@pytest.fixture
async def world() -> SmallWorld:
    """A tenant that is Ready."""
    made = SmallWorld()
    made.apply(
        account_manifest(),
        manifest("Plan", "basic"),
        assistant_manifest(),
        tenant_manifest(bot={"assistantRef": {"name": "sales"}}),
        number_manifest(),
    )
    await made.settle(60)
    made.roll_out()
    await made.settle(30)
    return made


async def look(world: SmallWorld, times: int = 1) -> None:
    """The bot is asked, and the operator works on the news."""
    for _ in range(times):
        await world.rounds.look(world.seen("Tenant", "acme"))
        await world.settle(1)


def condition(world: SmallWorld) -> Any:
    """The condition, or None."""
    return world.live("Tenant", "acme").status.condition(KIND)


def events(world: SmallWorld) -> list[tuple[str, str]]:
    """Type and reason of each Event about assistants."""
    stored = world.cluster.of_kind("Event")
    return [(each["type"], each["reason"]) for each in stored if each["reason"].startswith("Assistant")]


async def test_a_failing_assistant_is_a_condition_and_an_event(world: SmallWorld) -> None:
    """By name, since when and why; Ready stays, since people are answered; when it is well again that is told too."""
    world.bots.told = WELL
    await look(world)
    first = condition(world), events(world)
    world.bots.told = FAILING
    await look(world, 3)
    failing = condition(world)
    world.bots.told = WELL
    await look(world, 2)

    assert (first[0].status, first[1]) == ("True", [])
    assert (failing.status, failing.reason) == ("False", "AssistantFailing")
    assert failing.message == "sales fails since 2026-01-01T00:00:00Z: no model answers"
    assert world.live("Tenant", "acme").status.holds("Ready")
    assert condition(world).status == "True"
    assert events(world) == [("Warning", "AssistantFailing"), ("Normal", "AssistantRecovered")]


async def test_the_bot_is_asked_by_its_service_as_its_own_host(world: SmallWorld) -> None:
    """With the token of its own API."""
    await look(world)
    ((address, host, token),) = world.bots.asked

    assert (address, host) == ("bot-acme.acme", "acme.bots.example.com")
    assert len(token) >= 43


@pytest.mark.parametrize("told", [WELL, FAILING, None])
async def test_what_is_no_news_writes_nothing(world: SmallWorld, told: dict[str, AssistantStanding] | None) -> None:
    """Over many looks and a restart."""
    world.bots.told = told
    await look(world, 2)
    writes = len(world.cluster.writes)
    await look(world, 3)
    await world.restart()
    await world.settle(5)
    await look(world, 3)

    assert world.cluster.writes[writes:] == []
    assert (condition(world) is None) is (told is None)


async def test_a_bot_that_does_not_tell_changes_the_message_alone(world: SmallWorld) -> None:
    """Once, after three looks; and a restart of the operator does not say it twice."""
    world.bots.told = FAILING
    await look(world)
    before = condition(world)
    world.bots.silent = True
    await look(world, 2)
    after_two = condition(world)
    await look(world, 2)
    silent = condition(world)
    writes = len(world.cluster.writes)
    await world.restart()
    await look(world, 5)

    assert after_two == before
    assert (silent.status, silent.reason, silent.last_transition_time) == (
        before.status,
        before.reason,
        before.last_transition_time,
    )
    assert silent.message == before.message + "; the bot does not tell any more"
    assert world.cluster.writes[writes:] == []
    assert len(events(world)) == 1


async def test_a_bot_that_never_told_gets_no_condition(world: SmallWorld) -> None:
    """An older runtime has nothing to tell."""
    world.bots.silent = True
    await look(world, 5)

    assert condition(world) is None


async def test_a_changed_token_is_read_again(world: SmallWorld) -> None:
    """After an answer that was no use."""
    await look(world)
    world.cluster.touch(Ref("Secret", NAMESPACE, "acme-twilio"), {"data": {"apiToken": "bmV3"}})
    world.bots.silent = True
    await look(world)
    world.bots.silent = False
    await look(world)

    assert [token for _, _, token in world.bots.asked][-1] == "new"


async def several() -> SmallWorld:
    """A tenant in PostgreSQL, served by several pods."""
    world = SmallWorld()
    world.cluster.put(database_secret())
    world.apply(
        account_manifest(),
        manifest("Plan", "basic"),
        assistant_manifest(),
        tenant_manifest(bot={"assistantRef": {"name": "sales"}}, runtime={"replicas": 3, "storage": {"postgres": {}}}),
        number_manifest(),
    )
    await world.settle(90)
    world.roll_out()
    await world.settle(30)
    return world


async def test_of_several_pods_one_that_fails_is_enough() -> None:
    """Each knows of its own turns: whoever is asked first, the condition does not flap, also while a pod is silent."""
    world = await several()
    world.bots.pods = {"10.0.0.1:8080": WELL, "10.0.0.2:8080": FAILING, "10.0.0.3:8080": None}
    await look(world)
    told = condition(world)
    writes = len(world.cluster.writes)
    world.bots.pods = dict(reversed(world.bots.pods.items()))
    await look(world, 3)

    assert told.message == "sales fails since 2026-01-01T00:00:00Z: no model answers"
    assert condition(world) == told
    assert world.cluster.writes[writes:] == []
    assert len({address for address, _, _ in world.bots.asked}) == 3


async def test_a_silent_pod_may_be_the_one_that_fails() -> None:
    """So the others' being well is no recovery."""
    world = await several()
    world.bots.pods = {"10.0.0.1:8080": WELL, "10.0.0.2:8080": FAILING}
    await look(world)
    world.bots.pods = {"10.0.0.1:8080": WELL, "10.0.0.2:8080": None}
    await look(world, 2)
    silent = condition(world).status
    world.bots.pods = {"10.0.0.1:8080": WELL}
    await look(world)

    assert silent == "False"
    assert condition(world).status == "True"
