"""What a call keeps, and asks for again, is the same in either store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switchboard_runtime.channels.voice_forms import CallTurn, first_sid
from switchboard_runtime.clock import SystemClock
from switchboard_runtime.conversation.calls import kept_turn, parties
from switchboard_runtime.store import ConversationState, Turn, texts
from tests.contract.store_kit import KINDS, open_store
from tests.support.postgres import Server, running_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from switchboard_runtime.store import Store

CALL = CallTurn(account="AC1", sid="CA1", own="+9", contact="+1")


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


async def test_a_turn_is_handed_over_and_never_sent(store: Store) -> None:
    """Its words and outcome can be had again; no courier ever sees them."""
    record = CALL.to_inbound(trace="t", now=SystemClock().now())
    work = (await store.accept(record)).work_id
    again = await store.accept(record)
    before = await store.transact(lambda: kept_turn(work))
    (item,) = (await store.claim_work(limit=1, held=())).items
    await store.finish_work(
        item, Turn(replies=texts("Hola"), state=ConversationState(language="es"), outcome="call greeted")
    )

    assert (again.work_id, again.duplicate, before) == (work, True, None)
    assert await store.replies(work) == ("Hola",)
    assert await store.transact(lambda: kept_turn(work)) == ("call greeted", "es")
    assert (await store.claim_outbox(limit=9, held=())).items == ()


async def test_a_call_is_found_by_its_sid(store: Store) -> None:
    """Of the same account, once it was answered."""
    await store.accept(CALL.to_inbound(trace="t", now=SystemClock().now()))

    assert await store.transact(lambda: parties("AC1", first_sid("CA1"))) == ("+9", "+1")
    assert await store.transact(lambda: parties("AC1", first_sid("CA2"))) is None
    assert await store.transact(lambda: parties("AC2", first_sid("CA1"))) is None
