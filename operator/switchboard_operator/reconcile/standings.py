"""How the bots' assistants stand, by their own word; kept in memory and said in the condition AssistantsHealthy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from switchboard_operator import reasons
from switchboard_operator.reconcile.draft import Finding, Notice

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchboard_operator.api import Tenant
    from switchboard_operator.ports import AssistantStanding

CONDITION = "AssistantsHealthy"
_PATIENCE = 3
_SILENT = "; the bot does not tell any more"


@dataclass(slots=True)
class Standings:
    """What was heard last, by the tenant's UID.

    A bot that gives no answer changes nothing but the message, and that once: when it did not answer three times.
    """

    _findings: dict[str, Finding] = field(default_factory=dict)
    _unheard: dict[str, int] = field(default_factory=dict)

    def heard(self, tenant: Tenant, told: Mapping[str, AssistantStanding]) -> bool:
        """A bot told; True when it is news."""
        self._unheard.pop(tenant.uid, None)
        return self._put(tenant, _finding(told))

    def unheard(self, tenant: Tenant) -> bool:
        """A bot did not tell; True when that is to be said."""
        count = self._unheard[tenant.uid] = self._unheard.get(tenant.uid, 0) + 1
        known = self.finding(tenant) or _stored(tenant)
        if count < _PATIENCE or known is None or known.message.endswith(_SILENT):
            return False
        return self._put(tenant, Finding(known.status, known.reason, known.message + _SILENT))

    def finding(self, tenant: Tenant) -> Finding | None:
        """What the condition is to say; None when this process has heard nothing, so that it stays as it is."""
        return self._findings.get(tenant.uid)

    def notice(self, tenant: Tenant) -> Notice | None:
        """The Event of a change since the stored status; None without one. Well from the start is no event."""
        now, before = self.finding(tenant), _stored(tenant)
        if now is None or now.status == (before.status if before else "True"):
            return None
        failing = now.status == "False"
        return Notice("AssistantFailing" if failing else "AssistantRecovered", now.message, failing)

    def keep(self, uids: set[str]) -> None:
        """Forget all other tenants."""
        self._findings = {uid: finding for uid, finding in self._findings.items() if uid in uids}
        self._unheard = {uid: count for uid, count in self._unheard.items() if uid in uids}

    def _put(self, tenant: Tenant, finding: Finding) -> bool:
        before = self._findings.get(tenant.uid, _stored(tenant))
        self._findings[tenant.uid] = finding
        return before != finding


def _finding(told: Mapping[str, AssistantStanding]) -> Finding:
    failing = [
        f"{name} fails{f' since {one.since}' if one.since else ''}{f': {one.reason}' if one.reason else ''}"
        for name, one in sorted(told.items())
        if one.failing
    ]
    if failing:
        return Finding("False", reasons.ASSISTANT_FAILING, "; ".join(failing))
    return Finding("True", reasons.SUCCEEDED, "the bot's assistants answer")


def _stored(tenant: Tenant) -> Finding | None:
    condition = tenant.status.condition(CONDITION)
    return Finding(condition.status, condition.reason, condition.message) if condition else None
