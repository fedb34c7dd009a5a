"""Turns of several processes that use one budget in PostgreSQL: none waits for another to be kept, none overdraws."""

from __future__ import annotations

import asyncio
import itertools
import json
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from switchboard_runtime.clock import SystemClock
from switchboard_runtime.config.limits import Limits
from switchboard_runtime.limits import ledger
from switchboard_runtime.limits.accounts import Account, accounts_of, kept_accounts
from switchboard_runtime.limits.reserving import Asked, Granted, Refused, Reserver, Throttled
from switchboard_runtime.store.postgres.database import Database
from switchboard_runtime.store.postgres.jobs import run_job
from switchboard_runtime.store.postgres.store import PostgresStore
from tests.contract.store_kit import inbound
from tests.support.postgres import Server, connected, new_database, running_server, tenant_dsn
from tests.unit.runtime.kit import eventually, spending

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

NOW = SystemClock().now()
IDS = itertools.count(1)
TOKENS = 1000
LIMITS = Limits.model_validate_json(json.dumps({"tenant": {"tokensPerMonth": TOKENS, "messagesPerMinute": 60}}))
_, MONTH = kept_accounts(LIMITS, now=NOW)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One server for the module."""
    with running_server() as one:
        yield one


@pytest.fixture
async def dsn(server: Server) -> str:
    """The role of tenant ``a`` in a database of its own."""
    return await tenant_dsn(await new_database(server), "a")


@asynccontextmanager
async def a_store(dsn: str) -> AsyncIterator[PostgresStore]:
    """A process's store."""
    store = PostgresStore(
        database=Database(dsn=lambda: dsn, tenant="a"),
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


@asynccontextmanager
async def a_transaction(dsn: str) -> AsyncIterator[tuple[Any, int]]:
    """An open transaction of another process of the tenant, and the tenant's number; committed in the end."""
    async with connected(dsn) as connection:
        await connection.execute("SET search_path = switchboard")
        tenant = await connection.fetchval("SELECT id FROM switchboard.tenant")
        async with connection.transaction():
            yield connection, tenant


def accounts(work: int) -> tuple[Account, ...]:
    """What a message counts against; each is another contact's."""
    return accounts_of(inbound(f"SM{work}", now=NOW, contact=f"+{work}"), LIMITS, now=NOW)


def asked(work: int, tokens: int) -> Asked:
    """A message that may take so much."""
    return Asked(work_id=work, accounts=accounts(work), paces=(("tenant", "", 60),), tokens=tokens, micros=0, now=NOW)


def booked(work: int, tokens: int) -> Any:
    """The body that keeps it."""
    one = ledger.Try(work_id=work, fence=1, accounts=accounts(work))
    return partial(ledger.book, one, spending(tokens, 0), now=NOW)


async def month(store: PostgresStore) -> ledger.Sums:
    """The tenant's sums."""
    found: dict[Account, ledger.Sums] = await store.transact(partial(ledger.read, (MONTH,)))
    return found.get(MONTH, ledger.Sums())


async def rows(dsn: str, table: str) -> list[tuple[Any, ...]]:
    """A table as it is."""
    async with connected(dsn) as connection:
        return [tuple(row) for row in await connection.fetch(f"SELECT * FROM switchboard.{table}")]


async def is_blocked(server: Server) -> bool:
    """Whether a statement waits for another transaction."""
    async with connected(server.root) as root:
        return bool(await root.fetchval("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))


async def test_a_turn_that_is_being_kept_does_not_hold_up_another_that_asks(dsn: str) -> None:
    """Its transaction has booked and is not durable yet, for whatever reason; the budget is there for others."""
    async with a_store(dsn) as store:
        reserver = Reserver(store=store, limits=LIMITS)
        assert await reserver.reserve(asked(1, 300)) == Granted()
        async with a_transaction(dsn) as (other, tenant):
            await run_job(other, tenant, booked(1, 200))
            async with asyncio.timeout(2):
                answer = await reserver.reserve(asked(2, 300))
        sums = await month(store)

    assert answer == Granted()
    assert sums == ledger.Sums(messages=2, tokens=200, reserved_tokens=300)


async def test_who_took_more_than_was_reserved_is_in_the_sums_at_once(dsn: str) -> None:
    """Else another could reserve what is used up already."""
    async with a_store(dsn) as store:
        reserver = Reserver(store=store, limits=LIMITS)
        await reserver.reserve(asked(1, 100))
        await store.transact(booked(1, 900))

        answers = [await reserver.reserve(asked(2, 200)), await reserver.reserve(asked(3, 100))]

    assert answers == [Refused("tenant.tokensPerMonth", "tokens", told=False), Granted()]


async def test_who_saw_room_that_another_takes_meanwhile_is_refused(server: Server, dsn: str) -> None:
    """What was read before counts for nothing, and nothing of the try is kept."""
    async with a_store(dsn) as store:
        reserver = Reserver(store=store, limits=LIMITS)
        await reserver.reserve(asked(1, 100))
        async with a_transaction(dsn) as (other, tenant):
            taken = ledger.Sums(messages=1, reserved_tokens=TOKENS - 200)
            await run_job(other, tenant, lambda: one_statement(ledger.added({MONTH: taken}, now=NOW)))
            late = asyncio.create_task(reserver.reserve(asked(2, 300)))
            await eventually(lambda: is_blocked(server))
        answer = await late
        sums = await month(store)

    assert answer == Refused("tenant.tokensPerMonth", "tokens", told=False)
    assert sums == ledger.Sums(messages=2, reserved_tokens=TOKENS - 100)
    assert [row[1] for row in await rows(dsn, "reservation")] == [1]


def one_statement(statement: Any) -> Any:
    """A body of one statement."""
    yield statement


@pytest.mark.parametrize("processes", [1, 3])
async def test_many_processes_at_once_use_the_whole_budget_and_not_more(dsn: str, processes: int) -> None:
    """Thirty ask for a hundred each: ten get it, whoever asks together with whom; each that is kept is in the sum."""
    async with AsyncExitStack() as stack:
        stores = [await stack.enter_async_context(a_store(dsn)) for _ in range(processes)]
        reservers = [Reserver(store=store, limits=LIMITS) for store in stores]
        answers = await asyncio.gather(*(reservers[work % processes].reserve(asked(work, 100)) for work in range(30)))
        granted = [work for work, answer in enumerate(answers) if answer == Granted()]
        reserved = await month(stores[0])
        await asyncio.gather(*(stores[work % processes].transact(booked(work, 50)) for work in granted))
        await asyncio.gather(*(store.transact(partial(ledger.settle, now=NOW)) for store in stores))
        kept = await month(stores[0])

    assert len(granted) == 10
    assert reserved == ledger.Sums(messages=10, reserved_tokens=TOKENS)
    assert kept == ledger.Sums(messages=10, tokens=500)
    assert await rows(dsn, "settlement") == []


async def test_many_processes_at_once_are_not_faster_than_a_rate(dsn: str) -> None:
    """Of seventy in a minute that may have sixty, sixty are let through; nobody's place is lost."""
    async with AsyncExitStack() as stack:
        reservers = [Reserver(store=await stack.enter_async_context(a_store(dsn)), limits=LIMITS) for _ in range(3)]
        answers = await asyncio.gather(*(reservers[work % 3].reserve(asked(work, 0)) for work in range(70)))

    assert sum(answer == Granted() for answer in answers) == 60
    assert {answer.due > NOW for answer in answers if isinstance(answer, Throttled)} == {True}


async def test_who_is_cancelled_while_asking_knows_what_is_reserved(server: Server, dsn: str) -> None:
    """It ends when its question has, so that nothing is reserved behind its back."""
    async with a_store(dsn) as store:
        reserver = Reserver(store=store, limits=LIMITS)
        await reserver.reserve(asked(1, 100))
        async with a_transaction(dsn) as (other, tenant):
            await run_job(other, tenant, lambda: one_statement(ledger.added({MONTH: ledger.Sums()}, now=NOW)))
            late = asyncio.create_task(reserver.reserve(asked(2, 300)))
            await eventually(lambda: is_blocked(server))
            late.cancel()
            await asyncio.sleep(0)
            done = late.done()
        with pytest.raises(asyncio.CancelledError):
            await late
        sums = await month(store)

    assert not done
    assert sums.reserved_tokens == 400
