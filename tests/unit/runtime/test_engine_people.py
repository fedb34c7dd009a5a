"""People in the engine's machine: a person takes over and hands back, a contact says STOP and START, bursts, retries.

The model knows of each message what must, may or must never come of it, and at each moment who may speak:

- while a person answers, the bot begins no send of what was not in a process's hands before; after STOP nobody does,
  and what was in its hands is not tried again;
- a message of a time when the bot answers is answered once, unless somebody interfered before its answer left;
- what is said is said in order, and what a person says always arrives, unless the contact said STOP.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule
from msgspec import structs

from switchboard_runtime.store import Reply
from tests.unit.runtime.test_engine import LANES, PROCESSES, Echo, Engine, Fate, Provider, inbound

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchboard_runtime.assistants import Question
    from switchboard_runtime.config import Assistant
    from switchboard_runtime.conversation import Posted
    from switchboard_runtime.store import OutboxItem, Turn
    from tests.unit.runtime.test_engine import Clock

OWN = "whatsapp:+13055550123"


@dataclass
class Line:
    """Something that a contact may read: the answer to a message, or a person's words."""

    text: str
    promise: Literal["must", "may", "never"]
    by: Literal["bot", "person"]


class WatchedProvider(Provider):
    """Twilio, which tells what begins to be sent, whatever becomes of it."""

    def __init__(self, clock: Clock, begins: Callable[[OutboxItem], None]) -> None:
        super().__init__(clock)
        self._begins = begins

    async def send(self, item: OutboxItem) -> Posted:
        """POST once."""
        self._begins(item)
        return await super().send(item)


class Moody(Echo):
    """An assistant that fails as often as it was told to."""

    def __init__(self, assistant: Assistant, failures: list[str]) -> None:
        super().__init__(assistant)
        self._failures = failures

    async def answer(self, question: Question) -> str:
        """Say it back, or fail."""
        if self._failures:
            raise RuntimeError(self._failures.pop())
        return await super().answer(question)


class People(Engine):
    """The engine's machine, with people who interfere."""

    def __init__(self) -> None:
        self.lines: defaultdict[str, list[Line]] = defaultdict(list)
        self.kept: set[str] = set()
        self.in_hand: defaultdict[str, set[str]] = defaultdict(set)
        self.taken: set[str] = set()
        self.human: set[str] = set()
        self.stop_came: set[str] = set()
        self.stop_waits: set[str] = set()
        self.stop_holds: dict[str, tuple[float, set[str]]] = {}
        self.may_still: dict[str, set[str]] = {}
        self.failures: list[str] = []
        self.wrong: list[str] = []
        self.burst = 0.0
        self.handling = ""
        super().__init__()

    @initialize(burst=st.sampled_from([0.0, 1.5]))
    def waits_for_more(self, burst: float) -> None:
        """Whether the tenant answers bursts as one; its processes are made anew with it."""
        self.burst = burst
        self.kill(0)
        self.kill(1)

    def new_provider(self) -> Provider:
        """One that tells."""
        return WatchedProvider(self.clock, self.begins)

    def of_a_process(self) -> dict[str, Any]:
        """A moody assistant, and the tenant's burst."""
        return {
            "answering": lambda assistant: Moody(assistant, self.failures),
            "on_finished": self.turn_is_kept,
            "burstSeconds": self.burst,
        }

    def begins(self, item: OutboxItem) -> None:
        """A send begins: is somebody silent who should be?"""
        lane = item.recipient
        if item.reply.notice:  # STOP and START are confirmed, also beside a person
            return
        if item.reply.author == "bot" and item.id not in self.may_still.get(lane, {item.id}):
            self.wrong.append(f"{item.text} was sent by the bot beside a person or after STOP")
        if lane in self.stop_holds:
            since, allowed = self.stop_holds[lane]
            if item.id not in allowed or item.intent_at > since:
                self.wrong.append(f"{item.text} was sent after STOP")

    def turn_is_kept(self, _work: int, turn: Turn) -> None:
        """Its replies wait; from now on a STOP or START in it holds."""
        lane = self.handling
        if turn.state.opted_out and lane not in self.stop_holds:
            self.stop_holds[lane] = (self.clock.now(), set(self.in_hand[lane]))
            self.falls_silent(lane)
            self.ended(lane)
        elif not turn.state.opted_out and lane in self.stop_holds:
            del self.stop_holds[lane]
            self.may_speak_again(lane)
        self.kept.update(line for text in turn.texts for line in text.split("\n"))

    def falls_silent(self, lane: str) -> None:
        """Only what is in a process's hands may still go out."""
        self.may_still[lane] = self.in_hand[lane] & self.may_still.get(lane, self.in_hand[lane])

    def may_speak_again(self, lane: str) -> None:
        """Unless the other reason holds."""
        if lane not in self.human and lane not in self.stop_holds:
            del self.may_still[lane]

    def read(self, lane: str) -> list[str]:
        """What the contact has read, a line each."""
        return [line for to, one in self.provider.delivered if to == lane for line in one.text.split("\n")]

    def interfered(self, lane: str, *, by: Literal["person", "contact"]) -> None:
        """What has not arrived need not any more."""
        read = set(self.read(lane))
        for line in self.lines[lane]:
            if line.text not in read and line.promise == "must" and (line.by == "bot" or by == "contact"):
                line.promise = "may"

    def ended(self, lane: str) -> None:
        """The bot's replies that only waited in the outbox are over for good."""
        for line in self.lines[lane]:
            if line.by == "bot" and line.text in self.kept - self.taken:
                line.promise = "never"

    @rule(lane=LANES, texts=st.lists(st.sampled_from(["ok", "no"]), min_size=1, max_size=3), process=PROCESSES)
    def arrive(self, lane: str, texts: list[str], process: int) -> None:
        """New messages; each is told from the others."""
        for text in texts:
            line = f"{len(self.arrived)} {text}"
            self.comes(lane, line, process)
            stopped, human = lane in self.stop_came, lane in self.human
            self.lines[lane].append(Line(line, "never" if stopped else "may" if human else "must", "bot"))

    @rule(lane=LANES, process=PROCESSES)
    def stop(self, lane: str, process: int) -> None:
        """The contact says STOP."""
        self.comes(lane, "STOP", process)
        self.stop_came.add(lane)
        self.stop_waits.add(lane)
        self.interfered(lane, by="contact")

    @rule(lane=LANES, process=PROCESSES)
    def start(self, lane: str, process: int) -> None:
        """The contact wants to hear from us again."""
        if lane in self.stop_came:
            self.comes(lane, "START", process)
            self.stop_came.remove(lane)

    def comes(self, lane: str, text: str, process: int) -> None:
        """A message arrives, as the service takes it in."""
        now = self.clock.now()
        message = structs.replace(inbound(f"SM{len(self.arrived)}", lane, text, now), not_before=now + self.burst)
        assert not self.do(self.processes[process].store.accept(message)).duplicate
        self.arrived.append(message)

    @rule(lane=LANES, process=PROCESSES, to=st.sampled_from(["human", "bot"]))
    def hand_over(self, lane: str, process: int, to: Literal["human", "bot"]) -> None:
        """Somebody else answers from now on; at any time, and not twice."""
        store = self.processes[process].store
        conversation = self.do(store.conversation(channel="whatsapp", own=OWN, contact=lane))
        changed = self.do(store.hand_over(conversation, to=to))
        assert changed == ((lane in self.human) == (to == "bot"))
        if changed and to == "human":
            self.human.add(lane)
            self.falls_silent(lane)
            self.interfered(lane, by="person")
            self.ended(lane)
        elif changed:
            self.human.remove(lane)
            self.may_speak_again(lane)

    @rule(lane=LANES, process=PROCESSES)
    def take_over_midway(self, lane: str, process: int) -> None:
        """A person takes over while the assistant thinks."""
        self.take_work(process)
        self.hand_over(lane, 1 - process, "human")
        self.finish_work(process)
        self.send(process, "ok", 0.0)

    @rule(lane=LANES, process=PROCESSES, fate=st.sampled_from(["lost", "throttled", "dies before", "ok"]))
    def stop_midway(self, lane: str, process: int, fate: Fate) -> None:
        """The contact says STOP while replies wait or are under way."""
        self.answer(process)
        self.stop(lane, process)
        self.take_replies(process)
        self.clock.time += self.burst
        self.answer(process)
        self.send_held(process, fate)

    @rule(lane=LANES, process=PROCESSES, times=st.integers(1, 2))
    def person_says(self, lane: str, process: int, times: int) -> None:
        """A person writes; a request that comes twice is one message."""
        store = self.processes[process].store
        conversation = self.do(store.conversation(channel="whatsapp", own=OWN, contact=lane))
        name = f"person-{next(self.names)}"
        for _ in range(times):
            assert self.do(store.say(conversation, [(name, Reply(text=name, author="ana"))], trace="t"))
        if not self.do(store.queues())["inbox"].depth:
            self.stop_waits.clear()
        stopped = lane in self.stop_came | self.stop_waits | self.stop_holds.keys()
        self.lines[lane].append(Line(name, "may" if stopped else "must", "person"))

    @rule()
    def the_assistant_fails(self) -> None:
        """The next time it is asked; not so often that it is put off for an hour."""
        if len(self.failures) < 3:
            self.failures.append("no answer")

    @rule(process=PROCESSES)
    def finish_work(self, process: int) -> None:
        """A process finishes a message, however late."""
        one = self.processes[process]
        if one.work:
            _, item = one.work.popitem()
            self.handling = item.message.contact
            self.do(one.answerer.handle(item))

    @rule(process=PROCESSES)
    def take_replies(self, process: int) -> None:
        """A process claims replies: they are in its hands, and may be under way from now on."""
        super().take_replies(process)
        for item in self.processes[process].replies.values():
            self.in_hand[item.recipient].add(item.id)
            self.taken.update(item.text.split("\n"))

    @invariant()
    def nothing_is_said_twice_or_out_of_order(self) -> None:
        """Nor by who should be silent, nor what was ended."""
        assert not self.wrong
        for lane, lines in self.lines.items():
            for by in ("bot", "person"):
                told = [line.text for line in lines if line.by == by]
                got = [text for text in self.read(lane) if text in told]
                assert got == sorted(set(got), key=told.index)
            never = {line.text for line in lines if line.promise == "never"}
            assert not never & set(self.read(lane))

    def all_is_said(self) -> None:
        """Nothing waits any more: what must arrive has arrived."""
        self.nothing_is_said_twice_or_out_of_order()
        for lane, lines in self.lines.items():
            assert {line.text for line in lines if line.promise == "must"} <= set(self.read(lane))


TestPeople = People.TestCase
TestPeople.settings = settings(
    max_examples=100, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

LANE = "whatsapp:+1"


def test_what_waited_when_stop_came_is_over_also_after_start() -> None:
    """START asks for what comes, not for what was dropped."""
    engine = People()
    engine.arrive(LANE, ["ok"], 0)
    engine.answer(0)
    engine.stop(LANE, 0)
    engine.answer(0)
    engine.start(LANE, 0)
    engine.answer(0)
    engine.send(0, "ok", 0.0)
    engine.arrive(LANE, ["no"], 0)
    engine.teardown()
    assert "0 ok" not in engine.read(LANE)
    assert "3 no" in engine.read(LANE)


def test_a_reply_of_unknown_fate_is_not_sent_again_after_stop() -> None:
    """It is looked for, and not there; but nobody is to write any more."""
    engine = People()
    engine.arrive(LANE, ["ok"], 0)
    engine.answer(0)
    engine.send(0, "lost", 0.0)
    engine.stop(LANE, 0)
    engine.answer(0)
    engine.time_passes(31.0)
    engine.teardown()
    assert "0 ok" not in engine.read(LANE)


def test_an_answer_in_flight_is_dropped_when_a_person_takes_over() -> None:
    """The person has the word."""
    engine = People()
    engine.arrive(LANE, ["ok"], 0)
    engine.take_work(0)
    engine.hand_over(LANE, 1, "human")
    engine.finish_work(0)
    engine.send(0, "ok", 0.0)
    engine.nothing_is_said_twice_or_out_of_order()
    assert engine.read(LANE) == []
    engine.teardown()
