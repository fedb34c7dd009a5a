"""Tells a tenant's endpoints what waits for them: each in order, at least once, none waiting for another."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Literal

from switchboard_runtime.errors import StoreUnavailable
from switchboard_runtime.events import queue
from switchboard_runtime.events.schedule import Answered, Dead, Delivered, Ended, Later, Passed, decide
from switchboard_runtime.events.signing import keys_of, signed_headers
from switchboard_runtime.telemetry.logs import log_event

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from switchboard_runtime.clock import Clock
    from switchboard_runtime.config import TenantDocument
    from switchboard_runtime.config.webhooks import WebhookEndpoint
    from switchboard_runtime.events.outward import Outward
    from switchboard_runtime.events.queue import Claimed, Delivery
    from switchboard_runtime.events.schedule import Step
    from switchboard_runtime.store import Rows, Statement, Store
    from switchboard_runtime.telemetry.metrics import Metrics

__all__ = ["Dispatcher"]

_LOG = logging.getLogger(__name__)
_AT_ONCE = 16
_IDLE_POLL = 15.0
_AFTER_FAILURE = 1.0
_KEEP = 7 * 86400.0
_SWEEP_EVERY = 3600.0


class Dispatcher:
    """The deliveries of one tenant.

    Args:
        document: the tenant.
        store: holds the deliveries.
        secret: the content of a credentials file.
        outward: POSTs.
        clock: time.
        chance: 0 to 1, for jitter.
        metrics: where it counts.
        lease: seconds that an endpoint is held; longer than an attempt may take, or two processes tell it at once.
    """

    def __init__(
        self,
        *,
        document: TenantDocument,
        store: Store,
        secret: Callable[[str], str | None],
        outward: Outward,
        clock: Clock,
        chance: Callable[[], float],
        metrics: Metrics,
        lease: float = 30.0,
    ) -> None:
        self._endpoints = document.webhooks
        self._tenant = document.tenant.slug
        self._store = store
        self._secret = secret
        self._outward = outward
        self._clock = clock
        self._chance = chance
        self._metrics = metrics
        self._lease = lease
        self._wakes = {endpoint.name: asyncio.Event() for endpoint in self._endpoints}
        self._tasks: list[asyncio.Task[None]] = []
        self._swept = clock.now()

    def start(self) -> None:
        """Begin."""
        self._tasks = [
            asyncio.create_task(self._run(endpoint), name=f"webhooks {self._tenant} {endpoint.name}")
            for endpoint in self._endpoints
        ]

    def nudge(self) -> None:
        """Look for deliveries now."""
        for wake in self._wakes.values():
            wake.set()

    async def stop(self) -> None:
        """End at once; what was in flight is told again by whoever comes next."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, endpoint: WebhookEndpoint) -> None:
        wake = self._wakes[endpoint.name]
        while True:
            wake.clear()
            try:
                until = await self._round(endpoint)
                await self._sweep()
            except Exception as error:  # noqa: BLE001  # telling must outlive whatever one delivery meets
                until = self._clock.now() + _AFTER_FAILURE
                failure = None if isinstance(error, StoreUnavailable) else error
                self._log(logging.ERROR, "webhooks stopped for a moment", endpoint, error=str(error), failure=failure)
            await self._clock.wait(wake, until=until)

    async def _round(self, endpoint: WebhookEndpoint) -> float:
        """Tell what waits. Returns when to look again, if nothing wakes us before."""
        now = self._clock.now()
        claimed = await self._store.transact(
            partial(queue.claim, endpoint.name, now=now, lease=self._lease, limit=_AT_ONCE)
        )
        if not claimed.deliveries:
            return min(now + _IDLE_POLL, claimed.due or now + _IDLE_POLL)
        try:
            due = await self._tell(endpoint, claimed)
        except BaseException:
            with suppress(StoreUnavailable, asyncio.CancelledError):
                await asyncio.shield(self._give_back(endpoint, claimed.fence))
            raise
        if due is None:
            await self._give_back(endpoint, claimed.fence)
            return self._clock.now()
        return due

    async def _tell(self, endpoint: WebhookEndpoint, claimed: Claimed) -> float | None:
        """Tell what was claimed, in order; when to go on if it has to wait, or None."""
        failing_since, refused = claimed.failing_since, claimed.refused
        for delivery in claimed.deliveries:
            answer = await self._post(endpoint, delivery)
            now = self._clock.now()
            step = decide(
                answer,
                attempts=delivery.attempts + 1,
                failing_since=failing_since,
                now=now,
                chance=self._chance(),
                passed=delivery.passed,
                refused=refused,
            )
            going = await self._keep(endpoint, delivery, claimed.fence, answer, step)
            if isinstance(step, Later):
                return step.due
            if isinstance(step, Passed) and step.pause is not None:
                return step.pause
            if not going or isinstance(step, Ended):
                return now + _IDLE_POLL
            if isinstance(step, Delivered):
                failing_since, refused = None, 0
                continue
            failing_since = failing_since or now
            refused += isinstance(step, Passed) and not delivery.passed
        return None

    async def _post(self, endpoint: WebhookEndpoint, delivery: Delivery) -> Answered:
        try:
            keys = keys_of(self._secret(endpoint.secret) or "")
        except ValueError as error:
            return Answered(status=None, problem=f"credentials file {endpoint.secret!r} {error}")
        body = delivery.body.encode()
        headers = signed_headers(keys, event_id=delivery.id, body=body, now=self._clock.now())
        described = {"Content-Type": "application/json", "User-Agent": "Switchboard-Webhooks/1", **headers}
        return await self._outward.post(endpoint.url, headers=described, body=body)

    async def _keep(
        self, endpoint: WebhookEndpoint, delivery: Delivery, fence: int, answer: Answered, step: Step
    ) -> bool:
        """Keep what came of an attempt. False when somebody else has the endpoint by now."""
        label, status = type(step).__name__.lower(), answer.status
        self._metrics.webhooks.labels(self._tenant, label).inc()
        reason = None if isinstance(step, Delivered) else step.reason
        level = logging.INFO if reason is None else logging.WARNING
        self._log(level, "event told" if reason is None else "event not told", endpoint, event_id=delivery.id,
                  type=delivery.type, status=status, reason=reason, step=label)  # fmt: skip
        outcome = self._outcome(step)
        return await self._store.transact(
            partial(outcome, endpoint.name, delivery, fence=fence, status=status, reason=reason, now=self._clock.now())
        )

    def _outcome(self, step: Step) -> Callable[..., Generator[Statement, Rows, bool]]:
        """What is written of an attempt."""
        match step:
            case Later(due):
                return partial(queue.put_off, due=due)
            case Passed(due, _, pause):
                return partial(queue.pass_by, due=due, pause=pause, lease=self._lease)
            case Ended():
                return queue.end
            case Delivered() | Dead():
                state: Literal["delivered", "dead"] = "delivered" if isinstance(step, Delivered) else "dead"
                return partial(queue.settle, state=state, lease=self._lease)

    async def _give_back(self, endpoint: WebhookEndpoint, fence: int) -> None:
        await self._store.transact(partial(queue.give_back, endpoint.name, fence=fence))

    async def _sweep(self) -> None:
        """Remove what ended long ago, now and then."""
        now = self._clock.now()
        if now - self._swept >= _SWEEP_EVERY:
            self._swept = now
            await self._store.transact(partial(queue.forget, before=now - _KEEP))

    def _log(self, level: int, event: str, endpoint: WebhookEndpoint, **facts: object) -> None:
        log_event(_LOG, level, event, tenant=self._tenant, endpoint=endpoint.name, **facts)
