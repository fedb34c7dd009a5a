"""Sums on both stores: what is reserved and booked is never more than may be, whoever dies or does it twice."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from switchboard_runtime.clock import SystemClock
from switchboard_runtime.config.limits import Limits
from switchboard_runtime.limits import ledger
from switchboard_runtime.limits.accounts import Account, accounts_of, kept_accounts
from switchboard_runtime.limits.reserving import Asked, Granted, Refused, Reserver, Throttled
from switchboard_runtime.store import Turn, statement
from tests.contract.store_kit import KINDS, inbound, open_store
from tests.support.postgres import Server, running_server
from tests.unit.runtime.kit import spending

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterator
    from pathlib import Path

    from switchboard_runtime.store import Rows, Statement, Store, WorkItem

NOW = SystemClock().now()
MESSAGE = inbound("SM1", now=NOW)


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


def limits(**given: Any) -> Limits:
    """Limits as a document has them."""
    return Limits.model_validate_json(json.dumps(given))


async def reserve(
    store: Store, work: int, given: Limits, *, tokens: int = 0, micros: int | None = 0, later: float = 0.0
) -> Granted | Throttled | Refused:
    """Ask for an answer to a message."""
    asked = Asked(
        work_id=work,
        accounts=accounts_of(MESSAGE, given, now=NOW),
        paces=(("contact", "+1", given.contact.messages_per_minute),) if given.contact.messages_per_minute else (),
        tokens=tokens,
        micros=micros,
        now=NOW + later,
    )
    return await Reserver(store=store, limits=given).reserve(asked)


def a_try(work: int, given: Limits, *, fence: int = 1) -> ledger.Try:
    """A try of a message."""
    return ledger.Try(work_id=work, fence=fence, accounts=accounts_of(MESSAGE, given, now=NOW))


async def book(store: Store, work: int, given: Limits, took: ledger.Spending | None, *, fence: int = 1) -> None:
    """Keep what it took."""
    await store.transact(partial(ledger.book, a_try(work, given, fence=fence), took, now=NOW))


async def month(store: Store, given: Limits) -> ledger.Sums:
    """The tenant's sums of the month."""
    accounts = kept_accounts(given, now=NOW)
    found: dict[Account, ledger.Sums] = await store.transact(partial(ledger.read, accounts))
    return found.get(accounts[1], ledger.Sums())


async def test_what_is_reserved_counts_until_it_is_booked(store: Store) -> None:
    """And then what was really taken counts."""
    given = limits(tenant={"tokensPerMonth": 1000, "spendPerMonth": "0.001"})

    first = await reserve(store, 1, given, tokens=600, micros=600)
    second = await reserve(store, 2, given, tokens=600, micros=600)
    await book(store, 1, given, spending(100, 100))
    third = await reserve(store, 2, given, tokens=600, micros=600)

    assert first == third == Granted()
    assert second == Refused("tenant.tokensPerMonth", "tokens", told=False)
    assert await month(store, given) == ledger.Sums(
        messages=2, tokens=100, micros=100, reserved_tokens=600, reserved_micros=600
    )


async def test_an_assistants_budget_is_its_own(store: Store) -> None:
    """What it may not have another assistant of the tenant still may; a new look finds both sums."""
    given = limits(assistants={"ventas": {"spendPerMonth": "0.001"}}, tenant={"spendPerMonth": "1"})

    def asked(work: int, assistant: str) -> Asked:
        accounts = accounts_of(MESSAGE, given, assistant=assistant, now=NOW)
        return Asked(work_id=work, accounts=accounts, tokens=10, micros=900, now=NOW)

    answers = [
        await Reserver(store=store, limits=given).reserve(asked(work, assistant))
        for work, assistant in ((1, "ventas"), (2, "ventas"), (3, "soporte"))
    ]
    own = ledger.Try(work_id=1, fence=1, accounts=accounts_of(MESSAGE, given, assistant="ventas", now=NOW))
    await store.transact(partial(ledger.book, own, spending(10, 400), now=NOW))
    kept = kept_accounts(given, now=NOW)
    found = await store.transact(partial(ledger.read, kept))

    assert answers == [Granted(), Refused("assistants.ventas.spendPerMonth", "spend", told=False), Granted()]
    assert found[kept[2]] == ledger.Sums(messages=1, tokens=10, micros=400)
    assert found[kept[1]] == ledger.Sums(messages=2, tokens=10, micros=400, reserved_tokens=10, reserved_micros=900)


async def test_many_at_once_never_overdraw(store: Store) -> None:
    """Ten may have what three can have: three have it."""
    given = limits(tenant={"tokensPerMonth": 1000})

    answers = await asyncio.gather(*(reserve(store, work, given, tokens=300) for work in range(10)))

    assert sum(isinstance(answer, Granted) for answer in answers) == 3
    assert (await month(store, given)).reserved_tokens == 900


async def test_a_message_that_is_tried_again_is_counted_and_reserved_once(store: Store) -> None:
    """As after the death of whoever reserved for it."""
    given = limits(tenant={"messagesPerMonth": 1, "tokensPerMonth": 1000}, contact={"messagesPerMinute": 1})

    answers = [await reserve(store, 1, given, tokens=900) for _ in range(3)]

    assert answers == [Granted()] * 3
    assert await month(store, given) == ledger.Sums(messages=1, reserved_tokens=900)


async def test_a_message_that_no_model_was_asked_for_frees_what_was_reserved(store: Store) -> None:
    """And is counted all the same."""
    given = limits(tenant={"tokensPerMonth": 1000})
    await reserve(store, 1, given, tokens=900, micros=90)

    await book(store, 1, given, None)

    assert await month(store, given) == ledger.Sums(messages=1)


async def test_a_price_that_nobody_knows_costs_all_that_was_reserved(store: Store) -> None:
    """Not nothing."""
    given = limits(tenant={"spendPerMonth": "1"})
    await reserve(store, 1, given, tokens=900, micros=90)

    await book(store, 1, given, spending(300, None))

    assert await month(store, given) == ledger.Sums(messages=1, tokens=300, micros=90)


async def test_a_spend_limit_lets_no_model_without_a_price_be_asked(store: Store) -> None:
    """Though nothing was spent yet; a limit on tokens lets it."""
    assert await reserve(store, 1, limits(tenant={"spendPerMonth": "5"}), tokens=10, micros=None) == Refused(
        "tenant.spendPerMonth", "spend", told=False
    )
    assert await reserve(store, 1, limits(tenant={"tokensPerDay": 50}), tokens=10, micros=None) == Granted()


async def test_a_reservation_that_nobody_comes_back_to_ends(store: Store) -> None:
    """Its process died and its message was answered otherwise: the budget is whole again."""
    given = limits(tenant={"tokensPerMonth": 1000})
    await reserve(store, 1, given, tokens=900)

    at_once = await reserve(store, 2, given, tokens=900)
    later = await reserve(store, 2, given, tokens=900, later=1000.0)

    assert (at_once, later) == (Refused("tenant.tokensPerMonth", "tokens", told=False), Granted())
    assert (await month(store, given)).reserved_tokens == 900


async def claimed(store: Store) -> WorkItem:
    """The one message, in the hands of a process."""
    await store.accept(MESSAGE)
    (item,) = (await store.claim_work(limit=1, held=())).items
    return item


async def drop(store: Store, item: WorkItem, given: Limits, took: ledger.Spending | None) -> None:
    """A try of it is not kept."""
    await store.transact(partial(ledger.drop, a_try(item.id, given, fence=item.fence), took, now=NOW))


async def test_a_try_that_is_dropped_frees_what_it_reserved_and_pays_what_it_took(store: Store) -> None:
    """At once, and once, though the answer to it is lost and it is done again."""
    given = limits(tenant={"tokensPerMonth": 1000, "spendPerMonth": "1"})
    item = await claimed(store)
    await reserve(store, item.id, given, tokens=900, micros=90)

    for _ in range(2):
        await drop(store, item, given, spending(100, 10))
    sums = await month(store, given)
    other = await reserve(store, item.id + 1, given, tokens=900)

    assert sums == ledger.Sums(messages=1, tokens=100, micros=10)
    assert other == Granted()


async def test_a_dropped_try_that_took_an_unknown_price_costs_all_that_was_reserved(store: Store) -> None:
    """As a kept one does."""
    given = limits(tenant={"spendPerMonth": "1"})
    item = await claimed(store)
    await reserve(store, item.id, given, tokens=900, micros=90)

    await drop(store, item, given, spending(100, None))

    assert await month(store, given) == ledger.Sums(messages=1, tokens=100, micros=90)


async def test_a_message_whose_try_was_dropped_is_counted_once_and_reserves_anew(store: Store) -> None:
    """Not on top of what the first try had; nor does it wait again for a rate that has let it pass."""
    given = limits(tenant={"messagesPerMonth": 1, "tokensPerMonth": 1000}, contact={"messagesPerMinute": 1})
    item = await claimed(store)

    answers = []
    for _ in range(3):
        answers.append(await reserve(store, item.id, given, tokens=900))
        await drop(store, item, given, None)
    freed = await month(store, given)
    answers.append(await reserve(store, item.id, given, tokens=900))

    assert answers == [Granted()] * 4
    assert freed == ledger.Sums(messages=1)
    assert await month(store, given) == ledger.Sums(messages=1, reserved_tokens=900)


async def test_who_was_taken_over_frees_nothing_of_the_others_and_pays_its_own(store: Store) -> None:
    """The reservation is that of the process which thinks about the message now."""
    given = limits(tenant={"tokensPerMonth": 1000})
    late = await claimed(store)
    await reserve(store, late.id, given, tokens=300)
    await store.release()
    (item,) = (await store.claim_work(limit=1, held=())).items
    await reserve(store, item.id, given, tokens=400)

    for _ in range(2):
        await drop(store, late, given, spending(100, 0))

    assert item.fence > late.fence
    assert await month(store, given) == ledger.Sums(messages=1, tokens=100, reserved_tokens=400)


async def test_who_asked_for_what_another_had_answered_frees_what_it_reserved(store: Store) -> None:
    """It slept through its lease before it asked; nobody comes back to such a message."""
    given = limits(tenant={"tokensPerMonth": 1000})
    late = await claimed(store)
    await store.release()
    (item,) = (await store.claim_work(limit=1, held=())).items
    await store.finish_work(item, Turn(replies=(), state=item.state, outcome="answered"))
    await reserve(store, late.id, given, tokens=300)

    await drop(store, late, given, spending(100, 0))
    sums = await month(store, given)

    assert (sums.tokens, sums.reserved_tokens) == (100, 0)


async def test_what_was_kept_after_all_is_not_paid_twice(store: Store) -> None:
    """Whoever learnt of no commit may take its turn for lost."""
    given = limits(tenant={"tokensPerMonth": 1000})
    item = await claimed(store)
    await reserve(store, item.id, given, tokens=300)
    took = spending(100, 0)
    book = partial(ledger.book, a_try(item.id, given, fence=item.fence), took, now=NOW)
    await store.finish_work(item, Turn(replies=(), state=item.state, outcome="answered", also=(book,)))
    await store.transact(partial(ledger.settle, now=NOW))

    await drop(store, item, given, took)

    assert await month(store, given) == ledger.Sums(messages=1, tokens=100)


async def test_all_tries_of_a_message_are_one_row_of_what_was_spent(store: Store) -> None:
    """With the outcome of the last; an unknown price of any makes the whole unknown."""
    given = limits(tenant={"tokensPerMonth": 10_000})
    item = await claimed(store)
    await reserve(store, item.id, given, tokens=3000)
    await drop(store, item, given, replace(spending(100, 10), outcome="dropped", model=None))
    await reserve(store, item.id, given, tokens=3000)
    await book(store, item.id, given, spending(300, 30), fence=item.fence + 1)

    def read() -> Generator[Statement, Rows, Rows]:
        return (yield statement("SELECT model, outcome, input_tokens, requests, micros FROM spending"))

    known = [tuple(row.values()) for row in await store.transact(read)]
    await book(store, item.id, given, spending(1, None), fence=item.fence + 2)
    unknown = [row["micros"] for row in await store.transact(read)]

    assert known == [("openai/m", "answered", 400, 2, 40)]
    assert unknown == [None]


async def test_the_contact_is_told_once(store: Store) -> None:
    """In a day."""
    given = limits(contact={"messagesPerDay": 1})
    await reserve(store, 1, given)

    refused = [await reserve(store, work, given) for work in (2, 3, 4)]

    assert refused == [Refused("contact.messagesPerDay", "messages", told=told) for told in (False, True, True)]


async def test_what_comes_too_fast_waits_and_then_passes(store: Store) -> None:
    """Until the moment that was told, and not a message longer."""
    given = limits(contact={"messagesPerMinute": 2})

    answers = [await reserve(store, work, given) for work in (1, 2, 3)]
    wait = answers[2]
    assert isinstance(wait, Throttled)
    passed = await reserve(store, 3, given, later=wait.due - NOW)

    assert answers[:2] == [Granted(), Granted()]
    assert wait.due - NOW == pytest.approx(30.0)
    assert wait.limit == "contact.messagesPerMinute"
    assert passed == Granted()


async def test_sums_of_people_that_are_long_over_are_forgotten(store: Store) -> None:
    """The tenant's stay."""
    given = limits(contact={"messagesPerDay": 5})
    await reserve(store, 1, given)

    assert await store.transact(partial(ledger.tidy, before=NOW - 1, limit=10)) == 0
    assert await store.transact(partial(ledger.tidy, before=NOW + 1, limit=10)) == 1
    assert (await month(store, given)).messages == 1
