"""Plan and Assistant: kinds that have nothing outside of the cluster. They are checked, not made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from switchboard_operator.desired import names, unserved
from switchboard_operator.errors import NotReady
from switchboard_operator.reconcile.draft import Draft, Outcome, summarise

if TYPE_CHECKING:
    from switchboard_operator.api import Assistant, Plan
    from switchboard_operator.ports import Clock
    from switchboard_operator.reconcile.assistants import Assistants


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanReconciler:
    """A Plan that the API server admitted is well.

    Attributes:
        clock: stamps conditions.
    """

    clock: Clock

    async def reconcile(self, plan: Plan) -> Outcome[Any]:
        """One pass."""
        draft = Draft()
        draft.not_served(unserved.of_plan(plan))
        return Outcome(status=summarise(plan, draft, None, now=self.clock.now()))


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistantReconciler:
    """An Assistant is well when its script asks for what there is and all that it names can be read and used.

    Attributes:
        assistants: checks it.
        clock: stamps conditions.
        interval: seconds until what it names is looked at again.
    """

    assistants: Assistants
    clock: Clock
    interval: float

    async def reconcile(self, assistant: Assistant) -> Outcome[Any]:
        """One pass."""
        draft = Draft()
        draft.not_served(unserved.of_assistant(assistant))
        problem: NotReady | None = None
        try:
            material = await self.assistants.material(assistant)
            draft.fields["products"] = len(material.products) if assistant.spec.catalogue else None
            made_of = [assistant.spec.manifest(), material.products, *material.texts]
            draft.fields["revision"] = names.digest(made_of)
        except NotReady as error:
            problem = error
        status = summarise(assistant, draft, problem, now=self.clock.now())
        after = self.interval if assistant.spec.catalogue or assistant.spec.model else None
        return Outcome(status=status, problem=problem, after=after)
