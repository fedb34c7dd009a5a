"""Plan: named limits and defaults that tenants subscribe to."""

from typing import ClassVar

from switchboard_operator.api.conditions import Status
from switchboard_operator.api.fields import Currency, Line
from switchboard_operator.api.limits import Features, Limits, Replicas, Resources, Retention, Tier
from switchboard_operator.api.model import ApiModel
from switchboard_operator.api.naming import NAME_FITS_LABEL
from switchboard_operator.api.resource import Column, CustomResource, Resource


class PlanRuntime(ApiModel):
    """How the bots of tenants on this plan run; a tenant's own `runtime` wins."""

    tier: Tier = "Dedicated"
    """Dedicated: a Deployment of the tenant's own. Shared: a place in the pool that serves many tenants."""

    replicas: Replicas | None = None
    """Pods of a dedicated bot; 1 where nobody says."""

    resources: Resources | None = None
    """Resources of a dedicated bot's container."""


class PlanSpec(ApiModel):
    """What the plan grants."""

    display_name: Line | None = None
    """Name for people, as on an invoice."""

    currency: Currency = "USD"
    """ISO 4217 code of every sum here and in the `limits` of tenants on this plan; Twilio bills in its
    account's currency."""

    limits: Limits = Limits()
    """Ceilings of each tenant on this plan. A tenant may ask for less, never for more."""

    runtime: PlanRuntime = PlanRuntime()
    """How bots run."""

    retention: Retention = Retention()
    """How long records are kept. A tenant may keep them for less time, never longer."""

    features: Features = Features()
    """What is switched on. A tenant may switch off, never on."""


class PlanStatus(Status):
    """What the operator found. No count of tenants: it would be a write for each that comes; a metric has it."""


class Plan(Resource[PlanSpec, PlanStatus]):
    """A Plan is a named set of limits and defaults, such as BASIC, PRO and ENTERPRISE.

    Tenants refer to it by name. It belongs to the platform's administrator and to no namespace.
    """

    # No short name: `kubectl get plan` is the singular already.
    crd: ClassVar[CustomResource] = CustomResource(
        kind="Plan",
        plural="plans",
        scope="Cluster",
        columns=(
            Column(name="Name", path=".spec.displayName", description="The name for people.", wide=True),
            Column(name="Tier", path=".spec.runtime.tier", description="How bots run."),
        ),
        validations=(NAME_FITS_LABEL,),
    )

    spec: PlanSpec = PlanSpec()
    """What the plan grants."""

    status: PlanStatus = PlanStatus()
    """What the operator found."""
