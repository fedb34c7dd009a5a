"""A process that dies while it does a request of the API: asked again under the same key, it is done once.

The process is dead to its caller after each of its transactions in turn, the act's own among them.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from switchboard_runtime.clock import SystemClock
from switchboard_runtime.edge.api import API, Rates
from switchboard_runtime.edge.context import CONTEXT
from switchboard_runtime.store import statement
from tests.contract.api_kit import Api
from tests.support.postgres import Server, new_database, running_server, tenant_dsn
from tests.unit.runtime.kit import document, eventually, fake_twilio, served, write_tenant

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
    from pathlib import Path

    from switchboard_runtime.store import Rows, Statement, Store

WRITES = ("transact", "conversation", "hand_over", "say", "revive", "accept", "settle_quarantined", "quarantined")
SECRET = "whsec_" + "A" * 43 + "="
PHONES = itertools.count(5491155600000)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One server for the module."""
    with running_server() as one:
        yield one


class Fate:
    """Says when the process dies: after so many transactions of a request."""

    def __init__(self) -> None:
        self.left: int | None = None

    def passed(self) -> None:
        """A transaction is kept; what the background does is not counted."""
        task = asyncio.current_task()
        if self.left is None or task is None or "RequestHandler" not in getattr(task.get_coro(), "__qualname__", ""):
            return
        self.left -= 1
        if self.left < 0:
            raise asyncio.CancelledError  # as nobody in between expects it, and nothing is done any more

    def befall(self, store: Store) -> None:
        """Let the store be of a process that dies."""
        kind = type(store)
        store.__class__ = type("Mortal", (kind,), {name: self._then(getattr(kind, name)) for name in WRITES})

    def _then(self, write: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def written(*arguments: Any, **named: Any) -> Any:
            result = await write(*arguments, **named)
            self.passed()
            return result

        return written


@dataclass(frozen=True, kw_only=True)
class World:
    """A tenant whose runtime may die while it is asked."""

    api: Api
    fate: Fate
    store: Store

    async def contact(self) -> dict[str, Any]:
        """The conversation of a new contact, which was answered."""
        phone = f"whatsapp:+{next(PHONES)}"
        await self.api.caller.say(From=phone)

        async def answered() -> Any:
            items = (await self.api.get("/conversations", contact=phone)).json()["items"]
            said = (await self.api.get(f"/conversations/{items[0]['id']}/messages")).json()["items"] if items else []
            return items[0] if said and said[0]["status"] == "sent" and items[0]["contactId"] else None

        found: dict[str, Any] = await eventually(answered, within=20)
        return found

    async def done(self, action: str) -> int:
        """How often something was done, by the audit log."""
        return sum(one["action"] == action for one in (await self.api.get("/audit", limit=200)).json()["items"])

    async def write(self, sql: str, **values: object) -> None:
        """Bring something about that takes long otherwise."""

        def body() -> Generator[Statement, Rows, None]:
            yield statement(sql, **values)

        await self.store.transact(body)


@pytest.fixture(params=["sqlite", "postgres"])
async def world(request: pytest.FixtureRequest, tmp_path: Path, server: Server) -> AsyncIterator[World]:
    """On each store in turn."""
    secrets = {"crm": SECRET}
    if request.param == "postgres":
        secrets["databaseUrl"] = await tenant_dsn(await new_database(server), "uid-muebles-sur")
    async with _served(tmp_path, **secrets) as one:
        yield one


@asynccontextmanager
async def _served(folder: Path, **secrets: str) -> AsyncIterator[World]:
    async with fake_twilio(SystemClock()) as twilio:
        account = {"endpoint": twilio.endpoint, "accountSid": document()["twilio"]["accountSid"]}
        endpoint = {"name": "crm", "url": "https://127.0.0.1:1/", "secret": "crm"}
        write_tenant(folder, document(twilio=account, webhooks=[endpoint]), **secrets)
        async with served(folder, rates=Rates(per_second=1e6)) as caller:
            fate, store = Fate(), caller.app[CONTEXT].stores["muebles-sur"]
            fate.befall(store)
            yield World(api=Api(caller), fate=fate, store=store)


Request = tuple[str, str, Any]


@dataclass(frozen=True, kw_only=True)
class Act:
    """Something that the API does.

    Attributes:
        request: brings about what it is done to, and says how it is asked for.
        action: what the audit log calls it.
    """

    request: Callable[[World], Awaitable[Request]]
    action: str

    async def count(self, world: World) -> int:
        """How often it was done so far."""
        if self.action:
            return await world.done(self.action)
        told = (await world.api.get("/webhooks/crm/deliveries", limit=200)).json()["items"]
        return sum(one["type"] == "webhook.test" for one in told)


async def take_over(world: World) -> Request:
    """Of a conversation that the bot has."""
    return "POST", f"/conversations/{(await world.contact())['id']}/take-over", {"person": "Ana"}


async def hand_back(world: World) -> Request:
    """Of one that a person has."""
    path = f"/conversations/{(await world.contact())['id']}"
    await world.api.post(path + "/take-over", {"person": "Ana"})
    return "POST", path + "/hand-back", {"person": "Ana"}


async def reply(world: World) -> Request:
    """In one that the bot has."""
    return "POST", f"/conversations/{(await world.contact())['id']}/messages", {"messages": [{"text": "uno"}]}


async def send_message(world: World) -> Request:
    """To somebody who never wrote."""
    del world
    return "POST", "/messages", {"channel": "sms", "to": f"+{next(PHONES)}", "message": {"text": "dos"}}


async def change_contact(world: World) -> Request:
    """Of a contact."""
    return "PATCH", f"/contacts/{(await world.contact())['contactId']}", {"name": "Eva"}


async def add_note(world: World) -> Request:
    """Of a contact."""
    return "POST", f"/contacts/{(await world.contact())['contactId']}/notes", {"text": "llamar"}


async def merge_contact(world: World) -> Request:
    """Of two contacts; the second time there is one."""
    first, second = await world.contact(), await world.contact()
    return "POST", f"/contacts/{first['contactId']}/merge", {"into": second["contactId"]}


async def erase_contact(world: World) -> Request:
    """Of a contact; the second time there is none."""
    return "POST", f"/contacts/{(await world.contact())['contactId']}/erase", {}


async def replay_dead_letter(world: World) -> Request:
    """Of a message; the second time it is none."""
    await world.contact()
    await world.write("UPDATE work SET outcome = 'assistant failed' WHERE tenant_id = :tenant AND state = 'done'")
    (letter, *_) = (await world.api.get("/dead-letters")).json()["items"]
    return "POST", f"/dead-letters/inbox/{letter['id']}/replay", {}


async def replay_quarantine(world: World) -> Request:
    """Of nothing."""
    del world
    return "POST", "/quarantine/replay", {}


async def retry_deliveries(world: World) -> Request:
    """Of all that is dead."""
    await _dead(world)
    return "POST", "/webhooks/crm/retry", {}


async def retry_delivery(world: World) -> Request:
    """Of one; the second time it is not dead."""
    return "POST", f"/webhooks/crm/deliveries/{await _dead(world)}/retry", {}


async def test_endpoint(world: World) -> Request:
    """Of the endpoint."""
    del world
    return "POST", "/webhooks/crm/test", {}


test_endpoint.__test__ = False  # type: ignore[attr-defined]  # it has the operation's name


async def _dead(world: World) -> int:
    await world.contact()
    await world.write("UPDATE webhook_delivery SET state = 'dead' WHERE tenant_id = :tenant")
    (one, *_) = (await world.api.get("/webhooks/crm/deliveries", state="dead")).json()["items"]
    return int(one["id"])


ACTS = {
    "take_over": Act(request=take_over, action="conversation.taken"),
    "hand_back": Act(request=hand_back, action="conversation.handed_back"),
    "reply": Act(request=reply, action="conversation.said"),
    "send_message": Act(request=send_message, action="conversation.said"),
    "change_contact": Act(request=change_contact, action="contact.changed"),
    "add_note": Act(request=add_note, action="contact.noted"),
    "merge_contact": Act(request=merge_contact, action="contact.merged"),
    "erase_contact": Act(request=erase_contact, action="contact.erased"),
    "replay_dead_letter": Act(request=replay_dead_letter, action="dead_letter.replayed"),
    "replay_quarantine": Act(request=replay_quarantine, action="quarantine.replayed"),
    "retry_deliveries": Act(request=retry_deliveries, action="webhook.retried"),
    "retry_delivery": Act(request=retry_delivery, action="webhook.retried"),
    "test_endpoint": Act(request=test_endpoint, action=""),
}


def test_every_operation_that_takes_a_key_is_tried() -> None:
    """None is left out."""
    assert set(ACTS) == {route.name for route in API if route.keyed}


@pytest.mark.parametrize("name", ACTS)
async def test_a_request_under_a_key_is_done_once_wherever_the_process_dies(world: World, name: str) -> None:
    """Asked again it is answered as it was, or would have been: the act is kept with its key, or neither is."""
    act, replayed = ACTS[name], 0
    for place in itertools.count():
        method, path, body = await act.request(world)
        ask = partial(world.api.call, method, path, body=body, headers={"Idempotency-Key": f"{name} {place}"})
        before = await act.count(world)
        first = await _until_it_dies(world, ask, place)
        again = await ask()

        assert again.status < 300, again.body
        assert await act.count(world) == before + 1
        replayed += "Idempotent-Replayed" in again.headers
        if first is not None:
            assert (first.status, first.body, first.headers.get("ETag")) == (
                again.status,
                again.body,
                again.headers.get("ETag"),
            )
            break

    assert place >= 2  # it died before the act, and after it
    assert replayed >= 2


async def _until_it_dies(world: World, ask: Callable[[], Awaitable[Any]], place: int) -> Any:
    """The answer, or None if it died before."""
    world.fate.left = place
    try:
        return await ask()
    except aiohttp.ServerDisconnectedError:
        return None
    finally:
        world.fate.left = None


@pytest.mark.parametrize("name", ACTS)
async def test_of_the_same_request_at_the_same_time_one_is_done(world: World, name: str) -> None:
    """All are answered the same."""
    act = ACTS[name]
    method, path, body = await act.request(world)
    before = await act.count(world)

    replies = await asyncio.gather(
        *(world.api.call(method, path, body=body, headers={"Idempotency-Key": "k"}) for _ in range(5))
    )

    assert await act.count(world) == before + 1
    assert len({(one.status, one.body) for one in replies}) == 1, [json.loads(one.body) for one in replies]
    assert replies[0].status < 300
