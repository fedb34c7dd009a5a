"""What one new tenant costs: time, writes at the API server, calls at Twilio; and memory of the programs."""

import json
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from dev.demo.console import Console
from dev.demo.emulator import Emulator
from dev.demo.kubectl import Kubectl
from dev.demo.phone import Phone
from dev.demo.routes import wait_until_routed
from dev.demo.target import NAMESPACE as OPERATOR_NAMESPACE
from dev.demo.tenants import NAMESPACE, QUICKSTART, Manifest, find, manifests

_SOURCE = "inmobiliaria-andes"
_OPERATOR = f"system:serviceaccount:{OPERATOR_NAMESPACE}:switchboard-operator"
_WRITES = {"create", "update", "patch", "delete", "deletecollection"}
_SETTLE = 3.0
_RESIDENT = re.compile(r"^VmRSS:\s+(\d+) kB", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What was measured.

    Attributes:
        ready_seconds: from ``kubectl apply`` of a new tenant to Ready.
        answer_seconds: from ``kubectl apply`` to its first answered message.
        api_writes: of the operator at the API server for it, by resource; Events are there too. None without an
            audit log.
        twilio_calls: each call at Twilio until it was Ready, as "METHOD path".
        operator_mib: resident memory of the operator.
        runtime_mib: resident memory of one tenant's bot, the largest.
    """

    ready_seconds: float
    answer_seconds: float
    api_writes: dict[str, int] | None
    twilio_calls: list[str]
    operator_mib: float
    runtime_mib: float

    def as_json(self) -> dict[str, Any]:
        """Give the figures as JSON."""
        return asdict(self)


def measure(
    kubectl: Kubectl, console: Console, emulator: Emulator, phone: Phone, *, run: int, audit_log: Path | None
) -> Figures:
    """Create one more tenant with an exact number, have it answer, count, and remove it again.

    Args:
        kubectl: where.
        console: shows the figures.
        emulator: counts calls.
        phone: writes to the new bot.
        run: a number that no earlier run had; name and number follow from it.
        audit_log: of the API server, where it can be read.
    """
    name = f"nuevo-{run % 10**8}"
    mark = audit_log.stat().st_size if audit_log else 0
    calls = emulator.last_seq("/requests")
    objects = newcomer(manifests(QUICKSTART / f"{_SOURCE}.yaml"), name, number=f"+1305{2_000_000 + run % 8_000_000}")
    described = yaml.safe_dump_all(objects, allow_unicode=True)
    began = time.monotonic()
    kubectl("apply", "-f", "-", stdin=described)
    kubectl("-n", NAMESPACE, "wait", "--for=condition=Ready", f"tenant/{name}", "--timeout=90s")
    ready = time.monotonic() - began
    made = emulator.requests(after=calls)
    tenant = find(kubectl, name)
    wait_until_routed(kubectl, phone.ingress, tenant.host)
    phone.ask(tenant, next(iter(tenant.numbers.values())), "Hola, busco un alquiler")
    answered = time.monotonic() - began
    time.sleep(_SETTLE)  # what is written after Ready counts too
    written = list(_writes_since(audit_log, mark, about=name)) if audit_log else None
    figures = Figures(
        ready_seconds=ready,
        answer_seconds=answered,
        api_writes=None if written is None else dict(Counter(written).most_common()),
        twilio_calls=[f"{each['method']} {each['path']}" for each in made],
        operator_mib=_largest(kubectl, OPERATOR_NAMESPACE, "app.kubernetes.io/name=switchboard-operator"),
        runtime_mib=_largest(kubectl, NAMESPACE, "app.kubernetes.io/name=switchboard-runtime"),
    )
    kubectl("delete", "-f", "-", "--timeout=90s", stdin=described)
    _tell(console, figures)
    return figures


def newcomer(objects: Iterable[Manifest], name: str, *, number: str) -> list[Manifest]:
    """Give the manifests of a tenant under another name and number, leaving nothing open when it goes."""
    made: list[Manifest] = []
    for each in json.loads(json.dumps(list(objects))):
        each["metadata"]["name"] = name
        spec = each["spec"]
        if each["kind"] == "Tenant":
            spec["bot"]["assistantRef"]["name"] = name
            spec["twilio"] = {"deletionPolicy": "Close", "confirmClose": True, "retention": "0s"}
        if each["kind"] == "BotNumber":
            spec["tenantRef"]["name"] = name
            spec["phoneNumber"] = number
        made.append(each)
    return made


def _writes_since(audit_log: Path, position: int, *, about: str) -> Iterator[str]:
    """Yield the resource of each of the operator's writes that concern a tenant."""
    with audit_log.open() as lines:
        if position <= audit_log.stat().st_size:
            lines.seek(position)
        for line in lines:
            entry = json.loads(line)
            if entry["user"]["username"] == _OPERATOR and entry["verb"] in _WRITES and about in json.dumps(entry):
                yield resource_of(entry)


def resource_of(entry: Manifest) -> str:
    """Give the resource of an audit entry, as in "tenants/status"."""
    about = entry["objectRef"]
    return "/".join(filter(None, [about["resource"], about.get("subresource")]))


def _largest(kubectl: Kubectl, namespace: str, selector: str) -> float:
    """Give the largest resident memory (MiB) of the pods' first processes."""
    pods = kubectl("-n", namespace, "get", "pods", "-l", selector, "-o", "name").split()
    return max(_resident(kubectl("-n", namespace, "exec", pod, "--", "cat", "/proc/1/status")) for pod in pods)


def _resident(status: str) -> float:
    found = _RESIDENT.search(status)
    return int(found[1]) / 1024 if found else 0.0


def _tell(console: Console, figures: Figures) -> None:
    writes = "no audit log to count them in"
    if figures.api_writes is not None:
        events = figures.api_writes.get("events", 0)
        writes = f"{sum(figures.api_writes.values()) - events}, and {events} Events"
    for what, value in (
        ("apply -> Ready", f"{figures.ready_seconds:.1f} s"),
        ("apply -> first answered message", f"{figures.answer_seconds:.1f} s"),
        ("writes at the API server", writes),
        ("calls at Twilio", str(len(figures.twilio_calls))),
        ("memory of the operator", f"{figures.operator_mib:.0f} MiB resident"),
        ("memory of a tenant's bot", f"{figures.runtime_mib:.0f} MiB resident"),
    ):
        console.line(f"{what:34} {value}")
