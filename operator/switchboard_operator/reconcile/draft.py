"""One pass over a resource, and the status that it ends in.

A reconciler notes what it finds in a ``Draft`` while it works and raises ``NotReady`` where it must stop.
``summarise`` turns draft and problem into the whole status, written once: ``Ready`` always, ``Reconciling``
and ``Stalled`` only while true (kstatus), ``observedGeneration`` on failure too.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from switchboard_operator import reasons
from switchboard_operator.api.conditions import Condition, Status
from switchboard_operator.errors import Invalid, NotReady, Stalled, Upstream
from switchboard_operator.reconcile.observations import requested

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

S = TypeVar("S", bound=Status)

READY, RECONCILING, STALLED, NOT_SERVED = "Ready", "Reconciling", "Stalled", "NotServed"
_ABNORMAL = frozenset({RECONCILING, STALLED, NOT_SERVED})  # there only while true
_MESSAGE_LENGTH = 1024


@dataclass(frozen=True, slots=True)
class Notice:
    """Something done to the outside world, for a Kubernetes Event."""

    reason: str
    message: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of one condition."""

    status: str
    reason: str
    message: str = ""


@dataclass(slots=True)
class Draft:
    """What one pass has found so far.

    Attributes:
        fields: status fields by their name in YAML; None removes one.
        findings: by condition type.
        notices: acts on the outside world.
        ready: the summary when no problem stopped the pass.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    findings: dict[str, Finding] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    ready: Finding = field(default_factory=lambda: Finding("True", reasons.SUCCEEDED))

    @contextmanager
    def step(self, condition: str, message: str = "") -> Iterator[None]:
        """Work that a condition stands for: True when it ends, False with the problem that stops it."""
        try:
            yield
        except NotReady as problem:
            self.findings[condition] = Finding("False", problem.reason, problem.message)
            raise
        self.findings[condition] = Finding("True", reasons.SUCCEEDED, message)

    def not_served(self, fields: list[str]) -> None:
        """Say which wishes of the manifest are not served; an empty list says nothing."""
        if fields:
            self.findings[NOT_SERVED] = Finding("True", reasons.NOT_SERVED, f"not served yet: {', '.join(fields)}")

    def note(self, reason: str, message: str, *, warning: bool = False) -> None:
        """Remember an act for an Event."""
        self.notices.append(Notice(reason, message, warning))


@dataclass(frozen=True, slots=True)
class Outcome(Generic[S]):
    """What a pass ends in.

    Attributes:
        status: the whole new status.
        problem: what stopped the pass, or None.
        notices: acts on the outside world.
        after: seconds until the next look; None when a problem decides it.
        finalized: the resource was let go; nothing more is written to it.
    """

    status: S
    problem: NotReady | None = None
    notices: tuple[Notice, ...] = ()
    after: float | None = None
    finalized: bool = False


def summarise(resource: Any, draft: Draft, problem: NotReady | None, *, now: datetime) -> Any:
    """The new status of a resource; equal to the former one when nothing changed."""
    former: Status = resource.status
    findings = dict(draft.findings)
    for kept in former.conditions:
        if kept.type != READY and kept.type not in _ABNORMAL:
            findings.setdefault(kept.type, Finding(kept.status, kept.reason, kept.message))
    findings[READY] = draft.ready if problem is None else Finding("False", problem.reason, problem.message)
    if problem is not None:
        kind = STALLED if isinstance(problem, Invalid | Stalled) else RECONCILING
        findings[kind] = Finding("True", problem.reason, problem.message)
    conditions = [
        _condition(kind, findings[kind], former, generation=resource.metadata.generation, now=now)
        for kind in sorted(findings, key=_order)
    ]
    values = former.model_dump(by_alias=True)
    values.update(draft.fields)
    values["conditions"] = conditions
    values["observedGeneration"] = resource.metadata.generation
    values["lastHandledReconcileAt"] = requested(resource)
    return type(former).model_validate(values)


def _condition(kind: str, finding: Finding, former: Status, *, generation: int, now: datetime) -> Condition:
    before = former.condition(kind)
    same = before is not None and before.status == finding.status
    return Condition(
        type=kind,
        status=finding.status,
        reason=finding.reason,
        message=finding.message[:_MESSAGE_LENGTH],
        observed_generation=generation,
        last_transition_time=before.last_transition_time if before and same else now.replace(microsecond=0),
    )


def _order(kind: str) -> tuple[int, str]:
    return ({READY: 0, RECONCILING: 1, STALLED: 2}.get(kind, 3), kind)


def is_transient(problem: NotReady) -> bool:
    """Whether back-off decides when to look again."""
    return isinstance(problem, Upstream)
