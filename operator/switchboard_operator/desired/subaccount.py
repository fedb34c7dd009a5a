"""The TwilioSubaccount that a Tenant makes for itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchboard_operator.api.resource import API_VERSION
from switchboard_operator.desired import names

if TYPE_CHECKING:
    from switchboard_operator.api import Tenant


def subaccount_of(tenant: Tenant) -> dict[str, Any]:
    """The wanted TwilioSubaccount, without intent and finalizer: those are written when it is created."""
    twilio = tenant.spec.twilio
    spec: dict[str, Any] = {
        "accountRef": tenant.spec.account_ref.manifest() if tenant.spec.account_ref else None,
        "state": "Suspended" if tenant.spec.suspend else "Active",
        "deletionPolicy": twilio.deletion_policy,
        "confirmClose": twilio.confirm_close,
        "credentials": twilio.credentials.manifest(),
        **{
            name: value for name, value in twilio.manifest().items() if name in {"retention", "usageTriggers"} and value
        },
    }
    return {
        "apiVersion": API_VERSION,
        "kind": "TwilioSubaccount",
        "metadata": {
            "name": tenant.name,
            "namespace": tenant.namespace,
            "labels": {
                names.LABEL_TENANT: names.label(tenant.name),
                names.MANAGED_BY: names.MANAGED_BY_VALUE,
            },
            "ownerReferences": [tenant.owner().manifest()],
        },
        "spec": spec,
    }
