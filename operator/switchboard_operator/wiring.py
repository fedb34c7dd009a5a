"""The composition root: settings in, a running operator out. Nothing else builds anything."""

from __future__ import annotations

import asyncio
import random
import secrets
import socket
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp

from switchboard_operator.adapters.bots import HttpBots
from switchboard_operator.adapters.clock import SystemClock
from switchboard_operator.adapters.kinds import BY_KIND, CHILD_KINDS, OWN_KINDS
from switchboard_operator.adapters.kube import KubeCluster
from switchboard_operator.adapters.kubeconfig import Connection, connect, open_session
from switchboard_operator.adapters.postgres import PostgresDatabase
from switchboard_operator.adapters.twilio import TwilioSdk
from switchboard_operator.desired import names
from switchboard_operator.desired.egress import Egress
from switchboard_operator.desired.objects import Routing
from switchboard_operator.desired.runtime import RuntimeImage
from switchboard_operator.engine.backoff import Backoff
from switchboard_operator.engine.controller import Controller, Reconciler
from switchboard_operator.engine.events import Recorder
from switchboard_operator.engine.holding import Holding
from switchboard_operator.engine.metrics import Metrics
from switchboard_operator.engine.queue import Lane, WorkQueue
from switchboard_operator.engine.rounds import Rounds
from switchboard_operator.engine.routes import add_indexes
from switchboard_operator.engine.store import Store
from switchboard_operator.engine.watches import Watch
from switchboard_operator.ports import Ref, ref_of
from switchboard_operator.reconcile.account import AccountReconciler
from switchboard_operator.reconcile.accounts import Accounts
from switchboard_operator.reconcile.assistants import Assistants
from switchboard_operator.reconcile.catalogues import Catalogues
from switchboard_operator.reconcile.children import ChildCache, Children
from switchboard_operator.reconcile.databases import Databases
from switchboard_operator.reconcile.deletion import SubaccountDeletion
from switchboard_operator.reconcile.intents import Intents, ref_to
from switchboard_operator.reconcile.migrations import Migrations
from switchboard_operator.reconcile.number import NumberReconciler
from switchboard_operator.reconcile.observations import Observations
from switchboard_operator.reconcile.secrets import SecretKeeper
from switchboard_operator.reconcile.shop import Shop
from switchboard_operator.reconcile.simple import AssistantReconciler, PlanReconciler
from switchboard_operator.reconcile.standings import Standings
from switchboard_operator.reconcile.subaccount import SubaccountReconciler
from switchboard_operator.reconcile.subaccounts import Subaccounts
from switchboard_operator.reconcile.tenant import TenantReconciler

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from switchboard_operator.settings import Settings

_API_CONNECTIONS = 64
_TWILIO_CONNECTIONS = 100
_BOT_CONNECTIONS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """The parts of a running operator that its edge needs.

    Attributes:
        settings: as given.
        connection: the API server.
        controller: takes events in.
        metrics: what is counted.
        watches: of what Kopf does not watch for us.
        queue: the work.
        rounds: asks the bots how they stand.
    """

    settings: Settings
    connection: Connection
    cluster: KubeCluster
    controller: Controller
    metrics: Metrics
    watches: tuple[Watch, ...]
    queue: WorkQueue[Ref]
    rounds: Rounds

    async def prime(self) -> None:
        """See everything once, then learn the accounts' credentials; only then may work begin."""
        for watch in self.watches:
            await watch.prime()
        for kind in OWN_KINDS:
            items, _ = await self.cluster.list(kind)
            for item in items:
                self.controller.seen({**item, "kind": kind.kind, "apiVersion": kind.api_version})
        for account in self.controller.store.all("TwilioAccount"):
            await self.controller.step(ref_to(account))

    async def run(self) -> None:
        """Work and watch until cancelled; ends with the first failure of any part."""
        async with asyncio.TaskGroup() as tasks:
            for watch in self.watches:
                tasks.create_task(watch.run(), name=f"watch {watch.kind.plural}")
            tasks.create_task(self.rounds.run(), name="rounds")
            for number in range(self.settings.workers):
                tasks.create_task(self.controller.work(), name=f"worker {number}")


@asynccontextmanager
async def build(settings: Settings) -> AsyncIterator[Operator]:
    """Wire an operator. It does nothing until ``prime`` and ``run``."""
    async with AsyncExitStack() as stack:
        connection = connect(settings.kubeconfig)
        api = await stack.enter_async_context(open_session(connection, limit=_API_CONNECTIONS))
        connector = aiohttp.TCPConnector(limit=_TWILIO_CONNECTIONS)
        web = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        to_bots = aiohttp.TCPConnector(limit=_BOT_CONNECTIONS)
        bots = await stack.enter_async_context(
            aiohttp.ClientSession(connector=to_bots, cookie_jar=aiohttp.DummyCookieJar())
        )
        metrics = Metrics()
        cluster = KubeCluster(connection=connection, session=api, on_call=metrics.api_call)
        yield _assemble(settings, connection, cluster, web, bots, metrics)


def _assemble(
    settings: Settings,
    connection: Connection,
    cluster: KubeCluster,
    web: aiohttp.ClientSession,
    to_bots: aiohttp.ClientSession,
    metrics: Metrics,
) -> Operator:
    clock = SystemClock()
    store = Store()
    add_indexes(store)
    queue: WorkQueue[Ref] = WorkQueue(time=clock.monotonic)
    metrics.watch_queue(lambda: len(queue))
    metrics.watch_resources((kind.kind for kind in OWN_KINDS), lambda kind: len(store.all(kind)))
    namespace = settings.namespace or connection.namespace
    reconcilers: dict[str, Reconciler] = {}
    controller = Controller(
        store=store,
        queue=queue,
        backoff=Backoff(jitter=random.random),
        reconcilers=reconcilers,
        cluster=cluster,
        holding=Holding(clock=clock),
        recorder=Recorder(cluster=cluster, clock=clock, instance=socket.gethostname(), namespace=namespace),
        metrics=metrics,
        clock=clock,
    )
    twilio = TwilioSdk(session=web, clock=clock, deadline=settings.twilio_deadline, on_call=metrics.twilio_call)
    accounts = Accounts(reader=store, cluster=cluster, clock=clock)
    children = ChildCache()
    standings = Standings()
    migrations = Migrations(
        cluster=cluster, namespace=namespace, secret=settings.database_secret, image=_image(settings), clock=clock
    )
    databases = Databases(
        cluster=cluster,
        database=PostgresDatabase(),
        migrations=migrations,
        remember=controller.remember,
        clock=clock,
        interval=settings.drift_interval,
    )
    catalogues = Catalogues(cluster=cluster, clock=clock, lifetime=settings.drift_interval)
    _add_reconcilers(
        reconcilers,
        settings=settings,
        cluster=cluster,
        twilio=twilio,
        accounts=accounts,
        controller=controller,
        children=children,
        assistants=Assistants(
            cluster=cluster,
            catalogues=catalogues,
            egress=Egress(settings.runtime_egress),
            clock=clock,
            lifetime=settings.drift_interval,
        ),
        databases=databases,
        standings=standings,
        clock=clock,
        namespace=namespace,
    )
    rounds = Rounds(
        store=store,
        cluster=cluster,
        bots=HttpBots(session=to_bots),
        endpoints=cluster,
        address=settings.bot_address,
        standings=standings,
        queue=queue,
        interval=settings.status_interval,
        jitter=random.random,
        on_look=metrics.bot_look,
    )
    wakers = _Wakers(store=store, queue=queue, children=children, catalogues=catalogues, migrations=migrations)
    return Operator(
        settings=settings,
        connection=connection,
        cluster=cluster,
        controller=controller,
        metrics=metrics,
        watches=_watches(cluster, wakers, namespace),
        queue=queue,
        rounds=rounds,
    )


def _add_reconcilers(
    reconcilers: dict[str, Reconciler],
    *,
    settings: Settings,
    cluster: KubeCluster,
    twilio: TwilioSdk,
    accounts: Accounts,
    controller: Controller,
    children: ChildCache,
    assistants: Assistants,
    databases: Databases,
    standings: Standings,
    clock: SystemClock,
    namespace: str,
) -> None:
    store = controller.store
    intents = Intents(cluster=cluster, clock=clock, remember=controller.remember, token=lambda: secrets.token_hex(4))
    observations = Observations(clock=clock, interval=settings.drift_interval)
    reconcilers["TwilioAccount"] = AccountReconciler(
        cluster=cluster,
        twilio=twilio,
        channels=twilio,
        accounts=accounts,
        observations=observations,
        namespace=namespace,
        clock=clock,
    )
    reconcilers["Plan"] = PlanReconciler(clock=clock)
    reconcilers["Assistant"] = AssistantReconciler(assistants=assistants, clock=clock, interval=settings.drift_interval)
    reconcilers["TwilioSubaccount"] = SubaccountReconciler(
        twilio=twilio,
        accounts=accounts,
        intents=intents,
        secrets=SecretKeeper(cluster=cluster, twilio=twilio, clock=clock),
        deletion=SubaccountDeletion(
            twilio=twilio, accounts=accounts, intents=intents, observations=observations, clock=clock
        ),
        reader=store,
        observations=observations,
        installation=settings.installation_id,
        clock=clock,
    )
    reconcilers["BotNumber"] = NumberReconciler(
        twilio=twilio,
        accounts=accounts,
        intents=intents,
        reader=store,
        shop=Shop(twilio=twilio, reader=store),
        observations=observations,
        installation=settings.installation_id,
        domain=settings.domain,
        clock=clock,
    )
    reconcilers["Tenant"] = TenantReconciler(
        cluster=cluster,
        accounts=accounts,
        reader=store,
        subaccounts=Subaccounts(cluster=cluster, reader=store, intents=intents, remember=controller.remember),
        assistants=assistants,
        children=Children(cluster=cluster, cache=children),
        databases=databases,
        standings=standings,
        image=_image(settings),
        routing=Routing(ingress_class=settings.ingress_class, tls_secret=settings.tls_secret),
        domain=settings.domain,
        clock=clock,
    )


def _image(settings: Settings) -> RuntimeImage:
    return RuntimeImage(settings.runtime_image, settings.runtime_pull_policy, settings.runtime_pull_secrets)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wakers:
    """What an event of something that Kopf does not watch for us means."""

    store: Store
    queue: WorkQueue[Ref]
    children: ChildCache
    catalogues: Catalogues
    migrations: Migrations

    def child_seen(self, body: Mapping[str, Any]) -> None:
        child = self.children.get(ref_of(body)) if self.children.put(body) else None
        if child:
            self._wake_owner(child.owner)

    def child_gone(self, ref: Ref) -> None:
        child = self.children.remove(ref)
        if child:
            self._wake_owner(child.owner)

    def secret_changed(self, ref: Ref) -> None:
        for account in self.store.find("TwilioAccount", "secret", ref.name):
            self.queue.add(ref_to(account), Lane.USER)
        if self.migrations.forget(ref):
            for tenant in self.store.find("Tenant", "engine", "postgres"):
                self.queue.add(ref_to(tenant), Lane.RETRY)

    def config_changed(self, ref: Ref) -> None:
        self.catalogues.forget(ref)
        for assistant in self.store.find("Assistant", "configmap", f"{ref.namespace}/{ref.name}"):
            self.queue.add(ref_to(assistant), Lane.USER)

    def _wake_owner(self, owner: str) -> None:
        for tenant in self.store.find("Tenant", "uid", owner):
            self.queue.add(ref_to(tenant), Lane.RETRY)


def _watches(cluster: KubeCluster, wakers: _Wakers, namespace: str) -> tuple[Watch, ...]:
    own = [
        Watch(
            cluster=cluster,
            kind=kind,
            seen=wakers.child_seen,
            gone=wakers.child_gone,
            jitter=random.random,
            selector=names.MANAGED_SELECTOR,
            metadata_only=kind.kind != "Deployment",
        )
        for kind in CHILD_KINDS
    ]
    secrets = Watch(
        cluster=cluster,
        kind=BY_KIND["Secret"],
        seen=lambda body: wakers.secret_changed(ref_of(body)),
        gone=wakers.secret_changed,
        jitter=random.random,
        namespace=namespace,
        metadata_only=True,
    )
    configs = Watch(
        cluster=cluster,
        kind=BY_KIND["ConfigMap"],
        seen=lambda body: wakers.config_changed(ref_of(body)),
        gone=wakers.config_changed,
        jitter=random.random,
        selector=f"{names.LABEL_WATCH}=true",
        metadata_only=True,
    )
    return (*own, secrets, configs)
