"""Gives each claim of the class ``local`` a PersistentVolume: a folder on this machine.

It is a volume of type ``local``, not ``hostPath``, because the kubelet then applies a pod's ``fsGroup`` as it
does with real storage; the folder belongs to root and a pod without ``fsGroup`` cannot write to it. A deleted
claim's folder is removed. It runs as ``python -m dev.cluster.volumes NAME``, level-triggered: each event
makes it look at everything again.
"""

import http.client
import shutil
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dev.cluster.errors import ApiRefused
from dev.cluster.kube import Api
from dev.cluster.pki import authority
from dev.cluster.state import open_cluster

CLASS_NAME = "local"
PROVISIONER = "switchboard.dev/local"

_CLAIMS = "/api/v1/persistentvolumeclaims"
_VOLUMES = "/api/v1/persistentvolumes"
_SELECTED_NODE = "volume.kubernetes.io/selected-node"
_PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
_LOOK_AGAIN_SECONDS = 30.0
_RETRY_SECONDS = 1.0


def class_object() -> dict[str, Any]:
    """The StorageClass, marked default."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": CLASS_NAME,
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": PROVISIONER,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
    }


def wants_volume(claim: dict[str, Any]) -> bool:
    """Whether a claim waits for a volume of ours: its class is ours and its pod has been given a node."""
    meta, spec = claim["metadata"], claim["spec"]
    return bool(
        spec.get("storageClassName") == CLASS_NAME
        and not spec.get("volumeName")
        and "deletionTimestamp" not in meta
        and _SELECTED_NODE in meta.get("annotations", {})
    )


def is_abandoned(volume: dict[str, Any]) -> bool:
    """Whether a volume of ours has lost its claim and is to be deleted with its data."""
    spec = volume["spec"]
    return bool(
        volume["metadata"].get("annotations", {}).get(_PROVISIONED_BY) == PROVISIONER
        and volume.get("status", {}).get("phase") == "Released"
        and spec.get("persistentVolumeReclaimPolicy") == "Delete"
    )


def volume_for(claim: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Build the volume for a claim, bound to it from the start, on the node that its pod was given."""
    meta, spec = claim["metadata"], claim["spec"]
    name = volume_name(claim)
    node = {"key": "kubernetes.io/hostname", "operator": "In", "values": [meta["annotations"][_SELECTED_NODE]]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {_PROVISIONED_BY: PROVISIONER}},
        "spec": {
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "accessModes": spec["accessModes"],
            "persistentVolumeReclaimPolicy": "Delete",
            "storageClassName": CLASS_NAME,
            "local": {"path": str(folder / name)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [node]}]}},
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": meta["namespace"],
                "name": meta["name"],
                "uid": meta["uid"],
            },
        },
    }


def volume_name(claim: dict[str, Any]) -> str:
    """Name a claim's volume, the same each time."""
    return f"pvc-{claim['metadata']['uid']}"


def reconcile(api: Api, folder: Path) -> None:
    """Make the volumes that are waited for and delete the abandoned ones."""
    for claim in api.request("GET", _CLAIMS)["items"]:
        if wants_volume(claim):
            (folder / volume_name(claim)).mkdir(mode=0o755, parents=True, exist_ok=True)
            _ignoring(409, api, "POST", _VOLUMES, volume_for(claim, folder))
    for volume in api.request("GET", _VOLUMES)["items"]:
        if is_abandoned(volume):
            shutil.rmtree(folder / volume["metadata"]["name"], ignore_errors=True)
            _ignoring(404, api, "DELETE", f"{_VOLUMES}/{volume['metadata']['name']}")


def _ignoring(status: int, api: Api, method: str, path: str, body: dict[str, Any] | None = None) -> None:
    try:
        api.request(method, path, body)
    except ApiRefused as refused:
        if refused.status != status:
            raise


def _watch_forever(api: Api, path: str, happened: threading.Event) -> None:
    while True:
        try:
            version = api.request("GET", f"{path}?limit=1")["metadata"]["resourceVersion"]
            happened.set()
            for _ in api.watch(path, resource_version=version):
                happened.set()
        except (OSError, http.client.HTTPException, ApiRefused, ValueError) as error:
            print(f"watch {path}: {error}")
            time.sleep(_RETRY_SECONDS)


def main() -> None:
    """Reconcile at each event until told to end."""
    cluster = open_cluster(sys.argv[1])
    signer = authority(cluster.pki, now=datetime.now(UTC))
    client = signer.client("volumes", user="switchboard:volumes", groups=["system:masters"])
    api = Api(cluster.api_url, signer.certificate, client.certificate, client.key)
    happened = threading.Event()
    for path in (_CLAIMS, _VOLUMES):
        threading.Thread(target=_watch_forever, args=(api, path, happened), daemon=True).start()
    while True:
        happened.wait(_LOOK_AGAIN_SECONDS)
        happened.clear()
        try:
            reconcile(api, cluster.folder / "volumes")
        except (OSError, http.client.HTTPException, ApiRefused) as error:
            print(f"reconcile: {error}")
            time.sleep(_RETRY_SECONDS)
            happened.set()


if __name__ == "__main__":
    main()
