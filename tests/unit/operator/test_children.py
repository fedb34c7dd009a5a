"""A tenant's objects: applied when they differ, left alone when they do not, never taken from others."""

from dataclasses import replace
from typing import Any

import pytest

from switchboard_operator import reasons
from switchboard_operator.desired.names import DESIRED_HASH, MANAGER
from switchboard_operator.errors import Stalled, Waiting
from switchboard_operator.ports import Ref
from switchboard_operator.reconcile.children import (
    ChildCache,
    Children,
    Rollout,
    child_of,
    contains,
    touched_since_apply,
)
from switchboard_operator.reconcile.draft import Draft
from tests.support.memory import InMemoryCluster
from tests.support.ports import ManualClock

OWNER = {"apiVersion": "switchboard.dev/v1alpha1", "kind": "Tenant", "name": "acme", "uid": "uid-acme"}
SERVICE = Ref("Service", "acme", "bot-acme")


def wanted(
    kind: str = "Service", name: str = "bot-acme", *, digest: str = "h1", uid: str = "uid-acme", **content: Any
) -> dict[str, Any]:
    """An object as the builders make it."""
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": "acme",
            "annotations": {DESIRED_HASH: digest},
            "ownerReferences": [OWNER | {"uid": uid, "controller": True}],
        },
        **(content or {"spec": {"ports": [{"name": "http", "port": 80}]}}),
    }


class Scene:
    """An API server and what the operator knows of it."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.cluster = InMemoryCluster(self.clock)
        self.cache = ChildCache()
        self.draft = Draft()

    async def ensure(self, *objects: dict[str, Any], uid: str = "uid-acme") -> list[tuple[str, Ref]]:
        """One pass; returns the writes it made. Time moves on, since managers stamp seconds."""
        before = len(self.cluster.writes)
        self.clock.advance(5)
        await Children(cluster=self.cluster, cache=self.cache).ensure(uid, objects, self.draft)
        self.clock.advance(5)
        return self.cluster.writes[before:]

    def watch(self, ref: Ref = SERVICE) -> bool:
        """The watch shows the object; says whether that was news."""
        return self.cache.put(self.cluster.stored(ref))


async def test_an_object_is_applied_once() -> None:
    """The second pass writes nothing, nor does one after the watch's echo."""
    scene = Scene()

    assert await scene.ensure(wanted()) == [("apply", SERVICE)]
    assert await scene.ensure(wanted()) == []
    assert not scene.watch()
    assert await scene.ensure(wanted()) == []


async def test_a_restart_writes_nothing() -> None:
    """A process that only knows what the watch shows applies nothing anew."""
    scene = Scene()
    await scene.ensure(wanted())
    scene.cache = ChildCache()
    scene.watch()

    assert await scene.ensure(wanted()) == []


async def test_what_is_wanted_now_is_applied() -> None:
    """Another hash is another apply."""
    scene = Scene()
    await scene.ensure(wanted())

    assert await scene.ensure(wanted(digest="h2", spec={"ports": []})) == [("apply", SERVICE)]
    assert scene.draft.notices == []


async def test_drift_is_corrected_and_told() -> None:
    """What somebody else changed comes back, once, with an Event."""
    scene = Scene()
    await scene.ensure(wanted())
    scene.cluster.touch(SERVICE, {"spec": {"ports": []}})
    scene.watch()

    assert await scene.ensure(wanted()) == [("apply", SERVICE)]
    assert [notice.reason for notice in scene.draft.notices] == ["DriftCorrected"]
    assert await scene.ensure(wanted()) == []


async def test_what_others_add_is_theirs() -> None:
    """A label of another controller is no drift: the object is read once, and not again until it changes."""
    scene = Scene()
    await scene.ensure(wanted())
    scene.cluster.touch(SERVICE, {"metadata": {"labels": {"mesh": "yes"}}})
    scene.watch()

    assert await scene.ensure(wanted()) == []
    child = scene.cache.get(SERVICE)
    assert child is not None
    assert not child.touched


async def test_anothers_object_is_never_overwritten() -> None:
    """A Service that somebody else made under our name stays, and the message names it."""
    scene = Scene()
    theirs = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "bot-acme", "namespace": "acme"}, "spec": {}}
    scene.cluster.put(theirs)

    with pytest.raises(Stalled, match="Service bot-acme") as refusal:
        await scene.ensure(wanted())
    assert refusal.value.reason == reasons.OBJECT_CONFLICT
    assert scene.cluster.stored(SERVICE)["spec"] == {}


async def test_an_earlier_life_is_waited_for() -> None:
    """The objects of a deleted tenant are not taken over while the garbage collector removes them."""
    scene = Scene()
    await scene.ensure(wanted(uid="uid-former"), uid="uid-former")

    with pytest.raises(Waiting, match="earlier life") as waiting:
        await scene.ensure(wanted())
    assert waiting.value.after


async def test_a_lost_answer_is_no_second_object() -> None:
    """An apply whose answer got lost is repeated, which changes nothing."""
    scene = Scene()
    scene.cluster.faults[""].append("after")
    with pytest.raises(Exception, match="no answer"):
        await scene.ensure(wanted())

    assert await scene.ensure(wanted()) == [("apply", SERVICE)]
    assert len(scene.cluster.of_kind("Service")) == 1


async def test_old_revisions_go_but_the_last_two() -> None:
    """A roll-out can be undone; configurations do not pile up, and other kinds are never pruned."""
    scene = Scene()
    other = wanted("Secret", "keep", data={})
    for number in range(6):
        await scene.ensure(wanted("ConfigMap", f"bot-acme-{number}", digest=f"h{number}", data={}), other)

    assert [body["metadata"]["name"] for body in scene.cluster.of_kind("ConfigMap")] == [
        "bot-acme-3",
        "bot-acme-4",
        "bot-acme-5",
    ]
    await scene.ensure(wanted("ConfigMap", "bot-acme-5", digest="h5", data={}))
    assert [body["metadata"]["name"] for body in scene.cluster.of_kind("Secret")] == ["keep"]


def managed(time: str, manager: str = MANAGER, operation: str = "Apply", **more: str) -> dict[str, str]:
    """An entry of managedFields."""
    return {"manager": manager, "operation": operation, "time": f"2026-01-01T00:00:{time}Z"} | more


@pytest.mark.parametrize(
    ("entries", "touched"),
    [
        ([managed("10")], False),
        ([managed("10"), managed("09", "kubectl-edit", "Update")], False),
        ([managed("10"), managed("10", "kubectl-edit", "Update")], True),
        ([managed("10"), managed("11", "kubectl-edit", "Update")], True),
        ([managed("10"), managed("11", "kube-controller-manager", "Update", subresource="status")], False),
        ([managed("10"), managed("11", MANAGER, "Update")], True),
        ([managed("10", "argocd")], True),
        ([], True),
    ],
)
def test_who_wrote_last(entries: list[dict[str, str]], *, touched: bool) -> None:
    """A write of somebody else at or after our apply counts; one to the status does not."""
    assert touched_since_apply(entries) is touched


@pytest.mark.parametrize(
    ("live", "wants", "fits"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"a": 1}, {"a": 2}, False),
        ({}, {"a": None}, False),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, True),
        ([1, 2], [1], True),
        ([1], [1, 2], False),
        ([{"name": "x", "v": 1}, {"name": "y", "v": 2}], [{"name": "y", "v": 2}], True),
        ([{"name": "x", "v": 1}], [{"name": "y", "v": 1}], False),
        ([{"port": 80, "protocol": "TCP"}], [{"port": 80}], True),
        ("a", ["a"], False),
        ({"a": "1"}, {"a": {}}, False),
    ],
)
def test_live_objects_hold_more_than_is_wanted(live: Any, wants: Any, *, fits: bool) -> None:
    """Defaults and additions do not matter; what is wanted must be there."""
    assert contains(live, wants) is fits


def deployment(version: int, generation: int = 1, *, wrote: str = "", **status: Any) -> dict[str, Any]:
    """A Deployment as the watch shows it."""
    entries = [managed("10")]
    if wrote == "status":
        entries.append(managed(f"{10 + version}", "kube-controller-manager", "Update", subresource="status"))
    return {
        "kind": "Deployment",
        "metadata": {
            "name": "bot-acme",
            "namespace": "acme",
            "resourceVersion": str(version),
            "generation": generation,
            "annotations": {DESIRED_HASH: "h1"},
            "ownerReferences": [OWNER | {"controller": True}],
            "managedFields": entries,
        },
        "spec": {"replicas": 2},
        "status": {"observedGeneration": generation, **status},
    }


@pytest.mark.parametrize(
    ("changes", "complete"),
    [
        ({}, True),
        ({"observed_generation": 1}, False),
        ({"updated": 1}, False),
        ({"available": 1}, False),
        ({"replicas": 3}, False),
        ({"wanted": 0, "updated": 0, "available": 0, "replicas": 0}, True),
    ],
)
def test_a_roll_out_is_complete_when_nothing_old_is_left(changes: dict[str, Any], *, complete: bool) -> None:
    """Observed, updated, available, and no pod of a former revision; suspended means none at all."""
    done = Rollout(generation=2, observed_generation=2, wanted=2, updated=2, available=2, replicas=2, stuck=False)

    assert replace(done, **changes).complete is complete


def test_progress_of_a_roll_out_is_news_and_no_drift() -> None:
    """Each step of a roll-out wakes the tenant; an older version, and the same again, do not."""
    cache = ChildCache()
    assert cache.put(deployment(1))
    assert cache.put(deployment(2, wrote="status", replicas=2, updatedReplicas=1))
    assert not cache.put(deployment(2, wrote="status", replicas=2, updatedReplicas=1))
    assert not cache.put(deployment(1))
    child = cache.get(Ref("Deployment", "acme", "bot-acme"))

    assert child is not None
    assert not child.touched
    assert child.rollout is not None
    assert (child.rollout.wanted, child.rollout.updated) == (2, 1)


def test_a_stuck_roll_out_says_so() -> None:
    """The Deployment's deadline is the operator's."""
    conditions = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]
    child = child_of(deployment(1, conditions=conditions))

    assert child.rollout is not None
    assert child.rollout.stuck


def test_an_object_has_one_owner_at_a_time() -> None:
    """An object that a new life of a tenant made anew is not found under the former one."""
    cache = ChildCache()
    first, second = wanted(), wanted(uid="uid-second")
    cache.put(first | {"metadata": first["metadata"] | {"resourceVersion": "1"}})
    cache.put(second | {"metadata": second["metadata"] | {"resourceVersion": "2"}})

    assert cache.of("uid-acme") == []
    assert [ref for ref, _ in cache.of("uid-second")] == [SERVICE]
    assert cache.remove(SERVICE) is not None
    assert cache.of("uid-second") == []


def test_a_spec_change_behind_a_status_change_is_seen() -> None:
    """Where the watch skipped a version, another generation tells that the spec was written too."""
    cache = ChildCache()
    cache.put(deployment(1), ours=True)
    body = deployment(3, generation=2, wrote="status")
    body["metadata"]["managedFields"].append(managed("12", "kubectl-edit", "Update"))
    cache.put(body)
    child = cache.get(Ref("Deployment", "acme", "bot-acme"))

    assert child is not None
    assert child.touched
