"""The parts of Kubernetes' own metadata that the operator reads."""

from datetime import datetime

from pydantic import Field

from switchboard_operator.api.model import ApiModel


class OwnerReference(ApiModel):
    """Who an object belongs to; the garbage collector removes it with its owner."""

    api_version: str
    """API group and version of the owner."""

    kind: str
    """Kind of the owner."""

    name: str
    """Name of the owner."""

    uid: str
    """UID of the owner: another life of the same name is another owner."""

    controller: bool | None = None
    """Whether this owner is the one that manages the object."""

    block_owner_deletion: bool | None = None
    """Whether a foreground deletion of the owner waits for this object."""


class ObjectMeta(ApiModel):
    """Identity and bookkeeping of a stored object."""

    name: str
    """Unique among its kind in its namespace."""

    namespace: str | None = None
    """None for cluster-scoped kinds."""

    uid: str = ""
    """Unique in space and time; empty before the object is stored."""

    resource_version: str = ""
    """Opaque version for optimistic locking."""

    generation: int = 0
    """Counts the changes of `spec`."""

    creation_timestamp: datetime | None = None
    """When the object was stored first (UTC)."""

    deletion_timestamp: datetime | None = None
    """When deletion was asked for; the object stays until its finalizers are gone."""

    finalizers: list[str] = Field(default=[])
    """Who must still clean up before the object goes."""

    annotations: dict[str, str] = Field(default={})
    """Notes of people and tools."""

    labels: dict[str, str] = Field(default={})
    """What selectors match."""

    owner_references: list[OwnerReference] = Field(default=[])
    """Who the object belongs to."""
