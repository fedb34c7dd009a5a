"""The work queue and the back-off, on virtual time."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from switchboard_operator.engine.backoff import Backoff
from switchboard_operator.engine.queue import Lane, WorkQueue
from tests.support.ports import ManualClock

KEYS = st.sampled_from("abcd")
LANES = st.sampled_from(list(Lane))


@pytest.fixture
def clock() -> ManualClock:
    """Time that the test moves."""
    return ManualClock()


@pytest.fixture
def queue(clock: ManualClock) -> WorkQueue[str]:
    """An empty queue."""
    return WorkQueue(time=clock.monotonic)


def drain(queue: WorkQueue[str]) -> list[str]:
    """All keys that are ready, in their order."""
    taken = []
    while (key := queue.take()) is not None:
        taken.append(key)
        queue.done(key)
    return taken


def test_a_key_is_queued_once(queue: WorkQueue[str]) -> None:
    """A hundred events of one resource are one pass."""
    for _ in range(100):
        queue.add("a", Lane.USER)

    assert len(queue) == 1
    assert drain(queue) == ["a"]


def test_a_user_overtakes_a_resync(queue: WorkQueue[str]) -> None:
    """Lanes go first to last, and within a lane the first come."""
    for key, lane in (("r", Lane.RESYNC), ("d", Lane.DRIFT), ("t", Lane.RETRY), ("x", Lane.DELETE), ("u", Lane.USER)):
        queue.add(key, lane)
    queue.add("v", Lane.USER)

    assert drain(queue) == ["u", "v", "x", "t", "d", "r"]


def test_a_resync_is_not_starved(queue: WorkQueue[str], clock: ManualClock) -> None:
    """Under a steady stream of user changes a resync waits for its allowance and no longer."""
    queue.add("old", Lane.RESYNC)
    waited = 0
    while True:
        queue.add(f"user-{waited}", Lane.USER)
        key = queue.take()
        assert key is not None
        queue.done(key)
        if key == "old":
            break
        clock.advance(1.0)
        waited += 1

    assert waited == pytest.approx(Lane.RESYNC.value, abs=1)


def test_a_better_lane_moves_a_key_up_and_a_worse_one_not_down(queue: WorkQueue[str]) -> None:
    """The most urgent reason counts."""
    queue.add("a", Lane.RESYNC)
    queue.add("b", Lane.RETRY)
    queue.add("a", Lane.USER)
    queue.add("a", Lane.RESYNC)

    assert drain(queue) == ["a", "b"]


def test_one_resource_is_never_worked_on_twice_at_once(queue: WorkQueue[str]) -> None:
    """What comes for a key at work waits until it is done, and is not lost."""
    queue.add("a", Lane.USER)
    assert queue.take() == "a"
    queue.add("a", Lane.RESYNC)
    queue.add("a", Lane.USER)

    assert queue.take() is None
    queue.done("a")
    assert drain(queue) == ["a"]


def test_a_planned_look_comes_at_its_time(queue: WorkQueue[str], clock: ManualClock) -> None:
    """Not before, and only the latest plan counts."""
    queue.add_after("a", Lane.RETRY, 5)
    queue.add_after("a", Lane.DRIFT, 600)
    clock.advance(599)
    assert drain(queue) == []
    clock.advance(1)

    assert drain(queue) == ["a"]
    assert queue.delayed == 0


def test_an_earlier_plan_wins_if_it_is_the_latest(queue: WorkQueue[str], clock: ManualClock) -> None:
    """A look can be brought forward, and the former plan does not come as well."""
    queue.add_after("a", Lane.DRIFT, 600)
    queue.add_after("a", Lane.RETRY, 5)
    clock.advance(5)
    assert drain(queue) == ["a"]
    clock.advance(600)

    assert drain(queue) == []


def test_what_is_gone_is_forgotten(queue: WorkQueue[str], clock: ManualClock) -> None:
    """Nothing that was queued or planned for a key outlives it."""
    queue.add("a", Lane.USER)
    queue.add_after("a", Lane.RETRY, 5)
    queue.forget("a")
    clock.advance(10)

    assert drain(queue) == []
    assert (len(queue), queue.delayed) == (0, 0)


async def test_waiting_ends_when_a_key_comes() -> None:
    """A waiting worker is woken by an add, and by a plan that ripens."""
    queue: WorkQueue[str] = WorkQueue(time=asyncio.get_running_loop().time)
    first = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    queue.add("a", Lane.USER)
    assert await asyncio.wait_for(first, 5) == "a"
    second = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    queue.add_after("b", Lane.RETRY, 0.01)

    assert await asyncio.wait_for(second, 5) == "b"


async def test_two_workers_get_two_keys() -> None:
    """No wake-up is lost between workers."""
    queue: WorkQueue[str] = WorkQueue(time=asyncio.get_running_loop().time)
    workers = [asyncio.create_task(queue.get()) for _ in range(2)]
    await asyncio.sleep(0)
    queue.add("a", Lane.USER)
    queue.add("b", Lane.USER)

    assert sorted(await asyncio.wait_for(asyncio.gather(*workers), 5)) == ["a", "b"]


class QueueAgainstModel(RuleBasedStateMachine):
    """The queue does what a list of facts would do."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.queue: WorkQueue[str] = WorkQueue(time=self.clock.monotonic)
        self.ready: dict[str, float] = {}
        self.planned: dict[str, tuple[float, Lane]] = {}
        self.working: set[str] = set()
        self.again: dict[str, Lane] = {}

    @rule(key=KEYS, lane=LANES)
    def add(self, key: str, lane: Lane) -> None:
        """Something happened to a key."""
        self.queue.add(key, lane)
        self._model_add(key, lane, at=self.clock.seconds)

    @rule(key=KEYS, lane=LANES, delay=st.floats(0, 100))
    def add_after(self, key: str, lane: Lane, delay: float) -> None:
        """A later look is planned."""
        self.queue.add_after(key, lane, delay)
        self.planned[key] = (self.clock.seconds + delay, lane)

    @rule(key=KEYS)
    def forget(self, key: str) -> None:
        """The key is gone."""
        self.queue.forget(key)
        for facts in (self.ready, self.planned, self.again):
            facts.pop(key, None)

    @rule(seconds=st.floats(0, 100))
    def advance(self, seconds: float) -> None:
        """Time passes."""
        self.clock.advance(seconds)

    @rule()
    def take(self) -> None:
        """A worker is free."""
        for planned, (due, lane) in list(self.planned.items()):
            if due <= self.clock.seconds:
                del self.planned[planned]
                self._model_add(planned, lane, at=self.clock.seconds)
        key = self.queue.take()
        if not self.ready:
            assert key is None
            return
        assert key is not None
        assert self.ready[key] == min(self.ready.values())
        del self.ready[key]
        self.working.add(key)

    @precondition(lambda self: self.working)
    @rule(data=st.data())
    def done(self, data: st.DataObject) -> None:
        """A worker ends."""
        key = data.draw(st.sampled_from(sorted(self.working)))
        self.queue.done(key)
        self.working.remove(key)
        if key in self.again:
            self._model_add(key, self.again.pop(key), at=self.clock.seconds)

    @invariant()
    def counts_agree(self) -> None:
        """The queue knows how much there is to do."""
        assert len(self.queue) == len(self.ready)
        assert self.queue.working == len(self.working)
        assert self.queue.delayed == len(self.planned)

    def _model_add(self, key: str, lane: Lane, *, at: float) -> None:
        if key in self.working:
            self.again[key] = min(lane, self.again.get(key, lane), key=lambda one: one.value)
        else:
            self.ready[key] = min(at + lane.value, self.ready.get(key, float("inf")))


TestQueueAgainstModel = QueueAgainstModel.TestCase
TestQueueAgainstModel.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


@given(failures=st.integers(1, 40), jitter=st.floats(0, 1, exclude_max=True))
def test_backoff_doubles_to_its_cap(failures: int, jitter: float) -> None:
    """Each rest is between half and the whole of a doubling time, and never above five minutes."""
    backoff: Backoff[str] = Backoff(jitter=lambda: jitter)
    rests = [backoff.failed("a") for _ in range(failures)]

    for count, rest in enumerate(rests):
        whole = min(300.0, 2.0**count)
        assert whole / 2 <= rest <= whole


def test_backoff_begins_anew_after_success_and_counts_each_key() -> None:
    """One resource's failures do not slow another, nor itself for ever."""
    backoff: Backoff[str] = Backoff(jitter=lambda: 0.0)
    assert [backoff.failed("a"), backoff.failed("a"), backoff.failed("b")] == [0.5, 1.0, 0.5]
    backoff.succeeded("a")

    assert backoff.failed("a") == 0.5
