"""Plan and Assistant: kinds that have nothing outside of the cluster. They are checked, not made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from switchboard_operator.desired import names, unserved
from switchboard_operator.desired.scripts import check_script
from switchboard_operator.errors import NotReady
from switchboard_operator.reconcile.draft import Draft, Outcome, summarise

if TYPE_CHECKING:
    from switchboard_operator.api import Assistant, Plan
    from switchboard_operator.ports import Clock
    from switchboard_operator.reconcile.catalogues import Catalogues


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
    """An Assistant is well when its script asks for what there is and its catalogue can be read.

    Attributes:
        catalogues: reads it.
        clock: stamps conditions.
        interval: seconds until the catalogue is looked at again.
    """

    catalogues: Catalogues
    clock: Clock
    interval: float

    async def reconcile(self, assistant: Assistant) -> Outcome[Any]:
        """One pass."""
        draft = Draft()
        draft.not_served(unserved.of_assistant(assistant))
        problem: NotReady | None = None
        try:
            check_script(assistant)
            products = await self.catalogues.products(assistant)
            draft.fields["products"] = len(products) if assistant.spec.catalogue else None
            draft.fields["revision"] = names.digest([assistant.spec.manifest(), products])
        except NotReady as error:
            problem = error
        status = summarise(assistant, draft, problem, now=self.clock.now())
        after = self.interval if assistant.spec.catalogue else None
        return Outcome(status=status, problem=problem, after=after)
