"""A tenant's Kubernetes objects: written only when what is wanted or what is there differs.

A child is known by its metadata alone (a light watch keeps ``ChildCache``): the hash of what we applied last
stands in an annotation, and ``managedFields`` says whether anybody has written it since. Only a child that
somebody else touched is read in full and compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from switchboard_operator import reasons
from switchboard_operator.desired.names import DESIRED_HASH, MANAGER
from switchboard_operator.desired.patches import same_value
from switchboard_operator.errors import Waiting
from switchboard_operator.ports import Ref, ref_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from switchboard_operator.ports import Cluster
    from switchboard_operator.reconcile.draft import Draft

_SOON = 2.0
_OLD_REVISIONS = 2


@dataclass(frozen=True, slots=True)
class Rollout:
    """What a Deployment's status says."""

    generation: int
    observed_generation: int
    wanted: int
    updated: int
    available: int
    replicas: int
    stuck: bool

    @property
    def complete(self) -> bool:
        """Every wanted pod runs this revision and is available, and no other is left."""
        return (
            self.observed_generation >= self.generation
            and self.updated == self.wanted
            and self.available == self.wanted
            and self.replicas == self.wanted
        )


@dataclass(frozen=True, slots=True)
class Child:
    """What is known of one object of ours.

    Attributes:
        version: its resourceVersion.
        owner: UID of the resource that owns it.
        wanted: the hash of what was applied last.
        touched: somebody else wrote it since.
        created: its creation time, for pruning.
        generation: counts the changes of its spec; 0 where the kind counts none.
        rollout: of a Deployment.
    """

    version: str
    owner: str
    wanted: str
    touched: bool
    created: str = ""
    generation: int = 0
    rollout: Rollout | None = None


@dataclass(slots=True)
class ChildCache:
    """The objects of ours as last seen, by reference and by owner."""

    _children: dict[Ref, Child] = field(default_factory=dict)
    _by_owner: dict[str, set[Ref]] = field(default_factory=dict)

    def get(self, ref: Ref) -> Child | None:
        """What is known of an object."""
        return self._children.get(ref)

    def of(self, owner: str) -> list[tuple[Ref, Child]]:
        """The objects of an owner."""
        return [(ref, self._children[ref]) for ref in self._by_owner.get(owner, ())]

    def put(self, body: Mapping[str, Any], *, ours: bool = False) -> bool:
        """Take in a version of an object; True when it tells something new.

        Args:
            body: the object, or its metadata alone.
            ours: the answer to our own write, which nobody can have touched since.
        """
        ref = ref_of(body)
        former = self._children.get(ref)
        version = body["metadata"]["resourceVersion"]
        if former is not None and not ours and not is_later(version, former.version):
            return False
        child = child_of(body)
        if ours or (former is not None and not former.touched and _only_status(former, child, body)):
            child = replace(child, touched=False)
        if former is not None and former.owner != child.owner:
            self.remove(ref)
        self._children[ref] = child
        self._by_owner.setdefault(child.owner, set()).add(ref)
        return former is None or replace(former, version="") != replace(child, version="")

    def remove(self, ref: Ref) -> Child | None:
        """An object is gone."""
        child = self._children.pop(ref, None)
        if child is not None:
            refs = self._by_owner.get(child.owner, set())
            refs.discard(ref)
            if not refs:
                self._by_owner.pop(child.owner, None)
        return child


def child_of(body: Mapping[str, Any]) -> Child:
    """What an object's metadata (and a Deployment's status) tells."""
    meta = body["metadata"]
    owner = next((o["uid"] for o in meta.get("ownerReferences") or [] if o.get("controller")), "")
    return Child(
        version=meta["resourceVersion"],
        owner=owner,
        wanted=(meta.get("annotations") or {}).get(DESIRED_HASH, ""),
        touched=touched_since_apply(meta.get("managedFields") or []),
        created=meta.get("creationTimestamp", ""),
        generation=meta.get("generation", 0),
        rollout=_rollout(body) if body["kind"] == "Deployment" and "spec" in body else None,
    )


def touched_since_apply(managed: Sequence[Mapping[str, Any]]) -> bool:
    """Whether anybody wrote an object (its status aside) at or after our last apply.

    The API server records seconds: a write in the same second counts as later, so that none is missed.
    """
    ours = [m["time"] for m in managed if m.get("manager") == MANAGER and m.get("operation") == "Apply"]
    others = [
        m["time"]
        for m in managed
        if not (m.get("manager") == MANAGER and m.get("operation") == "Apply") and not m.get("subresource")
    ]
    return not ours or any(time >= max(ours) for time in others)


@dataclass(frozen=True, slots=True, kw_only=True)
class Children:
    """Applies and prunes a tenant's objects.

    Attributes:
        cluster: where they are.
        cache: what is known of them.
    """

    cluster: Cluster
    cache: ChildCache

    async def ensure(self, owner_uid: str, wanted: Sequence[Mapping[str, Any]], draft: Draft) -> None:
        """Apply what differs, in order, then remove revisions that nobody uses any more.

        Raises:
            Stalled: an object of that name is another's (ObjectConflict).
            Waiting: an object of an earlier life is still being removed.
        """
        for obj in wanted:
            await self._ensure(owner_uid, obj, draft)
        await self._prune(owner_uid, wanted)

    async def _ensure(self, owner_uid: str, obj: Mapping[str, Any], draft: Draft) -> None:
        ref = ref_of(obj)
        child = self.cache.get(ref)
        if child is not None and child.owner != owner_uid:
            raise Waiting(
                reasons.PROGRESSING, f"{ref.kind} {ref.name} of an earlier life is being removed", after=_SOON
            )
        target = obj["metadata"]["annotations"][DESIRED_HASH]
        if child is not None and child.wanted == target:
            if not child.touched or not await self._drifted(ref, obj, child):
                return
            draft.note("DriftCorrected", f"{ref.kind} {ref.name} was changed by somebody else")
        stored = await self.cluster.apply(obj, force=child is not None)
        self.cache.put(stored, ours=True)

    async def _drifted(self, ref: Ref, obj: Mapping[str, Any], child: Child) -> bool:
        """Read a touched object in full and compare; an object that still fits counts as untouched."""
        live = await self.cluster.get(ref)
        if live is None or not contains(live, obj):
            return True
        if live["metadata"]["resourceVersion"] == child.version:
            self.cache.put(live, ours=True)
        return False

    async def _prune(self, owner_uid: str, wanted: Sequence[Mapping[str, Any]]) -> None:
        """Old revisions of the configuration go, but for the last few, so that a roll-out can be undone."""
        keep = {(obj["kind"], obj["metadata"]["name"]) for obj in wanted}
        old = [
            (child.created, ref)
            for ref, child in self.cache.of(owner_uid)
            if ref.kind == "ConfigMap" and (ref.kind, ref.name) not in keep
        ]
        for _, ref in sorted(old, key=lambda item: item[0], reverse=True)[_OLD_REVISIONS:]:
            await self.cluster.delete(ref)
            self.cache.remove(ref)


def contains(live: Any, wanted: Any) -> bool:
    """Whether ``live`` has everything that is ``wanted``; what else it has does not matter.

    Lists match item by item: those of objects with a name by that name, others by position.
    """
    if isinstance(wanted, dict):
        return isinstance(live, dict) and all(
            key in live and contains(live[key], value) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        if not isinstance(live, list) or len(live) < len(wanted):
            return False
        return all(contains(_partner(live, item, n), item) for n, item in enumerate(wanted))
    return same_value(live, wanted)


def _partner(live: list[Any], item: Any, position: int) -> Any:
    if isinstance(item, dict) and "name" in item:
        return next((x for x in live if isinstance(x, dict) and x.get("name") == item["name"]), None)
    return live[position]


def _only_status(former: Child, child: Child, body: Mapping[str, Any]) -> bool:
    """Whether a new version differs in nothing but status: the same generation of a kind that counts them."""
    if not child.generation or former.generation != child.generation or former.wanted != child.wanted:
        return False
    newest = max(body["metadata"].get("managedFields") or [{}], key=lambda entry: str(entry.get("time", "")))
    return bool(newest.get("subresource") == "status")


def is_later(version: str, former: str) -> bool:
    """Whether a resourceVersion is newer than another of the same object."""
    if version.isdigit() and former.isdigit():  # comparable by KEP-5504; a server that is otherwise gets no say
        return int(version) > int(former)
    return bool(version != former)


def _rollout(body: Mapping[str, Any]) -> Rollout:
    status = body.get("status") or {}
    conditions = {item["type"]: item for item in status.get("conditions") or []}
    return Rollout(
        generation=body["metadata"].get("generation", 0),
        observed_generation=status.get("observedGeneration", 0),
        wanted=body["spec"].get("replicas", 1),
        updated=status.get("updatedReplicas", 0),
        available=status.get("availableReplicas", 0),
        replicas=status.get("replicas", 0),
        stuck=conditions.get("Progressing", {}).get("reason") == "ProgressDeadlineExceeded",
    )
