"""The API server's client on a real socket: what is asked, and what answers mean."""

from __future__ import annotations

import json
import ssl
from typing import TYPE_CHECKING, Any

import pytest

from switchboard_operator import reasons
from switchboard_operator.adapters.kinds import BY_KIND
from switchboard_operator.adapters.kube import KubeCluster
from switchboard_operator.adapters.kubeconfig import Connection, open_session
from switchboard_operator.errors import Conflict, Invalid, NotReady, Stalled, Upstream
from switchboard_operator.ports import Ref
from tests.support.loopback import Answer, Loopback, loopback

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

TENANT = Ref("Tenant", "acme", "muebles")
SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "bot", "namespace": "acme"}}
OBJECT = json.dumps({"metadata": {"name": "muebles", "resourceVersion": "7"}})


def refusal(status: int, message: str = "no", reason: str = "") -> Answer:
    """A Status object."""
    return Answer(status, json.dumps({"kind": "Status", "message": message, "reason": reason, "code": status}))


@pytest.fixture
async def server() -> AsyncIterator[Loopback]:
    """What stands in for the API server."""
    async with loopback() as running:
        running.will(Answer(200, OBJECT))
        yield running


@pytest.fixture
def calls() -> list[tuple[str, str, int | None]]:
    """What ``on_call`` was told."""
    return []


@pytest.fixture
async def cluster(server: Loopback, calls: list[tuple[str, str, int | None]]) -> AsyncIterator[KubeCluster]:
    """The client."""
    connection = Connection(server=server.url, tls=ssl.create_default_context(), token="token")
    async with open_session(connection, limit=4) as session:
        yield KubeCluster(
            connection=connection,
            session=session,
            on_call=lambda verb, kind, status: calls.append((verb, kind, status)),
        )


async def test_an_object_is_read(server: Loopback, cluster: KubeCluster) -> None:
    """By its place in the API; one that is absent is None."""
    found = await cluster.get(TENANT)
    server.will(refusal(404))

    assert found == json.loads(OBJECT)
    assert await cluster.get(Ref("Namespace", "", "acme")) is None
    assert [asked.path for asked in server.asked] == [
        "/apis/switchboard.dev/v1alpha1/namespaces/acme/tenants/muebles",
        "/api/v1/namespaces/acme",
    ]


async def test_an_apply_is_ours_and_forces_only_what_is_ours(server: Loopback, cluster: KubeCluster) -> None:
    """Server-side apply under one field manager."""
    await cluster.apply(SERVICE, force=False)
    (asked,) = server.asked

    assert (asked.method, asked.path) == ("PATCH", "/api/v1/namespaces/acme/services/bot")
    assert dict(asked.query) == {"fieldManager": "switchboard-operator", "force": "false"}
    assert asked.headers["Content-Type"] == "application/apply-patch+yaml"
    assert json.loads(asked.body) == SERVICE


async def test_a_patch_can_be_conditional(server: Loopback, cluster: KubeCluster) -> None:
    """The version is sent as a precondition; without one there is none."""
    await cluster.patch(TENANT, {"metadata": {"annotations": {"a": "b"}}}, resource_version="7")
    await cluster.patch(TENANT, {"status": {"sid": "AC"}}, subresource="status")

    first, second = (json.loads(asked.body) for asked in server.asked)
    assert first == {"metadata": {"annotations": {"a": "b"}, "resourceVersion": "7"}}
    assert second == {"status": {"sid": "AC"}}
    assert server.asked[1].path.endswith("/tenants/muebles/status")


@pytest.mark.parametrize("act", ["patch", "delete"])
async def test_what_is_gone_needs_no_more(server: Loopback, cluster: KubeCluster, act: str) -> None:
    """404 is an answer, not an error."""
    server.will(refusal(404))
    acts: dict[str, Callable[[], Awaitable[Any]]] = {
        "patch": lambda: cluster.patch(TENANT, {}),
        "delete": lambda: cluster.delete(TENANT),
    }

    assert await acts[act]() is None


async def test_a_name_that_is_taken_is_none(server: Loopback, cluster: KubeCluster) -> None:
    """Creating twice is found out without an error."""
    server.will(refusal(409, reason="AlreadyExists"))

    assert await cluster.create(SERVICE) is None


async def test_another_owners_fields_are_left_alone(server: Loopback, cluster: KubeCluster) -> None:
    """A conflict of an apply names the object, and a human must act."""
    server.will(refusal(409, "conflict with kubectl", "Conflict"))
    with pytest.raises(Stalled, match="Service bot exists") as stalled:
        await cluster.apply(SERVICE, force=False)

    assert stalled.value.reason == reasons.OBJECT_CONFLICT


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (refusal(400), Invalid, reasons.INTERNAL_ERROR),
        (refusal(422), Invalid, reasons.INTERNAL_ERROR),
        (refusal(413), Invalid, reasons.INTERNAL_ERROR),
        (refusal(401), Stalled, reasons.FORBIDDEN),
        (refusal(403), Stalled, reasons.FORBIDDEN),
        (refusal(429), Upstream, reasons.API_SERVER_UNAVAILABLE),
        (refusal(500), Upstream, reasons.API_SERVER_UNAVAILABLE),
        (Answer(503, "upstream is away", content_type="text/plain"), Upstream, reasons.API_SERVER_UNAVAILABLE),
        (Answer(503, "[]"), Upstream, reasons.API_SERVER_UNAVAILABLE),
        (Answer(200, "<html>", content_type="text/html"), Upstream, reasons.API_SERVER_UNAVAILABLE),
        (Answer(None), Upstream, reasons.API_SERVER_UNAVAILABLE),
    ],
)
async def test_failures_are_sorted_and_not_repeated(
    server: Loopback, cluster: KubeCluster, answer: Answer, kind: type[NotReady], reason: str
) -> None:
    """Each failure has its class and reason; the queue repeats, not the client."""
    server.will(answer)
    with pytest.raises(NotReady) as problem:
        await cluster.patch(TENANT, {})

    assert (type(problem.value), problem.value.reason) == (kind, reason)
    assert len(server.asked) == 1
    assert len(problem.value.message) < 700


async def test_a_lost_race_is_a_conflict(server: Loopback, cluster: KubeCluster) -> None:
    """The pass begins anew with what is stored now."""
    server.will(refusal(409, reason="Conflict"))
    with pytest.raises(Conflict):
        await cluster.patch(TENANT, {}, resource_version="1")


async def test_a_list_is_read_in_pages(server: Loopback, cluster: KubeCluster) -> None:
    """All pages, and the version to watch from."""
    page = {"items": [{"metadata": {"name": "a"}}], "metadata": {"continue": "next", "resourceVersion": "9"}}
    last = {"items": None, "metadata": {"resourceVersion": "9"}}
    server.will(Answer(200, json.dumps(page)), Answer(200, json.dumps(last)))
    items, version = await cluster.list(BY_KIND["Tenant"], selector="a=b", metadata_only=True)

    assert ([item["metadata"]["name"] for item in items], version) == (["a"], "9")
    assert dict(server.asked[1].query) == {"limit": "500", "labelSelector": "a=b", "continue": "next"}
    assert "PartialObjectMetadataList" in server.asked[0].headers["Accept"]


async def test_a_watch_gives_events_until_it_ends(server: Loopback, cluster: KubeCluster) -> None:
    """One event a line; a refusal is raised, sorted."""
    events = [{"type": "ADDED", "object": {}}, {"type": "BOOKMARK", "object": {}}]
    server.will(Answer(200, "\n".join(map(json.dumps, events)) + "\n"), refusal(403))
    kind = BY_KIND["Secret"]

    assert [event async for event in cluster.watch(kind, since="9", namespace="system")] == events
    with pytest.raises(Stalled):
        [event async for event in cluster.watch(kind, since="9")]
    assert dict(server.asked[0].query)["resourceVersion"] == "9"


async def test_each_call_is_counted(
    server: Loopback, cluster: KubeCluster, calls: list[tuple[str, str, int | None]]
) -> None:
    """By verb, kind and status; a lost one too."""
    server.will(Answer(200, OBJECT), refusal(404), Answer(None))
    await cluster.get(TENANT)
    await cluster.delete(TENANT)
    with pytest.raises(Upstream):
        await cluster.patch(TENANT, {})

    assert calls == [("GET", "Tenant", 200), ("DELETE", "Tenant", 404), ("PATCH", "Tenant", None)]
