"""The loop: one status write if it changed, the next look, and nobody stopped by another's fault."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from switchboard_operator.engine.backoff import Backoff
from switchboard_operator.engine.controller import Controller
from switchboard_operator.engine.events import Recorder
from switchboard_operator.engine.holding import HOLD_SECONDS, Holding
from switchboard_operator.engine.metrics import Metrics
from switchboard_operator.engine.queue import WorkQueue
from switchboard_operator.engine.routes import add_indexes
from switchboard_operator.engine.store import Store
from switchboard_operator.errors import Again, Conflict, Invalid, NotReady, Stalled, Upstream, Waiting
from switchboard_operator.ports import Ref
from switchboard_operator.reconcile.draft import Draft, Notice, Outcome, summarise
from tests.support.memory import InMemoryCluster
from tests.support.ports import ManualClock
from tests.support.smallworld import manifest

PLAN = Ref("Plan", "", "basic")
OTHER = Ref("Plan", "", "other")


@dataclass(slots=True)
class Scripted:
    """A reconciler that ends its passes as told; then all is well."""

    clock: ManualClock
    ends: list[BaseException | Notice] = field(default_factory=list)
    passes: list[str] = field(default_factory=list)

    async def reconcile(self, resource: Any) -> Outcome[Any]:
        """One pass."""
        self.passes.append(resource.name)
        end = self.ends.pop(0) if self.ends else None
        problem = end if isinstance(end, NotReady) else None
        if isinstance(end, BaseException) and problem is None:
            raise end
        notices = (end,) if isinstance(end, Notice) else ()
        return Outcome(
            status=summarise(resource, Draft(), problem, now=self.clock.now()), problem=problem, notices=notices
        )


class Scene:
    """A controller with one scripted reconciler, and two Plans."""

    def __init__(self, *ends: BaseException | Notice) -> None:
        self.clock = ManualClock()
        self.cluster = InMemoryCluster(self.clock)
        self.script = Scripted(self.clock, list(ends))
        store = Store()
        add_indexes(store)
        self.controller = Controller(
            store=store,
            queue=WorkQueue(time=self.clock.monotonic),
            backoff=Backoff(jitter=lambda: 0.5),
            reconcilers={"Plan": self.script},
            cluster=self.cluster,
            holding=Holding(clock=self.clock),
            recorder=Recorder(cluster=self.cluster, clock=self.clock, instance="test", namespace="system"),
            metrics=Metrics(),
            clock=self.clock,
        )
        self.show(self.cluster.put(manifest("Plan", "basic")))

    def show(self, body: dict[str, Any]) -> None:
        """The watch tells of a version."""
        self.controller.seen(body)

    async def work(self) -> int:
        """Passes over all that is ready; returns how many."""
        before = len(self.script.passes)
        while (ref := self.controller.queue.take()) is not None:
            await self.controller.step(ref)
            self.controller.queue.done(ref)
            assert len(self.script.passes) < 50, "a hot loop"
        return len(self.script.passes) - before

    def ready(self, ref: Ref = PLAN) -> tuple[str, str]:
        """Status and reason as stored."""
        conditions = self.cluster.stored(ref)["status"]["conditions"]
        return next((c["status"], c["reason"]) for c in conditions if c["type"] == "Ready")


async def test_a_pass_writes_its_status_once_and_the_echo_is_no_news() -> None:
    """One write; the watch's version of it makes no other pass."""
    scene = Scene()

    assert await scene.work() == 1
    assert scene.ready() == ("True", "Succeeded")
    scene.show(scene.cluster.stored(PLAN))
    assert await scene.work() == 0
    assert scene.cluster.writes == [("patch status", PLAN)]


async def test_an_unchanged_status_is_not_written() -> None:
    """A second pass that finds the same writes nothing."""
    scene = Scene()
    await scene.work()
    await scene.controller.step(PLAN)

    assert scene.cluster.writes == [("patch status", PLAN)]


async def test_a_fault_stops_neither_the_worker_nor_others() -> None:
    """A poisoned resource says so, rests, and its neighbour is done."""
    scene = Scene(ZeroDivisionError())
    scene.show(scene.cluster.put(manifest("Plan", "other")))
    await scene.work()

    assert scene.ready(PLAN) == ("False", "InternalError")
    assert scene.ready(OTHER) == ("True", "Succeeded")
    scene.clock.advance(1)
    await scene.work()
    assert scene.ready(PLAN) == ("True", "Succeeded")


async def test_a_resource_that_cannot_be_read_stops_nobody() -> None:
    """What the models refuse is logged and left out."""
    scene = Scene()
    broken = scene.cluster.put(manifest("Plan", "other"))
    scene.show(broken | {"spec": {"limits": {"numbers": "many"}}})

    assert await scene.work() == 1
    assert scene.ready(PLAN) == ("True", "Succeeded")


async def test_a_step_forward_goes_on_at_once() -> None:
    """``Again`` is no failure: the next pass comes now, and nothing is written for it."""
    scene = Scene(Again())

    assert await scene.work() == 2
    assert scene.cluster.writes == [("patch status", PLAN)]


async def test_a_lost_race_begins_anew_with_what_is_stored() -> None:
    """After ``Conflict`` the resource is read live, and looked at again after a rest."""
    scene = Scene(Conflict("changed"))
    scene.cluster.touch(PLAN, {"spec": {"displayName": "New"}})
    await scene.controller.step(PLAN)
    seen = scene.controller.store.get(PLAN)
    assert seen is not None
    assert seen.spec.display_name == "New"
    scene.clock.advance(1)
    await scene.work()

    assert scene.ready() == ("True", "Succeeded")


@pytest.mark.parametrize(
    ("problem", "rest"),
    [
        (Upstream("Throttled", "busy"), 0.75),
        (Upstream("Throttled", "busy", after=30.0), 30.0),
        (Waiting("AccountNotReady", "wait", after=7.0), 7.0),
        (Stalled("QuotaExceeded", "full", after=300.0), 300.0),
        (Invalid("CatalogueInvalid", "row 2"), 600.0),
    ],
)
async def test_a_problem_is_looked_at_again_in_its_time(problem: NotReady, rest: float) -> None:
    """Back-off for what fails, the problem's own time for what waits, and none is forgotten."""
    scene = Scene(problem)
    await scene.work()
    assert scene.ready() == ("False", problem.reason)
    scene.clock.advance(rest - 0.01)
    assert await scene.work() == 0
    scene.clock.advance(0.01)

    assert await scene.work() == 1
    assert scene.ready() == ("True", "Succeeded")


async def test_failures_back_off_and_success_begins_anew() -> None:
    """The rests double while Twilio is away, and are short again after one good pass."""
    scene = Scene(*(Upstream("Throttled", "busy") for _ in range(4)))
    rests = []
    while scene.script.ends:
        await scene.work()
        due = scene.controller.queue.next_due()
        assert due is not None
        rests.append(due - scene.clock.seconds)
        scene.clock.seconds = due
    await scene.work()

    assert rests == [0.75, 1.5, 3.0, 6.0]
    assert scene.controller.backoff.failed(PLAN) == 0.75


@pytest.mark.parametrize("fault", ["before", "after", "conflict"])
async def test_a_status_that_could_not_be_written_is_written_later(fault: Any) -> None:
    """No result of a pass is lost with an answer of the API server."""
    scene = Scene()
    scene.cluster.faults["status"].append(fault)
    await scene.work()
    scene.clock.advance(1)
    await scene.work()

    assert scene.ready() == ("True", "Succeeded")


async def test_what_is_gone_is_not_worked_on() -> None:
    """A deletion takes the key's plans with it."""
    scene = Scene(Upstream("Throttled", "busy"))
    await scene.work()
    scene.controller.gone(scene.cluster.stored(PLAN))
    scene.clock.advance(1000)

    assert await scene.work() == 0


async def test_a_pass_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that never returns costs one pass, not a worker."""
    scene = Scene()
    monkeypatch.setattr("switchboard_operator.engine.controller._PASS_SECONDS", 0.01)

    async def hang(resource: Any) -> Outcome[Any]:
        await asyncio.Event().wait()
        raise AssertionError(resource)

    monkeypatch.setattr(Scripted, "reconcile", lambda _, resource: hang(resource))
    await scene.controller.step(PLAN)

    assert scene.ready() == ("False", "InternalError")


def events(scene: Scene) -> list[tuple[str, str]]:
    """Type and reason of each Event."""
    return [(event["type"], event["reason"]) for event in scene.cluster.of_kind("Event")]


async def test_an_act_is_an_event() -> None:
    """What was done outside is told, where the resource is (a cluster-scoped one: in the operator's namespace)."""
    scene = Scene(Notice("NumberPurchased", "bought +1305"))
    await scene.work()
    (event,) = scene.cluster.of_kind("Event")

    assert (event["type"], event["reason"], event["note"]) == ("Normal", "NumberPurchased", "bought +1305")
    assert event["metadata"]["namespace"] == "system"
    assert event["regarding"]["uid"] == scene.cluster.stored(PLAN)["metadata"]["uid"]


async def test_a_lasting_problem_is_one_event() -> None:
    """What a human must act on is told when it begins, not in every pass; waiting is not told."""
    full = [Stalled("QuotaExceeded", "full", after=10.0) for _ in range(5)]
    scene = Scene(*full, Waiting("PlanNotFound", "wait", after=10.0))
    for _ in range(6):
        await scene.work()
        scene.clock.advance(10)

    assert events(scene) == [("Warning", "QuotaExceeded")]


async def test_short_progress_is_not_written() -> None:
    """A resource on its way keeps its first status for some seconds, then says what it waits for."""
    waits = [Waiting("SubaccountNotReady", "on its way", after=1.0) for _ in range(20)]
    scene = Scene(*waits)
    await scene.work()
    assert scene.ready() == ("Unknown", "Pending")
    while scene.clock.seconds < HOLD_SECONDS + 1:
        scene.clock.advance(1)
        await scene.work()

    assert scene.ready() == ("False", "SubaccountNotReady")
    assert scene.cluster.writes == [("patch status", PLAN)]
