"""The composition root: settings in, a running server out. Nothing else builds anything."""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
import signal
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import web

from switchboard_runtime.assistants import ScriptAssistant
from switchboard_runtime.channels.twilio_rest import TwilioCourier
from switchboard_runtime.clock import SystemClock
from switchboard_runtime.config import load_directory
from switchboard_runtime.conversation import Policy, TenantService
from switchboard_runtime.edge.body import MAX_BODY
from switchboard_runtime.edge.context import CONTEXT, EdgeContext
from switchboard_runtime.edge.routes import ROUTES
from switchboard_runtime.errors import ConfigurationError, RuntimeFailure
from switchboard_runtime.store import SqliteStore, Writer
from switchboard_runtime.telemetry.logs import log_event
from switchboard_runtime.telemetry.metrics import Metrics
from switchboard_twilio import TwilioTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from switchboard_runtime.assistants import Answering
    from switchboard_runtime.clock import Clock
    from switchboard_runtime.config import Settings
    from switchboard_runtime.config.directory import Directory, TenantEntry

__all__ = ["build_app", "run"]

_LOG = logging.getLogger(__name__)
_MAX_WRITERS = 4
_CONNECTIONS_TO_TWILIO = 32
_CALL_DEADLINE = 10.0
_KEEPALIVE = 15.0


def build_app(
    *,
    directory: Directory,
    data_dir: Path,
    policy: Policy,
    clock: Clock,
    new_id: Callable[[], str],
    chance: Callable[[], float],
    answering: Answering = ScriptAssistant,
) -> web.Application:
    """The application of the tenants in ``directory``.

    Args:
        directory: the tenants.
        data_dir: folder of their SQLite files.
        policy: the engine's numbers.
        clock: time.
        new_id: unguessable ids: traces, replies, this process.
        chance: 0 to 1, for jitter.
        answering: makes an assistant's responder.
    """
    app = web.Application(client_max_size=MAX_BODY)
    metrics = Metrics()
    services: dict[str, TenantService] = {}
    app[CONTEXT] = EdgeContext(
        directory=directory, services=services, clock=clock, new_id=new_id, metrics=metrics
    )
    app.add_routes(ROUTES)

    async def engines(_app: web.Application) -> AsyncIterator[None]:
        connector = aiohttp.TCPConnector(limit=_CONNECTIONS_TO_TWILIO)
        writers = [Writer() for _ in range(min(_MAX_WRITERS, len(directory.entries)))]
        owner = new_id()
        async with aiohttp.ClientSession(connector=connector, trust_env=True) as session:
            for index, entry in enumerate(directory.entries):
                store = SqliteStore(
                    path=_file(data_dir, entry),
                    writer=writers[index % len(writers)],
                    clock=clock,
                    new_id=new_id,
                    owner=owner,
                    lease=policy.lease,
                )
                services[entry.slug] = _service(
                    entry, store, session, policy, clock, chance, metrics, answering
                )
            await asyncio.gather(*(service.queues() for service in services.values()))
            for service in services.values():
                service.start()
            log_event(_LOG, logging.INFO, "started", tenants=len(services))
            yield
            await asyncio.gather(*(service.stop() for service in services.values()))
            await asyncio.gather(*(writer.close() for writer in writers))
            log_event(_LOG, logging.INFO, "stopped")

    app.cleanup_ctx.append(engines)
    return app


def _service(
    entry: TenantEntry,
    store: SqliteStore,
    session: aiohttp.ClientSession,
    policy: Policy,
    clock: Clock,
    chance: Callable[[], float],
    metrics: Metrics,
    answering: Answering,
) -> TenantService:
    transport = TwilioTransport(
        session=session, endpoint=entry.document.twilio.endpoint, deadline=_CALL_DEADLINE
    )
    courier = TwilioCourier(document=entry.document, credentials=entry.credentials, transport=transport)
    return TenantService(
        document=entry.document,
        store=store,
        courier=courier,
        answering=answering,
        clock=clock,
        chance=chance,
        policy=policy,
        metrics=metrics,
    )


def _file(data_dir: Path, entry: TenantEntry) -> Path:
    """A tenant's file. The id is part of the name: a slug used again never opens its last owner's conversations."""
    return data_dir / f"{entry.slug}.{entry.document.tenant.id}.sqlite3"


async def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is in flight.

    Raises:
        ConfigurationError: a document, credential or folder is wrong; nothing was served.
    """
    tenants, credentials, data_dir = settings.paths()
    clock = SystemClock()
    directory = load_directory(tenants, credentials, now=clock.now)
    _check_writable(data_dir)
    app = build_app(
        directory=directory,
        data_dir=data_dir,
        policy=Policy(
            lease=settings.seconds("lease_seconds"), look_grace=settings.seconds("look_grace_seconds")
        ),
        clock=clock,
        new_id=lambda: secrets.token_hex(12),
        chance=random.random,
    )
    runner = web.AppRunner(
        app,
        keepalive_timeout=_KEEPALIVE,
        auto_decompress=False,
        access_log=None,
        handle_signals=False,
        shutdown_timeout=5.0,
    )
    try:
        await runner.setup()
    except RuntimeFailure as error:
        raise ConfigurationError(data_dir, f"the store does not open: {error}") from error
    host, port = settings.address()
    site = web.TCPSite(runner, host, port, backlog=1024)
    await site.start()
    log_event(_LOG, logging.INFO, "listening", addresses=[list(address[:2]) for address in runner.addresses])
    await _signalled()
    log_event(_LOG, logging.INFO, "stopping")
    await runner.cleanup()


def _check_writable(folder: Path) -> None:
    probe = folder / ".writable"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(
            folder, f"cannot be written ({error.strerror}); mount a volume there"
        ) from error


async def _signalled() -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()
