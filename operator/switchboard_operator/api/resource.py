"""The envelope of a resource, and what registers its kind with the API server."""

from dataclasses import dataclass
from typing import ClassVar, Final, Generic, Literal, TypeVar

from switchboard_operator.api.conditions import Status
from switchboard_operator.api.meta import ObjectMeta, OwnerReference
from switchboard_operator.api.model import ApiModel
from switchboard_operator.api.rules import Rule

GROUP: Final = "switchboard.dev"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"
CATEGORY: Final = "switchboard"
"""`kubectl get switchboard -A` lists all kinds."""

NAME_LIMIT: Final = 63
"""Names of resources end in label values, which hold no more."""

SpecT_co = TypeVar("SpecT_co", bound=ApiModel, covariant=True)
StatusT_co = TypeVar("StatusT_co", bound=Status, covariant=True)


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of `kubectl get`.

    Attributes:
        name: Heading.
        path: JSONPath below the object.
        type: Type of the value.
        wide: Shown with `-o wide` only.
        description: What the column says.
    """

    name: str
    path: str
    description: str
    type: Literal["string", "integer", "date", "boolean"] = "string"
    wide: bool = False


def condition_column(name: str, condition: str, part: str, *, wide: bool = False) -> Column:
    """A column that shows `part` (status, reason, message) of a condition."""
    path = f'.status.conditions[?(@.type=="{condition}")].{part}'
    return Column(name=name, path=path, wide=wide, description=f"The {part} of the condition {condition}.")


READY: Final = (condition_column("Ready", "Ready", "status"), condition_column("Reason", "Ready", "reason"))
"""Is it well, and if not why."""

TAIL: Final = (
    Column(name="Age", path=".metadata.creationTimestamp", type="date", description="Time since creation."),
    condition_column("Message", "Ready", "message", wide=True),
)


@dataclass(frozen=True, kw_only=True)
class CustomResource:
    """How the API server knows a kind.

    Attributes:
        kind: Name in YAML.
        plural: Name in URLs.
        scope: Whether objects live in namespaces.
        short_names: For `kubectl get`.
        columns: Of `kubectl get`, between Ready, Reason and Age.
        validations: CEL rules over the whole object, where metadata.name and status are in reach.
    """

    kind: str
    plural: str
    scope: Literal["Namespaced", "Cluster"]
    short_names: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    validations: tuple[Rule, ...] = ()

    @property
    def singular(self) -> str:
        """Name for one, as `kubectl get` takes it."""
        return self.kind.lower()

    @property
    def name(self) -> str:
        """Name of the CustomResourceDefinition."""
        return f"{self.plural}.{GROUP}"

    @property
    def printer_columns(self) -> tuple[Column, ...]:
        """All columns, in order."""
        return (*READY, *self.columns, *TAIL)


class Resource(ApiModel, Generic[SpecT_co, StatusT_co]):
    """An object as the API server stores it."""

    crd: ClassVar[CustomResource]

    api_version: str = API_VERSION
    """Group and version of the schema."""

    metadata: ObjectMeta
    """Identity and bookkeeping."""

    spec: SpecT_co
    """What is wanted; written by people, never by the operator."""

    status: StatusT_co
    """What the operator found; written by the operator alone."""

    @property
    def kind(self) -> str:
        """Name of the kind in YAML."""
        return self.crd.kind

    @property
    def name(self) -> str:
        """`metadata.name`."""
        return self.metadata.name

    @property
    def namespace(self) -> str:
        """`metadata.namespace`; empty for cluster-scoped kinds."""
        return self.metadata.namespace or ""

    @property
    def uid(self) -> str:
        """`metadata.uid`."""
        return self.metadata.uid

    @property
    def generation(self) -> int:
        """`metadata.generation`."""
        return self.metadata.generation

    @property
    def deleting(self) -> bool:
        """Whether deletion was asked for."""
        return self.metadata.deletion_timestamp is not None

    def owner(self) -> OwnerReference:
        """A reference for objects that this one controls."""
        return OwnerReference(
            api_version=API_VERSION,
            kind=self.kind,
            name=self.name,
            uid=self.uid,
            controller=True,
            block_owner_deletion=True,
        )
