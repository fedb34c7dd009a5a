"""What the admin API offers to who follows the emulator: stretches of logs, conversations, accounts, changes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import requests

from tests.contract.emulator_kit import NUMBER, PHONE
from tests.contract.emulator_sync import SyncWorld, a_world
from twilio_emulator.testing import running_emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

OTHER = "+5491155550177"
HIDDEN = "AR.1502958071428"


@pytest.fixture
def world() -> Iterator[SyncWorld]:
    """An emulator with one subaccount that owns a number."""
    with a_world() as world:
        world.buy()
        yield world


def get(world: SyncWorld, path: str, **query: object) -> Any:
    """Ask the admin API."""
    reply = requests.get(f"{world.emulator.base_url}/emulator/v1{path}", params=query, timeout=20)  # type: ignore[arg-type]
    assert reply.status_code == 200, reply.text
    return reply.json()


def bodies(world: SyncWorld, **query: object) -> list[str]:
    """Return what was written, oldest first."""
    return [message["body"] for message in get(world, "/messages", **query)["messages"]]


def test_the_newest_of_a_log_and_what_is_older(world: SyncWorld) -> None:
    """Oldest first, whichever end they are taken from."""
    seqs = [world.say(str(count))["message"]["seq"] for count in range(6)]

    assert bodies(world, last=2) == ["4", "5"]
    assert bodies(world, last=2, before=seqs[4]) == ["2", "3"]
    assert bodies(world, after=seqs[1], before=seqs[4]) == ["2", "3"]
    assert bodies(world, after=seqs[2], last=2) == ["4", "5"]
    assert bodies(world) == list("012345")


def test_a_conversation_is_what_two_numbers_wrote_by_any_channel(world: SyncWorld) -> None:
    """Not what others wrote to the same number."""
    world.whatsapp_sender()
    world.say("sms")
    world.say("whatsapp", sender=f"whatsapp:{PHONE}", recipient=f"whatsapp:{NUMBER}")
    world.say("other", sender=OTHER)
    world.sub.messages.create(to=PHONE, from_=NUMBER, body="answer")

    assert bodies(world, between=f"{NUMBER},{PHONE}") == ["sms", "whatsapp", "answer"]
    assert bodies(world, between=f"{PHONE.lstrip('+')},{NUMBER}", last=1) == ["answer"]
    assert bodies(world, between=f"{NUMBER},{OTHER}") == ["other"]


def test_conversations_come_the_latest_first(world: SyncWorld) -> None:
    """With how many messages there are and the last; a user who shows no number has one too."""
    world.whatsapp_sender()
    world.say("first")
    world.say("second", sender=OTHER)
    world.say("hidden", sender=f"whatsapp:{HIDDEN}", recipient=f"whatsapp:{NUMBER}")
    world.sub.messages.create(to=PHONE, from_=NUMBER, body="answer")
    found = get(world, "/conversations")["conversations"]
    shown = [(one["number"], one["phone"], one["messages"], one["last"]["body"]) for one in found]

    assert shown == [(NUMBER, PHONE, 2, "answer"), (NUMBER, HIDDEN, 1, "hidden"), (NUMBER, OTHER, 1, "second")]
    assert [one["phone"] for one in get(world, "/conversations", containing="0177")["conversations"]] == [OTHER]
    assert get(world, "/conversations", containing="%")["conversations"] == []
    assert len(get(world, "/conversations", last=1)["conversations"]) == 1


def test_accounts_are_found_by_name_sid_number_and_status(world: SyncWorld) -> None:
    """A part is enough, in any case of letters."""
    other = world.parent.api.v2010.accounts.create(friendly_name="Green Garden")
    world.parent.api.v2010.accounts(other.sid).update(status="suspended")

    def names(**query: object) -> list[str]:
        return [account["friendlyName"] for account in get(world, "/accounts", **query)["accounts"]]

    assert names() == ["Green Garden", "tenant"]
    assert names(containing="gREEN") == ["Green Garden"]
    assert names(containing=world.sub_sid[5:20].upper()) == ["tenant"]
    assert names(containing=NUMBER[3:]) == ["tenant"]
    assert names(status="suspended") == ["Green Garden"]
    assert names(last=1, page=1) == ["tenant"]
    assert names(containing="' OR 1=1 --") == []


def test_a_subaccount_of_a_suspended_parent_is_suspended_with_it(world: SyncWorld) -> None:
    """By its own status, and in effect."""
    requests.post(f"{world.emulator.base_url}/emulator/v1/accounts/{world.emulator.account_sid}/suspend", timeout=10)
    (shown,) = get(world, "/accounts")["accounts"]

    assert (shown["status"], shown["inEffect"], shown["suspendedBy"]) == ("suspended", "suspended", "parent")


def test_where_a_numbers_messages_and_calls_go(world: SyncWorld) -> None:
    """The number's own URLs, its application's, its service's, its trunk's."""
    (number,) = world.sub.incoming_phone_numbers.list()
    change = world.sub.incoming_phone_numbers(number.sid).update

    def shown() -> dict[str, Any]:
        (found,) = get(world, "/numbers", containing=NUMBER[1:])["numbers"]
        return {name: (found[name]["via"], found[name]["sid"], found[name]["url"]) for name in ("messages", "calls")}

    change(sms_url="https://a.example/sms", voice_url="https://a.example/voice")
    assert shown() == {
        "messages": ("number", None, "https://a.example/sms"),
        "calls": ("number", None, "https://a.example/voice"),
    }
    urls = {"sms_url": "https://b.example/sms", "voice_url": "https://b.example/voice"}
    application = world.sub.applications.create(friendly_name="app", **urls)
    change(sms_application_sid=application.sid, voice_application_sid=application.sid)
    assert shown() == {
        "messages": ("application", application.sid, "https://b.example/sms"),
        "calls": ("application", application.sid, "https://b.example/voice"),
    }
    service = world.sub.messaging.v1.services.create(friendly_name="care", inbound_request_url="https://c.example/in")
    world.sub.messaging.v1.services(service.sid).phone_numbers.create(phone_number_sid=number.sid)
    assert shown()["messages"] == ("service", service.sid, "https://c.example/in")


async def test_a_change_ends_the_wait() -> None:
    """Whatever it is: a message, an API call that is only read, an order to fail."""
    async with running_emulator() as emulator, aiohttp.ClientSession() as session:
        root = f"{emulator.base_url}/emulator/v1"

        async def changes(**query: int) -> int:
            async with session.get(f"{root}/changes", params=query) as reply:
                return int((await reply.json())["changes"])

        async def fault() -> None:
            await emulator.admin.add_fault(preset="slow")

        async def read() -> None:
            async with session.get(f"{emulator.base_url}/api/2010-04-01/Accounts.json") as reply:
                assert reply.status == 401

        for act in (fault, read, emulator.admin.reset):
            before = await changes(wait=0)
            waiting = asyncio.create_task(changes(after=before, wait=60))
            await asyncio.sleep(0)
            await act()
            assert await asyncio.wait_for(waiting, 10) > before


async def test_a_count_from_before_a_restart_is_a_change() -> None:
    """The emulator counts anew."""
    async with running_emulator() as emulator, aiohttp.ClientSession() as session:
        url = f"{emulator.base_url}/emulator/v1/changes?after=123456&wait=60"
        async with session.get(url, timeout=aiohttp.ClientTimeout(total=10)) as reply:
            assert (await reply.json())["changes"] < 123456


async def test_whoever_waits_is_answered_when_the_emulator_ends() -> None:
    """The end does not wait for them."""
    async with aiohttp.ClientSession() as session:
        async with running_emulator() as emulator:
            root = f"{emulator.base_url}/emulator/v1"
            async with session.get(f"{root}/clock") as reply:
                assert reply.status == 200
            waiting = asyncio.create_task(session.get(f"{root}/messages?wait=60"))
            await emulator.admin.idle(wait=5)
        reply = await asyncio.wait_for(waiting, 10)
        async with reply:
            assert await reply.json() == {"messages": []}
