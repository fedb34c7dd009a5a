"""The catalogues of assistants, read from ConfigMaps and remembered until the ConfigMap changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from switchboard_operator import reasons
from switchboard_operator.desired.catalogue import parse_catalogue
from switchboard_operator.errors import Waiting
from switchboard_operator.ports import Ref

if TYPE_CHECKING:
    from switchboard_operator.api import Assistant
    from switchboard_operator.ports import Clock, Cluster

_RECHECK = 60.0


@dataclass(slots=True, kw_only=True)
class Catalogues:
    """Products by assistant.

    Attributes:
        cluster: where the ConfigMaps are.
        clock: for how long they are remembered.
        lifetime: seconds after which a ConfigMap is read anew even if no event came.
    """

    cluster: Cluster
    clock: Clock
    lifetime: float
    _known: dict[Ref, tuple[float, list[dict[str, Any]]]] = field(default_factory=dict)

    async def products(self, assistant: Assistant) -> list[dict[str, Any]]:
        """The assistant's products; empty without a catalogue.

        Raises:
            Waiting: the ConfigMap is missing.
            Invalid: the ConfigMap cannot be understood.
        """
        if assistant.spec.catalogue is None:
            return []
        ref = Ref("ConfigMap", assistant.namespace, assistant.spec.catalogue.config_map_ref.name)
        at, products = self._known.get(ref, (0.0, []))
        if ref in self._known and self.clock.monotonic() - at < self.lifetime:
            return products
        stored = await self.cluster.get(ref)
        if stored is None:
            raise Waiting(
                reasons.CONFIGMAP_NOT_FOUND,
                f"spec.catalogue.configMapRef: no ConfigMap {ref.name!r} in namespace {ref.namespace}; create it",
                after=_RECHECK,
            )
        products = parse_catalogue(ref.name, stored.get("data") or {})
        self._known[ref] = (self.clock.monotonic(), products)
        return products

    def forget(self, ref: Ref) -> None:
        """A ConfigMap changed: it is read anew when it is needed."""
        self._known.pop(ref, None)
