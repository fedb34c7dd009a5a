"""The operator's engine and reconcilers over in-memory ports: passes on virtual time, crashes, and nothing else.

``SmallWorld`` stands for a cluster, Twilio and one process of the operator. ``crash`` forgets the process and keeps
the two others. A watch is played by ``watch``; it shows the process what is stored.
"""

from __future__ import annotations

import base64
import copy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from switchboard_operator import wiring
from switchboard_operator.api import API_VERSION, KINDS
from switchboard_operator.desired.egress import Egress
from switchboard_operator.engine.backoff import Backoff
from switchboard_operator.engine.controller import Controller, Reconciler
from switchboard_operator.engine.events import Recorder
from switchboard_operator.engine.holding import Holding
from switchboard_operator.engine.metrics import Metrics
from switchboard_operator.engine.queue import Lane, WorkQueue
from switchboard_operator.engine.rounds import Rounds
from switchboard_operator.engine.routes import add_indexes
from switchboard_operator.engine.store import Store
from switchboard_operator.ports import Ref
from switchboard_operator.reconcile.accounts import Accounts
from switchboard_operator.reconcile.assistants import Assistants
from switchboard_operator.reconcile.catalogues import Catalogues
from switchboard_operator.reconcile.children import ChildCache
from switchboard_operator.reconcile.databases import Databases
from switchboard_operator.reconcile.migrations import Migrations
from switchboard_operator.reconcile.standings import Standings
from switchboard_operator.reconcile.subaccount import SubaccountReconciler
from switchboard_operator.settings import Settings
from tests.support.memory import InMemoryCluster, ref_of
from tests.support.ports import PARENT_SID, PARENT_TOKEN, InMemoryBots, InMemoryDatabase, InMemoryTwilio, ManualClock

if TYPE_CHECKING:
    from switchboard_operator.reconcile.intents import Intents

SYSTEM = "switchboard-system"
NAMESPACE = "acme"
INTERVAL = 600.0
_SETTINGS = Settings(
    runtime_image="registry.example.com/runtime:1",
    installation_id="test",
    drift_interval=INTERVAL,
    database_secret="database",
    runtime_egress=("llm.models.svc:8000",),
)
_ORDER = [kind.crd.kind for kind in KINDS]
_MODELS = {kind.crd.kind: kind for kind in KINDS}


def manifest(kind: str, name: str, spec: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    """A manifest of one of our kinds."""
    namespaced = _MODELS[kind].crd.scope == "Namespaced"
    place = {"namespace": NAMESPACE} if namespaced else {}
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": {"name": name, **place, **metadata},
        "spec": copy.deepcopy(spec or {}),
    }


def resource(kind: str, name: str, spec: dict[str, Any] | None = None, **more: Any) -> Any:
    """A stored resource as a reconciler gets it; ``more`` is metadata, and ``status``."""
    status = more.pop("status", {})
    meta = {
        "uid": f"uid-{name}",
        "generation": 1,
        "resourceVersion": "1",
        "creationTimestamp": "2026-01-01T00:00:00Z",
    } | more
    return _MODELS[kind].model_validate(manifest(kind, name, spec, **meta) | {"status": status})


def account_manifest(**spec: Any) -> dict[str, Any]:
    """The TwilioAccount ``main``, open to all and free to buy."""
    base: dict[str, Any] = {
        "credentialsSecretRef": {"name": "twilio"},
        "allowedNamespaces": {},
        "domain": "bots.example.com",
        "limits": {"purchases": "Allowed"},
    }
    return manifest("TwilioAccount", "main", base | spec)


def subaccount_manifest(name: str = "acme", **spec: Any) -> dict[str, Any]:
    """A TwilioSubaccount under ``main``."""
    return manifest("TwilioSubaccount", name, {"accountRef": {"name": "main"}} | spec)


def tenant_manifest(name: str = "acme", **spec: Any) -> dict[str, Any]:
    """A Tenant of plan ``basic`` under ``main``."""
    return manifest("Tenant", name, {"planRef": {"name": "basic"}, "accountRef": {"name": "main"}} | spec)


def number_manifest(name: str = "line", **spec: Any) -> dict[str, Any]:
    """A BotNumber of Tenant ``acme``; it buys +13055550123 unless told otherwise."""
    source = {} if {"search", "externalName"} & spec.keys() else {"phoneNumber": "+13055550123"}
    return manifest("BotNumber", name, {"tenantRef": {"name": "acme"}} | source | spec)


def assistant_manifest(name: str = "sales", **spec: Any) -> dict[str, Any]:
    """An Assistant that always says the same."""
    script = {"rules": [{"when": {"matches": ["hola"]}, "reply": {"es": "¡Hola!"}}], "otherwise": {"es": "¿Cómo?"}}
    return manifest("Assistant", name, {"script": script} | spec)


def account_secret(*, token: str = PARENT_TOKEN, **more: str) -> dict[str, Any]:
    """The Secret that ``main`` names."""
    values = {"accountSid": PARENT_SID, "authToken": token} | more
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    meta = {"name": "twilio", "namespace": SYSTEM}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": data}


def database_secret(
    url: str = "postgresql://platform:admins-own@db.example.com/switchboard", **more: str
) -> dict[str, Any]:
    """The Secret that names the platform's database."""
    data = {key: base64.b64encode(value.encode()).decode() for key, value in ({"url": url} | more).items()}
    meta = {"name": "database", "namespace": SYSTEM}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": data}


@dataclass(slots=True)
class SmallWorld:
    """A cluster, Twilio, PostgreSQL, and one process of the operator.

    Pods that migrate succeed as soon as the operator waits for them, unless ``migration`` says otherwise.
    """

    clock: ManualClock = field(default_factory=ManualClock)
    cluster: InMemoryCluster = field(init=False)
    twilio: InMemoryTwilio = field(init=False)
    database: InMemoryDatabase = field(default_factory=InMemoryDatabase)
    migration: dict[str, Any] | None = field(default_factory=lambda: {"phase": "Succeeded"})
    image: str = _SETTINGS.runtime_image
    controller: Controller = field(init=False)
    accounts: Accounts = field(init=False)
    children: ChildCache = field(init=False)
    migrations: Migrations = field(init=False)
    catalogues: Catalogues = field(init=False)
    bots: InMemoryBots = field(default_factory=InMemoryBots)
    standings: Standings = field(init=False)
    rounds: Rounds = field(init=False)

    def __post_init__(self) -> None:
        """Nothing is stored but the Secret of the parent account."""
        self.cluster = InMemoryCluster(self.clock)
        self.twilio = InMemoryTwilio(self.clock)
        self.cluster.put(account_secret())
        self.crash()

    def crash(self) -> None:
        """The process dies and another starts: all that it remembered is gone."""
        clock, cluster = self.clock, self.cluster
        store = Store()
        add_indexes(store)
        reconcilers: dict[str, Reconciler] = {}
        self.controller = Controller(
            store=store,
            queue=WorkQueue(time=clock.monotonic),
            backoff=Backoff(jitter=lambda: 0.5),
            reconcilers=reconcilers,
            cluster=cluster,
            holding=Holding(clock=clock),
            recorder=Recorder(cluster=cluster, clock=clock, instance="test", namespace=SYSTEM),
            metrics=Metrics(),
            clock=clock,
        )
        self.accounts = Accounts(reader=store, cluster=cluster, clock=clock)
        self.children = ChildCache()
        settings = replace(_SETTINGS, runtime_image=self.image)
        self.migrations = Migrations(
            cluster=cluster,
            namespace=SYSTEM,
            secret=settings.database_secret,
            image=wiring._image(settings),
            clock=clock,
        )
        self.standings = Standings()
        self.rounds = Rounds(
            store=store,
            cluster=cluster,
            bots=self.bots,
            endpoints=self.bots,
            address="{service}.{namespace}",
            standings=self.standings,
            queue=self.controller.queue,
            interval=30.0,
            jitter=lambda: 0.5,
            on_look=lambda _: None,
        )
        self.catalogues = Catalogues(cluster=cluster, clock=clock, lifetime=INTERVAL)
        parts: Any = {  # wired as in production; only the ports are ours
            "cluster": cluster,
            "twilio": self.twilio,
            "accounts": self.accounts,
            "controller": self.controller,
            "children": self.children,
            "assistants": Assistants(
                cluster=cluster,
                catalogues=self.catalogues,
                egress=Egress(settings.runtime_egress),
                clock=clock,
                lifetime=INTERVAL,
            ),
            "databases": Databases(
                cluster=cluster,
                database=self.database,
                migrations=self.migrations,
                remember=self.controller.remember,
                clock=clock,
                interval=INTERVAL,
            ),
            "standings": self.standings,
            "clock": clock,
            "namespace": SYSTEM,
        }
        wiring._add_reconcilers(reconcilers, settings=settings, **parts)

    @property
    def intents(self) -> Intents:
        """The intents of this process."""
        reconciler = self.controller.reconcilers["TwilioSubaccount"]
        assert isinstance(reconciler, SubaccountReconciler)
        return reconciler.intents

    async def restart(self) -> None:
        """Another process starts as ``wiring.Operator.prime`` does: all is seen, then the credentials are learnt."""
        self.crash()
        for body in self.cluster.objects.values():
            if body["metadata"].get("managedFields"):
                self.children.put(copy.deepcopy(body))
        self.watch()
        for account in self.controller.store.all("TwilioAccount"):
            await self.controller.step(Ref("TwilioAccount", "", account.name))

    def apply(self, *manifests: dict[str, Any]) -> None:
        """A user applies manifests; the watch tells the process."""
        for body in manifests:
            self.cluster.put(body)
        self.watch()

    def watch(self) -> None:
        """The process sees all that is stored of our own kinds, and what is gone."""
        stored = [body for kind in _ORDER for body in self.cluster.of_kind(kind)]
        for body in stored:
            self.controller.seen(body)
        present = {ref_of(body) for body in stored}
        for kind in _ORDER:
            for known in self.controller.store.all(kind):
                if Ref(kind, known.namespace, known.name) not in present:
                    self.controller.gone(manifest(kind, known.name) | {"metadata": _identity(known)})

    async def run(self, limit: int = 100) -> None:
        """Work on every key that is ready now."""
        for _ in range(limit):
            ref = self.controller.queue.take()
            if ref is None:
                return
            await self.controller.step(ref)
            self.controller.queue.done(ref)
        raise AssertionError(f"still busy after {limit} passes: a hot loop")

    async def settle(self, seconds: float = 60.0) -> None:
        """Let the operator work for a stretch of virtual time, with the watch keeping up."""
        end = self.clock.seconds + seconds
        while True:
            self.watch()
            await self.run()
            self._end_migrations()
            due = self.controller.queue.next_due()
            if due is None or due > end:
                self.clock.seconds = end
                return
            self.clock.seconds = max(self.clock.seconds, due)

    def secret_changed(self, ref: Ref) -> None:
        """The watch of the operator's namespace tells of a Secret."""
        if self.migrations.forget(ref):
            for tenant in self.controller.store.find("Tenant", "engine", "postgres"):
                self.controller.queue.add(Ref("Tenant", tenant.namespace, tenant.name), Lane.RETRY)

    def _end_migrations(self) -> None:
        """Play the kubelet."""
        for pod in self.cluster.of_kind("Pod"):
            if self.migration is not None and "status" not in pod:
                status = self.cluster.objects[ref_of(pod)]["status"] = copy.deepcopy(self.migration)
                for container in status.get("containerStatuses", []):
                    container["state"]["terminated"]["finishedAt"] = self.clock.now().isoformat()

    def roll_out(self, name: str = "bot-acme") -> None:
        """Play the Deployment controller: the pods of the newest revision are ready."""
        ref = Ref("Deployment", NAMESPACE, name)
        body = self.cluster.objects[ref]
        replicas, generation = body["spec"]["replicas"], body["metadata"]["generation"]
        counts = dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas"), replicas)
        body["status"] = {"observedGeneration": generation, **counts}
        self.cluster.touch(ref, {})
        self.children.put(self.cluster.stored(ref), ours=True)
        self.controller.queue.add(Ref("Tenant", NAMESPACE, name.removeprefix("bot-")), Lane.RETRY)

    def seen(self, kind: str, name: str) -> Any:
        """A resource as the process last saw it."""
        place = NAMESPACE if _MODELS[kind].crd.scope == "Namespaced" else ""
        found = self.controller.store.get(Ref(kind, place, name))
        assert found is not None, f"{kind} {name} is unknown"
        return found

    def live(self, kind: str, name: str) -> Any:
        """A resource as it is stored."""
        place = NAMESPACE if _MODELS[kind].crd.scope == "Namespaced" else ""
        return _MODELS[kind].model_validate(self.cluster.stored(Ref(kind, place, name)))


def _identity(known: Any) -> dict[str, Any]:
    return {"name": known.name, "namespace": known.namespace, "uid": known.uid}
