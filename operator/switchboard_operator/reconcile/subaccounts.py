"""A Tenant's own TwilioSubaccount: created with intent and finalizer in one write, kept as the Tenant says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from switchboard_operator import reasons
from switchboard_operator.api import TwilioSubaccount
from switchboard_operator.api.subaccount import TwilioSubaccountSpec
from switchboard_operator.desired.names import FINALIZER, PENDING
from switchboard_operator.desired.patches import merge_patch
from switchboard_operator.errors import Stalled
from switchboard_operator.ports import Ref

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from switchboard_operator.api import Tenant
    from switchboard_operator.ports import Cluster
    from switchboard_operator.reconcile.accounts import Reader
    from switchboard_operator.reconcile.intents import Intents


@dataclass(frozen=True, slots=True, kw_only=True)
class Subaccounts:
    """Makes TwilioSubaccounts for Tenants.

    Attributes:
        cluster: where they are written.
        reader: what is there already.
        intents: the intent is part of the create, so that the subaccount costs no second write.
        remember: takes the stored object in, so that the next pass sees it.
    """

    cluster: Cluster
    reader: Reader
    intents: Intents
    remember: Callable[[Mapping[str, Any]], None]

    async def ensure(self, tenant: Tenant, wanted: dict[str, Any]) -> TwilioSubaccount:
        """The Tenant's TwilioSubaccount as wanted.

        Raises:
            Stalled: one of that name is another's (ObjectConflict).
        """
        ref = Ref("TwilioSubaccount", tenant.namespace, tenant.name)
        current: TwilioSubaccount | None = self.reader.get(ref)
        if current is None:
            return await self._create(ref, tenant, wanted)
        self._check_owner(tenant, current)
        spec = TwilioSubaccountSpec.model_validate(wanted["spec"]).manifest()
        patch = merge_patch(current.spec.manifest(), spec)
        if not patch:
            return current
        stored = await self.cluster.patch(ref, {"spec": patch})
        return self._taken(stored) if stored else current

    async def _create(self, ref: Ref, tenant: Tenant, wanted: dict[str, Any]) -> TwilioSubaccount:
        wanted["metadata"]["annotations"] = {PENDING: self.intents.new()}
        wanted["metadata"]["finalizers"] = [FINALIZER]
        stored = await self.cluster.create(wanted)
        if stored is None:  # the watch is behind
            stored = await self.cluster.get(ref)
            current = TwilioSubaccount.model_validate(stored)
            self._check_owner(tenant, current)
            return self._taken(stored or {})
        return self._taken(stored)

    def _check_owner(self, tenant: Tenant, current: TwilioSubaccount) -> None:
        if all(owner.uid != tenant.uid for owner in current.metadata.owner_references):
            raise Stalled(
                reasons.OBJECT_CONFLICT,
                f"TwilioSubaccount {current.name} exists and is not this Tenant's; delete it, or name it in "
                "spec.twilio.subaccountRef",
                after=30.0,
            )

    def _taken(self, stored: Mapping[str, Any]) -> TwilioSubaccount:
        self.remember(stored)
        return TwilioSubaccount.model_validate(stored)
