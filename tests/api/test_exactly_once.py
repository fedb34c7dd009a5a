"""Exactly once, on a real API server against an emulator that loses answers: no second subaccount, key or number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.world import assistant, number, tenant

if TYPE_CHECKING:
    from tests.support.world import World

LOST_REPLIES = {
    "subaccount": {"method": "POST", "path": r"/api/2010-04-01/Accounts\.json$"},
    "key": {"method": "POST", "path": r"/iam/v1/Keys$"},
    "number": {"method": "POST", "path": r"/IncomingPhoneNumbers\.json$"},
}
FAULTS: dict[str, dict[str, Any]] = {
    "connection closed after the act": {"kind": "drop", "when": "after"},
    "connection closed before the act": {"kind": "drop", "when": "before"},
    "500 after the act": {"kind": "status", "status": 500, "when": "after"},
    "503 before the act": {"kind": "status", "status": 503, "when": "before"},
    "429": {"kind": "status", "status": 429, "when": "before"},
}


async def assert_exactly_one_of_each(world: World) -> None:
    """One open subaccount, one number in it, one key, and the Secret's key is that key."""
    accounts = [item for item in await world.twilio_accounts() if item["status"] != "closed"]
    status = await world.status("Tenant", "sur")
    assert [item["sid"] for item in accounts] == [status["subaccountSid"]]
    assert len(await world.twilio_numbers(status["subaccountSid"])) == 1
    assert await world.twilio_numbers(world.emulator.account_sid) == []
    kept = await world.tenant_secret("sur-twilio")
    assert await world.twilio_keys(status["subaccountSid"], kept["authToken"]) == [kept["apiKeySid"]]


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
@pytest.mark.parametrize("call", LOST_REPLIES.values(), ids=LOST_REPLIES.keys())
async def test_a_lost_answer_makes_no_second_thing(world: World, call: dict[str, str], fault: dict[str, Any]) -> None:
    """Whatever happens to the answer of a create, there is one of each in the end, without a human."""
    await world.emulator.admin.add_fault(**call, **fault)
    await world.start_operator()

    await world.apply(assistant(), tenant("sur"), number("ventas", "sur"))
    await world.condition("Tenant", "sur", status="True", reason="Succeeded")

    await assert_exactly_one_of_each(world)


@pytest.mark.parametrize("call", LOST_REPLIES.values(), ids=LOST_REPLIES.keys())
async def test_an_operator_killed_after_a_create_adopts_what_it_made(world: World, call: dict[str, str]) -> None:
    """Kill -9 between Twilio's commit and our record: the next life finds it by intent and mark."""
    await world.emulator.admin.add_fault(**call, kind="drop", when="after")
    await world.start_operator()
    await world.apply(assistant(), tenant("sur"), number("ventas", "sur"))

    async def lost() -> bool:
        served = await world.emulator.admin.requests()
        pattern = call["path"].strip("$").replace("\\", "").split("/")[-1]
        return any(r["method"] == "POST" and r["path"].endswith(pattern) for r in served)

    await world.until(lost)
    await world.kill_operator()
    await world.start_operator()
    await world.condition("Tenant", "sur", status="True", reason="Succeeded")

    await assert_exactly_one_of_each(world)


async def test_two_subaccounts_with_one_mark_are_a_conflict_and_never_a_guess(world: World) -> None:
    """OwnershipConflict names both; neither is touched."""
    admin = world.emulator.admin
    await admin.add_fault(**LOST_REPLIES["subaccount"], kind="drop", when="after")
    await admin.add_fault(method="GET", path=r"/Accounts\.json$", kind="status", status=503, count=1000)
    await world.start_operator()
    await world.apply(assistant(), tenant("sur"))

    async def made() -> bool:
        return "POST /api/2010-04-01/Accounts.json" in await world.twilio_writes()

    await world.until(made)
    await world.kill_operator()
    await admin.clear_faults()
    first = (await world.twilio_accounts())[0]
    await world.twilio_new_account(first["friendly_name"])
    await world.start_operator()

    found = await world.condition("TwilioSubaccount", "sur", status="False", reason="OwnershipConflict")
    assert first["sid"] in found["message"]
    assert len(await world.twilio_accounts()) == 2


async def test_a_forged_status_does_not_reach_another_tenants_subaccount(world: World) -> None:
    """A SID in a status proves nothing: without the mark it is refused, and the other account is left alone."""
    await world.start_operator()
    await world.apply(assistant(), tenant("sur"), tenant("norte"))
    await world.condition("TwilioSubaccount", "sur", status="True")
    await world.condition("TwilioSubaccount", "norte", status="True")
    victim = (await world.status("TwilioSubaccount", "norte"))["sid"]

    await world.patch("TwilioSubaccount", "sur", {"status": {"sid": victim}}, subresource="status")
    await world.patch("TwilioSubaccount", "sur", {"spec": {"state": "Suspended"}})

    await world.condition("TwilioSubaccount", "sur", status="False", reason="OwnershipConflict")
    assert (await world.twilio_account(victim))["status"] == "active"


async def test_a_foreign_secret_is_never_overwritten(world: World) -> None:
    """SecretConflict, the Secret stays as it was, and the tenant goes on when it is gone."""
    await world.apply(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "sur-twilio"}, "stringData": {"mine": "yes"}}
    )
    await world.start_operator()

    await world.apply(assistant(), tenant("sur"))
    await world.condition("TwilioSubaccount", "sur", status="False", reason="SecretConflict")

    assert await world.tenant_secret("sur-twilio") == {"mine": "yes"}


async def test_an_adoption_needs_the_admins_grant(world: World) -> None:
    """ExternalName alone is refused; with the grant the very account is taken over and none is made."""
    sid = await world.twilio_new_account("made by hand")
    adopted = {
        "apiVersion": "switchboard.dev/v1alpha1",
        "kind": "TwilioSubaccount",
        "metadata": {"name": "old"},
        "spec": {"accountRef": {"name": "main"}, "externalName": sid},
    }
    await world.start_operator()
    await world.apply(adopted)
    await world.condition("TwilioSubaccount", "old", status="False", reason="AdoptionRefused")

    await world.patch("TwilioAccount", "main", {"spec": {"adoption": [{"namespace": world.namespace, "sids": [sid]}]}})

    await world.condition("TwilioSubaccount", "old", status="True")
    assert [item["sid"] for item in await world.twilio_accounts()] == [sid]


async def test_a_subaccount_suspended_by_hand_is_set_active_again(world: World) -> None:
    """Drift of the state is corrected within the interval."""
    await world.start_operator(drift_interval=1.5)
    await world.apply(assistant(), tenant("sur"))
    await world.condition("TwilioSubaccount", "sur", status="True")
    sid = (await world.status("TwilioSubaccount", "sur"))["sid"]

    await world.twilio_set_account(sid, status="suspended")

    async def active() -> bool:
        return bool((await world.twilio_account(sid))["status"] == "active")

    await world.until(active)


async def test_a_lost_secret_is_made_again_and_the_old_key_is_removed(world: World) -> None:
    """The token is read again, a new key is made, and no key is left whose secret nobody knows."""
    await world.start_operator(drift_interval=1.5)
    await world.apply(assistant(), tenant("sur"), number("ventas", "sur"))
    await world.condition("Tenant", "sur", status="True")
    before = await world.tenant_secret("sur-twilio")

    await world.delete("Secret", "sur-twilio")

    async def made() -> bool:
        return await world.get("Secret", "sur-twilio") is not None

    await world.until(made)
    after = await world.tenant_secret("sur-twilio")
    assert after["apiKeySid"] != before["apiKeySid"]
    await assert_exactly_one_of_each(world)


async def test_an_api_server_that_was_away_is_caught_up_with(world: World) -> None:
    """The operator outlives the API server and goes on with what was asked meanwhile."""
    await world.start_operator()
    await world.apply(assistant(), tenant("sur"))
    await world.condition("Tenant", "sur", status="True")

    world.plane.restart_apiserver()
    await world.apply(tenant("norte"), number("ventas", "norte"))

    await world.condition("Tenant", "norte", status="True")


async def test_twilio_away_is_said_and_outlived(world: World) -> None:
    """TwilioUnavailable in the status while it lasts, Ready by itself afterwards."""
    await world.emulator.admin.add_fault(path="Accounts.json", kind="drop", when="before", count=4)
    await world.start_operator()

    await world.apply(assistant(), tenant("sur"))
    await world.condition("TwilioSubaccount", "sur", status="False", reason="TwilioUnavailable")

    await world.condition("Tenant", "sur", status="True")
