"""The chart's objects on a real API server: each is accepted, and the deletion protection protects."""

from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from dev.cluster import binaries
from tests.support.chart import CASES, CHART, NAMESPACE, of_kind, render

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.controlplane import ControlPlane

TENANT = {
    "apiVersion": "switchboard.dev/v1alpha1",
    "kind": "Tenant",
    "metadata": {"name": "sur", "namespace": "default"},
    "spec": {"planRef": {"name": "pro"}, "accountRef": {"name": "main"}, "deletionProtection": True},
}


def kubectl(plane: ControlPlane, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run kubectl as the administrator."""
    argv = [str(binaries.ensure(["kubectl"])["kubectl"]), f"--kubeconfig={plane.kubeconfig}", *arguments]
    return subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False, timeout=60)


def apply(plane: ControlPlane, *objects: dict[str, Any], flags: tuple[str, ...] = ()) -> str:
    """Apply objects, with unknown fields refused, and give what kubectl wrote."""
    arguments = ["apply", "--server-side", "--force-conflicts", "--validate=strict", *flags, "-f", "-"]
    told = kubectl(plane, *arguments, stdin=yaml.safe_dump_all(objects))
    assert told.returncode == 0, told.stderr
    return told.stdout + told.stderr


@pytest.fixture(scope="module")
def installed(plane: ControlPlane) -> Iterator[ControlPlane]:
    """An API server with the chart's CRDs, its namespace and its policy."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    namespace["metadata"]["labels"] = {"pod-security.kubernetes.io/enforce": "restricted"}  # type: ignore[index]
    crds = [yaml.safe_load(path.read_text()) for path in sorted((CHART / "crds").glob("*.yaml"))]
    apply(plane, namespace, *crds)
    objects = render({})
    policy = of_kind(objects, "ValidatingAdmissionPolicy") + of_kind(objects, "ValidatingAdmissionPolicyBinding")
    apply(plane, *policy)
    yield plane
    apply(plane, TENANT | {"spec": TENANT["spec"] | {"deletionProtection": False}})  # type: ignore[operator]
    kubectl(plane, "delete", "tenant", "sur")


@pytest.mark.parametrize("values", CASES.values(), ids=CASES)
def test_every_object_is_accepted_without_a_warning(installed: ControlPlane, values: dict[str, Any]) -> None:
    """Dry-run with unknown fields refused, in a namespace that enforces Pod Security "restricted"."""
    told = apply(installed, *render(values), flags=("--dry-run=server",))

    assert "Warning" not in told


def test_a_protected_tenant_is_not_deleted_until_somebody_lifts_the_protection(installed: ControlPlane) -> None:
    """The refusal names the field and gives the command that lifts it."""
    apply(installed, TENANT)
    told = until_refused(installed)

    assert "spec.deletionProtection is true" in told
    cure = told[told.index("patch tenant sur") : told.rindex("'") + 1]
    assert cure == """patch tenant sur --type merge -p '{"spec":{"deletionProtection":false}}'"""
    patch = json.dumps({"spec": {"deletionProtection": False}})
    assert kubectl(installed, "patch", "tenant", "sur", "--type", "merge", "-p", patch).returncode == 0
    assert kubectl(installed, "delete", "tenant", "sur").returncode == 0


def until_refused(plane: ControlPlane) -> str:
    """Delete as a dry run until the policy, which the API server learns of a moment later, refuses."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        told = kubectl(plane, "delete", "tenant", "sur", "--dry-run=server")
        if told.returncode != 0:
            return told.stderr.strip().rstrip(")")
    raise AssertionError("the deletion is not refused")
