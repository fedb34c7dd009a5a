"""A person takes a conversation over while its assistant is thinking: from the webhook to Twilio, on real sockets."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from switchboard_runtime.conversation import Policy
from switchboard_runtime.edge.context import CONTEXT
from switchboard_runtime.store import Reply
from tests.unit.runtime.kit import (
    ACCOUNT,
    Caller,
    FakeTwilio,
    Thinker,
    TurnedClock,
    document,
    eventually,
    served,
    write_tenant,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from switchboard_runtime.people import People


@asynccontextmanager
async def office(root: Path, clock: TurnedClock, thinker: Thinker) -> AsyncIterator[tuple[Caller, People]]:
    """The runtime, and its people."""
    async with served(root, clock=clock, policy=Policy(), answering=thinker) as caller:
        yield caller, caller.app[CONTEXT].people["muebles-sur"]


async def the_one(people: People) -> int:
    """The id of the only conversation."""
    (conversation,) = (await people.conversations.page()).items
    return conversation.id


async def test_a_take_over_cancels_the_answer_in_flight(root: Path, clock: TurnedClock, twilio: FakeTwilio) -> None:
    """At once; nothing of it is sent, it is not asked again, and what comes then is stored and not answered."""
    thinker = Thinker()
    async with office(root, clock, thinker) as (caller, people):
        await caller.say("first")
        await eventually(lambda: thinker.asked)
        conversation = await the_one(people)

        await people.conversations.take_over(conversation, actor="Ana")
        await eventually(lambda: thinker.ended)
        thinker.go.set()
        await caller.say("second")
        await people.conversations.say(conversation, [Reply(text="Ana here")], actor="Ana")
        await eventually(twilio.bodies)
        metrics = caller.app[CONTEXT].metrics.render().decode()
        told = (await people.history.page(conversation)).items

    assert thinker.ended == ["cancelled"]
    assert thinker.asked == ["first"]
    assert twilio.bodies() == ["Ana here"]
    assert 'switchboard_turns_interrupted_total{tenant="muebles-sur"} 1.0' in metrics
    assert sorted(one.text for one in told) == ["Ana here", "first", "second"]


async def test_only_the_conversation_that_was_taken_over_is_cut_short(
    root: Path, clock: TurnedClock, twilio: FakeTwilio
) -> None:
    """Another contact's answer goes on."""
    thinker = Thinker()
    async with office(root, clock, thinker) as (caller, people):
        await caller.say("mine")
        await caller.say("theirs", From="whatsapp:+5491155500999")
        await eventually(lambda: len(thinker.asked) == 2)
        (mine,) = (await people.conversations.page(contact="whatsapp:+5491155500200")).items

        await people.conversations.take_over(mine.id, actor="Ana")
        await eventually(lambda: thinker.ended == ["cancelled"])
        thinker.go.set()
        await eventually(lambda: twilio.bodies("whatsapp:+5491155500999"))

    assert twilio.bodies("whatsapp:+5491155500999") == ["Re: theirs"]
    assert twilio.bodies() == []


async def test_the_bot_answers_again_after_a_hand_back(root: Path, clock: TurnedClock, twilio: FakeTwilio) -> None:
    """What comes from then on."""
    thinker = Thinker()
    thinker.go.set()
    async with office(root, clock, thinker) as (caller, people):
        await caller.say("one")
        await eventually(twilio.bodies)
        conversation = await the_one(people)
        await people.conversations.take_over(conversation, actor="Ana")
        clock.turn(1)
        await caller.say("two")
        clock.turn(1)
        await people.conversations.hand_back(conversation, actor="Ana")
        clock.turn(1)
        await caller.say("three")
        await eventually(lambda: len(twilio.bodies()) == 2)

    assert twilio.bodies() == ["Re: one", "Re: three"]


async def test_silence_of_people_gives_the_conversation_back(tmp_path: Path, twilio: FakeTwilio) -> None:
    """After the document's time, by itself, counted from the last word of a person."""
    clock, thinker = twilio.clock, Thinker()
    assert isinstance(clock, TurnedClock)
    thinker.go.set()
    account: dict[str, Any] = {"endpoint": twilio.endpoint, "accountSid": document()["twilio"]["accountSid"]}
    handoff = {"keywords": ["humano"], "returnAfter": "30m"}
    write_tenant(tmp_path, document(twilio=account, handoff=handoff))
    async with office(tmp_path, clock, thinker) as (caller, people):
        await caller.say("humano")
        await eventually(twilio.bodies)
        conversation = await the_one(people)
        clock.turn(20 * 60)
        await people.conversations.say(conversation, [Reply(text="Ana here")], actor="Ana")
        clock.turn(29 * 60)
        await people.attend()
        before = (await people.conversations.get(conversation)).mode
        clock.turn(60)

        async def back() -> bool:
            clock.turn(15)  # it is looked for now and then
            return (await people.conversations.get(conversation)).mode == "bot"

        await eventually(back)
        clock.turn(1)
        await caller.say("hola")
        await eventually(lambda: twilio.bodies()[-1] == "Re: hola")

    assert before == "human"


async def test_the_head_of_the_audit_log_is_told_by_the_metrics(
    root: Path, clock: TurnedClock, twilio: FakeTwilio
) -> None:
    """One head a tenant, the newest."""
    thinker = Thinker()
    thinker.go.set()
    async with office(root, clock, thinker) as (caller, people):
        await caller.say("one")
        await eventually(twilio.bodies)
        conversation = await the_one(people)
        heads = []
        for act in (people.conversations.take_over, people.conversations.hand_back):
            await act(conversation, actor="Ana")
            async with caller.session.get(f"{caller.base}/metrics") as response:
                text = await response.text()
            heads.append([line for line in text.splitlines() if line.startswith("switchboard_audit_")])
        newest = await people.audit.head()

    assert newest.seq == 2
    assert heads[1] == [
        'switchboard_audit_entries{tenant="muebles-sur"} 2.0',
        f'switchboard_audit_head{{hash="{newest.hash}",tenant="muebles-sur"}} 1.0',
    ]
    assert heads[0] != heads[1]


@pytest.mark.parametrize("how", ["refused", "reported"])
async def test_an_opt_out_that_twilio_tells_of_cancels_the_answer_in_flight(
    root: Path, clock: TurnedClock, twilio: FakeTwilio, how: str
) -> None:
    """The contact said STOP where only Twilio heard it; what they wrote before is not thought about any longer."""
    thinker = Thinker()
    thinker.go.set()
    async with office(root, clock, thinker) as (caller, people):
        await caller.say("first")
        await eventually(twilio.bodies)
        thinker.go.clear()
        await caller.say("second")
        await eventually(lambda: thinker.asked == ["first", "second"])
        if how == "refused":
            twilio.faults = [(400, 21610)]
            await people.conversations.say(await the_one(people), [Reply(text="Ana")], actor="Ana", take_over=False)
        else:
            reply = twilio.messages[0]
            form = {"MessageSid": reply["sid"], "MessageStatus": "undelivered", "ErrorCode": "21610"}
            parties = {"AccountSid": ACCOUNT, "From": reply["from"], "To": reply["to"]}
            await caller.signed("/bot/twilio/status", {**form, **parties})
        await eventually(lambda: len(thinker.ended) == 2)
        thinker.go.set()

    assert thinker.ended == ["answered", "cancelled"]
    assert thinker.asked == ["first", "second"]
    assert twilio.bodies() == ["Re: first"]


@pytest.mark.parametrize("how", ["refused", "reported"])
async def test_an_opt_out_that_only_twilio_knows_of_is_entered(
    root: Path, clock: TurnedClock, twilio: FakeTwilio, how: str
) -> None:
    """Whether the reply is refused or accepted and not delivered; once."""
    thinker = Thinker()
    thinker.go.set()
    if how == "refused":
        twilio.faults = [(400, 21610)]
    async with office(root, clock, thinker) as (caller, people):
        await caller.say("one")
        await eventually(lambda: twilio.posts)
        if how == "reported":
            await eventually(twilio.bodies)
            reply = twilio.messages[0]
            form = {"MessageSid": reply["sid"], "MessageStatus": "undelivered", "ErrorCode": "21610"}
            parties = {"AccountSid": ACCOUNT, "From": reply["from"], "To": reply["to"]}
            for _ in range(2):
                await caller.signed("/bot/twilio/status", {**form, **parties})

        async def entered() -> list[str]:
            return [f"{one.actor} {one.action}" for one in (await people.audit.page()).items]

        await eventually(entered)
        assert await entered() == ["provider contact.opted_out"]
        (conversation,) = (await people.conversations.page(opted_out=True)).items

    assert conversation.opted_out
