"""What was last seen of our own kinds, with the indexes that the reconcilers ask.

Fed by the watch and by our own writes' answers, so that a reconciler reads its own writes. An older
version never replaces a newer one, and a deleted object's late answer never brings it back.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, Any

from switchboard_operator.api import KINDS
from switchboard_operator.ports import Ref, ref_of
from switchboard_operator.reconcile.children import is_later

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from switchboard_operator.api import Resource

    Indexer = Callable[[Any], Iterable[str]]

_TOMBSTONES = 10_000
_MODELS = {model.crd.kind: model for model in KINDS}


class Store:
    """Objects of our own kinds by reference."""

    def __init__(self) -> None:
        self._objects: dict[Ref, Any] = {}
        self._indexers: dict[tuple[str, str], Indexer] = {}
        self._indexes: dict[tuple[str, str], dict[str, set[Ref]]] = {}
        self._entries: dict[Ref, list[tuple[tuple[str, str], str]]] = {}
        self._gone: set[str] = set()
        self._gone_order: deque[str] = deque()

    def add_index(self, kind: str, name: str, indexer: Indexer) -> None:
        """Declare an index of a kind: ``indexer`` gives the values under which an object is found."""
        self._indexers[kind, name] = indexer
        self._indexes[kind, name] = defaultdict(set)

    def get(self, ref: Ref) -> Any | None:
        """The object, or None."""
        return self._objects.get(ref)

    def all(self, kind: str) -> list[Any]:
        """All objects of a kind."""
        return [obj for ref, obj in self._objects.items() if ref.kind == kind]

    def find(self, kind: str, index: str, value: str) -> list[Any]:
        """The objects of a kind that stand under ``value`` in an index, oldest first."""
        refs = self._indexes[kind, index].get(value, set())
        return sorted((self._objects[ref] for ref in refs), key=age_key)

    def put(self, body: Mapping[str, Any]) -> tuple[Any | None, Any | None]:
        """Take in a version of an object.

        Returns:
            The former object and the new one; (x, x) when the version is not newer.
        """
        model = _MODELS[body["kind"]]
        ref = ref_of(body)
        former = self._objects.get(ref)
        if body["metadata"]["uid"] in self._gone:
            return former, former
        if former is not None and not _newer(body, former):
            return former, former
        current: Resource[Any, Any] = model.model_validate(body)
        self._objects[ref] = current
        self._reindex(ref, current)
        return former, current

    def remove(self, body: Mapping[str, Any]) -> Any | None:
        """Take an object out; returns what it was."""
        ref = ref_of(body)
        self._bury(body["metadata"]["uid"])
        former = self._objects.get(ref)
        if former is None or former.metadata.uid != body["metadata"]["uid"]:
            return None
        del self._objects[ref]
        self._reindex(ref, None)
        return former

    def _bury(self, uid: str) -> None:
        self._gone.add(uid)
        self._gone_order.append(uid)
        if len(self._gone_order) > _TOMBSTONES:
            self._gone.discard(self._gone_order.popleft())

    def _reindex(self, ref: Ref, obj: Any | None) -> None:
        for key, value in self._entries.pop(ref, []):
            self._indexes[key][value].discard(ref)
        if obj is None:
            return
        entries = [
            (key, value) for key, indexer in self._indexers.items() if key[0] == ref.kind for value in indexer(obj)
        ]
        for key, value in entries:
            self._indexes[key][value].add(ref)
        self._entries[ref] = entries


def age_key(obj: Any) -> tuple[str, str]:
    """Sort key: oldest first, the UID decides between equals."""
    created = obj.metadata.creation_timestamp
    return (created.isoformat() if created else "", obj.metadata.uid)


def _newer(body: Mapping[str, Any], former: Any) -> bool:
    if body["metadata"]["uid"] != former.metadata.uid:
        return True
    return is_later(body["metadata"]["resourceVersion"], former.metadata.resource_version)
