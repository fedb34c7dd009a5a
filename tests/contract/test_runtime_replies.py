"""What becomes of replies in either store: reports that free the next, what is queued instead, who still gets words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchboard_runtime.clock import SystemClock
from switchboard_runtime.store import Reply, StatusUpdate, Turn, texts
from tests.contract.store_kit import KINDS, inbound, open_store
from tests.support.postgres import Server, running_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from switchboard_runtime.store import OutboxItem, Store, WorkItem

NOW = SystemClock().now()
WAIT = 600.0


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One server for the module."""
    with running_server() as one:
        yield one


@pytest.fixture(params=KINDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path, server: Server) -> AsyncIterator[Store]:
    """Each store in turn, with a long wait for reports."""
    clock = SystemClock()
    async with open_store(request.param, clock=clock, folder=tmp_path, server=server, bubble_wait=WAIT) as one:
        yield one


async def claimed(store: Store, sid: str = "SM1") -> WorkItem:
    """A message that came and was taken in hand."""
    await store.accept(inbound(sid, now=NOW))
    (item,) = (await store.claim_work(limit=1, held=())).items
    return item


async def said(store: Store, *words: str) -> WorkItem:
    """A message answered with these."""
    item = await claimed(store)
    await store.finish_work(item, Turn(replies=texts(*words), state=item.state, outcome="answered"))
    return item


async def free(store: Store) -> list[OutboxItem]:
    """What may be sent now."""
    return list((await store.claim_outbox(limit=5, held=())).items)


def report(
    reply: OutboxItem, status: str, *, sid: str = "X1", known: bool = True, code: int | None = None
) -> StatusUpdate:
    """A callback about a reply."""
    return StatusUpdate(
        sid=sid,
        status=status,
        outbox_id=reply.id if known else None,
        sender=reply.sender,
        recipient=reply.recipient,
        error_code=code,
        received_at=SystemClock().now(),
    )


async def test_the_next_reply_is_free_with_the_report_on_the_one_before(store: Store) -> None:
    """Not with its POST, nor with a report that says nothing."""
    await said(store, "one", "two")
    (one,) = await free(store)
    await store.mark_sent(one, sid="X1")
    assert await free(store) == []
    await store.record_status(report(one, "queued"))
    assert await free(store) == []
    await store.record_status(report(one, "sent"))

    assert [item.text for item in await free(store)] == ["two"]


async def test_a_report_that_comes_before_the_answer_of_the_post_frees_too(store: Store) -> None:
    """With our id in it, or with a SID that is known only later."""
    await said(store, "one", "two", "three")
    (one,) = await free(store)
    await store.record_status(report(one, "sent"))
    (two,) = await free(store)
    assert await store.mark_sent(one, sid="X1")
    assert not await store.record_status(report(two, "delivered", sid="X2", known=False))
    assert await free(store) == []
    await store.mark_sent(two, sid="X2")

    assert [item.text for item in await free(store)] == ["three"]


async def test_a_reply_that_was_tried_keeps_its_own_time(store: Store) -> None:
    """A back-off is not ended by a report."""
    await said(store, "one", "two")
    (one,) = await free(store)
    await store.mark_sent(one, sid="X1")
    await store.record_status(report(one, "sent"))
    (two,) = await free(store)
    await store.postpone_outbox(two, due=SystemClock().now() + WAIT, unsent=True)
    await store.record_status(report(one, "delivered"))

    assert await free(store) == []


async def test_what_failed_does_not_keep_the_next_back(store: Store) -> None:
    """Nothing of it will arrive late."""
    await said(store, "one", "two")
    (one,) = await free(store)
    await store.mark_failed(one, code=21211, reason="no number")

    assert [item.text for item in await free(store)] == ["two"]


async def test_what_stands_for_a_refused_reply_is_queued_once_with_its_end(store: Store) -> None:
    """Behind what waits already."""
    await said(store, "one", "two")
    (one,) = await free(store)
    await store.mark_failed(one, code=63016, reason="window closed", instead=("one-b", Reply(text="template")))
    texts_seen = []
    while items := await free(store):
        texts_seen += [item.text for item in items]
        await store.mark_failed(items[0], code=None, reason="seen", instead=("one-b", Reply(text="again")))

    assert texts_seen == ["two", "template"]


async def test_what_stands_for_an_undelivered_reply_is_asked_for_once(store: Store) -> None:
    """By the first callback that says so; the item it is asked with is the reply."""
    asked: list[OutboxItem] = []

    def instead(item: OutboxItem) -> tuple[str, Reply]:
        asked.append(item)
        return f"{item.id}-b", Reply(text="template")

    await said(store, "one")
    (one,) = await free(store)
    await store.mark_sent(one, sid="X1")
    for status in ("sent", "failed", "failed", "undelivered"):
        assert await store.record_status(report(one, status, code=63016), instead=instead)

    assert [(item.id, item.text, item.conversation_id) for item in asked] == [(one.id, "one", one.conversation_id)]
    assert [item.text for item in await free(store)] == ["template"]


async def test_who_opted_out_gets_the_confirmation_and_nothing_else(store: Store) -> None:
    """Neither what waited nor what a person says later; help that was asked for is sent."""
    item = await said(store, "one", "two")
    stop = await claimed(store, "SM2")
    confirmation = Reply(text="Done.", notice=True)
    state = replace(stop.state, opted_out=True)
    await store.finish_work(stop, Turn(replies=(confirmation,), state=state, outcome="opted out"))
    (done,) = await free(store)
    assert done.reply == confirmation
    renewed = await store.renew_intent(done)
    assert renewed is not None
    await store.mark_failed(done, code=None, reason="seen")
    await store.say(item.conversation_id, [("p1", Reply(text="hello?", author="Ana"))], trace="t")
    await store.say(item.conversation_id, [("p2", Reply(text="Help.", notice=True))], trace="t")

    assert [reply.text for reply in [*await free(store), *await free(store)]] == ["Help."]


async def test_a_delivery_after_a_doubt_counts_and_is_not_taken_back(store: Store) -> None:
    """undelivered, then delivered, then undelivered again: it reached the phone."""
    await said(store, "one")
    (one,) = await free(store)
    await store.mark_sent(one, sid="X1")
    asked: list[str] = []

    def instead(item: OutboxItem) -> None:
        asked.append(item.id)

    for status in ("undelivered", "delivered", "undelivered", "sent", "read", "failed"):
        await store.record_status(report(one, status), instead=instead)

    assert asked == [one.id]
