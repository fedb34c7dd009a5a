"""A whole world for operator tests: a real API server, a real emulator, and the operator in this process.

The operator runs as the ServiceAccount that the chart gives it, with the chart's rules and nothing more, so that a
missing right fails a test and a right that no test needs can be found. No node runs pods here: ``settle`` plays the
Deployment controller.
"""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import yaml

from switchboard_operator.adapters.kinds import BY_KIND, OWN_KINDS
from switchboard_operator.adapters.kube import KubeCluster
from switchboard_operator.adapters.kubeconfig import from_file, open_session
from switchboard_operator.desired.names import MANAGED_SELECTOR
from switchboard_operator.handlers.serve import serve
from switchboard_operator.ports import Ref
from switchboard_operator.settings import Settings
from twilio_emulator.testing import RunningEmulator, running_emulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tests.support.controlplane import ControlPlane

ROOT = Path(__file__).parents[2]
SYSTEM = "switchboard-system"
_USER = f"system:serviceaccount:{SYSTEM}:switchboard-operator"
_DEADLINE = 45.0
_WRITES = {"create", "patch", "update", "delete", "deletecollection"}


@dataclass(kw_only=True)
class World:
    """What a test acts upon.

    Attributes:
        plane: the API server.
        emulator: Twilio.
        cluster: a client of the API server, as the admin.
        settings: the operator's.
        namespace: where the test's tenants are.
        migrate: what a pod that migrates does; none ends before it is set.
    """

    plane: ControlPlane
    emulator: RunningEmulator
    cluster: KubeCluster
    settings: Settings
    namespace: str
    migrate: Callable[[], Awaitable[object]] | None = None
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None

    async def start_operator(self, **changes: Any) -> None:
        """Start the operator and wait until it has seen everything once."""
        self.settings = replace(self.settings, **changes)
        self._stop, ready = asyncio.Event(), asyncio.Event()
        self._task = asyncio.create_task(serve(self.settings, stop=self._stop, ready=ready))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait({self._task, waiting}, return_when=asyncio.FIRST_COMPLETED, timeout=_DEADLINE)
        waiting.cancel()
        if self._task.done():
            self._task.result()

    async def stop_operator(self) -> None:
        """Stop it as SIGTERM does."""
        if self._task is not None:
            self._stop.set()
            await asyncio.wait_for(self._task, _DEADLINE)
            self._task = None

    async def kill_operator(self) -> None:
        """Stop it wherever it is, as kill -9 does."""
        if self._task is not None:
            self._task.cancel()
            ended, _ = await asyncio.wait({self._task}, timeout=_DEADLINE)
            assert ended, "the operator does not end"
            self._task = None

    async def apply(self, *manifests: dict[str, Any]) -> None:
        """Apply manifests as a user does."""
        for manifest in manifests:
            kind = BY_KIND[manifest["kind"]]
            meta = dict(manifest["metadata"])
            if kind.namespaced:
                meta.setdefault("namespace", self.namespace)
            path = kind.path(meta.get("namespace", ""), meta["name"])
            await asyncio.to_thread(self.plane.api.apply, path, {**manifest, "metadata": meta})

    async def get(self, kind: str, name: str, namespace: str | None = None) -> dict[str, Any] | None:
        """One object, or None."""
        scope = (self.namespace if namespace is None else namespace) if BY_KIND[kind].namespaced else ""
        return await self.cluster.get(Ref(kind, scope, name))

    async def status(self, kind: str, name: str) -> dict[str, Any]:
        """An object's status."""
        found = await self.get(kind, name)
        assert found is not None, f"{kind} {name} is gone"
        return dict(found.get("status") or {})

    async def delete(self, kind: str, name: str) -> None:
        """Delete as a user does."""
        scope = self.namespace if BY_KIND[kind].namespaced else ""
        await self.cluster.delete(Ref(kind, scope, name))

    async def patch(self, kind: str, name: str, body: dict[str, Any], subresource: str = "") -> None:
        """Merge-patch as a user does."""
        scope = self.namespace if BY_KIND[kind].namespaced else ""
        await self.cluster.patch(Ref(kind, scope, name), body, subresource=subresource)

    async def condition(self, kind: str, name: str, type_: str = "Ready", **wanted: str) -> dict[str, Any]:
        """Wait until a condition has the wanted fields (status, reason …)."""
        found: dict[str, Any] = {}

        async def met() -> bool:
            nonlocal found
            status = (await self.get(kind, name) or {}).get("status") or {}
            found = next((c for c in status.get("conditions", []) if c["type"] == type_), {})
            return all(found.get(key) == value for key, value in wanted.items())

        await self.until(met, lambda: f"{kind} {name}: {type_} is {found}, not {wanted}")
        return found

    async def until(
        self, met: Callable[[], Awaitable[bool]], describe: Callable[[], str] = lambda: "it never came true"
    ) -> None:
        """Wait for something; playing the Deployment controller meanwhile."""
        deadline = asyncio.get_running_loop().time() + _DEADLINE
        while not await met():
            if self._task is not None and self._task.done():
                self._task.result()
            assert asyncio.get_running_loop().time() < deadline, describe()
            await self.settle()
            await asyncio.sleep(0.05)

    async def settle(self) -> None:
        """Make every Deployment of ours available, and end the pods that migrate, as a node would."""
        await self._run_migrations()
        deployments, _ = await self.cluster.list(BY_KIND["Deployment"], selector=MANAGED_SELECTOR)
        for item in deployments:
            wanted, meta = item["spec"]["replicas"], item["metadata"]
            status = {
                "observedGeneration": meta["generation"],
                "replicas": wanted,
                "updatedReplicas": wanted,
                "readyReplicas": wanted,
                "availableReplicas": wanted,
            }
            if any((item.get("status") or {}).get(key, 0) != value for key, value in status.items()):
                ref = Ref("Deployment", meta["namespace"], meta["name"])
                await self.cluster.patch(ref, {"status": status}, subresource="status")

    async def _run_migrations(self) -> None:
        if self.migrate is None:
            return
        pods, _ = await self.cluster.list(BY_KIND["Pod"], namespace=SYSTEM, selector=MANAGED_SELECTOR)
        for pod in pods:
            if (pod.get("status") or {}).get("phase") not in {"Succeeded", "Failed"}:
                await self.migrate()
                ref = Ref("Pod", SYSTEM, pod["metadata"]["name"])
                await self.cluster.patch(ref, {"status": {"phase": "Succeeded"}}, subresource="status")

    async def quiet(self, seconds: float = 0.6) -> None:
        """Wait until neither the API server nor Twilio was asked anything by the operator for a while."""

        async def asked() -> tuple[int, int]:
            return len(self.operator_writes()), len(await self.emulator.admin.requests())

        await self._unchanged(asked, seconds)

    async def quiet_writes(self, seconds: float = 0.6) -> None:
        """Wait until the operator wrote nothing at the API server for a while; it may look at Twilio."""

        async def written() -> int:
            return len(self.operator_writes(events=True))

        await self._unchanged(written, seconds)

    async def _unchanged(self, read: Callable[[], Awaitable[object]], seconds: float) -> None:
        """Wait until what is read stays the same for so many seconds."""
        last, since = await read(), asyncio.get_running_loop().time()

        async def same() -> bool:
            nonlocal last, since
            now = await read()
            if now != last:
                last, since = now, asyncio.get_running_loop().time()
            return asyncio.get_running_loop().time() - since >= seconds

        await self.until(same)

    def operator_writes(self, *, events: bool = False) -> list[str]:
        """The operator's writes at the API server so far, from its audit log, as ``verb resource name``."""
        lines = self.plane.audit_log.read_text().splitlines() if self.plane.audit_log.exists() else []
        entries = [json.loads(line) for line in lines]
        return [
            f"{e['verb']} {e['objectRef']['resource']}/{e['objectRef'].get('subresource', '')} "
            f"{e['objectRef'].get('name', '')}"
            for e in entries
            if e["user"]["username"] == _USER
            and e["verb"] in _WRITES
            and e.get("objectRef")
            and (events or e["objectRef"]["resource"] != "events")
        ]

    async def twilio_writes(self) -> list[str]:
        """The writes at Twilio so far, as ``method path``."""
        served = await self.emulator.admin.requests()
        return [f"{r['method']} {r['path']}" for r in served if r["write"]]

    async def twilio_account(self, sid: str) -> dict[str, Any]:
        """An account as Twilio shows it to the parent."""
        return await self._ask("GET", f"Accounts/{sid}.json")

    async def twilio_accounts(self) -> list[dict[str, Any]]:
        """All subaccounts."""
        found = await self._ask("GET", "Accounts.json?PageSize=1000")
        return [item for item in found["accounts"] if item["sid"] != self.emulator.account_sid]

    async def twilio_new_account(self, friendly_name: str) -> str:
        """Make a subaccount by hand; returns its SID."""
        return str((await self._ask("POST", "Accounts.json", {"FriendlyName": friendly_name}))["sid"])

    async def twilio_keys(self, account: str, token: str) -> list[str]:
        """The SIDs of a subaccount's API keys, asked for with its own credentials."""
        url = f"{self.emulator.base_url}/iam/v1/Keys?AccountSid={account}"
        headers = {"Authorization": aiohttp.encode_basic_auth(account, token)}
        async with aiohttp.ClientSession(headers=headers) as session, session.get(url) as reply:
            return [item["sid"] for item in (await reply.json())["keys"]]

    async def tenant_secret(self, name: str) -> dict[str, str]:
        """A Secret of the test's namespace, decoded."""
        found = await self.get("Secret", name)
        assert found is not None
        return {key: base64.b64decode(value).decode() for key, value in found["data"].items()}

    async def twilio_numbers(self, account: str) -> list[dict[str, Any]]:
        """The numbers that an account holds."""
        found = await self._ask("GET", f"Accounts/{account}/IncomingPhoneNumbers.json")
        return list(found["incoming_phone_numbers"])

    async def twilio_offers(self, country: str) -> list[str]:
        """Numbers on offer."""
        path = f"Accounts/{self.emulator.account_sid}/AvailablePhoneNumbers/{country}/Local.json"
        return [item["phone_number"] for item in (await self._ask("GET", path))["available_phone_numbers"]]

    async def twilio_set_number(self, account: str, sid: str, **fields: str) -> None:
        """Change a number by hand, as in the Console."""
        names = {"".join(part.title() for part in key.split("_")): value for key, value in fields.items()}
        await self._ask("POST", f"Accounts/{account}/IncomingPhoneNumbers/{sid}.json", names)

    async def twilio_set_account(self, sid: str, **fields: str) -> None:
        """Change a subaccount by hand, as in the Console."""
        names = {"".join(part.title() for part in key.split("_")): value for key, value in fields.items()}
        await self._ask("POST", f"Accounts/{sid}.json", names)

    async def cluster_secret(self, name: str) -> dict[str, str]:
        """A Secret of the operator's namespace, decoded."""
        found = await self.get("Secret", name, namespace=SYSTEM)
        assert found is not None
        return {key: base64.b64decode(value).decode() for key, value in found["data"].items()}

    async def _ask(self, method: str, path: str, form: dict[str, str] | None = None) -> dict[str, Any]:
        credentials = aiohttp.encode_basic_auth(self.emulator.account_sid, self.emulator.auth_token)
        url = f"{self.emulator.base_url}/api/2010-04-01/{path}"
        async with (
            aiohttp.ClientSession(headers={"Authorization": credentials}) as session,
            session.request(method, url, data=form) as reply,
        ):
            assert reply.status < 300, await reply.text()
            return dict(await reply.json())

    async def remove_everything(self) -> None:
        """Leave the API server as it was found."""
        await self.kill_operator()
        for pod in (await self.cluster.list(BY_KIND["Pod"], namespace=SYSTEM))[0]:
            await self.cluster.delete(Ref("Pod", SYSTEM, pod["metadata"]["name"]))
        for kind in OWN_KINDS:
            items, _ = await self.cluster.list(kind)
            for item in items:
                ref = Ref(kind.kind, item["metadata"].get("namespace", ""), item["metadata"]["name"])
                await self.cluster.patch(ref, {"metadata": {"finalizers": None}})
                await self.cluster.delete(ref)


@asynccontextmanager
async def new_world(plane: ControlPlane, *, namespace: str) -> AsyncIterator[World]:
    """A world with a parent account, a plan and an admitted namespace; the operator is not started."""
    async with AsyncExitStack() as stack:
        emulator = await stack.enter_async_context(running_emulator())
        connection = from_file(plane.kubeconfig)
        session = await stack.enter_async_context(open_session(connection, limit=10))
        cluster = KubeCluster(connection=connection, session=session)
        settings = Settings(
            runtime_image="switchboard.local/switchboard-runtime:test",
            installation_id="test",
            namespace=SYSTEM,
            kubeconfig=str(await _operator_kubeconfig(plane, cluster)),
            listen=("127.0.0.1", 0),
            workers=8,
        )
        world = World(plane=plane, emulator=emulator, cluster=cluster, settings=settings, namespace=namespace)
        stack.push_async_callback(world.remove_everything)
        labels = {"switchboard.dev/tenants": "true"}
        await _create(cluster, "v1", "Namespace", {"name": namespace, "labels": labels})
        await _prepare(world)
        yield world


async def _prepare(world: World) -> None:
    data = {"accountSid": world.emulator.account_sid, "authToken": world.emulator.auth_token}
    await world.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "twilio-main", "namespace": SYSTEM},
            "data": {key: base64.b64encode(value.encode()).decode() for key, value in data.items()},
        },
        account(world.emulator.base_url),
        plan(),
    )


def account(endpoint: str, **spec: Any) -> dict[str, Any]:
    """A TwilioAccount ``main`` that may buy numbers."""
    return {
        "apiVersion": "switchboard.dev/v1alpha1",
        "kind": "TwilioAccount",
        "metadata": {"name": "main"},
        "spec": {
            "credentialsSecretRef": {"name": "twilio-main"},
            "endpoint": endpoint,
            "allowedNamespaces": {"matchLabels": {"switchboard.dev/tenants": "true"}},
            "limits": {"purchases": "Allowed"},
            "domain": "bots.example.com",
            **spec,
        },
    }


def plan(**spec: Any) -> dict[str, Any]:
    """A Plan ``pro``."""
    return {
        "apiVersion": "switchboard.dev/v1alpha1",
        "kind": "Plan",
        "metadata": {"name": "pro"},
        "spec": {"displayName": "PRO", **spec},
    }


def tenant(name: str, **spec: Any) -> dict[str, Any]:
    """A Tenant on plan ``pro`` in account ``main`` whose assistant is ``ventas``."""
    return {
        "apiVersion": "switchboard.dev/v1alpha1",
        "kind": "Tenant",
        "metadata": {"name": name},
        "spec": {
            "planRef": {"name": "pro"},
            "accountRef": {"name": "main"},
            "bot": {"assistantRef": {"name": "ventas"}, "languages": ["es"]},
            **spec,
        },
    }


def number(name: str, of: str, **spec: Any) -> dict[str, Any]:
    """A BotNumber of a tenant; searched for in the US unless ``spec`` says otherwise."""
    source = {} if spec.keys() & {"phoneNumber", "search", "externalName"} else {"search": {"country": "US"}}
    return {
        "apiVersion": "switchboard.dev/v1alpha1",
        "kind": "BotNumber",
        "metadata": {"name": name},
        "spec": {"tenantRef": {"name": of}, **source, **spec},
    }


def assistant(name: str = "ventas", **spec: Any) -> dict[str, Any]:
    """An Assistant that greets."""
    return {
        "apiVersion": "switchboard.dev/v1alpha1",
        "kind": "Assistant",
        "metadata": {"name": name},
        "spec": {
            "script": {
                "rules": [{"when": {"matches": ["hola"]}, "reply": {"es": "¡Hola!"}}],
                "otherwise": {"es": "No entendí."},
            },
            **spec,
        },
    }


async def _operator_kubeconfig(plane: ControlPlane, cluster: KubeCluster) -> Path:
    """A kubeconfig of the ServiceAccount with the chart's rules."""
    rbac = ROOT / "charts" / "switchboard" / "rbac"
    subject = {"kind": "ServiceAccount", "name": "switchboard-operator", "namespace": SYSTEM}
    api = plane.api
    await _create(cluster, "v1", "Namespace", {"name": SYSTEM})
    path = f"/api/v1/namespaces/{SYSTEM}/serviceaccounts/switchboard-operator"
    api.apply(path, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "switchboard-operator"}})
    for kind, rules_file, prefix in (
        ("ClusterRole", "cluster.yaml", ""),
        ("Role", "namespace.yaml", f"/namespaces/{SYSTEM}"),
    ):
        root = f"/apis/rbac.authorization.k8s.io/v1{prefix}/{kind.lower()}"
        meta = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "switchboard-operator"}}
        files = (rbac / rules_file, rbac / f"database-{rules_file}")
        rules = [rule for file in files for rule in yaml.safe_load(file.read_text())]
        api.apply(f"{root}s/switchboard-operator", {**meta, "kind": kind, "rules": rules})
        ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": "switchboard-operator"}
        binding = {**meta, "kind": f"{kind}Binding", "roleRef": ref, "subjects": [subject]}
        api.apply(f"{root}bindings/switchboard-operator", binding)
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 7200}}
    token = api.request("POST", f"{path}/token", request)["status"]["token"]
    file = plane.folder / "operator.kubeconfig"
    named = {"name": "operator"}
    file.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "operator",
                "clusters": [{**named, "cluster": {"server": plane.url, "certificate-authority": str(plane.ca_file)}}],
                "users": [{**named, "user": {"token": token}}],
                "contexts": [{**named, "context": {"cluster": "operator", "user": "operator"}}],
            }
        )
    )
    return file


async def _create(cluster: KubeCluster, version: str, kind: str, meta: dict[str, Any]) -> None:
    await cluster.create({"apiVersion": version, "kind": kind, "metadata": meta})
