"""The loop: keys from the queue, a pass of the kind's reconciler, one status write if it changed, the next look."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from switchboard_operator import reasons
from switchboard_operator.desired.patches import merge_patch
from switchboard_operator.engine.queue import Lane
from switchboard_operator.engine.routes import dependents
from switchboard_operator.errors import Again, Conflict, NotReady, Upstream
from switchboard_operator.ports import ref_of
from switchboard_operator.reconcile.draft import Draft, Outcome, is_transient, summarise
from switchboard_operator.reconcile.intents import ref_to

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchboard_operator.engine.backoff import Backoff
    from switchboard_operator.engine.events import Recorder
    from switchboard_operator.engine.holding import Holding
    from switchboard_operator.engine.metrics import Metrics
    from switchboard_operator.engine.queue import WorkQueue
    from switchboard_operator.engine.store import Store
    from switchboard_operator.ports import Clock, Cluster, Ref

_log = logging.getLogger(__name__)
_PASS_SECONDS = 120.0
_SLOW_RECHECK = 600.0


class Reconciler(Protocol):
    """One kind's reconciler."""

    async def reconcile(self, resource: Any, /) -> Outcome[Any]:
        """One pass: state in, status out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """Feeds reconcilers and writes what they say.

    Attributes:
        store: what was last seen.
        queue: what is to be looked at.
        backoff: how long failures rest.
        reconcilers: by kind.
        cluster: where status is written.
        holding: keeps short-lived progress from being written.
        recorder: writes Events.
        metrics: counts.
        clock: stamps conditions.
    """

    store: Store
    queue: WorkQueue[Ref]
    backoff: Backoff[Ref]
    reconcilers: Mapping[str, Reconciler]
    cluster: Cluster
    holding: Holding
    recorder: Recorder
    metrics: Metrics
    clock: Clock

    def seen(self, body: Mapping[str, Any]) -> None:
        """A version of one of our resources arrived from the watch.

        One that our models refuse, though the API server took it, is left out: it must not stop the others.
        """
        try:
            former, current = self.store.put(body)
        except ValueError as error:
            _log.warning("%s cannot be read and is left out: %s", ref_of(body), "; ".join(str(error).splitlines()[:2]))
            return
        if current is not None and current is not former:
            self._changed(former, current)

    def gone(self, body: Mapping[str, Any]) -> None:
        """One of our resources is gone."""
        former = self.store.remove(body)
        if former is not None:
            self.queue.forget(ref_of(body))
            self.backoff.succeeded(ref_of(body))
            self.holding.forget(ref_of(body))
            self._wake(former, None)

    def remember(self, body: Mapping[str, Any]) -> None:
        """Take in the answer to a write of our own; the watch's event of it will be no news.

        Whoever depends on it is woken; itself only where its manifest is new, not for its own status.
        """
        former, current = self.store.put(body)
        if current is None or current is former:
            return
        if former is None or former.generation != current.generation:
            self.queue.add(ref_of(body), Lane.USER)
        self._wake(former, current)

    async def work(self) -> None:
        """Work on keys until cancelled."""
        while True:
            ref = await self.queue.get()
            try:
                await self.step(ref)
            finally:
                self.queue.done(ref)

    async def step(self, ref: Ref) -> None:
        """One pass over one resource."""
        resource = self.store.get(ref)
        if resource is None:
            return
        with self.metrics.reconciling(ref.kind) as result:
            outcome = await self._pass(resource)
            result.set(outcome)
        if outcome is None:
            return
        await self._conclude(ref, resource, outcome)

    async def _pass(self, resource: Any) -> Outcome[Any] | None:
        """The reconciler's outcome; None when the next pass is queued already."""
        ref = ref_to(resource)
        try:
            async with asyncio.timeout(_PASS_SECONDS):
                return await self.reconcilers[resource.kind].reconcile(resource)
        except Again:
            self.queue.add(ref, Lane.USER)
            return None
        except Conflict:
            await self._refresh(ref)
            return None
        except NotReady as problem:  # raised outside of a step, by a write that ends a pass
            return self._problem(resource, problem)
        except TimeoutError:
            text = f"a pass took longer than {_PASS_SECONDS:.0f} s"
            return self._problem(resource, Upstream(reasons.INTERNAL_ERROR, text))
        except Exception:  # noqa: BLE001  # one poisoned resource must not stop the others
            _log.exception("a pass over %s failed", ref)
            return self._problem(resource, Upstream(reasons.INTERNAL_ERROR, "a fault in the operator; see its log"))

    def _problem(self, resource: Any, problem: NotReady) -> Outcome[Any]:
        status = summarise(resource, Draft(), problem, now=self.clock.now())
        return Outcome(status=status, problem=problem)

    async def _refresh(self, ref: Ref) -> None:
        """Read the resource live after a lost race, then look at it again."""
        try:
            body = await self.cluster.get(ref)
        except NotReady:
            body = None
        if body is not None:
            self.remember({"kind": ref.kind, **body})
        self.queue.add_after(ref, Lane.RETRY, self.backoff.failed(ref))

    async def _conclude(self, ref: Ref, resource: Any, outcome: Outcome[Any]) -> None:
        for notice in outcome.notices:
            _log.info("%s: %s: %s", ref, notice.reason, notice.message)
        held = self.holding.remaining(ref, resource, outcome)
        if held:
            self.queue.add_after(ref, Lane.RETRY, min(held, (outcome.problem and outcome.problem.after) or held))
            await self.recorder.record(resource, outcome)  # what was done is told, whatever is held back
            return
        if not outcome.finalized:
            try:
                await self._write_status(ref, resource, outcome)
            except (NotReady, Conflict) as problem:
                _log.warning("the status of %s could not be written: %s", ref, problem)
                self.queue.add_after(ref, Lane.RETRY, self.backoff.failed(ref))
            else:
                self._plan_next(ref, outcome)
        await self.recorder.record(resource, outcome)

    async def _write_status(self, ref: Ref, resource: Any, outcome: Outcome[Any]) -> None:
        patch = merge_patch(resource.status.manifest(), outcome.status.manifest())
        if not patch:
            return
        stored = await self.cluster.patch(ref, {"status": patch}, subresource="status")
        if stored is not None:
            self.remember(stored)

    def _plan_next(self, ref: Ref, outcome: Outcome[Any]) -> None:
        problem = outcome.problem
        if problem is None:
            self.backoff.succeeded(ref)
            if outcome.after is not None and not outcome.finalized:
                self.queue.add_after(ref, Lane.DRIFT, outcome.after)
        elif is_transient(problem):
            rest = self.backoff.failed(ref)
            self.queue.add_after(ref, Lane.RETRY, max(rest, problem.after or 0.0))
        else:
            self.backoff.succeeded(ref)
            self.queue.add_after(ref, Lane.RETRY, problem.after or _SLOW_RECHECK)

    def _changed(self, former: Any | None, current: Any) -> None:
        self.queue.add(ref_to(current), _lane(former, current))
        self._wake(former, current)

    def _wake(self, former: Any | None, current: Any | None) -> None:
        for ref, lane in dependents(self.store, former, current):
            if self.store.get(ref) is not None:
                self.queue.add(ref, lane)


def _lane(former: Any | None, current: Any) -> Lane:
    if current.deleting:
        return Lane.DELETE
    if former is None and current.status.observed_generation == current.generation:
        return Lane.RESYNC
    return Lane.USER
