"""The Secret with a subaccount's credentials."""

import base64
from typing import Any

import pytest

from switchboard_operator.ports import Credentials, Ref
from switchboard_operator.reconcile.secrets import KEYS
from tests.support.smallworld import INTERVAL, NAMESPACE, SmallWorld, account_manifest, subaccount_manifest

SECRET = Ref("Secret", NAMESPACE, "acme-twilio")


@pytest.fixture
async def world() -> SmallWorld:
    """A subaccount that is Ready."""
    made = SmallWorld()
    made.apply(account_manifest(), subaccount_manifest())
    await made.settle(30)
    assert made.live("TwilioSubaccount", "acme").status.holds("Ready")
    return made


def values(world: SmallWorld) -> dict[str, str]:
    """What the Secret holds."""
    data: dict[str, str] = world.cluster.stored(SECRET)["data"]
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


def ready(world: SmallWorld) -> Any:
    """The Ready condition."""
    return world.live("TwilioSubaccount", "acme").status.condition("Ready")


async def look_again(world: SmallWorld) -> None:
    """Let the interval of drift pass."""
    await world.settle(INTERVAL + 1)


async def test_the_secret_is_what_the_runtime_needs(world: SmallWorld) -> None:
    """Account, token, the key that is at Twilio, and a token of its own; owned, so that it goes with its owner."""
    (account,) = world.twilio.subaccounts
    (held,) = world.twilio.keys.values()
    found = values(world)
    (owner,) = world.cluster.stored(SECRET)["metadata"]["ownerReferences"]

    assert set(found) == set(KEYS)
    assert (found["accountSid"], found["authToken"]) == (account.sid, account.auth_token)
    assert (found["apiKeySid"], held.account_sid) == (held.key.sid, account.sid)
    assert len(found["apiToken"]) >= 43
    assert owner["uid"] == world.live("TwilioSubaccount", "acme").uid


async def test_a_settled_secret_is_not_written(world: SmallWorld) -> None:
    """Looking again writes nothing, at Twilio or in the cluster; nor does a restart."""
    await look_again(world)
    writes, calls = list(world.cluster.writes), list(world.twilio.writes)
    await look_again(world)
    world.crash()
    await look_again(world)

    assert world.cluster.writes == writes
    assert world.twilio.writes == calls


async def test_a_lost_secret_is_made_anew_and_its_key_removed(world: SmallWorld) -> None:
    """The secret of the former key is lost with it, so the key goes and a new one comes."""
    former = values(world)
    await world.cluster.delete(SECRET)
    await look_again(world)

    assert [held.key.sid for held in world.twilio.keys.values()] == [values(world)["apiKeySid"]]
    assert values(world)["apiKeySid"] != former["apiKeySid"]


async def test_a_key_of_others_is_left_alone(world: SmallWorld) -> None:
    """What somebody made in Twilio's Console survives a repair."""
    (account,) = world.twilio.subaccounts
    credentials = Credentials(account.sid, account.auth_token)
    theirs = await world.twilio.create_key(world.accounts.get("main"), credentials, friendly_name="console")  # type: ignore[arg-type]
    await world.cluster.delete(SECRET)
    await look_again(world)

    assert theirs.sid in world.twilio.keys
    assert len(world.twilio.keys) == 2


@pytest.mark.parametrize("key", ["apiKeySecret", "apiToken", "accountSid"])
async def test_a_missing_key_is_repaired(world: SmallWorld, key: str) -> None:
    """Whatever was removed is there again, and whole; a caller's token that is there is kept."""
    token = values(world)["apiToken"]
    world.cluster.touch(SECRET, {"data": {key: None}})
    await look_again(world)

    assert all(values(world).get(name) for name in KEYS)
    assert (values(world)["apiToken"] == token) is (key != "apiToken")


async def test_a_token_that_twilio_changed_is_taken_over(world: SmallWorld) -> None:
    """Promoted in the Console, the new token verifies webhooks; the API key stays."""
    (account,) = world.twilio.subaccounts
    key = values(world)["apiKeySid"]
    world.twilio.accounts[account.sid] = type(account)(
        account.sid, account.friendly_name, account.status, account.owner_sid, "9" * 32
    )
    await look_again(world)

    assert values(world)["authToken"] == "9" * 32
    assert values(world)["apiKeySid"] == key


async def test_anothers_secret_is_never_overwritten() -> None:
    """A Secret of the wanted name that is not ours stays as it is, and the message names it and the cure."""
    world = SmallWorld()
    theirs = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": SECRET.name, "namespace": NAMESPACE},
        "data": {"password": "eA=="},
    }
    world.cluster.put(theirs)
    world.apply(account_manifest(), subaccount_manifest())
    await world.settle(300)

    assert world.cluster.stored(SECRET)["data"] == {"password": "eA=="}
    assert ready(world).reason == "SecretConflict"
    assert "acme/acme-twilio" in ready(world).message
    assert len(world.twilio.keys) <= 1
    await world.cluster.delete(SECRET)
    await world.settle(300)
    assert ready(world).status == "True"
    assert len(world.twilio.keys) == 1


async def test_an_own_name_is_used() -> None:
    """``spec.credentials.secretName`` chooses the Secret."""
    world = SmallWorld()
    world.apply(account_manifest(), subaccount_manifest(credentials={"secretName": "chosen"}))
    await world.settle(30)

    assert Ref("Secret", NAMESPACE, "chosen") in world.cluster.objects
    assert SECRET not in world.cluster.objects


async def test_no_secret_value_reaches_status_or_events(world: SmallWorld) -> None:
    """What is secret stands in the Secret alone."""
    shown = repr([*world.cluster.of_kind("TwilioSubaccount"), *world.cluster.of_kind("Event")])

    assert not [key for key in ("authToken", "apiKeySecret", "apiToken") if values(world)[key] in shown]
