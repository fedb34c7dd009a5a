"""The composition root: settings in, a running server out. Nothing else builds anything."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import random
import signal
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import web

from switchboard_runtime.assistants.egress import Egress
from switchboard_runtime.assistants.factory import Assistants, check_assistants
from switchboard_runtime.channels.twilio_forget import TwilioForgetter
from switchboard_runtime.channels.twilio_rest import TwilioCourier, load_client
from switchboard_runtime.channels.voice_forms import load_answers
from switchboard_runtime.clock import Clock, SystemClock
from switchboard_runtime.config import load_directory
from switchboard_runtime.conversation import Health, Policy, Shares, TenantService, Together
from switchboard_runtime.edge.api import RATES, Rates, check_tokens
from switchboard_runtime.edge.body import MAX_BODY
from switchboard_runtime.edge.context import CONTEXT, EdgeContext
from switchboard_runtime.edge.listening import GuardedSite, Limits
from switchboard_runtime.edge.routes import ROUTES
from switchboard_runtime.errors import ConfigurationError
from switchboard_runtime.events import Dispatcher, Events, Outward, check_secrets
from switchboard_runtime.ids import Ids
from switchboard_runtime.limits import LimitsHook
from switchboard_runtime.opening import open_stores
from switchboard_runtime.people import Audit, HistoryHook, OptOutHook, People, PeopleHook
from switchboard_runtime.store import SqliteStore
from switchboard_runtime.telemetry.logs import log_event
from switchboard_runtime.telemetry.metrics import Metrics
from switchboard_runtime.telemetry.tracing import NoTracing, Tracing, open_tracing
from switchboard_twilio import TwilioTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from switchboard_runtime.assistants import Answering
    from switchboard_runtime.config import Settings
    from switchboard_runtime.config.directory import Directory, TenantEntry
    from switchboard_runtime.conversation import TurnHook
    from switchboard_runtime.store import Store
    from switchboard_runtime.store.postgres.store import PostgresStore

__all__ = ["Ports", "build_app", "run", "serve"]

_LOG = logging.getLogger(__name__)
_CONNECTIONS_TO_TWILIO = 32
_CALL_DEADLINE = 10.0
_GARBAGE = 20_000
"""New objects until garbage is looked for; nearly all go without it, so that Python's 700 is a search for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What the runtime takes from outside itself.

    Attributes:
        clock: time.
        new_id: unguessable ids of letters and digits: traces, replies, this process.
        chance: 0 to 1, for jitter.
        answering: makes an assistant's responder; None for the runtime's own.
        knowledge: folder of ``{slug}/`` with the assistants' texts.
        egress: where assistants may call.
        tracing: where spans go.
        rates: how often a token may call the API.
    """

    clock: Clock
    new_id: Callable[[], str]
    chance: Callable[[], float]
    answering: Answering | None = None
    knowledge: Path = Path("/etc/switchboard/knowledge")
    egress: Egress = field(default_factory=Egress)
    tracing: Tracing = field(default_factory=NoTracing)
    rates: Rates = field(default_factory=Rates)


def build_app(
    *, directory: Directory, data_dir: Path, policy: Policy, ports: Ports, database_connections: int = 4
) -> web.Application:
    """The application of the tenants in ``directory``, kept in ``data_dir`` or each in its own database.

    Its start-up raises :class:`~switchboard_runtime.errors.ConfigurationError` when a store does not open.
    """
    app = web.Application(client_max_size=MAX_BODY)
    services: dict[str, TenantService] = {}
    limits: dict[str, LimitsHook] = {}
    people: dict[str, People] = {}
    stores: dict[str, SqliteStore | PostgresStore] = {}
    tellers: dict[str, Dispatcher] = {}
    health = {entry.slug: Health(document=entry.document, clock=ports.clock) for entry in directory.entries}
    context = EdgeContext(
        directory=directory,
        services=services,
        limits=limits,
        people=people,
        stores=stores,
        tellers=tellers,
        health=health,
        clock=ports.clock,
        new_id=ports.new_id,
        metrics=Metrics(),
        tracing=ports.tracing,
    )
    app[CONTEXT] = context
    app[RATES] = ports.rates
    app.add_routes(ROUTES)
    app.on_response_prepare.append(_no_server_header)

    async def engines(_app: web.Application) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            connector = aiohttp.TCPConnector(limit=_CONNECTIONS_TO_TWILIO)
            session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector, trust_env=True))
            stores.update(await open_stores(stack, directory, data_dir, policy, ports, database_connections))
            shared = _Shared(
                session=session,
                outward=await stack.enter_async_context(Outward(ports.egress)),
                together=Together(answers=Shares(policy.answers_at_once), sends=Shares(policy.sends_at_once)),
                policy=policy,
                ports=ports,
                context=context,
            )
            warming: list[asyncio.Task[None]] = []
            for entry in directory.entries:
                engine = _engine(entry, stores[entry.slug], shared, _answering(entry, ports, stack, warming))
                services[entry.slug], people[entry.slug] = engine.service, engine.people
                limits[entry.slug], tellers[entry.slug] = engine.limits, engine.telling
                engine.start()
                stack.push_async_callback(engine.telling.stop)
            loading = asyncio.create_task(asyncio.to_thread(_load, directory))
            log_event(_LOG, logging.INFO, "started", tenants=len(services))
            yield
            await asyncio.gather(loading, *warming)
            await asyncio.gather(*(folk.stop() for folk in people.values()))
            await asyncio.gather(*(service.stop() for service in services.values()))
            await asyncio.gather(*(limit.close() for limit in limits.values()))
        log_event(_LOG, logging.INFO, "stopped")

    app.cleanup_ctx.append(engines)
    return app


def _load(directory: Directory) -> None:
    """Load what the first message sent, or the first call, would wait for."""
    load_client()
    if any(entry.document.voice is not None for entry in directory.entries):
        load_answers()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shared:
    """What the tenants of a process have together."""

    session: aiohttp.ClientSession
    outward: Outward
    together: Together
    policy: Policy
    ports: Ports
    context: EdgeContext


@dataclass(frozen=True, slots=True, kw_only=True)
class _Engine:
    """One tenant's parts."""

    store: SqliteStore | PostgresStore
    service: TenantService
    people: People
    limits: LimitsHook
    telling: Dispatcher

    def start(self) -> None:
        """Begin to work; a store of several processes says when another has left some, or taken a conversation over."""
        self.service.start()
        self.people.start()
        self.telling.start()
        if not isinstance(self.store, SqliteStore):
            self.store.listen(_both(self.service.nudge, self.telling.nudge))
            self.store.watch(self.service.flights)


def _answering(entry: TenantEntry, ports: Ports, stack: AsyncExitStack, warming: list[asyncio.Task[None]]) -> Answering:
    """The given one, or the tenant's own assistants, which are being loaded then and closed in the end."""
    if ports.answering is not None:
        return ports.answering
    assistants = _assistants(entry, ports)
    stack.push_async_callback(assistants.close)
    warming.append(asyncio.create_task(assistants.warm(entry.document)))
    return assistants


def _engine(entry: TenantEntry, store: SqliteStore | PostgresStore, shared: _Shared, answering: Answering) -> _Engine:
    """Put a tenant's parts together; raises what keeps an endpoint from being told, or a token from being known."""
    document, ports, metrics = entry.document, shared.ports, shared.context.metrics
    limits = LimitsHook(document=document, store=store, clock=ports.clock, metrics=metrics)
    audit = Audit(store=store, clock=ports.clock, new_id=ports.new_id)
    telling = _telling(entry, store, shared)
    events = Events(document=document, clock=ports.clock, nudge=telling.nudge)
    told = (events,) if document.webhooks else ()
    hooks: tuple[TurnHook, ...] = (
        PeopleHook(document=document, store=store, audit=audit, clock=ports.clock, new_id=ports.new_id),
        limits,
        HistoryHook(store=store),
        shared.context.health[entry.slug],
        *told,
    )
    transport = TwilioTransport(session=shared.session, endpoint=document.twilio.endpoint, deadline=_CALL_DEADLINE)
    service = TenantService(
        document=document,
        store=store,
        courier=TwilioCourier(document=document, credentials=entry.credentials, transport=transport),
        answering=answering,
        clock=ports.clock,
        chance=ports.chance,
        policy=shared.policy,
        metrics=metrics,
        hooks=hooks,
        together=shared.together,
        send_hooks=(OptOutHook(audit=audit), *told),
        tracing=ports.tracing,
    )
    people = People(
        document=document,
        store=store,
        engine=service,
        audit=audit,
        clock=ports.clock,
        new_id=ports.new_id,
        metrics=metrics,
        turned=events.turned,
        provider=TwilioForgetter(credentials=entry.credentials, transport=transport),
    )
    return _Engine(store=store, service=service, people=people, limits=limits, telling=telling)


def _telling(entry: TenantEntry, store: Store, shared: _Shared) -> Dispatcher:
    """Who tells the tenant's endpoints."""
    check_tokens(entry)
    secret = entry.credentials.secret
    check_secrets(entry.document, secret=secret)
    return Dispatcher(
        document=entry.document,
        store=store,
        secret=secret,
        outward=shared.outward,
        clock=shared.ports.clock,
        chance=shared.ports.chance,
        metrics=shared.context.metrics,
        lease=shared.policy.lease,
    )


def _both(first: Callable[[], None], second: Callable[[], None]) -> Callable[[], None]:
    def both() -> None:
        first()
        second()

    return both


def _assistants(entry: TenantEntry, ports: Ports) -> Assistants:
    """The tenant's assistants; raises what keeps them from answering."""
    knowledge = ports.knowledge / entry.slug
    check_assistants(entry.document, secret=entry.credentials.secret, knowledge=knowledge)
    return Assistants(
        clock=ports.clock,
        secret=entry.credentials.secret,
        knowledge=knowledge,
        egress=ports.egress,
        tracing=ports.tracing,
    )


async def _no_server_header(_request: web.Request, response: web.StreamResponse) -> None:
    """Tell nobody which versions run."""
    response.headers.pop("Server", None)


async def serve(app: web.Application, *, host: str, port: int, limits: Limits | None = None) -> web.AppRunner:
    """Start to listen, with the limits that a public webhook needs.

    Returns:
        The runner; its ``cleanup`` stops the server and then the engines.

    Raises:
        ConfigurationError: the address cannot be used, or a store does not open.
    """
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=5.0)
    await runner.setup()
    try:
        await GuardedSite(runner, host, port, limits=limits or Limits(), metrics=app[CONTEXT].metrics).start()
    except OSError as error:
        await runner.cleanup()
        raise ConfigurationError("SWITCHBOARD_LISTEN", f"cannot listen on {host}:{port}: {error.strerror}") from error
    log_event(_LOG, logging.INFO, "listening", addresses=[list(address[:2]) for address in runner.addresses])
    return runner


async def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is in flight.

    Raises:
        ConfigurationError: a document, credential or folder is wrong; nothing was served.
    """
    stopped = _signals()
    tenants, credentials, data_dir = settings.paths()
    clock = SystemClock()
    directory = load_directory(tenants, credentials, now=clock.now)
    _check_writable(data_dir)
    policy = Policy(lease=settings.seconds("lease_seconds"), look_grace=settings.seconds("look_grace_seconds"))
    ports = Ports(
        clock=clock,
        new_id=Ids(),
        chance=random.random,
        knowledge=Path(settings.knowledge_dir),
        egress=Egress(allowed=settings.allowed_hosts()),
        rates=Rates(per_second=settings.rate()),
        tracing=open_tracing(os.environ),
    )
    host, port = settings.address()
    app = build_app(
        directory=directory,
        data_dir=data_dir,
        policy=policy,
        ports=ports,
        database_connections=settings.connections(),
    )
    runner = await serve(app, host=host, port=port, limits=Limits(per_peer=settings.peer_connections()))
    gc.enable()
    gc.set_threshold(_GARBAGE)
    gc.freeze()  # what the start has made stays: no collection needs to look at it
    await stopped.wait()
    log_event(_LOG, logging.INFO, "stopping")
    await runner.cleanup()
    await asyncio.to_thread(ports.tracing.close)


def _check_writable(folder: Path) -> None:
    probe = folder / ".writable"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(folder, f"cannot be written ({error.strerror}); mount a volume there") from error


def _signals() -> asyncio.Event:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    return stopped
