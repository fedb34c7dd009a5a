"""Light watches of what is not ours to edge through Kopf: children, account Secrets and watched ConfigMaps."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp

from switchboard_operator.errors import NotReady
from switchboard_operator.ports import ref_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from switchboard_operator.adapters.kinds import ApiKind
    from switchboard_operator.adapters.kube import KubeCluster
    from switchboard_operator.ports import Ref

_log = logging.getLogger(__name__)
_FIRST_REST, _LONGEST_REST = 0.5, 30.0


@dataclass(slots=True, kw_only=True)
class Watch:
    """A list and an endless watch of one kind.

    Attributes:
        cluster: the API server.
        kind: what is watched.
        seen: told of each version.
        gone: told of each removal.
        namespace: "" for all.
        selector: a label selector, or "".
        metadata_only: leave spec and status out.
        jitter: gives a number in [0, 1) for each rest.
    """

    cluster: KubeCluster
    kind: ApiKind
    seen: Callable[[Mapping[str, Any]], None]
    gone: Callable[[Ref], None]
    jitter: Callable[[], float]
    namespace: str = ""
    selector: str = ""
    metadata_only: bool = False
    _since: str = ""
    _known: set[Ref] = field(default_factory=set)

    async def prime(self) -> None:
        """List once, so that nothing is decided before everything was seen."""
        items, self._since = await self.cluster.list(
            self.kind, namespace=self.namespace, selector=self.selector, metadata_only=self.metadata_only
        )
        present: set[Ref] = set()
        for item in items:
            body = self._typed(item)
            present.add(ref_of(body))
            self.seen(body)
        for ref in self._known - present:
            self.gone(ref)
        self._known = present

    async def run(self) -> None:
        """Watch until cancelled; after a break go on from the last version, after a gap list anew."""
        rest = _FIRST_REST
        while True:
            try:
                if not self._since:
                    await self.prime()
                await self._follow()
                rest = _FIRST_REST
            except (NotReady, aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                _log.info("watch of %s is interrupted: %s", self.kind.plural, type(error).__name__)
                await asyncio.sleep(rest * (0.5 + self.jitter()))
                rest = min(rest * 2, _LONGEST_REST)

    async def _follow(self) -> None:
        stream = self.cluster.watch(
            self.kind,
            since=self._since,
            namespace=self.namespace,
            selector=self.selector,
            metadata_only=self.metadata_only,
        )
        async for event in stream:
            if event["type"] == "ERROR":  # 410 Gone: our version is too old
                self._since = ""
                return
            self._since = event["object"]["metadata"]["resourceVersion"]
            if event["type"] != "BOOKMARK":
                self._tell(event["type"], self._typed(event["object"]))

    def _tell(self, what: str, body: Mapping[str, Any]) -> None:
        ref = ref_of(body)
        if what == "DELETED":
            self._known.discard(ref)
            self.gone(ref)
        else:
            self._known.add(ref)
            self.seen(body)

    def _typed(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """Items of a list have no kind, and metadata has the kind PartialObjectMetadata."""
        return {**item, "kind": self.kind.kind}
