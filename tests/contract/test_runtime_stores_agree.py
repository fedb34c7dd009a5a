"""What a provider's repetitions and a broken connection must not change, the same on both stores."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import pytest

from switchboard_runtime.clock import SystemClock
from switchboard_runtime.edge.api.idempotency import Kept, Once, Repeated
from switchboard_runtime.errors import Conflict, StoreUnavailable
from switchboard_runtime.store import Turn, statement, texts
from switchboard_runtime.store.postgres.database import Database
from switchboard_runtime.store.postgres.store import PostgresStore
from tests.contract.store_kit import KINDS, inbound, open_store
from tests.support.postgres import Server, Wire, new_database, running_server, tenant_dsn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterator
    from pathlib import Path

    from switchboard_runtime.store import Rows, Statement, Store

NOW = SystemClock().now()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One server for the module."""
    with running_server() as one:
        yield one


@pytest.fixture(params=KINDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path, server: Server) -> AsyncIterator[Store]:
    """Each store in turn."""
    async with open_store(request.param, clock=SystemClock(), folder=tmp_path, server=server) as one:
        yield one


async def last_inbound(store: Store) -> float | None:
    """When the contact wrote last, as a reply to it is told."""
    (item,) = (await store.claim_work(limit=1, held=())).items
    await store.finish_work(item, Turn(replies=texts("hi"), state=item.state, outcome="answered"))
    (reply,) = (await store.claim_outbox(limit=1, held=())).items
    return reply.last_inbound_at


@pytest.mark.parametrize("times", [1, 3])
async def test_a_message_delivered_again_is_no_new_sign_of_life(store: Store, times: int) -> None:
    """A retry, or a replay a day later, does not open the 24-hour window again."""
    await store.accept(inbound("SM1", now=NOW))
    for number in range(times):
        again = inbound("SM1", now=NOW + 90_000.0 * (number + 1))
        assert (await store.accept(again)).duplicate

    assert await last_inbound(store) == NOW


async def test_a_new_message_is_a_sign_of_life_also_beside_one_that_comes_again(store: Store) -> None:
    """The newest of those that are new counts."""
    await store.accept(inbound("SM1", now=NOW - 50.0))
    await store.accept(inbound("SM2", now=NOW))
    await store.accept(inbound("SM1", now=NOW + 90_000.0))

    assert await last_inbound(store) == NOW


@pytest.mark.parametrize("breaks", ["before", "after"])
@pytest.mark.parametrize("to", ["human", "bot"])
async def test_a_hand_over_whose_commit_was_lost_is_told_as_done(
    server: Server, breaks: Literal["before", "after"], to: Literal["human", "bot"]
) -> None:
    """Whoever asked for it did change who answers; that it is so already is only for who comes after."""
    dsn = await tenant_dsn(await new_database(server), "a")
    wire = Wire(server.port)
    async with wire.strung(dsn) as through:
        store = PostgresStore(
            database=Database(dsn=lambda: through, tenant="a"),
            clock=SystemClock(),
            new_id=lambda: "o1",
            owner="p1",
            lease=20.0,
        )
        await store.open()
        await store.accept(inbound("SM1", now=NOW))
        conversation = await store.conversation(channel="sms", own="+9", contact="+1")
        if to == "bot":
            await store.hand_over(conversation, to="human")
        wire.breaks = breaks
        changed = await store.hand_over(conversation, to=to)
        again = await store.hand_over(conversation, to=to)
        (item,) = (await store.claim_work(limit=1, held=())).items
        await store.close()

    assert (changed, again, wire.broken) == (True, False, 1)
    assert item.state == replace(item.state, mode=to, epoch=1 if to == "human" else 2)


def once(*, asked: str = "digest", now: float = NOW) -> Once:
    """A key of the API around a request."""
    return Once(token="token", key="key", asked=asked, status=200, written=json.dumps, now=now)


def raised(by: int = 1) -> Generator[Statement, Rows, int]:
    """An act that is another one when it is done twice."""
    (row,) = yield statement(
        "UPDATE conversation SET epoch = epoch + :by WHERE tenant_id = :tenant RETURNING epoch", by=by
    )
    return int(row["epoch"])


@pytest.mark.parametrize("breaks", ["before", "after"])
async def test_an_act_under_a_key_whose_commit_was_lost_is_done_once(
    server: Server, breaks: Literal["before", "after"]
) -> None:
    """The transaction that is run again finds the key that it has written itself, and the answer with it."""
    dsn = await tenant_dsn(await new_database(server), "a")
    wire = Wire(server.port)
    async with wire.strung(dsn) as through:
        store = PostgresStore(
            database=Database(dsn=lambda: through, tenant="a"),
            clock=SystemClock(),
            new_id=lambda: "o1",
            owner="p1",
            lease=20.0,
        )
        await store.open()
        await store.conversation(channel="sms", own="+9", contact="+1")
        wire.breaks = breaks
        try:
            answer = json.dumps(await store.transact(once()(raised)))
        except Repeated as repeated:
            answer = repeated.kept.body
        epoch = await store.transact(lambda: raised(by=0))
        await store.close()

    assert (answer, epoch, wire.broken) == ("1", 1, 1)


async def test_an_act_that_fails_keeps_no_key_and_one_that_is_done_keeps_it_for_a_day(store: Store) -> None:
    """Another request under it is told so; after a day it is a new key."""
    await store.conversation(channel="sms", own="+9", contact="+1")

    def fails() -> Generator[Statement, Rows, int]:
        yield from raised()
        raise Conflict("not as things stand")

    with pytest.raises(Conflict):
        await store.transact(once()(fails))
    unknown = await store.transact(once().known)
    first = await store.transact(once()(raised))
    with pytest.raises(Repeated) as other:
        await store.transact(once(asked="another")(raised))
    known = await store.transact(once(now=NOW + 86_399).known)
    forgotten = await store.transact(once(now=NOW + 86_401).known)
    again = await store.transact(once(now=NOW + 86_401)(raised))

    assert (unknown, forgotten, first, again) == (None, None, 1, 2)
    assert other.value.kept == known == Kept(digest="digest", status=200, body="1")


async def test_a_key_that_a_release_before_has_taken_is_waited_for_for_a_minute(store: Store) -> None:
    """It wrote its keys before the acts; one whose act never came is taken over."""
    await store.conversation(channel="sms", own="+9", contact="+1")

    def before() -> Generator[Statement, Rows, None]:
        yield statement(
            "INSERT INTO api_request (tenant_id, token, key, digest, status, body, created_at)"
            " VALUES (:tenant, 'token', 'key', 'digest', 0, '', :now)",
            now=NOW,
        )

    await store.transact(before)
    with pytest.raises(Repeated) as running:
        await store.transact(once(now=NOW + 59)(raised))
    taken = await store.transact(once(now=NOW + 61)(raised))

    assert running.value.kept == Kept(digest="digest", status=0, body="")
    assert taken == 1


async def test_a_server_that_restarts_is_waited_for_at_the_start() -> None:
    """A pod that comes up during a failover need not be started again."""
    with running_server() as own:
        dsn = await tenant_dsn(await new_database(own), "a")
        own.stop("immediate")
        database = Database(dsn=lambda: dsn, tenant="a")
        opening = asyncio.create_task(database.open())
        await asyncio.to_thread(own.start)
        await opening
        await database.close()


async def test_a_server_that_stays_away_is_not_waited_for_for_ever() -> None:
    """Within the patience it is told."""
    database = Database(dsn=lambda: "postgresql://x:y@127.0.0.1:1/z", tenant="a", patience=0.3)
    with pytest.raises(StoreUnavailable):
        await database.open()
    await database.close()
