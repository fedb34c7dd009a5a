"""One removal: a tenant's manifests are deleted; its objects go, its account is suspended, its numbers are kept."""

import time

from dev.demo.console import Console
from dev.demo.emulator import Emulator
from dev.demo.errors import NotInTime, WrongAnswer
from dev.demo.kubectl import Kubectl
from dev.demo.routes import wait_until_unrouted
from dev.demo.tenants import NAMESPACE, QUICKSTART, TENANT_LABEL, Tenant
from dev.demo.web import Ingress

TENANT = "clinica-del-parque"
_FILE = QUICKSTART / "clinica-del-parque.yaml"
_KINDS = "deployments,pods,services,ingresses,configmaps,persistentvolumeclaims,serviceaccounts,networkpolicies"
_PATIENCE = 90.0
_POLL = 0.5


def remove(kubectl: Kubectl, console: Console, emulator: Emulator, ingress: Ingress, tenant: Tenant) -> None:
    """Delete a tenant's manifests and see what became of all that was made for it.

    Raises:
        NotInTime: some object of the tenant is still there.
        WrongAnswer: at Twilio it is not as it should be.
    """
    kubectl("delete", "-f", str(_FILE), "--timeout=90s")
    console.timed(f"kubectl delete -f examples/quickstart/{_FILE.name}")
    _wait_until_gone(kubectl, tenant.name)
    console.timed("pods, Service, Ingress, ConfigMap, Secret, volume claim: gone")
    _check_twilio(kubectl, emulator, tenant)
    held = ", ".join(tenant.numbers.values())
    console.timed(f"at Twilio: account {tenant.account_sid} suspended, number {held} kept")
    wait_until_unrouted(kubectl, ingress, tenant.host)
    console.timed(f"https://{tenant.host}: 404")


def _wait_until_gone(kubectl: Kubectl, name: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while left := _left(kubectl, name):
        if time.monotonic() > deadline:
            raise NotInTime(
                expected=f"all objects of {name} to go within {_PATIENCE:.0f} s",
                seen=f"still there: {', '.join(left)}",
                look=kubectl.to_type(f"-n {NAMESPACE} get {_KINDS} -l {TENANT_LABEL}={name}"),
            )
        time.sleep(_POLL)


def _left(kubectl: Kubectl, name: str) -> list[str]:
    labelled = kubectl("-n", NAMESPACE, "get", _KINDS, "-l", f"{TENANT_LABEL}={name}", "-o", "name").split()
    secrets = kubectl("-n", NAMESPACE, "get", "secrets,twiliosubaccounts", "-o", "name").split()
    return [*labelled, *(each for each in secrets if each.rpartition("/")[2].removesuffix("-twilio") == name)]


def _check_twilio(kubectl: Kubectl, emulator: Emulator, tenant: Tenant) -> None:
    status = emulator.account(tenant.account_sid)["status"]
    held = emulator.numbers(tenant.account_sid)
    if status != "suspended" or set(held) != set(tenant.numbers.values()):
        raise WrongAnswer(
            expected=f"account {tenant.account_sid} suspended, with {', '.join(tenant.numbers.values())}",
            seen=f"{status}, with {', '.join(held) or 'no number'}",
            look=kubectl.to_type("-n switchboard-system logs deployment/switchboard-operator"),
        )
