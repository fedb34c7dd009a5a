"""The composition root: everything is made here and handed on; nothing else makes a store, a clock or a client."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from twilio_emulator import admin, server
from twilio_emulator import web as page
from twilio_emulator.admin.edge import Admin
from twilio_emulator.bell import Bell
from twilio_emulator.clock import SystemClock
from twilio_emulator.clockwork import Clockwork
from twilio_emulator.core import Core
from twilio_emulator.registry import ANSWER_HANDLERS, LISTENERS, TIMERS
from twilio_emulator.sids import SidFactory
from twilio_emulator.store import Store
from twilio_emulator.webhooks.dispatcher import Dispatcher
from twilio_emulator.webhooks.sender import WebhookSender

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from aiohttp.typedefs import Middleware

    from twilio_emulator.clock import Clock
    from twilio_emulator.settings import Settings

__all__ = ["build_app"]


_log = logging.getLogger(__name__)
_LARGEST_REQUEST = 1024 * 1024


def build_app(
    settings: Settings,
    *,
    clock: Clock | None = None,
    sids: SidFactory | None = None,
    middlewares: Sequence[Middleware] = (),
) -> web.Application:
    """Return the emulator as an aiohttp application.

    Args:
        settings: what it is told.
        clock: its time; the machine's when left out.
        sids: where identifiers come from; the operating system's randomness when left out.
        middlewares: aiohttp middlewares around every call, such as a recorder.

    Raises:
        SettingsError: a file in the settings cannot be read.
        StateError: the state file cannot be used.
    """
    tls = settings.webhook_tls()
    core = Core(
        settings=settings,
        store=Store(settings.state),
        clock=clock or SystemClock(),
        sids=sids or SidFactory(),
    )
    core.resume_time()
    with core.store.transaction():
        core.seed()
    for listener in LISTENERS:
        core.signals.connect(partial(listener, core))
    bell = Bell()
    work = Bell(beside=bell)  # a call that is only logged is news, but no work
    core.store.after_commit(work.ring)
    core.store.after_logging(bell.ring)
    sender = WebhookSender(tls=tls, connect_to=settings.connect_to)
    dispatcher = Dispatcher(core=core, sender=sender, bell=work, handlers=ANSWER_HANDLERS)
    clockwork = Clockwork(core=core, dispatcher=dispatcher, bell=work, timers=TIMERS)
    app = web.Application(client_max_size=_LARGEST_REQUEST, middlewares=middlewares)
    app.on_shutdown.append(lambda _: _hang_up(bell))
    app.cleanup_ctx.append(lambda _: _run(core, clockwork, sender))
    page.add_routes(app)
    admin.add_routes(app, Admin(core=core, bell=bell, clockwork=clockwork))
    server.add_routes(app, core)
    return app


async def _hang_up(bell: Bell) -> None:
    """Answer whoever waits for something to happen, before the server waits for them."""
    bell.close()


async def _run(core: Core, clockwork: Clockwork, sender: WebhookSender) -> AsyncIterator[None]:
    """Keep the clockwork running from start to end; close what it used, the store last."""
    task = asyncio.create_task(clockwork.run(), name="clockwork")
    task.add_done_callback(_report)
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)  # a failure was reported when it happened
    await sender.close()
    core.store.close()


def _report(task: asyncio.Task[None]) -> None:
    """Say loudly when the clockwork died: no webhook is sent any more."""
    if not task.cancelled() and task.exception():
        _log.critical("the clockwork stopped; restart the emulator", exc_info=task.exception())
