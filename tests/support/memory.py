"""An API server in memory, behind ``ports.Cluster``: versions, generations, finalizers, owners, lost answers.

Assumes: one writer at a time. Refuses: anything that the operator does not use; ``tests/api`` has the real one.
"""

from __future__ import annotations

import copy
import json
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from switchboard_operator import reasons
from switchboard_operator.api import API_VERSION
from switchboard_operator.api.conditions import STATUS_DEFAULT
from switchboard_operator.desired.names import MANAGER
from switchboard_operator.errors import Conflict, Stalled, Upstream
from switchboard_operator.ports import Ref

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.ports import ManualClock

Json = dict[str, Any]
Fault = Literal["before", "after", "conflict"]


def ref_of(body: Mapping[str, Any]) -> Ref:
    """Where an object stands."""
    return Ref(body["kind"], body["metadata"].get("namespace", ""), body["metadata"]["name"])


@dataclass(slots=True)
class InMemoryCluster:
    """Objects by reference.

    Attributes:
        clock: dates objects and writes.
        objects: what is stored.
        faults: what becomes of the next writes, by subresource ("" for the object itself): lost before or after
            they took effect, or a lost race; None goes well.
        writes: the writes so far, as (verb, reference).
    """

    clock: ManualClock
    objects: dict[Ref, Json] = field(default_factory=dict)
    faults: dict[str, deque[Fault | None]] = field(default_factory=lambda: {"": deque(), "status": deque()})
    writes: list[tuple[str, Ref]] = field(default_factory=list)
    _version: int = 100

    def stored(self, ref: Ref) -> Json:
        """A copy of what is stored; the test is wrong if it is absent."""
        return copy.deepcopy(self.objects[ref])

    def of_kind(self, kind: str) -> list[Json]:
        """Copies of all objects of a kind."""
        return [copy.deepcopy(body) for ref, body in self.objects.items() if ref.kind == kind]

    async def get(self, ref: Ref) -> Json | None:
        """Read one object live."""
        return copy.deepcopy(self.objects.get(ref))

    async def create(self, obj: Mapping[str, Any]) -> Json | None:
        """Create an object; None when one of that name exists already."""
        ref = ref_of(obj)
        if ref in self.objects:
            return None
        fault = self._fault("create", ref)
        return self._answer(self.put(obj), fault)

    async def apply(self, obj: Mapping[str, Any], *, force: bool) -> Json:
        """Apply under our manager; without ``force`` another's object is left alone."""
        ref = ref_of(obj)
        former = self.objects.get(ref)
        if former is not None and not force and not _is_ours(former):
            raise Stalled(reasons.OBJECT_CONFLICT, f"{ref.kind} {ref.name} exists and is not ours")
        fault = self._fault("apply", ref)
        body = _merged(former, obj) if former else copy.deepcopy(dict(obj))
        entry = {"manager": MANAGER, "operation": "Apply", "time": self._stamp()}
        others = [m for m in (former or {}).get("metadata", {}).get("managedFields", []) if m["manager"] != MANAGER]
        body["metadata"]["managedFields"] = [*others, entry]
        return self._answer(self.put(body), fault)

    async def patch(
        self, ref: Ref, body: Mapping[str, Any], *, subresource: str = "", resource_version: str = ""
    ) -> Json | None:
        """Merge-patch, with a precondition if a version is given."""
        former = self.objects.get(ref)
        if former is None:
            return None
        fault = self._fault(f"patch {subresource}".strip(), ref, subresource)
        if fault == "conflict" or (resource_version and former["metadata"]["resourceVersion"] != resource_version):
            raise Conflict(f"{ref} changed")
        patched = _merged(former, body)
        if not subresource:
            patched["status"] = former.get("status", {})
        return self._answer(self._settle(ref, patched), fault)

    async def delete(self, ref: Ref) -> None:
        """Delete, or wait for the finalizers."""
        if ref not in self.objects:
            return
        self._fault("delete", ref)
        body = self.stored(ref)
        body["metadata"]["deletionTimestamp"] = self._stamp()
        self._settle(ref, body)

    def put(self, obj: Mapping[str, Any]) -> Json:
        """Store an object as a user's apply does: with identity, version, generation and the default status."""
        body = copy.deepcopy(dict(obj))
        ref = ref_of(body)
        former = self.objects.get(ref)
        self._version += 1
        meta = body["metadata"]
        if former is None:
            meta |= {"uid": f"uid-{self._version}", "creationTimestamp": self._stamp(), "generation": 1}
        else:
            changed = former.get("spec") != body.get("spec")
            meta["uid"] = former["metadata"]["uid"]
            meta["creationTimestamp"] = former["metadata"]["creationTimestamp"]
            meta["generation"] = former["metadata"]["generation"] + changed
        meta["resourceVersion"] = str(self._version)
        if body["apiVersion"] == API_VERSION:
            body["status"] = (former or {}).get("status") or copy.deepcopy(STATUS_DEFAULT)
        self.objects[ref] = body
        return copy.deepcopy(body)

    def touch(self, ref: Ref, change: Mapping[str, Any]) -> None:
        """Somebody else changes an object."""
        body = _merged(self.objects[ref], change)
        entry = {"manager": "kubectl-edit", "operation": "Update", "time": self._stamp()}
        body["metadata"].setdefault("managedFields", []).append(entry)
        self._settle(ref, body)

    def _settle(self, ref: Ref, body: Json) -> Json:
        """Store a changed object; an unchanged one keeps its version, a finished one goes."""
        former = self.objects[ref]
        if body == former:
            return copy.deepcopy(former)
        self._version += 1
        body["metadata"]["resourceVersion"] = str(self._version)
        if body.get("spec") != former.get("spec"):
            body["metadata"]["generation"] += 1
        self.objects[ref] = body
        if body["metadata"].get("deletionTimestamp") and not body["metadata"].get("finalizers"):
            del self.objects[ref]
        return copy.deepcopy(body)

    def _fault(self, verb: str, ref: Ref, subresource: str = "") -> Fault | None:
        faults = self.faults[subresource]
        fault = faults.popleft() if faults else None
        if fault == "before":
            raise _no_answer()
        if ref.kind != "Event":
            self.writes.append((verb, ref))
        return fault

    def _answer(self, body: Json, fault: Fault | None) -> Json:
        if fault == "after":
            raise _no_answer()
        return body

    def _stamp(self) -> str:
        return self.clock.now().isoformat(timespec="seconds").replace("+00:00", "Z")


def _no_answer() -> Upstream:
    return Upstream(reasons.API_SERVER_UNAVAILABLE, "the API server: no answer")


def _is_ours(body: Mapping[str, Any]) -> bool:
    return any(entry["manager"] == MANAGER for entry in body["metadata"].get("managedFields", []))


def _merged(former: Mapping[str, Any], change: Mapping[str, Any]) -> Json:
    """A JSON merge patch (RFC 7386)."""
    merged = json.loads(json.dumps(dict(former)))
    for key, value in change.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _merged(merged[key], value)
        else:
            merged[key] = json.loads(json.dumps(value))
    return dict(merged)
