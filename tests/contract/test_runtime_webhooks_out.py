"""Events are told in order, at least once, and by one process at a time, the same on both stores."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import time
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from switchboard_runtime.assistants.egress import Egress
from switchboard_runtime.config import TenantDocument
from switchboard_runtime.events import Dispatcher, Events, Outward, Told, queue, reading
from switchboard_runtime.store import StatusUpdate, Turn, statement, texts
from switchboard_runtime.telemetry.metrics import Metrics
from tests.contract.store_kit import KINDS, inbound, open_store
from tests.support.loopback import Answer, Loopback, loopback
from tests.support.postgres import Server, running_server
from tests.unit.runtime.kit import TurnedClock, document, eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterator
    from pathlib import Path

    from switchboard_runtime.store import Rows, Statement, Store

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
DAY = 86400.0


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One server for the module."""
    with running_server() as one:
        yield one


@pytest.fixture
def clock() -> TurnedClock:
    """Stands at the real time until it is turned."""
    return TurnedClock(time.time())


@pytest.fixture(params=KINDS)
async def store(
    request: pytest.FixtureRequest, tmp_path: Path, server: Server, clock: TurnedClock
) -> AsyncIterator[Store]:
    """Each store in turn."""
    async with open_store(request.param, clock=clock, folder=tmp_path, server=server) as one:
        yield one


@pytest.fixture
async def receiver() -> AsyncIterator[Loopback]:
    """The endpoint."""
    async with loopback() as one:
        yield one


def tenant(receiver: Loopback, *, name: str = "crm", **changes: Any) -> TenantDocument:
    """A tenant whose one endpoint is the receiver."""
    endpoint = {"name": name, "url": receiver.url + "/hook", "secret": "crmSecret", **changes}
    return TenantDocument.model_validate_json(json.dumps(document(webhooks=[endpoint])))


@asynccontextmanager
async def telling(one: TenantDocument, store: Store, clock: TurnedClock, **changes: Any) -> AsyncIterator[Dispatcher]:
    """A process that tells."""
    outward = Outward(Egress(allowed=frozenset({"127.0.0.1"})), **changes)
    dispatcher = Dispatcher(
        document=one,
        store=store,
        secret=lambda _: SECRET,
        outward=outward,
        clock=clock,
        chance=lambda: 0.0,
        metrics=Metrics(),
    )
    dispatcher.start()
    try:
        yield dispatcher
    finally:
        await dispatcher.stop()
        await outward.close()


async def happen(store: Store, events: Events, *keys: str) -> None:
    """Facts, each in a transaction of its own."""
    for key in keys:
        also = events.tell(Told(event="assistant.failed", key=key, data={"key": key}))

        def body(also: Any = also) -> Generator[Statement, Rows, None]:
            for job in also:
                yield from job()

        await store.transact(body)


def keys(receiver: Loopback) -> list[str]:
    """What was told, in order."""
    return [json.loads(one.body)["data"]["key"] for one in receiver.asked]


def state() -> Generator[Statement, Rows, list[tuple[str, str, int]]]:
    """Every delivery."""
    rows = yield statement("SELECT id, state, attempts FROM webhook_delivery WHERE tenant_id = :tenant ORDER BY seq")
    return [(row["id"], row["state"], row["attempts"]) for row in rows]


def endpoints() -> Generator[Statement, Rows, list[dict[str, Any]]]:
    """How each endpoint does."""
    rows = yield statement("SELECT name, disabled_at, reason FROM webhook_endpoint WHERE tenant_id = :tenant")
    return [dict(row) for row in rows]


async def states(store: Store) -> list[str]:
    """The deliveries' states."""
    return [one for _, one, _ in await store.transact(state)]


async def test_what_fails_is_told_again_before_what_came_after_it(
    store: Store, clock: TurnedClock, receiver: Loopback
) -> None:
    """In order, with the same id and body, and a timestamp of its own."""
    one = tenant(receiver)
    receiver.will(Answer(status=500), Answer(status=None), Answer(status=302, headers={"Location": "/"}), Answer())
    await happen(store, Events(document=one, clock=clock), "1", "2", "3")

    async with telling(one, store, clock):
        for attempts, wait in ((1, 6), (2, 301), (3, 1801)):
            await eventually(partial(attempted, store, attempts), within=20)
            clock.turn(wait)
        await eventually(lambda: keys(receiver) == ["1", "1", "1", "1", "2", "3"], within=20)
        await eventually(lambda: all_are(store, "delivered"), within=20)

    first, *again = receiver.asked[:4]
    assert all(one.headers["webhook-id"] == first.headers["webhook-id"] for one in again)
    assert all(one.body == first.body for one in again)
    assert int(again[0].headers["webhook-timestamp"]) > int(first.headers["webhook-timestamp"])


async def attempted(store: Store, attempts: int) -> bool:
    """Whether the first delivery's attempt is kept."""
    return (await store.transact(state))[0][2] == attempts


async def all_are(store: Store, wanted: str) -> bool:
    """Whether all deliveries are in a state."""
    return set(await states(store)) == {wanted}


async def test_an_event_is_queued_once_however_often_its_transaction_ran(
    store: Store, clock: TurnedClock, receiver: Loopback
) -> None:
    """A lost commit is run again."""
    events = Events(document=tenant(receiver), clock=clock)

    await happen(store, events, "1", "1", "2")

    assert await states(store) == ["pending", "pending"]


async def test_an_endpoint_that_is_gone_is_told_nothing_more_until_it_is_turned_on(
    store: Store, clock: TurnedClock, receiver: Loopback
) -> None:
    """What waited for it is put aside, what happens then is not kept for it."""
    one = tenant(receiver)
    events = Events(document=one, clock=clock)
    receiver.will(Answer(status=410), Answer())
    await happen(store, events, "1", "2")

    async with telling(one, store, clock) as dispatcher:
        await eventually(lambda: all_are(store, "dead"), within=20)
        await happen(store, events, "3")
        ended = await store.transact(endpoints)
        await store.transact(lambda: queue.enable("crm"))
        await happen(store, events, "4")
        dispatcher.nudge()
        await eventually(lambda: keys(receiver) == ["1", "4"], within=20)

    assert [(row["name"], row["reason"]) for row in ended] == [("crm", "answered 410 Gone")]
    assert ended[0]["disabled_at"] is not None
    assert (await states(store))[:2] == ["dead", "dead"]


async def test_an_event_that_the_endpoint_refuses_holds_up_nothing_and_is_put_aside_in_the_end(
    store: Store, clock: TurnedClock, receiver: Loopback
) -> None:
    """It is tried at its own times, whatever it meets then, and does not end the endpoint."""
    one = tenant(receiver)
    events = Events(document=one, clock=clock)
    statuses = itertools.cycle((422, 500, 403))
    receiver.to_body = lambda body: Answer(status=next(statuses)) if "poison" in body else None
    await happen(store, events, "poison", "1", "2")

    async with telling(one, store, clock) as dispatcher:
        await eventually(lambda: keys(receiver) == ["poison", "1", "2"], within=20)
        for attempts, wait in enumerate((5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400), start=1):
            await eventually(partial(attempted, store, attempts), within=20)
            clock.turn(wait - 1)
            await happen(store, events, f"{attempts} later")
            dispatcher.nudge()
            await eventually(partial(said_last, receiver, f"{attempts} later"), within=20)
            assert keys(receiver).count("poison") == attempts
            clock.turn(1)
        await eventually(lambda: states_are(store, ["dead", *["delivered"] * 11]), within=20)

    assert keys(receiver).count("poison") == 10
    assert [row["disabled_at"] for row in await store.transact(endpoints)] == [None]


def said_last(receiver: Loopback, key: str) -> bool:
    """Whether this was told last."""
    return keys(receiver)[-1] == key


async def test_an_endpoint_that_refuses_one_event_after_the_other_is_told_little_and_then_all_in_order(
    store: Store, clock: TurnedClock, receiver: Loopback
) -> None:
    """As one whose address has changed: it is not the events, so they wait, but for one more after each pause."""
    one = tenant(receiver)
    events = Events(document=one, clock=clock)
    receiver.will(Answer(status=404))
    await happen(store, events, *"12345")

    async with telling(one, store, clock) as dispatcher:
        await eventually(lambda: attempts_are(store, [1, 1, 0, 0, 0]), within=20)
        clock.turn(4)
        dispatcher.nudge()
        await eventually(partial(looked, store), within=20)
        assert keys(receiver) == ["1", "2"]
        clock.turn(1)
        await eventually(lambda: attempts_are(store, [2, 2, 1, 0, 0]), within=20)
        receiver.will(Answer())
        clock.turn(300)
        await eventually(lambda: all_are(store, "delivered"), within=20)
        await happen(store, events, "6")
        dispatcher.nudge()
        await eventually(lambda: all_are(store, "delivered"), within=20)

    assert keys(receiver) == [*"12", *"123", *"12345", "6"]


async def attempts_are(store: Store, wanted: list[int]) -> bool:
    """Whether the deliveries were tried that often."""
    return [attempts for _, _, attempts in await store.transact(state)] == wanted


async def test_a_person_who_tells_it_all_again_tells_what_was_refused_too(
    store: Store, clock: TurnedClock, receiver: Loopback
) -> None:
    """The receiver is mended: nobody waits a day for the next attempt."""
    one = tenant(receiver)
    receiver.to_body = lambda body: Answer(status=400) if "poison" in body else None
    await happen(store, Events(document=one, clock=clock), "poison", "1")

    async with telling(one, store, clock) as dispatcher:
        await eventually(lambda: states_are(store, ["pending", "delivered"]), within=20)
        receiver.to_body = lambda _: None
        await store.transact(partial(reading.retry, "crm", now=clock.now()))
        dispatcher.nudge()
        await eventually(lambda: all_are(store, "delivered"), within=20)

    assert keys(receiver) == ["poison", "1", "poison"]


async def states_are(store: Store, wanted: list[str]) -> bool:
    """Whether the deliveries are in these states."""
    return await states(store) == wanted


async def test_an_endpoint_that_failed_for_five_days_ends_with_the_reason(
    store: Store, clock: TurnedClock, receiver: Loopback
) -> None:
    """A time-out is a failure too."""
    one = tenant(receiver)
    receiver.will(Answer(hold=True))
    await happen(store, Events(document=one, clock=clock), "1", "2")

    async with telling(one, store, clock, deadline=0.05):
        await eventually(lambda: attempted(store, 1), within=20)
        clock.turn(5 * DAY + 1)
        await eventually(lambda: all_are(store, "dead"), within=20)

    (row,) = await store.transact(endpoints)
    assert row["reason"] == "nothing got through for 5 days; last: no answer within 0.05 s"


async def test_two_processes_tell_each_event_once_and_in_order(
    store: Store, clock: TurnedClock, receiver: Loopback
) -> None:
    """The endpoint is leased, not the event."""
    one = tenant(receiver)
    wanted = [str(number) for number in range(40)]
    await happen(store, Events(document=one, clock=clock), *wanted)

    async with telling(one, store, clock), telling(one, store, clock):
        await eventually(lambda: all_are(store, "delivered"), within=20)

    assert keys(receiver) == wanted


async def test_what_was_in_flight_when_a_process_ended_is_told_by_the_next(
    store: Store, clock: TurnedClock, receiver: Loopback
) -> None:
    """At once: an orderly end gives the lease back."""
    one = tenant(receiver)
    receiver.will(Answer(hold=True), Answer())
    await happen(store, Events(document=one, clock=clock), "1", "2")
    async with telling(one, store, clock):
        await eventually(lambda: receiver.asked, within=20)

    async with telling(one, store, clock):
        await eventually(lambda: all_are(store, "delivered"), within=20)

    assert keys(receiver) == ["1", "1", "2"]


async def test_what_a_killed_process_held_is_told_when_its_lease_ends(
    store: Store, clock: TurnedClock, receiver: Loopback
) -> None:
    """And not before: it may only be slow. What it writes then is not kept."""
    one = tenant(receiver)
    await happen(store, Events(document=one, clock=clock), "1")
    dead = await store.transact(partial(queue.claim, "crm", now=clock.now(), lease=30.0, limit=16))

    async with telling(one, store, clock):
        await eventually(partial(looked, store), within=20)
        assert receiver.asked == []
        clock.turn(31)
        await eventually(lambda: all_are(store, "delivered"), within=20)

    late = await store.transact(
        partial(
            queue.settle,
            "crm",
            dead.deliveries[0],
            fence=dead.fence,
            state="dead",
            status=500,
            reason="late",
            now=clock.now(),
            lease=30.0,
        )
    )
    assert late is False
    assert await states(store) == ["delivered"]


async def looked(store: Store) -> bool:
    """Give whoever tells the time to look, and to find nothing to tell."""
    for _ in range(5):
        await store.transact(state)
    return True


async def test_a_turn_and_what_becomes_of_its_reply_are_told_with_them(
    store: Store, clock: TurnedClock, receiver: Loopback
) -> None:
    """A lost turn tells nothing; a callback that is the first to know of a send tells both."""
    events = Events(document=tenant(receiver), clock=clock)
    await store.accept(inbound("SM1", now=clock.now(), text="a secret"))
    (item,) = (await store.claim_work(limit=1, held=())).items
    assert await states(store) == []
    turn = Turn(replies=texts("hi"), state=item.state, outcome="answered")

    await store.finish_work(item, events.after(item, turn, None))
    (reply,) = (await store.claim_outbox(limit=1, held=())).items
    update = StatusUpdate(
        sid="SMout",
        status="delivered",
        outbox_id=reply.id,
        sender="+9",
        recipient="+1",
        error_code=None,
        received_at=clock.now(),
    )
    await store.record_status(update, also=events.reported(update))
    await store.record_status(update, also=events.reported(update))
    await store.mark_sent(reply, sid="SMout", also=events.sent(reply, "SMout"))

    bodies = [json.loads(body) for body in await store.transact(told)]
    assert [body["type"] for body in bodies] == ["message.received", "message.sent", "message.delivered"]
    assert bodies[0]["data"]["conversation"]["contact"] == "+1"
    assert bodies[1]["data"]["message"]["sid"] == "SMout"
    assert "secret" not in json.dumps(bodies)


def told() -> Generator[Statement, Rows, list[str]]:
    """Bodies of all deliveries."""
    rows = yield statement("SELECT body FROM webhook_delivery WHERE tenant_id = :tenant ORDER BY seq")
    return [row["body"] for row in rows]


async def test_an_endpoint_gets_what_it_asked_for_and_texts_only_if_it_did(
    store: Store, clock: TurnedClock, receiver: Loopback
) -> None:
    """Nothing else is even kept."""
    events = Events(document=tenant(receiver, events=["message.received"], texts=True), clock=clock)
    await store.accept(inbound("SM1", now=clock.now(), text="hello there"))
    (item,) = (await store.claim_work(limit=1, held=())).items
    turn = Turn(replies=(), state=item.state, outcome="assistant failed")

    await store.finish_work(item, events.after(item, turn, None))

    (body,) = [json.loads(body) for body in await store.transact(told)]
    assert body["data"]["message"]["text"] == "hello there"


async def test_a_take_over_is_told_with_the_act(store: Store, clock: TurnedClock, receiver: Loopback) -> None:
    """Not when nothing changed."""
    events = Events(document=tenant(receiver), clock=clock)
    await store.accept(inbound("SM1", now=clock.now()))
    lane = await store.conversation(channel="sms", own="+9", contact="+1")

    for to, key in (("human", "a"), ("human", "b"), ("bot", "c")):
        await store.hand_over(lane, to=to, also=events.turned(lane, to=to, by="Ana", key=key))  # type: ignore[arg-type]

    bodies = [json.loads(body) for body in await store.transact(told)]
    assert [(body["type"], body["data"]["by"]) for body in bodies] == [
        ("conversation.handed_over", "Ana"),
        ("conversation.returned", "Ana"),
    ]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "https://localhost/x", "https://[::1]/", "https://10.0.0.1/"])
async def test_no_endpoint_within_the_platform_is_called(url: str) -> None:
    """Whatever it is written as; the admin's list alone opens one."""
    outward = Outward(Egress())
    try:
        answer = await outward.post(url, headers={}, body=b"{}")
    finally:
        await outward.close()

    assert answer.status is None
    assert "refused" in (answer.problem or "")


async def test_a_name_that_means_another_address_the_second_time_reaches_nothing() -> None:
    """The connection goes to an address that was checked itself."""
    asked: list[str] = []

    async def rebinding(host: str, _port: int) -> tuple[str, ...]:
        asked.append(host)
        await asyncio.sleep(0)
        return ("93.184.215.14",) if len(asked) == 1 else ("127.0.0.1",)

    outward = Outward(Egress(resolve=rebinding))
    try:
        answer = await outward.post("https://evil.example.com/", headers={}, body=b"{}")
    finally:
        await outward.close()

    assert len(asked) == 2
    assert answer.problem is not None
    assert "not on the public Internet" in answer.problem
