from pathlib import Path
from typing import Any

import pytest

from dev.cluster.volumes import is_abandoned, volume_for, wants_volume


def claim(**changes: Any) -> dict[str, Any]:
    """Give a claim that waits for a volume, with changes to its spec (or its metadata)."""
    metadata = {
        "name": "data",
        "namespace": "acme",
        "uid": "7",
        "annotations": {"volume.kubernetes.io/selected-node": "local"},
    }
    spec = {
        "storageClassName": "local",
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
    }
    return {"metadata": metadata | changes.pop("metadata", {}), "spec": spec | changes}


def test_a_claim_of_ours_whose_pod_has_a_node_wants_a_volume() -> None:
    """The scheduler has written the node into an annotation."""
    assert wants_volume(claim())


@pytest.mark.parametrize(
    "other",
    [
        claim(storageClassName="fast"),
        claim(storageClassName=None),
        claim(volumeName="pvc-7"),
        claim(metadata={"annotations": {}}),
        claim(metadata={"deletionTimestamp": "2031-01-01T00:00:00Z"}),
    ],
    ids=["other class", "no class", "bound", "no pod yet", "being deleted"],
)
def test_any_other_claim_wants_none(other: dict[str, Any]) -> None:
    """Binding one of these would take it from its owner or come too early."""
    assert not wants_volume(other)


def test_a_volume_is_bound_to_its_claim_and_abandoned_once_released() -> None:
    """The claim is named by uid, so a new claim of the same name gets no old data."""
    volume = volume_for(claim(), Path("/volumes"))
    assert volume["metadata"]["name"] == "pvc-7"
    assert volume["spec"]["claimRef"]["uid"] == "7"
    assert volume["spec"]["local"]["path"] == "/volumes/pvc-7"
    assert not is_abandoned(volume | {"status": {"phase": "Bound"}})
    assert is_abandoned(volume | {"status": {"phase": "Released"}})


def test_a_volume_that_another_made_is_never_abandoned() -> None:
    """Nobody else's data is deleted."""
    volume = volume_for(claim(), Path("/volumes")) | {"status": {"phase": "Released"}}
    volume["metadata"]["annotations"] = {}
    assert not is_abandoned(volume)
