"""Kubernetes Events: one for each act on the outside world and each new problem, never one a loop."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from switchboard_operator.api.resource import API_VERSION
from switchboard_operator.desired.names import digest
from switchboard_operator.errors import Invalid, NotReady, Stalled
from switchboard_operator.reconcile.draft import Notice

if TYPE_CHECKING:
    from switchboard_operator.ports import Clock, Cluster
    from switchboard_operator.reconcile.draft import Outcome

_log = logging.getLogger(__name__)
_CONTROLLER = "switchboard.dev/operator"
_NOTE_LENGTH = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder:
    """Writes Events (events.k8s.io/v1).

    Attributes:
        cluster: where they are written.
        clock: stamps them.
        instance: names this process.
        namespace: where Events of cluster-scoped resources go.
    """

    cluster: Cluster
    clock: Clock
    instance: str
    namespace: str

    async def record(self, resource: Any, outcome: Outcome[Any]) -> None:
        """Write what a pass did, and its problem if a human must act and it is new. Failures are logged only."""
        notices = list(outcome.notices)
        problem = outcome.problem
        if isinstance(problem, Invalid | Stalled) and _is_new(resource, problem):
            notices.append(Notice(problem.reason, problem.message, warning=True))
        for notice in notices:
            try:
                await self.cluster.create(self._event(resource, notice))
            except NotReady as error:
                _log.warning("an event of %s %s could not be written: %s", resource.kind, resource.name, error)

    def _event(self, resource: Any, notice: Notice) -> dict[str, Any]:
        now = self.clock.now()
        stamp = int(now.timestamp() * 1e6)
        namespace = resource.namespace or self.namespace
        return {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {
                "name": f"{resource.name[:200]}.{stamp:x}.{digest([notice.reason, notice.message])[:4]}",
                "namespace": namespace,
            },
            "eventTime": now.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "type": "Warning" if notice.warning else "Normal",
            "reason": notice.reason,
            "action": "Reconcile",
            "note": notice.message[:_NOTE_LENGTH],
            "regarding": {
                "apiVersion": API_VERSION,
                "kind": resource.kind,
                "namespace": resource.namespace or None,
                "name": resource.name,
                "uid": resource.uid,
            },
            "reportingController": _CONTROLLER,
            "reportingInstance": self.instance[:128],
        }


def _is_new(resource: Any, problem: NotReady) -> bool:
    ready = resource.status.condition("Ready")
    return ready is None or ready.status == "True" or ready.reason != problem.reason
