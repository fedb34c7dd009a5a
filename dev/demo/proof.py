"""Which pod took a message and which pod answered it, by the pods' own logs and Twilio's SIDs."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass

from dev.demo.errors import CommandFailed, WrongAnswer
from dev.demo.kubectl import Kubectl
from dev.demo.tenants import NAMESPACE, TENANT_LABEL

_RUNTIME = "app.kubernetes.io/name=switchboard-runtime"
_PATIENCE = 10.0
_POLL = 0.2
_BOTH = {"stored", "reply sent"}


@dataclass(frozen=True)
class Trail:
    """A message and its answer, by their SIDs at Twilio."""

    inbound_sid: str
    reply_sid: str


@dataclass(frozen=True)
class Trace:
    """What a pod logged of a message: "stored" or "reply sent"; and whose pod it is, by its label."""

    event: str
    pod: str
    tenant: str


def answering_pod(kubectl: Kubectl, trail: Trail, *, tenant: str) -> str:
    """Give the tenant's pod that stored the message and sent the answer; no other pod had to do with it.

    Raises:
        WrongAnswer: another pod did, or none says that it did.
    """
    pods = pods_of(kubectl, trail, tenant=tenant)
    if len(pods) != 1:
        raise WrongAnswer(
            expected=f"one pod of {tenant} to store {trail.inbound_sid} and to send {trail.reply_sid}",
            seen=f"{' and '.join(pods)}",
            look=kubectl.to_type(f"-n {NAMESPACE} logs --prefix -l {_RUNTIME}"),
        )
    return pods[0]


def pods_of(kubectl: Kubectl, trail: Trail, *, tenant: str) -> list[str]:
    """Give the tenant's pods that stored the message and sent the answer: one each, and no other pod did either.

    Raises:
        WrongAnswer: another did, or none says that it did.
    """
    deadline = time.monotonic() + _PATIENCE
    while True:
        seen = set(_traces(kubectl, trail))
        if {each.event for each in seen} == _BOTH or time.monotonic() > deadline:
            break
        time.sleep(_POLL)
    if sorted(each.event for each in seen) != sorted(_BOTH) or {each.tenant for each in seen} != {tenant}:
        raise WrongAnswer(
            expected=f"pods of {tenant} to store {trail.inbound_sid} and to send {trail.reply_sid}",
            seen=", ".join(f"{each.event!r} by {each.pod}" for each in seen) or "no pod that did either",
            look=kubectl.to_type(f"-n {NAMESPACE} logs --prefix -l {_RUNTIME}"),
        )
    return sorted({each.pod for each in seen})


def _traces(kubectl: Kubectl, trail: Trail) -> Iterator[Trace]:
    """Yield each log line of any tenant's pod that stored the message or sent the answer."""
    wanted = {("stored", trail.inbound_sid), ("reply sent", trail.reply_sid)}
    for pod in kubectl.items("pods", "-n", NAMESPACE, "-l", _RUNTIME):
        if pod["status"]["phase"] != "Running":
            continue  # it has no log yet
        name, tenant = pod["metadata"]["name"], pod["metadata"]["labels"][TENANT_LABEL]
        try:
            log = kubectl("-n", NAMESPACE, "logs", name, "--tail=200")
        except CommandFailed as gone:
            if "NotFound" in gone.seen:  # it ended a moment ago, after a roll-out
                continue
            raise
        for entry in parse_log(log):
            if (entry.get("event"), entry.get("sid")) in wanted:
                yield Trace(str(entry["event"]), name, tenant)


def parse_log(text: str) -> Iterator[dict[str, object]]:
    """Yield the JSON objects that a pod logged; other lines are passed over."""
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            yield entry
