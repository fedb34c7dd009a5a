"""The emulator inside a test's own event loop.

    async with running_emulator() as emulator:
        transport = TwilioTransport(session=session, endpoint=emulator.base_url)
        client = twilio_client(transport=transport, username=emulator.account_sid, password=emulator.auth_token)
        await emulator.admin.inbound(sender="+15551230000", recipient="+13055550123", body="Hola")

By default nothing waits: states of messages and retries follow one another at once. Give a ``VirtualClock``
and delays in the settings to hold them.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import web

from twilio_emulator.app import build_app
from twilio_emulator.client import AdminClient
from twilio_emulator.clock import VirtualClock
from twilio_emulator.settings import ConnectTo, Credentials, MainKey, Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from aiohttp.typedefs import Middleware

    from twilio_emulator.clock import Clock

__all__ = [
    "ACCOUNT_SID",
    "AUTH_TOKEN",
    "AdminClient",
    "RunningEmulator",
    "VirtualClock",
    "running_emulator",
]

ACCOUNT_SID = "AC00000000000000000000000000000001"
AUTH_TOKEN = "0123456789abcdef0123456789abcdef"  # noqa: S105  # made up


@dataclass(frozen=True, kw_only=True)
class RunningEmulator:
    """An emulator that answers.

    Attributes:
        base_url: ``http://127.0.0.1:port``, the ``endpoint`` of a Twilio client.
        account_sid: the parent account.
        auth_token: its auth token.
        admin: a client of its admin API.
        settings: what it was told.
    """

    base_url: str
    account_sid: str
    auth_token: str
    admin: AdminClient
    settings: Settings


@asynccontextmanager
async def running_emulator(
    *,
    clock: Clock | None = None,
    state: Path | None = None,
    main_key: MainKey | None = None,
    test_credentials: Credentials | None = None,
    max_subaccounts: int = 1000,
    seed: int = 0,
    status_delay: float = 0.0,
    retry_delay: float = 0.0,
    review_delay: float = 0.0,
    ca_file: Path | None = None,
    connect_to: Sequence[ConnectTo] = (),
    balance: str = "100.00",
    geo_permissions: Sequence[str] | None = None,
    max_queued: int | None = None,
    enforce_a2p: bool = False,
    whatsapp_senders: str = Settings.whatsapp_senders,
    max_whatsapp_senders: int = 20,
    concurrency: int | None = None,
    port: int = 0,
    middlewares: Sequence[Middleware] = (),
) -> AsyncIterator[RunningEmulator]:
    """Run an emulator on a free port of 127.0.0.1; arguments as in ``Settings`` and ``build_app``."""
    settings = Settings(
        account_sid=ACCOUNT_SID,
        auth_token=AUTH_TOKEN,
        state=state,
        main_key=main_key,
        test_credentials=test_credentials,
        concurrency=concurrency,
        max_subaccounts=max_subaccounts,
        seed=seed,
        status_delay=status_delay,
        retry_delay=retry_delay,
        review_delay=review_delay,
        ca_file=ca_file,
        connect_to=tuple(connect_to),
        balance=balance,
        geo_permissions=None if geo_permissions is None else tuple(geo_permissions),
        max_queued=max_queued,
        enforce_a2p=enforce_a2p,
        whatsapp_senders=whatsapp_senders,
        max_whatsapp_senders=max_whatsapp_senders,
    )
    runner = web.AppRunner(
        build_app(settings, clock=clock, middlewares=middlewares), access_log=None, shutdown_timeout=0.5
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with aiohttp.ClientSession() as session:
            yield RunningEmulator(
                base_url=base_url,
                account_sid=settings.account_sid,
                auth_token=settings.auth_token,
                admin=AdminClient(session, base_url),
                settings=settings,
            )
    finally:
        await runner.cleanup()
