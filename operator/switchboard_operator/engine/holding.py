"""Progress that is over in a moment is not worth a write.

A resource that was never Ready and only waits for its own parts (subaccount, numbers, roll-out) keeps its former
status for a few seconds; most are done by then, and their one status write says Ready. One that names something
missing keeps it for a moment: the rest of the same ``kubectl apply`` may be on its way. What a person must act on,
what has ids in it and what was Ready before is written at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from switchboard_operator import reasons
from switchboard_operator.errors import Waiting

if TYPE_CHECKING:
    from switchboard_operator.ports import Clock, Ref
    from switchboard_operator.reconcile.draft import Outcome

HOLD_SECONDS = 8.0
MISSING_SECONDS = 2.0
_PROGRESS = (
    reasons.PROGRESSING,
    reasons.SUBACCOUNT_NOT_READY,
    reasons.NUMBERS_NOT_READY,
    reasons.ROLLOUT_PENDING,
    reasons.MIGRATION_PENDING,
)
_MISSING = (
    reasons.PLAN_NOT_FOUND,
    reasons.ACCOUNT_NOT_FOUND,
    reasons.TENANT_NOT_FOUND,
    reasons.ASSISTANT_NOT_FOUND,
    reasons.CONFIGMAP_NOT_FOUND,
)
_SECONDS = dict.fromkeys(_PROGRESS, HOLD_SECONDS) | dict.fromkeys(_MISSING, MISSING_SECONDS)
_IDS = ("sid", "secretName")


@dataclass(slots=True, kw_only=True)
class Holding:
    """Remembers since when a progress is held back.

    Attributes:
        clock: monotonic time.
    """

    clock: Clock
    _since: dict[Ref, float] = field(default_factory=dict)

    def remaining(self, ref: Ref, resource: Any, outcome: Outcome[Any]) -> float:
        """Seconds for which the outcome's status is still held back; 0 means write it."""
        problem = outcome.problem
        if not isinstance(problem, Waiting) or not _is_new(resource, outcome):
            self._since.pop(ref, None)
            return 0.0
        now = self.clock.monotonic()
        return max(0.0, self._since.setdefault(ref, now) + _SECONDS.get(problem.reason, 0.0) - now)

    def forget(self, ref: Ref) -> None:
        """The resource is gone."""
        self._since.pop(ref, None)


def _is_new(resource: Any, outcome: Outcome[Any]) -> bool:
    """Whether nothing was said of the resource yet, and nothing that must not be lost is to be said now."""
    ready = resource.status.condition("Ready")
    if ready is not None and ready.status != "Unknown":
        return False
    former, wanted = resource.status.manifest(), outcome.status.manifest()
    return all(former.get(name) == wanted.get(name) for name in _IDS)
