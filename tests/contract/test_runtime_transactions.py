"""What is kept beside the engine's own writes: with a turn or not at all, the same on both stores."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from switchboard_runtime.clock import SystemClock
from switchboard_runtime.errors import LeaseLost
from switchboard_runtime.store import Content, Reply, Turn, statement, texts
from tests.contract.store_kit import KINDS, inbound, open_store
from tests.support.postgres import Server, running_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterator
    from pathlib import Path

    from switchboard_runtime.store import Rows, Statement, Store, WorkItem

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


def speak(language: str) -> Generator[Statement, Rows, str]:
    """A body that writes what nobody else does."""
    rows = yield statement(
        "UPDATE conversation SET language = :language WHERE tenant_id = :tenant AND own = '+9' RETURNING language",
        language=language,
    )
    return str(rows[0]["language"])


def spoken() -> Generator[Statement, Rows, list[str | None]]:
    """What it wrote."""
    rows = yield statement("SELECT language FROM conversation WHERE tenant_id = :tenant ORDER BY id")
    return [row["language"] for row in rows]


async def claimed(store: Store, sid: str = "SM1") -> WorkItem:
    """A message that came and was taken in hand."""
    await store.accept(inbound(sid, now=NOW))
    (item,) = (await store.claim_work(limit=1, held=())).items
    return item


async def unsent(store: Store) -> list[str]:
    """Texts of what waits to be sent in the one lane, in order, each refused so that the next comes."""
    found = []
    while items := (await store.claim_outbox(limit=1, held=())).items:
        found.append(items[0].text)
        await store.mark_failed(items[0], code=None, reason="seen")
    return found


async def test_what_comes_with_a_turn_is_kept_with_it(store: Store) -> None:
    """In the turn's own transaction, in the order given."""
    item = await claimed(store)
    turn = Turn(
        replies=texts("hi"),
        state=replace(item.state, language="es"),
        outcome="answered",
        also=(lambda: speak("pt"), lambda: speak("fr")),
    )

    await store.finish_work(item, turn)

    assert await store.transact(spoken) == ["fr"]


async def test_what_comes_with_a_turn_that_is_not_kept_is_not_kept(store: Store) -> None:
    """A lost lease loses all of the turn."""
    item = await claimed(store)
    stale = replace(item, fence=item.fence - 1)
    turn = Turn(replies=(), state=item.state, outcome="answered", also=(lambda: speak("pt"),))

    with pytest.raises(LeaseLost):
        await store.finish_work(stale, turn)

    assert await store.transact(spoken) == [None]


async def test_a_body_that_fails_undoes_all_of_its_transaction(store: Store) -> None:
    """Whether it is a transaction of its own or somebody else's."""
    item = await claimed(store)

    def fails() -> Generator[Statement, Rows, None]:
        yield statement("UPDATE conversation SET language = 'pt' WHERE tenant_id = :tenant")
        raise LeaseLost("changed its mind")

    with pytest.raises(LeaseLost):
        await store.transact(fails)
    with pytest.raises(LeaseLost):
        await store.finish_work(item, Turn(replies=(), state=item.state, outcome="answered", also=(fails,)))

    assert await store.transact(spoken) == [None]
    assert await store.replies(item.id) is None


async def test_a_list_stands_where_a_tuple_was_given(store: Store) -> None:
    """An empty one holds nothing."""
    for number in range(3):
        await store.accept(inbound(f"SM{number}", now=NOW, contact=f"+{number}"))

    def named(contacts: tuple[str, ...]) -> Generator[Statement, Rows, list[str]]:
        rows = yield statement(
            "SELECT contact FROM conversation WHERE tenant_id = :tenant AND contact IN :contacts ORDER BY contact",
            contacts=contacts,
        )
        return [row["contact"] for row in rows]

    assert await store.transact(lambda: named(("+0", "+2"))) == ["+0", "+2"]
    assert await store.transact(lambda: named(())) == []


async def test_a_person_who_takes_over_ends_the_bots_replies_and_keeps_its_turn_out(store: Store) -> None:
    """What waits to be sent, and what is being thought."""
    first = await claimed(store)
    await store.finish_work(first, Turn(replies=texts("one", "two"), state=first.state, outcome="answered"))
    await store.accept(inbound("SM2", now=NOW))
    (second,) = (await store.claim_work(limit=1, held=())).items

    taken = await store.hand_over(second.conversation_id, to="human", also=(lambda: speak("pt"),))
    again = await store.hand_over(second.conversation_id, to="human", also=(lambda: speak("fr"),))

    assert (taken, again) == (True, False)
    assert await store.transact(spoken) == ["pt"]
    with pytest.raises(LeaseLost):
        await store.finish_work(second, Turn(replies=texts("three"), state=second.state, outcome="answered"))
    assert await unsent(store) == []


async def test_nobody_takes_over_what_is_not_there(store: Store) -> None:
    """It is said, not made."""
    assert not await store.hand_over(4711, to="human")


async def test_what_a_person_says_is_queued_once_and_outlives_the_take_over(store: Store) -> None:
    """The same ids are the same words; only the bot is silenced."""
    item = await claimed(store)
    await store.finish_work(item, Turn(replies=texts("bot"), state=item.state, outcome="answered"))
    said = [("r1", Reply(text="one", author="Ana")), ("r2", Reply(text="two", author="Ana"))]

    assert await store.say(item.conversation_id, said, trace="t")
    assert await store.say(item.conversation_id, said, trace="t")
    await store.hand_over(item.conversation_id, to="human")

    assert await unsent(store) == ["one", "two"]
    assert not await store.say(4711, said, trace="t")


async def test_a_reply_keeps_all_it_is_made_of(store: Store) -> None:
    """From the one who says it to the one who sends it."""
    reply = Reply(
        text="¡Hola!",
        media=("https://media.example.com/a.jpg",),
        content=Content(sid="HX1", variables=(("1", "Ana"),)),
        action="geo:-34.6,-58.4|Shop",
        author="Ana",
    )
    conversation = await store.conversation(channel="whatsapp", own="whatsapp:+9", contact="whatsapp:+1")
    same = await store.conversation(channel="whatsapp", own="whatsapp:+9", contact="whatsapp:+1")

    await store.say(conversation, [("r1", reply)], trace="t")
    (item,) = (await store.claim_outbox(limit=1, held=())).items

    assert conversation == same
    assert item.reply == reply
    assert item.last_inbound_at is None


async def test_a_reply_knows_when_the_contact_wrote_last(store: Store) -> None:
    """By which it is decided whether it may be sent."""
    item = await claimed(store)
    await store.accept(inbound("SM2", now=NOW + 1))
    await store.finish_work(item, Turn(replies=texts("hi"), state=item.state, outcome="answered"))

    (reply,) = (await store.claim_outbox(limit=1, held=())).items

    assert reply.last_inbound_at == pytest.approx(NOW + 1)
