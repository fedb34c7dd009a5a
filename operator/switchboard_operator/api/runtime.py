"""How a tenant's bot runs, and where it keeps its conversations."""

from typing import Annotated, ClassVar, Final

from pydantic import Field

from switchboard_operator.api import grammar
from switchboard_operator.api.fields import ObjectName, SecretRef, Size
from switchboard_operator.api.limits import Replicas, Resources, Tier
from switchboard_operator.api.model import ApiModel
from switchboard_operator.api.rules import Rule, exactly_one, matches, settled


class SqliteStorage(ApiModel):
    """SQLite files on a PersistentVolume; one Pod writes."""

    size: Annotated[
        Size,
        Rule(
            rule="!isQuantity(self) || !isQuantity(oldSelf) || !quantity(self).isLessThan(quantity(oldSelf))",
            message="cannot shrink: a PersistentVolumeClaim only grows; keep the old size, or create a new Tenant",
        ),
    ]
    """Size of the volume."""

    storage_class_name: ObjectName | None = None
    """StorageClass of the volume. Default: the cluster's."""

    validations: ClassVar[tuple[Rule, ...]] = (
        settled(
            "storageClassName",
            "create a new Tenant, or move the volume's data by hand",
            why="a PersistentVolumeClaim keeps its class",
        ),
    )


class PostgresStorage(ApiModel):
    """PostgreSQL; many Pods write. The operator makes a role for the tenant in the platform's database."""

    secret_ref: SecretRef | None = None
    """A database of the tenant's own: Secret with the key `url`. Absent: the platform's database, in which the
    operator makes a role that sees this tenant alone."""


class Storage(ApiModel):
    """Where conversations are kept."""

    sqlite: SqliteStorage | None = None
    """SQLite on a PersistentVolume."""

    postgres: PostgresStorage | None = None
    """PostgreSQL."""

    validations: ClassVar[tuple[Rule, ...]] = (
        exactly_one("sqlite", "postgres", cure="sqlite: {size: 1Gi} for one Pod, postgres: {} for more"),
    )


Image = Annotated[
    str,
    Field(max_length=300),
    matches(
        grammar.IMAGE,
        "is no image: write REGISTRY/NAME:TAG or REGISTRY/NAME@sha256:DIGEST, in lower case",
    ),
]


class TenantRuntime(ApiModel):
    """How the bot runs. What is absent is the plan's."""

    tier: Tier | None = None
    """Dedicated: a Deployment of its own. Shared: a place in the pool that serves many tenants."""

    replicas: Replicas | None = None
    """Pods of a dedicated bot. More than one needs PostgreSQL."""

    resources: Resources | None = None
    """Resources of a dedicated bot's container."""

    image: Image | None = None
    """Image of the bot; the administrator's list of images must have it. Default: the operator's."""

    storage: Storage | None = None
    """Where conversations are kept. Default: SQLite of the plan's size."""

    validations: ClassVar[tuple[Rule, ...]] = (
        Rule(
            rule="!has(self.replicas) || self.replicas == 1 || (has(self.storage) && has(self.storage.postgres))",
            message=(
                "replicas above 1 need storage.postgres: SQLite has one writer; set storage.postgres or leave replicas "
                "out"
            ),
            field=".replicas",
        ),
    )


_POSTGRES = "(has({0}.runtime) && has({0}.runtime.storage) && has({0}.runtime.storage.postgres))"

ENGINE_KEPT: Final = Rule(
    rule=f"{_POSTGRES.format('self')} == {_POSTGRES.format('oldSelf')}",
    message=(
        "runtime.storage cannot change between sqlite (the default) and postgres: conversations are not carried over; "
        "create a new Tenant, or export and import them"
    ),
    field=".runtime",
)
"""Over the spec, since `runtime` may be absent on either side of an update."""
