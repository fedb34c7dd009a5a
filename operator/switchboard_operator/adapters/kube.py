"""The API server over one aiohttp session: plain JSON in and out, no client package.

Assumes: the session's connector caps the connections. Refuses: to retry a write by itself; the work queue
does that, with back-off, for the whole resource.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aiohttp

from switchboard_operator import reasons
from switchboard_operator.adapters.kinds import BY_KIND, ApiKind
from switchboard_operator.desired.names import MANAGER
from switchboard_operator.errors import Conflict, Invalid, NotReady, Stalled, Upstream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from switchboard_operator.adapters.kubeconfig import Connection
    from switchboard_operator.ports import Ref

_CHUNK = 500
_DEADLINE = 30.0
_METADATA = "application/json;as=PartialObjectMetadata{list};g=meta.k8s.io;v=v1,application/json"
_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"


class KubeCluster:
    """Implements ``ports.Cluster``, and lists and watches for the store.

    Args:
        connection: where the API server is and how to authenticate.
        session: a session that authenticates (``kubeconfig.open_session``).
        on_call: told of each finished call as (verb, kind, status or None).
    """

    def __init__(
        self,
        *,
        connection: Connection,
        session: aiohttp.ClientSession,
        on_call: Callable[[str, str, int | None], None] | None = None,
    ) -> None:
        self._connection = connection
        self._session = session
        self._on_call = on_call

    async def get(self, ref: Ref) -> dict[str, Any] | None:
        """Read one object live; None when absent."""
        kind = BY_KIND[ref.kind]
        status, body = await self._send("GET", kind, kind.path(ref.namespace, ref.name))
        return None if status == 404 else body

    async def create(self, obj: Mapping[str, Any]) -> dict[str, Any] | None:
        """Create an object; None when one of that name exists already."""
        kind = BY_KIND[obj["kind"]]
        path = kind.path(obj["metadata"].get("namespace", ""))
        try:
            return (await self._send("POST", kind, path, body=obj, params={"fieldManager": MANAGER}))[1]
        except Conflict:
            return None

    async def apply(self, obj: Mapping[str, Any], *, force: bool) -> dict[str, Any]:
        """Server-side apply under our field manager."""
        kind = BY_KIND[obj["kind"]]
        meta = obj["metadata"]
        params = {"fieldManager": MANAGER, "force": "true" if force else "false"}
        path = kind.path(meta.get("namespace", ""), meta["name"])
        try:
            return (await self._send("PATCH", kind, path, body=obj, params=params, content=_APPLY))[1]
        except Conflict as error:
            what = f"{kind.kind} {meta['name']}"
            raise Stalled(
                reasons.OBJECT_CONFLICT, f"{what} exists and is not ours: {error}; delete or rename it"
            ) from error

    async def patch(
        self, ref: Ref, body: Mapping[str, Any], *, subresource: str = "", resource_version: str = ""
    ) -> dict[str, Any] | None:
        """Merge-patch; None when the object is absent, ``Conflict`` when it changed."""
        kind = BY_KIND[ref.kind]
        content = dict(body)
        if resource_version:
            content["metadata"] = {**content.get("metadata", {}), "resourceVersion": resource_version}
        path = kind.path(ref.namespace, ref.name, subresource)
        params = {"fieldManager": MANAGER}
        status, answer = await self._send("PATCH", kind, path, body=content, params=params, content=_MERGE)
        return None if status == 404 else answer

    async def delete(self, ref: Ref) -> None:
        """Delete in the background; an absent object is fine."""
        kind = BY_KIND[ref.kind]
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        await self._send("DELETE", kind, kind.path(ref.namespace, ref.name), body=body)

    async def list(
        self, kind: ApiKind, *, namespace: str = "", selector: str = "", metadata_only: bool = False
    ) -> tuple[list[dict[str, Any]], str]:
        """All objects of a kind in chunks, and the resource version to watch from."""
        items: list[dict[str, Any]] = []
        params = {"limit": str(_CHUNK), **({"labelSelector": selector} if selector else {})}
        accept = _METADATA.format(list="List") if metadata_only else "application/json"
        while True:
            _, page = await self._send("GET", kind, kind.path(namespace), params=params, accept=accept)
            items.extend(page.get("items") or [])
            following = page["metadata"].get("continue")
            if not following:
                return items, page["metadata"]["resourceVersion"]
            params["continue"] = following

    async def pods_of(self, namespace: str, service: str) -> Sequence[str]:
        """``host:port`` of each ready pod of a Service."""
        selector = f"kubernetes.io/service-name={service}"
        slices, _ = await self.list(BY_KIND["EndpointSlice"], namespace=namespace, selector=selector)
        return [
            f"[{address}]:{port['port']}" if ":" in address else f"{address}:{port['port']}"
            for each in slices
            for port in each.get("ports") or []
            for endpoint in each.get("endpoints") or []
            if (endpoint.get("conditions") or {}).get("ready") is not False
            for address in endpoint["addresses"][:1]
        ]

    async def watch(
        self,
        kind: ApiKind,
        *,
        since: str,
        namespace: str = "",
        selector: str = "",
        metadata_only: bool = False,
        seconds: int = 240,
    ) -> AsyncIterator[dict[str, Any]]:
        """The events of a kind after ``since``; ends after ``seconds`` or when the server ends it."""
        params = {
            "watch": "true",
            "resourceVersion": since,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(seconds),
            **({"labelSelector": selector} if selector else {}),
        }
        accept = _METADATA.format(list="") if metadata_only else "application/json"
        limits = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=seconds + 15)
        url = self._connection.server + kind.path(namespace)
        headers = {"Accept": accept}
        async with self._session.get(url, params=params, headers=headers, timeout=limits) as reply:
            if reply.status != 200:
                raise _failure("watch", kind, reply.status, await reply.text())
            async for line in reply.content:
                yield json.loads(line)

    async def _send(
        self,
        method: str,
        kind: ApiKind,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
        content: str = "application/json",
        accept: str = "application/json",
    ) -> tuple[int, dict[str, Any]]:
        """Make one call. 404 comes back as it is; other refusals are raised, sorted."""
        status: int | None = None
        try:
            async with self._session.request(
                method,
                self._connection.server + path,
                params=params,
                data=None if body is None else json.dumps(body).encode(),
                headers={"Content-Type": content, "Accept": accept},
                timeout=aiohttp.ClientTimeout(total=_DEADLINE),
            ) as reply:
                status, text = reply.status, await reply.text()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Upstream(reasons.API_SERVER_UNAVAILABLE, f"the API server: {type(error).__name__}") from error
        finally:
            if self._on_call:
                self._on_call(method, kind.kind, status)
        if status >= 400 and not (status == 404 and method != "POST"):
            raise _failure(method, kind, status, text)
        try:
            return status, json.loads(text)
        except ValueError as error:
            raise Upstream(reasons.API_SERVER_UNAVAILABLE, f"{method} {kind.plural}: the answer is not JSON") from error


def _failure(method: str, kind: ApiKind, status: int, text: str) -> NotReady | Conflict:
    """What a refusal of the API server means."""
    try:
        message = str(json.loads(text).get("message", text))
    except (ValueError, AttributeError):
        message = text
    message = message[:500]
    what = f"{method} {kind.plural}: {status} {message}"
    if status == 409:
        return Conflict(what)
    if status in {401, 403}:
        return Stalled(reasons.FORBIDDEN, what, after=60.0)
    if status in {400, 413, 422}:
        return Invalid(reasons.INTERNAL_ERROR, what)
    return Upstream(reasons.API_SERVER_UNAVAILABLE, what)
