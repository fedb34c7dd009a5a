"""TwilioSubaccount: adoption, state, limits, and its end."""

from typing import Any

import pytest

from switchboard_operator.desired import marks
from switchboard_operator.desired.names import FINALIZER, PAUSED
from switchboard_operator.errors import Stalled, Upstream
from switchboard_operator.ports import Ref
from tests.support.ports import sid
from tests.support.smallworld import INTERVAL, NAMESPACE, SmallWorld, account_manifest, subaccount_manifest

SUB = Ref("TwilioSubaccount", NAMESPACE, "acme")


async def made(*, account: dict[str, Any] | None = None, **spec: Any) -> SmallWorld:
    """A world with one TwilioSubaccount, after a while."""
    world = SmallWorld()
    world.apply(account_manifest(**(account or {})), subaccount_manifest(**spec))
    await world.settle(30)
    return world


def ready(world: SmallWorld) -> tuple[str, str]:
    """Status and reason of Ready."""
    condition = world.live("TwilioSubaccount", "acme").status.condition("Ready")
    return condition.status, condition.reason


def states(world: SmallWorld) -> list[str]:
    """The states of all subaccounts that were ever made."""
    return [account.status for account in world.twilio.accounts.values() if account.sid != account.owner_sid]


async def delete(world: SmallWorld, seconds: float = 30.0) -> None:
    """A user deletes the resource, and time passes."""
    await world.cluster.delete(SUB)
    await world.settle(seconds)


def earlier_life(label: str = "acme/acme") -> str:
    """The name that a former resource of this name left at Twilio."""
    mark = marks.mark_of(installation="test", kind=SUB.kind, namespace=NAMESPACE, name="acme", uid="former")
    return marks.friendly_name(label, mark)


async def test_state_follows_the_manifest() -> None:
    """Suspended and Active are set at Twilio, once each."""
    world = await made()
    world.cluster.touch(SUB, {"spec": {"state": "Suspended"}})
    await world.settle(30)
    assert states(world) == ["suspended"]
    world.cluster.touch(SUB, {"spec": {"state": "Active"}})
    await world.settle(30)

    assert states(world) == ["active"]
    assert world.twilio.writes.count("update_account") == 2


async def test_drift_at_twilio_is_corrected() -> None:
    """What somebody suspends in the Console is active again after the next look, with an Event."""
    world = await made()
    (account,) = world.twilio.subaccounts
    await world.twilio.update_account(world.accounts.get("main"), account.sid, status="suspended")  # type: ignore[arg-type]
    await world.settle(INTERVAL + 1)

    assert states(world) == ["active"]
    assert "DriftCorrected" in {event["reason"] for event in world.cluster.of_kind("Event")}


@pytest.mark.parametrize("change", ["closed", "gone"])
async def test_what_is_gone_is_never_replaced(change: str) -> None:
    """A closed or missing subaccount is told, and no second one is made."""
    world = await made()
    (account,) = world.twilio.subaccounts
    if change == "closed":
        await world.twilio.update_account(world.accounts.get("main"), account.sid, status="closed")  # type: ignore[arg-type]
    else:
        del world.twilio.accounts[account.sid]
    await world.settle(INTERVAL * 2)

    assert ready(world) == ("False", "SubaccountClosed" if change == "closed" else "SubaccountMissing")
    assert world.twilio.writes.count("create_account") == 1


async def test_a_sid_proves_nothing() -> None:
    """Adoption of a subaccount without the admin's grant is refused, and nothing is written to it."""
    world = SmallWorld()
    found = world.twilio.put_account("Somebody's")
    world.apply(account_manifest(), subaccount_manifest(externalName=found.sid))
    await world.settle(30)

    assert ready(world) == ("False", "AdoptionRefused")
    assert world.twilio.writes == []


@pytest.mark.parametrize(("namespace", "taken"), [(NAMESPACE, True), ("other", False)])
async def test_a_grant_admits_its_namespace(namespace: str, *, taken: bool) -> None:
    """The admin's word, for that namespace only."""
    world = SmallWorld()
    found = world.twilio.put_account("Ours since 2019")
    grant = {"namespace": namespace, "sids": [found.sid]}
    world.apply(account_manifest(adoption=[grant]), subaccount_manifest(externalName=found.sid))
    await world.settle(30)

    assert ready(world) == (("True", "Succeeded") if taken else ("False", "AdoptionRefused"))
    assert "create_account" not in world.twilio.calls


async def test_anothers_parent_is_refused() -> None:
    """A subaccount of another parent account is not adopted even with a grant."""
    world = SmallWorld()
    found = world.twilio.put_account("x", owner=sid("AC", "another parent"))
    grant = {"namespace": NAMESPACE, "sids": [found.sid]}
    world.apply(account_manifest(adoption=[grant]), subaccount_manifest(externalName=found.sid))
    await world.settle(30)

    assert ready(world) == ("False", "AdoptionRefused")


@pytest.mark.parametrize(("policy", "again"), [("SameName", True), ("Never", False)])
async def test_an_earlier_life_is_taken_over_where_the_admin_says_so(policy: str, *, again: bool) -> None:
    """A cluster rebuilt from Git finds its subaccounts again; without the word it makes its own."""
    world = SmallWorld()
    former = world.twilio.put_account(earlier_life())
    world.apply(account_manifest(readopt=policy), subaccount_manifest())
    await world.settle(30)

    assert (world.live("TwilioSubaccount", "acme").status.sid == former.sid) is again
    assert len(world.twilio.subaccounts) == (1 if again else 2)


async def test_two_that_carry_the_mark_are_never_chosen_from() -> None:
    """A conflict names both, and a human decides."""
    world = SmallWorld()
    found = [world.twilio.put_account(earlier_life(label)) for label in ("one", "two")]
    world.apply(account_manifest(readopt="SameName"), subaccount_manifest())
    await world.settle(60)

    assert ready(world) == ("False", "OwnershipConflict")
    message = world.live("TwilioSubaccount", "acme").status.condition("Ready").message
    assert all(account.sid in message for account in found)
    assert world.twilio.writes == []


async def test_a_rename_at_twilio_takes_nothing_away_and_gives_nothing() -> None:
    """Without its mark a subaccount is not written to any more, though its SID is recorded."""
    world = await made()
    (account,) = world.twilio.subaccounts
    await world.twilio.update_account(world.accounts.get("main"), account.sid, friendly_name="mine now")  # type: ignore[arg-type]
    before = len(world.twilio.writes)
    await world.settle(INTERVAL + 1)

    assert ready(world) == ("False", "OwnershipConflict")
    assert len(world.twilio.writes) == before


async def test_the_limit_of_subaccounts_holds() -> None:
    """One more than the admin allows is refused without a call of Twilio."""
    world = await made(account={"limits": {"maxSubaccounts": 1}})
    world.apply(subaccount_manifest("second"))
    await world.settle(30)

    condition = world.live("TwilioSubaccount", "second").status.condition("Ready")
    assert condition.reason == "QuotaExceeded"
    assert world.twilio.writes.count("create_account") == 1


async def test_observe_writes_nothing() -> None:
    """A granted subaccount that is only looked at gets no state, no key and no Secret."""
    world = SmallWorld()
    found = world.twilio.put_account("Ours", status="suspended")
    grant = {"namespace": NAMESPACE, "sids": [found.sid]}
    sub = subaccount_manifest(externalName=found.sid, managementPolicy="Observe")
    world.apply(account_manifest(adoption=[grant]), sub)
    await world.settle(30)

    assert ready(world) == ("True", "Succeeded")
    assert world.twilio.writes == []
    assert world.live("TwilioSubaccount", "acme").status.state == "Suspended"


async def test_paused_means_nothing_is_done() -> None:
    """The annotation stops everything but the status that says so."""
    world = SmallWorld()
    sub = subaccount_manifest()
    sub["metadata"]["annotations"] = {PAUSED: "true"}
    world.apply(account_manifest(), sub)
    await world.settle(60)

    assert ready(world) == ("Unknown", "Paused")
    assert world.twilio.writes == []


async def test_what_never_got_anywhere_can_be_deleted() -> None:
    """Without a create there is no finalizer, and a deletion needs nobody's consent."""
    world = SmallWorld()
    world.apply(subaccount_manifest())
    await world.settle(60)
    assert ready(world) == ("False", "AccountNotFound")
    await delete(world)

    assert SUB not in world.cluster.objects


@pytest.mark.parametrize(
    ("spec", "state"),
    [
        ({}, "suspended"),
        ({"deletionPolicy": "Suspend"}, "suspended"),
        ({"deletionPolicy": "Retain"}, "active"),
        ({"deletionPolicy": "Close", "confirmClose": True, "retention": "0s"}, "closed"),
    ],
)
async def test_the_policy_decides_the_end(spec: dict[str, Any], state: str) -> None:
    """Suspend keeps everything and stops traffic, Retain touches nothing, Close ends it."""
    world = await made(**spec)
    assert FINALIZER in world.live("TwilioSubaccount", "acme").metadata.finalizers
    await delete(world)

    assert states(world) == [state]
    assert SUB not in world.cluster.objects


async def test_a_close_waits_for_its_retention() -> None:
    """Suspended at once, closed when the time has passed, and the status says when."""
    world = await made(deletionPolicy="Close", confirmClose=True, retention="48h")
    await delete(world, 47 * 3600)
    assert states(world) == ["suspended"]
    assert ready(world) == ("False", "RetentionPending")
    assert world.live("TwilioSubaccount", "acme").status.close_time is not None
    await world.settle(2 * 3600)

    assert states(world) == ["closed"]
    assert SUB not in world.cluster.objects


async def test_a_close_can_be_called_off() -> None:
    """While it rests, another policy keeps the subaccount."""
    world = await made(deletionPolicy="Close", confirmClose=True, retention="48h")
    await delete(world, 3600)
    world.cluster.touch(SUB, {"spec": {"deletionPolicy": "Suspend", "confirmClose": False}})
    await world.settle(100 * 3600)

    assert states(world) == ["suspended"]
    assert SUB not in world.cluster.objects


async def test_a_deletion_leaves_what_is_not_ours() -> None:
    """Without the mark nothing is suspended, and the finalizer stays until a human decides."""
    world = await made()
    (account,) = world.twilio.subaccounts
    await world.twilio.update_account(world.accounts.get("main"), account.sid, friendly_name="mine now")  # type: ignore[arg-type]
    await delete(world)
    assert states(world) == ["active"]
    assert ready(world) == ("False", "OwnershipConflict")
    world.cluster.touch(SUB, {"spec": {"deletionPolicy": "Retain"}})
    await world.settle(30)

    assert SUB not in world.cluster.objects
    assert states(world) == ["active"]


async def test_a_deletion_waits_for_the_account() -> None:
    """Without its TwilioAccount nothing can be suspended, so nothing is let go."""
    world = await made()
    await world.cluster.delete(Ref("TwilioAccount", "", "main"))
    world.crash()
    await delete(world)
    assert ready(world) == ("False", "AccountNotReady")
    world.apply(account_manifest())
    await world.settle(120)

    assert SUB not in world.cluster.objects
    assert states(world) == ["suspended"]


@pytest.mark.parametrize("problem", [Upstream("TwilioUnavailable", "away"), Stalled("TwilioRefused", "no")])
async def test_a_failing_deletion_keeps_its_finalizer(problem: Upstream | Stalled) -> None:
    """Whatever Twilio says, the resource stays until Twilio was seen to be as it should."""
    world = await made()
    world.twilio.refusing["update_account"] += [problem] * 2
    await delete(world, 1)
    assert SUB in world.cluster.objects
    await world.settle(2000)

    assert SUB not in world.cluster.objects
    assert states(world) == ["suspended"]


async def test_a_deletion_ends_what_an_unfinished_create_left() -> None:
    """A create whose answer was lost, listed late, is found and suspended before the resource goes."""
    world = SmallWorld()
    world.twilio.lag = 5
    world.twilio.losing.append("after")
    world.apply(account_manifest(), subaccount_manifest())
    await world.run()
    assert states(world) == ["active"]
    await delete(world, 60)

    assert states(world) == ["suspended"]
    assert SUB not in world.cluster.objects
