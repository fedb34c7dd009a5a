"""The catalogues and texts of assistants, read from ConfigMaps and remembered until the ConfigMap changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from switchboard_operator import reasons
from switchboard_operator.desired.catalogue import parse_catalogue
from switchboard_operator.desired.thinking import texts_of, thinks
from switchboard_operator.errors import Waiting
from switchboard_operator.ports import Ref

if TYPE_CHECKING:
    from switchboard_operator.api import Assistant
    from switchboard_operator.desired.thinking import Text
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
    _products: dict[Ref, tuple[float, list[dict[str, Any]]]] = field(default_factory=dict)
    _texts: dict[Ref, tuple[float, list[Text]]] = field(default_factory=dict)

    async def products(self, assistant: Assistant) -> list[dict[str, Any]]:
        """The assistant's products; empty without a catalogue.

        Raises:
            Waiting: the ConfigMap is missing.
            Invalid: the ConfigMap cannot be understood.
        """
        if assistant.spec.catalogue is None:
            return []
        ref = Ref("ConfigMap", assistant.namespace, assistant.spec.catalogue.config_map_ref.name)
        at, products = self._products.get(ref, (0.0, []))
        if ref in self._products and self.clock.monotonic() - at < self.lifetime:
            return products
        products = parse_catalogue(ref.name, await self._data("spec.catalogue.configMapRef", ref))
        self._products[ref] = (self.clock.monotonic(), products)
        return products

    async def texts(self, assistant: Assistant) -> list[Text]:
        """The texts that the assistant may quote; empty without any, or without a model to quote them.

        Raises:
            Waiting: a ConfigMap is missing.
        """
        found: dict[str, str] = {}
        for number, item in enumerate((assistant.spec.knowledge or []) if thinks(assistant) else []):
            ref = Ref("ConfigMap", assistant.namespace, item.config_map_ref.name)
            at, texts = self._texts.get(ref, (0.0, []))
            if ref not in self._texts or self.clock.monotonic() - at >= self.lifetime:
                texts = texts_of(ref.name, await self._data(f"spec.knowledge[{number}].configMapRef", ref))
                self._texts[ref] = (self.clock.monotonic(), texts)
            found |= dict(texts)
        return sorted(found.items())

    async def _data(self, where: str, ref: Ref) -> dict[str, str]:
        stored = await self.cluster.get(ref)
        if stored is None:
            raise Waiting(
                reasons.CONFIGMAP_NOT_FOUND,
                f"{where}: no ConfigMap {ref.name!r} in namespace {ref.namespace}; create it",
                after=_RECHECK,
            )
        return dict(stored.get("data") or {})

    def forget(self, ref: Ref) -> None:
        """A ConfigMap changed: it is read anew when it is needed."""
        self._products.pop(ref, None)
        self._texts.pop(ref, None)
