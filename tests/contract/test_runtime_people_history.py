"""What was said in a conversation: the same on both stores, page by page, and what an assistant remembers of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from switchboard_runtime.assistants import Said
from switchboard_runtime.assistants.egress import Egress
from switchboard_runtime.clock import SystemClock
from switchboard_runtime.edge.context import CONTEXT
from switchboard_runtime.errors import InvalidRequest
from switchboard_runtime.people import History
from switchboard_runtime.people.remembering import recall
from switchboard_runtime.store import Reply, StatusUpdate, Turn, texts
from tests.contract.store_kit import KINDS, inbound, open_store
from tests.support.llm_server import Says, llm_server
from tests.support.postgres import Server, running_server
from tests.unit.runtime.kit import CONTACT, TurnedClock, document, eventually, fake_twilio, served, write_tenant

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from switchboard_runtime.store import Store, WorkItem
    from tests.support.llm_server import Seen

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


async def talk(store: Store, said: str, *answers: str, at: float = 0.0) -> WorkItem:
    """A contact says something and the bot answers."""
    await store.accept(inbound(f"SM-{said}", now=NOW + at, text=said))
    (item,) = (await store.claim_work(limit=1, held=())).items
    await store.finish_work(item, Turn(replies=texts(*answers), state=item.state, outcome="answered"))
    return item


async def test_both_sides_are_told_newest_first_with_what_became_of_them(store: Store) -> None:
    """Who said it, and how far it came."""
    item = await talk(store, "hello", "hi", at=-1)
    (sent,) = (await store.claim_outbox(limit=1, held=())).items
    await store.mark_sent(sent, sid="SMx")
    update = StatusUpdate(
        sid="SMx", status="read", outbox_id=None, sender="+9", recipient="+1", error_code=None, received_at=NOW
    )
    await store.record_status(update)
    pictures = ("https://media.example.com/a.jpg",)
    await store.say(item.conversation_id, [("r1", Reply(text="I am Ana", media=pictures, author="Ana"))], trace="t")

    page = await History(store=store).page(item.conversation_id)

    told = [(one.direction, one.author, one.text, one.status, one.media) for one in page.items]
    assert told == [
        ("out", "Ana", "I am Ana", "queued", pictures),
        ("out", "bot", "hi", "read", ()),
        ("in", "contact", "hello", "received", ()),
    ]
    assert page.next is None


async def test_pages_join_without_gap_or_repetition_while_more_is_said(store: Store) -> None:
    """Though all of it came at one moment."""
    for number in range(4):
        item = await talk(store, f"q{number}", f"a{number}")
    history = History(store=store)
    whole = [one.id for one in (await history.page(item.conversation_id)).items]

    cursor, seen = None, list[str]()
    for number in range(5, 9):
        page = await history.page(item.conversation_id, limit=3, cursor=cursor)
        seen += [one.id for one in page.items]
        await talk(store, f"q{number}", at=SystemClock().now() - NOW)
        cursor = page.next
        if cursor is None:
            break

    assert seen == whole
    assert len(whole) == 8


@pytest.mark.parametrize("cursor", ["", "x", "bm90aGluZw", "WzFd", "W3RydWUsMCwwXQ", "WzEsMCwxZTQwMF0"])
async def test_a_cursor_that_is_none_is_refused(store: Store, cursor: str) -> None:
    """With the cure."""
    with pytest.raises(InvalidRequest, match="cursor: is none of this list; give the one that the last page had"):
        await History(store=store).page(1, cursor=cursor)


async def test_a_page_has_a_length(store: Store) -> None:
    """That the answer can carry."""
    with pytest.raises(InvalidRequest, match="limit: is 0; give 1 to 200"):
        await History(store=store).page(1, limit=0)


async def test_nothing_of_another_conversation_is_told(store: Store) -> None:
    """Nor of one that is not there."""
    item = await talk(store, "hello", "hi")

    assert (await History(store=store).page(item.conversation_id + 1)).items == ()


async def test_the_past_is_what_was_answered_and_what_left(store: Store) -> None:
    """Not the message in hand, not those behind it, not the reply that a person's take-over ended."""
    first = await talk(store, "one", "answer one", at=-4)
    for unsent in (await store.claim_outbox(limit=1, held=())).items:
        await store.mark_sent(unsent, sid="SMone")
    await talk(store, "two", "never sent", at=-3)
    await store.hand_over(first.conversation_id, to="human")
    await store.say(first.conversation_id, [("r1", Reply(text="Ana here", author="Ana"))], trace="t")
    await store.accept(inbound("SM-in-hand", now=NOW, text="in hand"))
    await store.accept(inbound("SM-behind", now=NOW, text="behind"))
    assert (await store.claim_work(limit=1, held=())).items

    past = await store.transact(lambda: recall(first.conversation_id, budget=1000, provider="openai"))

    assert past == (
        Said(who="contact", text="one"),
        Said(who="contact", text="two"),
        Said(who="bot", text="answer one"),
        Said(who="human", text="Ana here"),
    )


async def test_no_more_of_the_past_is_read_than_fits(store: Store) -> None:
    """The newest; one more than fits shows that it was enough."""
    for number in range(60):
        item = await talk(store, f"question {number}")

    everything = await store.transact(lambda: recall(item.conversation_id, budget=100_000, provider="openai"))
    little = await store.transact(lambda: recall(item.conversation_id, budget=30, provider="openai"))

    assert [one.text for one in everything] == [f"question {number}" for number in range(60)]
    assert len(little) < 60
    assert little == everything[-len(little) :]


def remembers(seen: Seen) -> Says:
    """A model that knows only what it is shown: it repeats what the contact said first."""
    asked = [text for role, text in seen.turns if role == "user"]
    return Says(text="Tell me more." if len(asked) == 1 else f"You asked about {asked[0]}")


async def test_a_second_question_may_refer_to_the_first(tmp_path: Path) -> None:
    """What the contact and the bot said comes back to the model, once, in order, without the question itself."""
    clock = TurnedClock()
    async with fake_twilio(clock) as twilio, llm_server() as server:
        content: dict[str, Any] = document(languages=["en"])
        choice = {"provider": "openai", "model": "m", "baseUrl": server.base_url("openai"), "apiKey": "llmKey"}
        content["assistants"][0]["model"] = {"choices": [choice]}
        content["twilio"]["endpoint"] = twilio.endpoint
        write_tenant(tmp_path, content, llmKey="sk-tenant")
        server.think = remembers
        host = server.url.removeprefix("http://")
        async with served(tmp_path, clock=clock, egress=Egress(allowed=frozenset({host}))) as caller:
            await caller.say("a wooden table")
            await eventually(twilio.bodies, within=90)  # the libraries of models take seconds to load
            clock.turn(1)
            await caller.say("and what did I ask?")
            await eventually(lambda: len(twilio.bodies()) == 2)

    assert twilio.bodies()[1] == "You asked about a wooden table"
    assert server.seen[-1].turns == (
        ("user", "a wooden table"),
        ("model", "Tell me more."),
        ("user", "and what did I ask?"),
    )


def sells(seen: Seen) -> Says:
    """A model that captures a lead, and then says so."""
    if any(role == "tool" for role, _ in seen.turns):
        return Says(text="We will call you.")
    lead = {"name": "Ana Paz", "email": "ana@example.com", "interest": "six chairs"}
    return Says(calls=(("save_lead", lead),))


async def test_a_lead_that_a_model_captures_is_kept_with_its_turn(tmp_path: Path) -> None:
    """From the webhook over the model's tool to the contact."""
    clock = TurnedClock()
    async with fake_twilio(clock) as twilio, llm_server() as server:
        content: dict[str, Any] = document(languages=["en"])
        choice = {"provider": "openai", "model": "m", "baseUrl": server.base_url("openai"), "apiKey": "llmKey"}
        content["assistants"][0]["model"] = {"choices": [choice]}
        content["twilio"]["endpoint"] = twilio.endpoint
        write_tenant(tmp_path, content, llmKey="sk-tenant")
        server.think = sells
        host = server.url.removeprefix("http://")
        async with served(tmp_path, clock=clock, egress=Egress(allowed=frozenset({host}))) as caller:
            await caller.say("I want six chairs, I am Ana Paz, ana@example.com")
            await eventually(twilio.bodies, within=90)
            people = caller.app[CONTEXT].people["muebles-sur"]
            (lead,) = (await people.contacts.leads()).items
            contact = await people.contacts.get(lead.contact_id)

    assert (lead.interest, lead.name, contact.email) == ("six chairs", "Ana Paz", "ana@example.com")
    assert contact.identities[0].address == CONTACT
