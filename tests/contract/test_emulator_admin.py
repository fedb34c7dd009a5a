"""What tests and demos do to an emulator: faults, the logs, reset; and how far credentials reach when they do."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from switchboard_twilio import TwilioRefused, TwilioUnavailable
from tests.contract.emulator_kit import MAIN_KEY, NUMBER, PHONE, TRANSPORT_WARNINGS, World, a_customer, a_world
from twilio_emulator.admin import ROUTES
from twilio_emulator.errors import AdminError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = TRANSPORT_WARNINGS


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """An emulator with one subaccount; whatever it answers is checked."""
    async with a_world() as world:
        yield world


async def names(world: World) -> list[str]:
    """Names of all subaccounts."""
    found = await world.parent.api.v2010.accounts.list_async()
    return sorted(account.friendly_name for account in found if account.sid != world.emulator.account_sid)


@pytest.mark.parametrize(("when", "done"), [("before", False), ("after", True)])
async def test_an_ordered_error_comes_before_or_after_the_act(world: World, when: str, done: bool) -> None:
    """Once, with the status and code that were ordered."""
    await world.emulator.admin.add_fault(method="POST", path=r"Accounts\.json$", status=429, code=20429, when=when)

    with pytest.raises(TwilioRefused) as refused:
        await world.parent.api.v2010.accounts.create_async(friendly_name="once")

    assert (refused.value.status, refused.value.code) == (429, 20429)
    assert ("once" in await names(world)) == done
    await world.parent.api.v2010.accounts.create_async(friendly_name="again")


@pytest.mark.parametrize(("when", "done"), [("before", False), ("after", True)])
async def test_an_ordered_drop_closes_the_connection_without_an_answer(world: World, when: str, done: bool) -> None:
    """The client cannot know whether it was done; the log has the call without status."""
    await world.emulator.admin.add_fault(method="POST", path="Accounts", kind="drop", when=when)

    with pytest.raises(TwilioUnavailable) as lost:
        await world.parent.api.v2010.accounts.create_async(friendly_name="lost")

    assert lost.value.outcome_unknown
    assert ("lost" in await names(world)) == done
    log = await world.emulator.admin.requests()
    assert [item["status"] for item in log if item["write"]][-1] is None


async def test_a_fault_hits_as_often_as_ordered_and_only_what_it_names(world: World) -> None:
    """Two of three matching calls fail, another path never does."""
    await world.emulator.admin.add_fault(method="GET", path="/Balance", status=503, count=2)
    outcomes = []
    for _ in range(3):
        await world.sub.incoming_phone_numbers.list_async()
        try:
            await world.sub.balance.fetch_async()
        except TwilioUnavailable as error:
            outcomes.append(error.status)
        else:
            outcomes.append(200)

    assert outcomes == [503, 503, 200]


async def test_faults_can_be_withdrawn(world: World) -> None:
    """After that, calls succeed."""
    await world.emulator.admin.add_fault(path=".", count=100)
    await world.emulator.admin.clear_faults()

    await world.sub.balance.fetch_async()


@pytest.mark.parametrize(
    ("order", "says"),
    [
        ({"path": "("}, "path"),
        ({"kind": "flood"}, "kind"),
        ({"when": "later"}, "when"),
        ({"status": 200}, "status"),
        ({"code": 1}, "code"),
        ({"count": 0}, "count"),
        ({"method": 1}, "method"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_a_fault_that_makes_no_sense_is_refused(world: World, order: dict[str, object], says: str) -> None:
    """By the name of its field."""
    with pytest.raises(AdminError, match=says):
        await world.emulator.admin.add_fault(**order)


async def test_the_request_log_tells_writes_from_reads(world: World) -> None:
    """Every call is in it, with who made it and how it was answered."""
    start = (await world.emulator.admin.requests())[-1]["seq"]
    await world.sub.incoming_phone_numbers.list_async()
    number = await world.buy()
    await world.raw("POST", "/api/2010-04-01/Accounts.json", None, form={})

    log = await world.emulator.admin.requests(after=start)
    root = f"/api/2010-04-01/Accounts/{world.sub_sid}/IncomingPhoneNumbers.json"
    assert [(item["method"], item["path"], item["status"], item["accountSid"], item["write"]) for item in log] == [
        ("GET", root, 200, world.sub_sid, False),
        ("POST", root, 201, world.sub_sid, True),
        ("POST", "/api/2010-04-01/Accounts.json", 401, None, True),
    ]
    assert number.account_sid == world.sub_sid


async def test_messages_can_be_filtered_and_waited_for(world: World) -> None:
    """A reader that waits is woken by the message it waits for, not by others."""
    await world.buy()
    await world.buy("+13055550124")
    waiting = asyncio.create_task(
        world.emulator.admin.messages(wait=10, from_="+13055550124", direction="outbound-api")
    )
    await world.sub.messages.create_async(to=PHONE, from_=NUMBER, body="one")
    await world.sub.messages.create_async(to=PHONE, from_="+13055550124", body="two")

    assert [message["body"] for message in await waiting] == ["two"]
    found = await world.emulator.admin.messages(account=world.sub_sid, to=PHONE)
    assert [message["body"] for message in found] == ["one", "two"]
    assert await world.emulator.admin.messages(after=found[-1]["seq"]) == []


async def test_reset_forgets_all_but_the_parent(world: World) -> None:
    """Accounts, numbers, messages, logs and faults go; the parent's credentials stay."""
    await world.buy()
    await world.emulator.admin.add_fault(path=".")
    await world.emulator.admin.reset()

    assert await names(world) == []
    assert await world.emulator.admin.messages() == []
    status, _ = await world.raw("GET", "/iam/v1/Keys", (world.sub_sid, world.sub_token))
    assert status == 401


@pytest.mark.parametrize("query", ["after=x", "after=-1", "wait=1000", "wait=nan", "direction=sideways"])
async def test_a_query_of_the_admin_api_that_makes_no_sense_is_refused(world: World, query: str) -> None:
    """By the name of its parameter."""
    status, body = await world.raw("GET", f"/emulator/v1/messages?{query}", None)

    assert status == 400
    assert query.split("=", maxsplit=1)[0] in body["error"]


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b'{"from": 1}', b'{"from": "\\ud800"}', b'{"form": ""}', b'{"from": "a", "to": "b", "media": {}}'],
)
async def test_an_inbound_order_that_makes_no_sense_is_refused(world: World, body: bytes) -> None:
    """Never a 500."""
    status, _ = await world.raw("POST", "/emulator/v1/inbound", None, form=body)

    assert status == 400


@pytest.mark.parametrize(("method", "path"), [("GET", "inbound"), ("PUT", "faults"), ("GET", "nothing")])
async def test_a_call_that_the_admin_api_has_not_is_named(world: World, method: str, path: str) -> None:
    """And not taken for one of Twilio's without credentials."""
    status, body = await world.raw(method, f"/emulator/v1/{path}", None)

    assert status == 404
    assert f"{method} /emulator/v1/{path}" in body["error"]


async def test_the_parents_token_reaches_every_v2010_resource_of_a_subaccount(world: World) -> None:
    """Buying, configuring and sending in its name, and moving the number to another subaccount."""
    inside = world.parent.api.v2010.accounts(world.sub_sid)
    number = await inside.incoming_phone_numbers.create_async(phone_number=NUMBER)
    await inside.messages.create_async(to=PHONE, from_=NUMBER, body="hi")
    other = await world.parent.api.v2010.accounts.create_async(friendly_name="other")

    moved = await inside.incoming_phone_numbers(number.sid).update_async(account_sid=other.sid)

    assert (moved.sid, moved.account_sid) == (number.sid, other.sid)
    assert await world.sub.incoming_phone_numbers.list_async() == []


async def test_parent_credentials_on_another_host_silently_act_on_the_parent(world: World) -> None:
    """The trap of twilio-python#785: the client names a subaccount, and the parent's token is rotated."""
    trapped = world.client(world.emulator.account_sid, world.emulator.auth_token, world.sub_sid)

    made = await trapped.accounts.v1.secondary_auth_token().create_async()

    assert made.account_sid == world.emulator.account_sid


async def test_a_main_key_makes_subaccounts_but_does_not_see_their_tokens(world: World) -> None:
    """And reaches nothing inside them; with the parent's own token the token is there."""
    client = world.client(MAIN_KEY.sid, MAIN_KEY.secret, world.emulator.account_sid)
    made = await client.api.v2010.accounts.create_async(friendly_name="by key")
    seen = await world.parent.api.v2010.accounts(made.sid).fetch_async()

    assert made.auth_token == ""
    assert len(seen.auth_token) == 32
    with pytest.raises(TwilioRefused) as refused:
        await client.api.v2010.accounts(made.sid).messages.list_async()
    assert refused.value.status == 401


async def test_a_standard_key_does_a_tenants_work(world: World) -> None:
    """Numbers, messages, searches and the balance of its own account; until it is deleted."""
    await world.buy()
    key = await world.sub.iam.v1.new_api_key.create_async(account_sid=world.sub_sid)
    client = world.client(key.sid, key.secret, world.sub_sid)
    await client.messages.create_async(to=PHONE, from_=NUMBER, body="hi")
    await client.available_phone_numbers("US").local.list_async(limit=1)
    await client.balance.fetch_async()
    await world.sub.iam.v1.api_key(key.sid).delete_async()

    with pytest.raises(TwilioRefused) as refused:
        await client.messages.list_async()
    assert refused.value.code == 20003


async def test_closing_an_account_releases_its_numbers_and_ends_its_credentials(world: World) -> None:
    """It stays in the list."""
    await world.buy()
    closed = await world.parent.api.v2010.accounts(world.sub_sid).update_async(status="closed")

    assert closed.status == "closed"
    assert await world.parent.api.v2010.accounts(world.sub_sid).incoming_phone_numbers.list_async() == []
    assert [account.sid for account in await world.parent.api.v2010.accounts.list_async(status="closed")] == [
        world.sub_sid
    ]
    with pytest.raises(TwilioRefused) as refused:
        await world.sub.balance.fetch_async()
    assert (refused.value.status, refused.value.code) == (401, 20003)


async def test_suspension_is_undone(world: World) -> None:
    """A suspended account refuses messages, answers reads, and sends again once it is active."""
    await world.buy()
    account = world.parent.api.v2010.accounts(world.sub_sid)
    await account.update_async(status="suspended")
    with pytest.raises(TwilioRefused):
        await world.sub.messages.create_async(to=PHONE, from_=NUMBER, body="hi")
    await world.sub.messages.list_async()
    await account.update_async(status="active")

    assert (await world.sub.messages.create_async(to=PHONE, from_=NUMBER, body="hi")).status == "queued"


async def test_an_application_and_an_url_exclude_each_other(world: World) -> None:
    """What was set last holds; the other is cleared."""
    number = await world.buy(voice_url="https://a.example/voice", sms_url="https://a.example/sms")
    change = world.sub.incoming_phone_numbers(number.sid)
    application = (await world.sub.applications.create_async(friendly_name="bot")).sid
    by_application = await change.update_async(voice_application_sid=application, sms_application_sid=application)
    by_url = await change.update_async(voice_url="https://b.example/", sms_url="https://b.example/")

    assert (by_application.voice_url, by_application.sms_url) == ("", "")
    assert (by_url.voice_application_sid, by_url.sms_application_sid) == (None, None)


async def test_any_number_of_an_area_can_be_bought(world: World) -> None:
    """AreaCode chooses what a search would show first, so a second purchase gets another number."""
    first = await world.sub.incoming_phone_numbers.create_async(area_code="305")
    second = await world.sub.incoming_phone_numbers.create_async(area_code="305")
    offered = await world.sub.available_phone_numbers("US").local.list_async(area_code=305, limit=10, page_size=10)

    assert first.phone_number != second.phone_number
    assert not {first.phone_number, second.phone_number} & {number.phone_number for number in offered}


async def test_two_emulators_of_one_seed_offer_the_same_numbers(world: World) -> None:
    """Another seed offers others."""

    async def offers(seed: int) -> list[str]:
        async with a_world(seed=seed) as other:
            found = await other.sub.available_phone_numbers("AR").local.list_async(limit=20, page_size=20)
            return [number.phone_number for number in found]

    assert await offers(7) == await offers(7)
    assert await offers(7) != await offers(8)


async def test_the_state_shows_every_account_with_what_it_has(world: World) -> None:
    """Numbers with their URLs, other resources by kind, and how many there are of each."""
    await world.buy(sms_url="https://a.example/sms", voice_url="https://a.example/voice")
    service = await world.sub.messaging.v1.services.create_async(friendly_name="shop")
    await world.sub.messages.create_async(to=PHONE, from_=NUMBER, body="hi")
    parent, sub = await world.emulator.admin.accounts()

    assert (parent["sid"], sub["sid"]) == (world.emulator.account_sid, world.sub_sid)
    assert (sub["friendlyName"], sub["status"], sub["ownerSid"]) == ("tenant", "active", parent["sid"])
    assert (sub["counts"]["numbers"], sub["counts"]["messages"]) == (1, 1)
    (number,) = sub["numbers"]
    assert (number["phoneNumber"], number["smsUrl"], number["voiceUrl"]) == (
        NUMBER,
        "https://a.example/sms",
        "https://a.example/voice",
    )
    assert service.sid in [resource["sid"] for resource in sub["resources"]]
    assert await world.emulator.admin.accounts(account=world.sub_sid) == [sub]
    with pytest.raises(AdminError, match="account: there is no AC0"):
        await world.emulator.admin.accounts(account="AC0")


async def test_the_state_leaves_out_the_emulators_own_notes(world: World) -> None:
    """That a number's rent falls due is no resource; the full export has it."""
    await world.buy()
    told = await world.raw("GET", f"/emulator/v1/state?account={world.sub_sid}", None)
    everything = await world.raw("GET", "/emulator/v1/state?full=1", None)

    assert told[1]["accounts"][0]["counts"] == {"numbers": 1}
    assert told[1]["accounts"][0]["resources"] == []
    assert "rented-number" in str(everything[1])


async def test_the_state_comes_in_pages(world: World) -> None:
    """Each account once, whatever the size of the page."""
    for number in range(7):
        await world.parent.api.v2010.accounts.create_async(friendly_name=f"page {number}")
    seen: list[str] = []
    after: int | None = 0
    while after is not None:
        status, body = await world.raw("GET", f"/emulator/v1/state?limit=2&after={after}", None)
        assert status == 200
        assert len(body["accounts"]) <= 2
        assert body["totals"]["accounts"] == 9
        seen += [account["friendlyName"] for account in body["accounts"]]
        after = body["next"]
    assert seen == ["Twilio emulator", "tenant", *(f"page {number}" for number in range(7))]


async def test_a_snapshot_has_everything_but_secrets(world: World) -> None:
    """No token, no key's digest, no shared key."""
    await world.buy()
    key = await world.sub.iam.v1.new_api_key.create_async(account_sid=world.sub_sid)
    snapshot = await world.emulator.admin.snapshot()

    tables = snapshot["tables"]
    assert [account["sid"] for account in tables["accounts"]] == [world.emulator.account_sid, world.sub_sid]
    assert key.sid in [row["sid"] for row in tables["api_keys"]]
    assert tables["numbers"][0]["config"]["sms_method"] == "POST"
    text = str(snapshot)
    assert not any(secret in text for secret in (world.sub_token, world.emulator.auth_token, key.secret))


async def test_a_record_has_calls_and_webhooks_in_one_stream_without_credentials(world: World) -> None:
    """A reader follows it by position; the customer's password in a webhook's URL is not in it."""
    async with a_customer() as customer:
        secret_url = customer.url.replace("http://", "http://user:hush@")
        await world.buy(sms_url=f"{secret_url}/sms")
        start = (await world.emulator.admin.record(after="end"))["after"]
        await world.say("Hola")
        await world.emulator.admin.deliveries(wait=5)
        await world.sub.messages.list_async()
        found = await world.emulator.admin.record(after=start, wait=5)

    kinds = [(entry["type"], entry.get("path", entry.get("url", "")).rpartition("/")[2]) for entry in found["entries"]]
    assert sorted(kinds) == [("request", "Messages.json"), ("webhook", "sms")]
    assert "hush" not in str(found)
    assert "Authorization" not in str(found)
    assert (await world.emulator.admin.record(after=found["after"]))["entries"] == []
    first = await world.emulator.admin.record()
    assert [entry["type"] for entry in first["entries"]].count("webhook") == 1


async def test_the_request_log_tells_how_long_a_call_took_and_its_error_code(world: World) -> None:
    """And nothing where nothing went wrong."""
    await world.sub.balance.fetch_async()
    with pytest.raises(TwilioRefused):
        await world.sub.messages("SM" + "0" * 32).fetch_async()
    good, bad = (await world.emulator.admin.requests())[-2:]

    assert (good["code"], good["fault"], bad["code"], bad["fault"]) == (None, None, 20404, None)
    assert good["milliseconds"] >= 0


async def test_every_call_of_the_admin_api_says_what_it_is_for() -> None:
    """Its page is made of these words."""
    assert [f"{method} {path}" for method, path, handler in ROUTES if not handler.__doc__] == []
    assert len({(method, path) for method, path, _ in ROUTES}) == len(ROUTES)
