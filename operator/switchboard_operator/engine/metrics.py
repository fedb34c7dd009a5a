"""What the operator counts, in controller-runtime's vocabulary where it has one."""

from __future__ import annotations

import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_SECONDS = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Result:
    """How a pass ended, for the label ``result``."""

    def __init__(self) -> None:
        self.name = "error"

    def set(self, outcome: Any | None) -> None:
        """success, requeue (begin again at once), requeue_after (something is waited for) or error."""
        if outcome is None:
            self.name = "requeue"
        elif outcome.problem is None:
            self.name = "success"
        else:
            self.name = "requeue_after" if type(outcome.problem).__name__ != "Upstream" else "error"


class Metrics:
    """The operator's metrics in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._passes = Counter(
            "controller_runtime_reconcile",
            "Passes by controller and result.",
            ["controller", "result"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "controller_runtime_reconcile_time_seconds",
            "Seconds a pass took.",
            ["controller"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._active = Gauge(
            "controller_runtime_active_workers", "Passes under way.", ["controller"], registry=self.registry
        )
        self._twilio = Counter(
            "switchboard_twilio_requests",
            "Calls of Twilio by product, method and HTTP status (none: no answer).",
            ["product", "method", "code"],
            registry=self.registry,
        )
        self._twilio_seconds = Histogram(
            "switchboard_twilio_request_duration_seconds",
            "Seconds a call of Twilio took.",
            ["product"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._looks = Counter(
            "switchboard_bot_looks",
            "Looks at a bot's own status by result: told, silent (no usable answer), unknown (it has none).",
            ["result"],
            registry=self.registry,
        )
        self._api = Counter(
            "rest_client_requests",
            "Calls of the API server by verb, kind and HTTP status (none: no answer).",
            ["method", "kind", "code"],
            registry=self.registry,
        )

    def watch_queue(self, depth: Callable[[], int]) -> None:
        """Read the queue's depth when asked."""
        Gauge("workqueue_depth", "Keys waiting to be worked on.", registry=self.registry).set_function(depth)

    def watch_resources(self, kinds: Iterable[str], count: Callable[[str], int]) -> None:
        """Count our resources by kind when asked."""
        gauge = Gauge("switchboard_resources", "Our resources by kind.", ["kind"], registry=self.registry)
        for kind in kinds:
            gauge.labels(kind).set_function(partial(count, kind))

    @contextmanager
    def reconciling(self, controller: str) -> Iterator[Result]:
        """Count and time one pass."""
        result, started = Result(), time.perf_counter()
        self._active.labels(controller).inc()
        try:
            yield result
        finally:
            self._active.labels(controller).dec()
            self._passes.labels(controller, result.name).inc()
            self._seconds.labels(controller).observe(time.perf_counter() - started)

    def twilio_call(self, method: str, path: str, status: int | None, seconds: float) -> None:
        """Count one call of Twilio; the path's first part is the product."""
        product = path.split("/", 2)[1]
        self._twilio.labels(product, method, str(status or "none")).inc()
        self._twilio_seconds.labels(product).observe(seconds)

    def bot_look(self, result: str) -> None:
        """Count one look at a bot's own status."""
        self._looks.labels(result).inc()

    def api_call(self, method: str, kind: str, status: int | None) -> None:
        """Count one call of the API server."""
        self._api.labels(method, kind, str(status or "none")).inc()

    def render(self) -> bytes:
        """The metrics in Prometheus' text form."""
        return generate_latest(self.registry)
