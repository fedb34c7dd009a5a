"""`metav1.Condition` and the head of every status.

There is no other enum of states: what a resource is, its conditions say. `Ready` is always there; before the
operator saw the object the CRD's default says so (`observedGeneration: -1`, Ready Unknown, reason Pending),
so that neither kstatus nor a person takes a fresh object for a finished one.
"""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from switchboard_operator import reasons
from switchboard_operator.api.model import ApiModel
from switchboard_operator.api.rules import ListMap

ConditionStatus = Literal["True", "False", "Unknown"]

UNSEEN: Final = -1
"""`observedGeneration` of an object that the operator has not seen."""

STATUS_DEFAULT: Final[dict[str, Any]] = {
    "observedGeneration": UNSEEN,
    "conditions": [
        {
            "type": "Ready",
            "status": "Unknown",
            "reason": reasons.PENDING,
            "message": "Waiting for the Switchboard operator",
            "lastTransitionTime": "1970-01-01T00:00:00Z",
        }
    ],
}
"""What the API server shows as status until the operator writes one (the shape of Gateway API's default)."""


class Condition(ApiModel):
    """One thing that is true of a resource, or not, or not known, and why."""

    type: Annotated[str, Field(max_length=64)]
    """What is stated, in PascalCase, such as Ready."""

    status: ConditionStatus
    """Whether it holds."""

    reason: Annotated[str, Field(max_length=64)]
    """Why, as one PascalCase word of the catalogue of reasons."""

    message: Annotated[str, Field(max_length=4096)] = ""
    """Why, in a sentence for a person: what is missing and what to do. Never holds a secret."""

    observed_generation: int | None = None
    """The `metadata.generation` this was found for."""

    last_transition_time: datetime
    """When `status` last changed (UTC)."""


class Status(ApiModel):
    """The head that all statuses share."""

    observed_generation: int = UNSEEN
    """The `metadata.generation` the operator last settled or failed on; -1 before it saw the object."""

    conditions: Annotated[list[Condition], Field(max_length=16), ListMap(("type",))] = Field(default=[])
    """What is true of the resource; Ready sums up, Reconciling and Stalled are there only while true."""

    last_handled_reconcile_at: Annotated[str, Field(max_length=256)] | None = None
    """The last token of the annotation `switchboard.dev/reconcile-requested-at` that was answered."""

    def condition(self, kind: str) -> Condition | None:
        """The condition of type `kind`, None where it is absent."""
        return next((condition for condition in self.conditions if condition.type == kind), None)

    def holds(self, kind: str) -> bool:
        """Whether the condition of type `kind` is there and True."""
        condition = self.condition(kind)
        return condition is not None and condition.status == "True"
