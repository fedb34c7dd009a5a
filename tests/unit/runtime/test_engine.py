"""The engine's promise, tried with every order of arrivals, losses and deaths that hypothesis finds.

Two processes share one file. Anything may die between any two steps; the file is what survives. In the end each
message was answered exactly once, in the order of its conversation.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sqlite3
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast, get_args

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from switchboard_runtime.config import Assistant, TenantDocument
from switchboard_runtime.conversation import Found, NotSent, Policy, Posted, Sent, Unknown
from switchboard_runtime.conversation.answering import Answerer
from switchboard_runtime.conversation.delivering import Deliverer
from switchboard_runtime.errors import LookUpFailed
from switchboard_runtime.store import Inbound, OutboxItem, SqliteStore, WorkItem
from switchboard_runtime.store.schema import migrate
from switchboard_runtime.telemetry.metrics import Metrics
from tests.unit.runtime.kit import document

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from switchboard_runtime.assistants import Answering, Question
    from switchboard_runtime.errors import StoreUnavailable
    from switchboard_runtime.store import Turn, Writer

POLICY = Policy(lease=20.0, look_grace=30.0, answer_attempts=1_000_000)
LIST_LAG = 25.0
LANES = st.sampled_from(["whatsapp:+1", "whatsapp:+2"])
PROCESSES = st.sampled_from([0, 1])
Given = TypeVar("Given")
Result = TypeVar("Result")
Fate = Literal["ok", "done but lost", "lost", "throttled", "dies before", "dies after"]
FATES = st.sampled_from(get_args(Fate))
PAUSES = st.sampled_from([0.0, 0.0, 0.0, 12.0, 25.0])


def inbound(sid: str, contact: str, text: str, now: float) -> Inbound:
    """A message of a contact."""
    return Inbound(
        provider="twilio",
        account="AC",
        sid=sid,
        channel="whatsapp",
        own="whatsapp:+13055550123",
        contact=contact,
        text=text,
        trace="t",
        received_at=now,
    )


class Death(BaseException):
    """The process is killed here."""


class Clock:
    """Time that the machine turns."""

    def __init__(self) -> None:
        self.time = 1_700_000_000.0

    def now(self) -> float:
        """Seconds since the epoch."""
        return self.time

    async def wait(self, event: asyncio.Event, *, until: float) -> None:
        """Nothing here waits."""
        raise NotImplementedError


class InlineWriter:
    """The writer without its thread: the same transactions, in the order of the test."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = OFF")  # the machine does not lose power, the process dies
        migrate(self._db)
        self._db.row_factory = sqlite3.Row

    def watch(self, _path: Path, failed: Callable[[StoreUnavailable], None]) -> None:
        """Nothing fails here."""

    async def run(self, _path: Path, job: Callable[[sqlite3.Connection], Result]) -> Result:
        """One job, one transaction."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            result = job(self._db)
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
        return result

    async def run_with_others(
        self, path: Path, many: Callable[[sqlite3.Connection, Sequence[Given]], Sequence[Result]], given: Given
    ) -> Result:
        """Nothing comes with it."""
        return await self.run(path, lambda db: many(db, [given])[0])

    def close(self) -> None:
        """Let go of the file, as the kernel does for the dead."""
        self._db.close()


class Provider:
    """Twilio as it is at its worst: loses answers, lists late. ``fate`` decides the next POST."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.delivered: list[tuple[str, Found]] = []
        self.fate: Fate = "ok"
        self.list_fails = False

    async def send(self, item: OutboxItem) -> Posted:
        """POST once."""
        fate, self.fate = self.fate, "ok"
        if fate == "dies before":
            raise Death
        if fate == "throttled":
            return NotSent("throttled", 3.0)
        if fate == "lost":
            return Unknown("time-out")
        sid = f"SM{len(self.delivered)}"
        self.delivered.append((item.recipient, Found(sid, item.text, self._clock.now())))
        if fate == "dies after":
            raise Death
        return Unknown("broken connection") if fate == "done but lost" else Sent(sid)

    async def find(self, item: OutboxItem) -> tuple[Found, ...]:
        """What the list shows by now."""
        fails, self.list_fails = self.list_fails, False
        if fails:
            raise LookUpFailed("503")
        horizon = self._clock.now() - LIST_LAG
        mine = [one for to, one in self.delivered if to == item.recipient and one.created_at <= horizon]
        return tuple(reversed(mine))


class Echo:
    """An assistant whose answer is the question, so that equal messages have equal answers."""

    def __init__(self, _assistant: Assistant) -> None:
        pass

    async def answer(self, question: Question) -> str:
        """Say it back."""
        return question.text


class Process:
    """One runtime on the shared file, with what it holds in its hands."""

    def __init__(
        self,
        path: Path,
        clock: Clock,
        provider: Provider,
        name: str,
        ids: Callable[[], str],
        *,
        bubble_wait: float = 0.0,
        answering: Answering = Echo,
        on_finished: Callable[[int, Turn], None] = lambda _work, _turn: None,
        **document_changes: Any,
    ) -> None:
        self.writer = InlineWriter(path)
        self.store = SqliteStore(
            path=path,
            writer=cast("Writer", self.writer),
            clock=clock,
            new_id=ids,
            owner=name,
            lease=POLICY.lease,
            bubble_wait=bubble_wait,
        )
        metrics = Metrics()
        self.answerer = Answerer(
            document=TenantDocument.model_validate_json(json.dumps(document(**document_changes))),
            store=self.store,
            answering=answering,
            clock=clock,
            chance=lambda: 1.0,
            policy=POLICY,
            metrics=metrics,
            on_finished=on_finished,
        )
        self.deliverer = Deliverer(
            tenant="t",
            store=self.store,
            courier=provider,
            clock=clock,
            chance=lambda: 1.0,
            policy=POLICY,
            metrics=metrics,
        )
        self.work: dict[int, WorkItem] = {}
        self.replies: dict[int, OutboxItem] = {}


class Engine(RuleBasedStateMachine):
    """Arrivals, workers, senders, deaths and time, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="engine-", dir="/dev/shm")
        self.path = Path(self.folder.name) / "tenant.sqlite3"
        self.loop = asyncio.new_event_loop()
        self.clock = Clock()
        self.provider = self.new_provider()
        self.names = itertools.count()
        self.said: dict[str, list[str]] = defaultdict(list)
        self.arrived: list[Inbound] = []
        self.processes = [self.born(), self.born()]

    def new_provider(self) -> Provider:
        """Twilio."""
        return Provider(self.clock)

    def born(self) -> Process:
        """A new process under a new name."""
        return Process(
            self.path,
            self.clock,
            self.provider,
            f"p{next(self.names)}",
            lambda: f"o{next(self.names)}",
            **self.of_a_process(),
        )

    def of_a_process(self) -> dict[str, Any]:
        """What the processes of this machine have of their own."""
        return {}

    def do(self, what: Coroutine[object, object, Result]) -> Result:
        """Run to the end, or to the death of the process."""
        return self.loop.run_until_complete(what)

    def kill(self, index: int) -> None:
        """SIGKILL, and a new one in its place."""
        self.processes[index].writer.close()
        self.processes[index] = self.born()

    @rule(lane=LANES, texts=st.lists(st.sampled_from(["ok", "no"]), min_size=1, max_size=2), process=PROCESSES)
    def arrive(self, lane: str, texts: list[str], process: int) -> None:
        """New messages; equal texts are likely, so that look-ups are hard."""
        for text in texts:
            message = inbound(f"SM{len(self.arrived)}", lane, text, self.clock.now())
            assert not self.do(self.processes[process].store.accept(message)).duplicate
            self.arrived.append(message)
            self.said[lane].append(text)

    @rule(data=st.data(), process=PROCESSES)
    def arrive_again(self, data: st.DataObject, process: int) -> None:
        """Twilio delivers a message once more, to any process."""
        if self.arrived:
            message = data.draw(st.sampled_from(self.arrived))
            assert self.do(self.processes[process].store.accept(message)).duplicate

    @rule(process=PROCESSES)
    def answer(self, process: int) -> None:
        """A process does all the work that is free."""
        self.take_work(process)
        while self.processes[process].work:
            self.finish_work(process)

    @rule(process=PROCESSES)
    def take_work(self, process: int) -> None:
        """A process claims messages and has them in hand."""
        one = self.processes[process]
        claim = self.do(one.store.claim_work(limit=3, held=tuple(one.work)))
        one.work.update({item.id: item for item in claim.items})

    @rule(process=PROCESSES)
    def finish_work(self, process: int) -> None:
        """It finishes one, however late."""
        one = self.processes[process]
        if one.work:
            _, item = one.work.popitem()
            self.do(one.answerer.handle(item))

    @rule(process=PROCESSES, fate=FATES, pause=PAUSES)
    def send(self, process: int, fate: Fate, pause: float) -> None:
        """A process sends what is free, perhaps after a pause; anything can happen to the first POST."""
        self.take_replies(process)
        self.clock.time += pause
        one = self.processes[process]
        while one.replies and self.processes[process] is one:
            self.send_held(process, fate)
            fate = "ok"

    @rule(process=PROCESSES)
    def take_replies(self, process: int) -> None:
        """A process claims replies: their intents are written."""
        one = self.processes[process]
        claim = self.do(one.store.claim_outbox(limit=3, held=tuple(one.replies)))
        one.replies.update({item.seq: item for item in claim.items})

    @rule(process=PROCESSES, fate=FATES)
    def send_held(self, process: int, fate: Fate) -> None:
        """It sends one, however late; anything can happen to the POST and to the process."""
        one = self.processes[process]
        if not one.replies:
            return
        _, item = one.replies.popitem()
        self.provider.fate = fate
        try:
            self.do(one.deliverer.handle(item))
        except Death:
            self.kill(process)
        self.provider.fate = "ok"

    @rule(process=PROCESSES)
    def die(self, process: int) -> None:
        """A process is killed with whatever it holds."""
        self.kill(process)

    @rule(seconds=st.sampled_from([1.0, 21.0, 31.0]))
    def time_passes(self, seconds: float) -> None:
        """Leases run out, lists catch up."""
        self.clock.time += seconds

    @rule()
    def the_list_fails(self) -> None:
        """The next look-up is answered 503."""
        self.provider.list_fails = True

    @invariant()
    def nothing_is_said_twice_or_out_of_order(self) -> None:
        """At every moment a contact has got a beginning of what it should get."""
        for lane, expected in self.said.items():
            got = [one.text for to, one in self.provider.delivered if to == lane]
            assert got == expected[: len(got)]

    def teardown(self) -> None:
        """Left alone, a process finishes everything."""
        try:
            for _ in range(400):
                self.answer(0)
                self.send(0, "ok", 0.0)
                queues = self.do(self.processes[0].store.queues())
                if not any(queue.depth for queue in queues.values()):
                    break
                self.clock.time += 5.0
            self.all_is_said()
        finally:
            for process in self.processes:
                process.writer.close()
            self.loop.close()
            self.folder.cleanup()

    def all_is_said(self) -> None:
        """Nothing waits any more: each contact has got all."""
        for lane, expected in self.said.items():
            assert [one.text for to, one in self.provider.delivered if to == lane] == expected


TestEngine = Engine.TestCase
TestEngine.settings = settings(
    max_examples=200, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def test_a_post_late_in_its_lease_is_still_found_in_a_slow_list() -> None:
    """The grace counts from when the POST could last have been done, not from when the reply was claimed."""
    engine = Engine()
    engine.arrive("whatsapp:+1", ["ok"], 0)
    engine.answer(0)
    engine.send(0, "done but lost", 12.0)
    engine.nothing_is_said_twice_or_out_of_order()
    engine.teardown()


def test_equal_texts_are_told_apart_by_whose_sid_they_have() -> None:
    """The second "ok" never arrived; the first is not taken for it."""
    engine = Engine()
    engine.arrive("whatsapp:+1", ["ok", "ok"], 0)
    engine.answer(0)
    engine.answer(0)
    engine.send(0, "ok", 0.0)
    engine.send(0, "lost", 0.0)
    engine.nothing_is_said_twice_or_out_of_order()
    engine.teardown()


def test_a_process_that_slept_through_its_lease_does_not_send() -> None:
    """Another has taken the reply over, and looks for it."""
    engine = Engine()
    engine.arrive("whatsapp:+1", ["ok"], 0)
    engine.answer(0)
    engine.take_replies(0)
    engine.time_passes(21.0)
    engine.take_replies(1)
    engine.send_held(0, "ok")
    engine.send_held(1, "ok")
    engine.nothing_is_said_twice_or_out_of_order()
    engine.teardown()


def test_a_death_after_the_post_is_not_a_second_post() -> None:
    """The intent says to look first."""
    engine = Engine()
    engine.arrive("whatsapp:+1", ["ok"], 0)
    engine.answer(0)
    engine.send(0, "dies after", 0.0)
    engine.time_passes(31.0)
    engine.nothing_is_said_twice_or_out_of_order()
    engine.teardown()
