"""Two pods of a tenant on one PostgreSQL: who takes a conversation over in one cuts short what the other thinks."""

from __future__ import annotations

import itertools
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from switchboard_runtime.clock import SystemClock
from switchboard_runtime.edge.context import CONTEXT
from switchboard_runtime.errors import Conflict
from switchboard_runtime.store.postgres.database import Database
from switchboard_runtime.store.postgres.store import PostgresStore
from switchboard_runtime.store.postgres.wake import CHANGED
from tests.contract.api_kit import Api
from tests.contract.store_kit import inbound
from tests.support.postgres import Server, connected, new_database, running_server, tenant_dsn
from tests.unit.runtime.kit import (
    ACCOUNT,
    CONTACT,
    Caller,
    Thinker,
    document,
    eventually,
    fake_twilio,
    served,
    write_tenant,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterator, Mapping
    from pathlib import Path

    from switchboard_runtime.people import People
    from switchboard_runtime.store import Rows, Statement
    from tests.unit.runtime.kit import FakeTwilio

IDS = itertools.count()
OTHER = "whatsapp:+5491155500999"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One server for the module."""
    with running_server() as one:
        yield one


@dataclass
class Pod:
    """A runtime, and what it thinks."""

    caller: Caller
    thinker: Thinker

    @property
    def people(self) -> People:
        """Its tenant's people."""
        return self.caller.app[CONTEXT].people["muebles-sur"]

    async def conversation(self, contact: str = CONTACT) -> int:
        """The id of a contact's only conversation."""
        (one,) = (await self.people.conversations.page(contact=contact)).items
        return one.id


@dataclass
class Pods:
    """Two pods of one tenant, and the provider of both."""

    both: tuple[Pod, Pod]
    twilio: FakeTwilio
    dsn: str

    async def thinking(self, text: str) -> tuple[Pod, Pod]:
        """The pod whose assistant is asked, and the other one."""
        one, two = self.both
        await eventually(lambda: text in one.thinker.asked + two.thinker.asked)
        return (one, two) if text in one.thinker.asked else (two, one)


@pytest.fixture
async def pods(tmp_path: Path, server: Server) -> AsyncIterator[Pods]:
    """Both at work."""
    clock = SystemClock()
    dsn = await tenant_dsn(await new_database(server), "uid-muebles-sur")
    async with fake_twilio(clock) as twilio:
        account = {"endpoint": twilio.endpoint, "accountSid": ACCOUNT}
        write_tenant(tmp_path, document(twilio=account), databaseUrl=dsn)
        first, second = Thinker(), Thinker()
        async with (
            served(tmp_path, clock=clock, answering=first) as one,
            served(tmp_path, clock=clock, answering=second) as two,
        ):
            yield Pods((Pod(one, first), Pod(two, second)), twilio, dsn)
            first.go.set()
            second.go.set()


async def test_a_take_over_cancels_what_another_pod_thinks(pods: Pods) -> None:
    """By the API of one pod; the other's assistant is not let finish, asked again or sent, and the person is."""
    await pods.both[0].caller.say("first")
    busy, other = await pods.thinking("first")
    path = f"/conversations/{await other.conversation()}"
    api = Api(other.caller)

    taken = await api.post(path + "/take-over", {"person": "Ana"})
    await eventually(lambda: busy.thinker.cut)
    for pod in pods.both:
        pod.thinker.go.set()
    await api.post(path + "/messages", {"person": "Ana", "messages": [{"text": "Ana here"}]})
    await eventually(pods.twilio.bodies)
    metrics = busy.caller.app[CONTEXT].metrics.render().decode()

    assert (taken.status, taken.json()["mode"]) == (200, "human")
    assert busy.thinker.cut == ["first"]
    assert busy.thinker.asked + other.thinker.asked == ["first"]
    assert pods.twilio.bodies() == ["Ana here"]
    assert 'switchboard_turns_interrupted_total{tenant="muebles-sur"} 1.0' in metrics


async def test_what_did_not_happen_cuts_nothing_short(pods: Pods) -> None:
    """A hand-over that is rolled back, a word from a stranger to it, and the hand-over of another conversation."""
    await pods.both[0].caller.say("mine")
    await pods.both[0].caller.say("theirs", From=OTHER)
    mine, _ = await pods.thinking("mine")
    theirs, _ = await pods.thinking("theirs")
    conversation = await mine.conversation()

    def fails() -> Generator[Statement, Rows, None]:
        yield from ()
        raise Conflict("in the last moment")

    for pod in pods.both:
        with pytest.raises(Conflict):
            await pod.caller.app[CONTEXT].stores["muebles-sur"].hand_over(conversation, to="human", also=(fails,))
    async with connected(pods.dsn) as anybody:
        await anybody.execute("SELECT pg_notify(channel, $1) FROM switchboard.tenant", CHANGED)
    for pod in pods.both:
        if pod is not theirs:
            await pod.people.conversations.take_over(await pod.conversation(OTHER), actor="Ana")
    await eventually(lambda: theirs.thinker.cut)  # notifications come in order: the others were heard by now
    for pod in pods.both:
        pod.thinker.go.set()
    await eventually(pods.twilio.bodies)

    assert pods.both[0].thinker.cut + pods.both[1].thinker.cut == ["theirs"]
    assert pods.twilio.bodies() == ["Re: mine"]
    assert pods.twilio.bodies(OTHER) == []


async def test_an_opt_out_that_one_pod_learns_of_cancels_what_another_thinks(pods: Pods) -> None:
    """Twilio reports that it could not deliver an earlier answer, for they said STOP elsewhere."""
    for pod in pods.both:
        pod.thinker.go.set()
    await pods.both[0].caller.say("first")
    await eventually(pods.twilio.bodies)
    for pod in pods.both:
        pod.thinker.go.clear()
    await pods.both[0].caller.say("second")
    busy, other = await pods.thinking("second")
    sent = pods.twilio.messages[0]
    form = {"MessageSid": sent["sid"], "MessageStatus": "undelivered", "ErrorCode": "21610"}
    parties = {"AccountSid": ACCOUNT, "From": sent["from"], "To": sent["to"]}

    await other.caller.signed("/bot/twilio/status", {**form, **parties})
    await eventually(lambda: busy.thinker.cut)

    assert busy.thinker.cut == ["second"]
    assert pods.twilio.bodies() == ["Re: first"]


@dataclass
class Held:
    """What a process has in hand, and what it hears of it."""

    now: dict[int, int]
    heard: list[Mapping[int, int]] = field(default_factory=list)

    def epochs(self) -> Mapping[int, int]:
        """What it has in hand."""
        return self.now

    def outdated(self, epochs: Mapping[int, int]) -> None:
        """What it hears."""
        self.heard.append(dict(epochs))


@asynccontextmanager
async def a_store(dsn: list[str]) -> AsyncIterator[PostgresStore]:
    """A process's store, whose connections are made with what the list says then."""
    store = PostgresStore(
        database=Database(dsn=lambda: dsn[0], tenant="a", patience=0.5),
        clock=SystemClock(),
        new_id=lambda: f"o{next(IDS)}",
        owner=f"p{next(IDS)}",
        lease=20.0,
    )
    try:
        await store.open()
        yield store
    finally:
        await store.close()


async def test_who_did_not_listen_meanwhile_looks_when_it_listens_again(server: Server) -> None:
    """A hand-over while the listening connection was lost is learnt of as soon as there is a new one."""
    admin = await new_database(server)
    dsn = await tenant_dsn(admin, "a")
    broken = [dsn]
    async with a_store([dsn]) as one, a_store(broken) as two:
        await two.accept(inbound("SM1", now=SystemClock().now()))
        (item,) = (await two.claim_work(limit=1, held=())).items
        held = Held({item.conversation_id: item.state.epoch})
        two.watch(held)
        async with connected(server.root_of(admin.rpartition("/")[2])) as root:
            broken[0] = dsn.replace("127.0.0.1", "127.0.0.2").replace(f":{server.port}/", ":9/")
            listening = "FROM pg_locks JOIN pg_database AS d ON d.oid = database WHERE datname = current_database()"
            listening += " AND locktype = 'advisory'"
            await root.execute(f"SELECT pg_terminate_backend(pid) {listening}")  # both; one comes back at once
            await one.hand_over(item.conversation_id, to="human")
            await eventually(lambda: root.fetchval(f"SELECT count(*) = 1 {listening}"))
            before = list(held.heard)
            broken[0] = dsn
            await eventually(lambda: held.heard)

    assert before == []
    assert held.heard[0] == {item.conversation_id: item.state.epoch + 1}


async def test_who_has_nothing_in_hand_does_not_look(server: Server) -> None:
    """An idle pod costs the database nothing when people are at work."""
    dsn = await tenant_dsn(await new_database(server), "a")
    async with a_store([dsn]) as one, a_store([dsn]) as two:
        await one.accept(inbound("SM1", now=SystemClock().now()))
        (item,) = (await one.claim_work(limit=1, held=())).items
        idle, busy = Held({}), Held({item.conversation_id: item.state.epoch})
        two.watch(idle)
        one.watch(busy)
        await one.hand_over(item.conversation_id, to="human")
        await eventually(lambda: busy.heard)
        await one.hand_over(item.conversation_id, to="bot")
        idle.now = busy.now
        await one.hand_over(item.conversation_id, to="human")
        await eventually(lambda: idle.heard)

    assert idle.heard == [{item.conversation_id: item.state.epoch + 3}]
