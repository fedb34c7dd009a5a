"""The quickstart's manifests, and whether what they describe is there."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dev.cluster.folders import REPOSITORY
from dev.demo.console import Console
from dev.demo.errors import NotInTime
from dev.demo.kubectl import Kubectl

QUICKSTART = REPOSITORY / "examples" / "quickstart"
NAMESPACE = "quickstart"
TENANT_LABEL = "switchboard.dev/tenant"
_KINDS = "tenants,botnumbers,twiliosubaccounts,assistants"
_PATIENCE = 120.0
_POLL = 0.3
_UNSEEN = "the operator has not seen it yet"

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Tenant:
    """A tenant as it stands in the cluster.

    Attributes:
        name: of the Tenant.
        title: its name for people.
        host: of its bot.
        account_sid: its account at Twilio.
        numbers: its numbers (E.164) by the name of their BotNumber.
    """

    name: str
    title: str
    host: str
    account_sid: str
    numbers: Mapping[str, str]


def manifests(path: Path) -> list[Manifest]:
    """Read the objects of a file."""
    return [each for each in yaml.safe_load_all(path.read_text()) if each]


def tenant_names() -> list[str]:
    """Give the names of the quickstart's tenants."""
    every = (each for path in sorted(QUICKSTART.glob("*.yaml")) for each in manifests(path))
    return [each["metadata"]["name"] for each in every if each["kind"] == "Tenant"]


def find(kubectl: Kubectl, name: str) -> Tenant:
    """Read a tenant and its numbers."""
    tenant = kubectl.json("-n", NAMESPACE, "get", "tenant", name)
    numbers = {
        each["metadata"]["name"]: each["status"]["phoneNumber"]
        for each in kubectl.items("botnumbers", "-n", NAMESPACE)
        if each["spec"]["tenantRef"]["name"] == name
    }
    status = tenant["status"]
    return Tenant(name, tenant["spec"].get("displayName", name), status["host"], status["subaccountSid"], numbers)


def wait_until_served(kubectl: Kubectl, console: Console, *, image: str) -> None:
    """Wait until every resource of the quickstart is Ready and each bot runs on the image; tell what changes.

    Raises:
        NotInTime: with the resources that are not, and why.
    """
    deadline = time.monotonic() + _PATIENCE
    told: dict[str, str] = {}
    while True:
        states = dict(_states(kubectl, image))
        for thing, state in states.items():
            if state not in {told.get(thing), _UNSEEN}:
                console.timed(f"{thing:42} {state}")
        told = states
        missing = [f"{thing}: {state}" for thing, state in states.items() if not state.startswith("Ready")]
        if not missing:
            return
        if time.monotonic() > deadline:
            raise NotInTime(
                expected=f"all of the quickstart to be Ready within {_PATIENCE:.0f} s",
                seen="; ".join(missing),
                look=kubectl.to_type(f"-n {NAMESPACE} get switchboard,pods -o wide"),
            )
        time.sleep(_POLL)


def _states(kubectl: Kubectl, image: str) -> Iterator[tuple[str, str]]:
    """Yield each resource with "Ready" and what it got, or why it is not."""
    objects = kubectl.items(_KINDS, "-n", NAMESPACE)
    pods = {each["metadata"]["name"]: each for each in kubectl.items("deployments", "-n", NAMESPACE)}
    for each in objects:
        state = readiness(each)
        if each["kind"] == "Tenant" and state == "Ready":
            state = rollout(pods.get(f"bot-{each['metadata']['name']}"), image)
        if state == "Ready":
            state = f"Ready {_gained(each)}".rstrip()
        yield f"{each['kind']} {each['metadata']['name']}", state


def readiness(resource: Manifest) -> str:
    """Give "Ready", or why a resource is not, with its condition's own words."""
    status = resource.get("status", {})
    if status.get("observedGeneration") != resource["metadata"]["generation"]:
        return _UNSEEN
    conditions = {each["type"]: each for each in status.get("conditions", [])}
    ready = conditions.get("Ready")
    if ready is None or ready["status"] != "True":
        return f"{ready['reason']}: {ready.get('message', '')}" if ready else _UNSEEN
    return "Reconciling" if "Reconciling" in conditions else "Ready"


def rollout(deployment: Manifest | None, image: str) -> str:
    """Give "Ready" when a Deployment runs the image, and nothing older beside it."""
    if deployment is None:
        return "no Deployment"
    spec, status = deployment["spec"], deployment.get("status", {})
    if spec["template"]["spec"]["containers"][0]["image"] != image:
        return "rolls out the new image"
    counts = {status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")}
    settled = status.get("observedGeneration") == deployment["metadata"]["generation"]
    return "Ready" if settled and counts == {spec["replicas"]} else "rolls out"


def _gained(resource: Manifest) -> str:
    status = resource["status"]
    fields = {"Tenant": "url", "BotNumber": "phoneNumber", "TwilioSubaccount": "sid"}
    return str(status.get(fields.get(resource["kind"], ""), ""))
