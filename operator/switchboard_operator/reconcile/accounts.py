"""The parent accounts whose credentials are known, and who may use them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from switchboard_operator import reasons
from switchboard_operator.errors import Stalled, Waiting
from switchboard_operator.ports import Ref

if TYPE_CHECKING:
    from switchboard_operator.api import TwilioAccount
    from switchboard_operator.ports import Clock, Cluster, Parent

_NAMESPACE_SECONDS = 30.0


class Reader(Protocol):
    """Reads what was last seen of our own kinds (the store)."""

    def get(self, ref: Ref) -> Any | None:
        """The resource, or None."""

    def all(self, kind: str) -> list[Any]:
        """All resources of a kind."""

    def find(self, kind: str, index: str, value: str) -> list[Any]:
        """The resources that stand under ``value`` in an index, oldest first."""


class Accounts:
    """Parent accounts by the name of their TwilioAccount.

    Args:
        reader: the TwilioAccounts as last seen.
        cluster: for the labels of namespaces.
        clock: for how long labels are remembered.
    """

    def __init__(self, *, reader: Reader, cluster: Cluster, clock: Clock) -> None:
        self._reader = reader
        self._cluster = cluster
        self._clock = clock
        self._parents: dict[str, Parent] = {}
        self._refused: set[str] = set()
        self._labels: dict[str, tuple[float, dict[str, str]]] = {}

    def get(self, name: str) -> Parent | None:
        """The parent as last set."""
        return self._parents.get(name)

    def set(self, parent: Parent) -> None:
        """The credentials of a TwilioAccount are known."""
        self._parents[parent.name] = parent

    def drop(self, name: str) -> None:
        """The credentials of a TwilioAccount are not known any more."""
        self._parents.pop(name, None)
        self._refused.discard(name)

    def judge(self, name: str, *, usable: bool) -> None:
        """Whether the credentials did when they were tried; nothing new begins with those that did not."""
        if usable:
            self._refused.discard(name)
        else:
            self._refused.add(name)

    async def resolve(self, *, namespace: str, name: str) -> tuple[TwilioAccount, Parent]:
        """The account that a resource names, if its namespace may use it.

        Raises:
            Waiting: AccountNotFound or AccountNotReady.
            Stalled: NamespaceNotAllowed.
        """
        account: TwilioAccount | None = self._reader.get(Ref("TwilioAccount", "", name))
        if account is None:
            raise Waiting(
                reasons.ACCOUNT_NOT_FOUND,
                f"spec.accountRef.name: no TwilioAccount is named {name!r}; create it or correct the name",
            )
        await self._admit(account, namespace)
        parent = self._parents.get(name)
        if parent is None or name in self._refused:
            ready = account.status.condition("Ready")
            why = f": {ready.reason}: {ready.message}" if ready and ready.status != "True" else ""
            raise Waiting(reasons.ACCOUNT_NOT_READY, f"TwilioAccount {name} is not ready{why}")
        return account, parent

    async def _admit(self, account: TwilioAccount, namespace: str) -> None:
        selector = account.spec.allowed_namespaces
        if selector is not None and selector.matches(await self._namespace_labels(namespace)):
            return
        raise Stalled(
            reasons.NAMESPACE_NOT_ALLOWED,
            f"TwilioAccount {account.name} does not admit namespace {namespace}: "
            "its spec.allowedNamespaces must select the namespace's labels",
            after=_NAMESPACE_SECONDS,
        )

    async def _namespace_labels(self, namespace: str) -> dict[str, str]:
        now = self._clock.monotonic()
        at, labels = self._labels.get(namespace, (0.0, {}))
        if namespace not in self._labels or now - at > _NAMESPACE_SECONDS:
            found = await self._cluster.get(Ref("Namespace", "", namespace)) or {}
            labels = dict(found.get("metadata", {}).get("labels") or {})
            self._labels[namespace] = (now, labels)
        return labels
