"""Who has a conversation, against a plain model: take-overs, hand-backs, people's words, time, turns in flight.

The model says of each message whether the bot may answer it: not one that came while a person had the conversation,
nor one that a person's time began or ended over before its answer was kept.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from switchboard_runtime.config import TenantDocument
from switchboard_runtime.conversation.turn import Ask, begin_turn
from switchboard_runtime.errors import Conflict, LeaseLost
from switchboard_runtime.people import Audit, Conversations, History, PeopleHook
from switchboard_runtime.store import Inbound, Reply, SqliteStore, Turn, Writer, texts
from tests.unit.runtime.kit import TurnedClock, document

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from switchboard_runtime.store import WorkItem

PEOPLE = st.sampled_from(["Ana", "Bea"])
FORGOTTEN = 600.0


@dataclass
class Message:
    """One that came, and whether the bot must answer it."""

    text: str
    may: bool


class Engine:
    """Is told, and does nothing."""

    def interrupt(self, conversation_id: int) -> bool:
        """Cancel nothing."""
        return conversation_id < 0

    def nudge(self) -> None:
        """Look for nothing."""


class Desk(RuleBasedStateMachine):
    """One conversation, two people, a bot."""

    def __init__(self) -> None:
        super().__init__()
        self.runner, self.folder, self.clock = asyncio.Runner(), tempfile.TemporaryDirectory(), TurnedClock()
        self.numbers = itertools.count(1)
        self.person: str | None = None
        self.human, self.acts, self.epoch = False, 0, 0
        self.human_at = 0.0
        self.messages: dict[str, Message] = {}
        self.thinking: WorkItem | None = None
        self.must: list[str] = []
        self.people_said = 0
        self.run(self._open())
        self.run(self._receive())

    def run(self, what: Coroutine[Any, Any, Any]) -> Any:
        """Do it, and let a moment pass."""
        self.clock.turn(1)
        return self.runner.run(what)

    async def _open(self) -> None:
        self.tenant = TenantDocument.model_validate_json(json.dumps(document()))
        self.writer = Writer()

        def new_id() -> str:
            return f"id{next(self.numbers)}"

        self.store = SqliteStore(
            path=Path(self.folder.name) / "t.sqlite3",
            writer=self.writer,
            clock=self.clock,
            new_id=new_id,
            owner="p",
            lease=1e9,
        )
        self.audit = Audit(store=self.store, clock=self.clock, new_id=new_id)
        self.hook = PeopleHook(
            document=self.tenant, store=self.store, audit=self.audit, clock=self.clock, new_id=new_id
        )
        self.desk = Conversations(store=self.store, engine=Engine(), audit=self.audit, clock=self.clock, new_id=new_id)

    async def _receive(self) -> None:
        text = f"message {next(self.numbers)}"
        await self.store.accept(
            Inbound(
                provider="twilio",
                account="AC",
                sid=text,
                channel="sms",
                own="+13055550123",
                contact="+1",
                text=text,
                trace="t",
                received_at=self.clock.now(),
            )
        )
        self.messages[text] = Message(text, may=not self.human)

    def teardown(self) -> None:
        """Answer what waits, look at all that was said, and let go of everything."""
        try:
            self._answer_all()
        finally:
            self.run(self.writer.close())
            self.runner.close()
            self.folder.cleanup()

    def _answer_all(self) -> None:
        self.finish()
        while self._begun():
            self.finish()
        told = self.run(History(store=self.store).page(1, limit=200)).items
        answers = [one.text for one in reversed(told) if one.author == "bot"]
        assert answers == self.must
        assert sum(one.direction == "out" and one.author != "bot" for one in told) == self.people_said
        verdict = self.run(self.audit.verify())
        assert (verdict.ok, verdict.entries) == (True, self.acts)

    @rule()
    def receive(self) -> None:
        """A contact writes."""
        self.run(self._receive())

    @rule()
    def begin(self) -> None:
        """A message is taken in hand."""
        self._begun()

    def _begun(self) -> bool:
        """Whether one is in hand now."""
        if self.thinking is not None:
            return True
        items = self.run(self.store.claim_work(limit=1, held=())).items
        self.thinking = items[0] if items else None
        return bool(items)

    @rule()
    def finish(self) -> None:
        """What was thought is kept, or not."""
        item, self.thinking = self.thinking, None
        if item is not None:
            self.run(self._finish(item))

    async def _finish(self, item: WorkItem) -> None:
        step = begin_turn(self.tenant, item.state, item.message)
        if isinstance(step, Ask):
            before = await self.hook.before(item, step)
            assert isinstance(before, Ask | Turn)
            answer = Turn(replies=texts(f"Re: {item.message.text}"), state=item.state, outcome="answered")
            step = answer if isinstance(before, Ask) else before
        try:
            await self.store.finish_work(item, self.hook.after(item, step, None))
        except LeaseLost:
            assert item.state.epoch != self.epoch
            await self.store.postpone_work(item, due=0)
            return
        may = self.messages[item.message.text].may
        assert bool(step.replies) == may
        if may:
            self.must.append(f"Re: {item.message.text}")

    @rule(actor=PEOPLE, force=st.booleans())
    def take_over(self, actor: str, *, force: bool) -> None:
        """A person wants it."""
        refused = self.human and self.person not in {None, actor} and not force
        try:
            self.run(self.desk.take_over(1, actor=actor, force=force))
        except Conflict:
            assert refused
            return
        assert not refused
        self._taken(actor)

    def _taken(self, actor: str) -> None:
        if not self.human:
            self._changed()
            self.human = True
        if self.person != actor:
            self.person, self.human_at, self.acts = actor, self.clock.now(), self.acts + 1

    def _changed(self) -> None:
        self.epoch += 1
        for message in self.messages.values():
            message.may = False

    @rule(actor=PEOPLE, take=st.booleans())
    def say(self, actor: str, *, take: bool) -> None:
        """A person writes, or something is noticed in their name."""
        refused = take and self.human and self.person not in {None, actor}
        try:
            self.run(self.desk.say(1, [Reply(text="hello")], actor=actor, take_over=take))
        except Conflict:
            assert refused
            return
        assert not refused
        if take:
            self._taken(actor)
        self.human_at = self.clock.now()
        self.people_said += 1
        self.acts += 1

    @rule(actor=PEOPLE)
    def hand_back(self, actor: str) -> None:
        """The bot shall answer again."""
        self.run(self.desk.hand_back(1, actor=actor))
        self._back()

    def _back(self) -> None:
        if self.human:
            self._changed()
            self.human, self.person, self.acts = False, None, self.acts + 1

    @precondition(lambda self: self.human)
    @rule(seconds=st.sampled_from([1.0, 400.0, 700.0]))
    def forget(self, seconds: float) -> None:
        """Time passes, and what nobody attended to goes back."""
        self.clock.turn(seconds)
        returned = self.run(self.desk.return_forgotten(after=FORGOTTEN))
        assert bool(returned) == (self.clock.now() - self.human_at >= FORGOTTEN)
        if returned:
            self._back()

    @invariant()
    def all_see_the_same(self) -> None:
        """Who has it, and how often it changed hands."""
        one = self.runner.run(self.desk.get(1))
        assert (one.mode, one.person, one.epoch) == ("human" if self.human else "bot", self.person, self.epoch)


TestDesk = Desk.TestCase
TestDesk.settings = settings(
    max_examples=50, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
