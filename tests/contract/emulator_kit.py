"""What the emulator's tests start from: a recorded emulator, SDK clients of both kinds, a customer's web server."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web
from twilio.request_validator import RequestValidator

from switchboard_twilio import TwilioTransport, twilio_client
from tests.contract.emulator_contract import Recorder
from twilio_emulator.settings import MainKey
from twilio_emulator.testing import RunningEmulator, running_emulator

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable

    from twilio.rest import Client

MAIN_KEY = MainKey(sid="SK" + "a" * 32, secret="main-key-secret")
PHONE = "+5491155550100"
NUMBER = "+13055550123"
PATIENCE = 10.0

TRANSPORT_WARNINGS = [
    pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The .auth. parameter is deprecated:DeprecationWarning"),
]
"""The transport's use of aiohttp.BasicAuth is the transport's to mend."""


@dataclass(frozen=True, kw_only=True)
class World:
    """An emulator with one subaccount, and clients of everybody."""

    emulator: RunningEmulator
    recorder: Recorder
    session: aiohttp.ClientSession
    parent: Client
    sub: Client
    sub_sid: str
    sub_token: str

    def client(self, username: str, password: str, account_sid: str | None = None) -> Client:
        """Return an async SDK client with other credentials."""
        transport = TwilioTransport(session=self.session, endpoint=self.emulator.base_url)
        return twilio_client(transport=transport, username=username, password=password, account_sid=account_sid)

    async def buy(self, phone_number: str = NUMBER, **config: object) -> Any:
        """Buy a number for the subaccount."""
        return await self.sub.incoming_phone_numbers.create_async(phone_number=phone_number, **config)

    async def say(self, body: str = "Hola", *, sender: str = PHONE, recipient: str = NUMBER, **more: Any) -> Any:
        """A phone writes to the tenant's number."""
        return await self.emulator.admin.inbound(sender=sender, recipient=recipient, body=body, **more)

    async def whatsapp_sender(self, number: str = NUMBER, callback_url: str = "") -> str:
        """Register a number of the subaccount as a WhatsApp sender; return its SID once it is online."""
        auth = (self.sub_sid, self.sub_token)
        return await register_sender(self.emulator, self.session, auth, number, callback_url=callback_url)

    async def raw(
        self,
        method: str,
        path: str,
        auth: tuple[str, str] | None,
        *,
        form: object = None,
        query: object = None,
    ) -> tuple[int, dict[str, Any]]:
        """Call what no SDK would; return status and body."""
        async with self.session.request(
            method,
            f"{self.emulator.base_url}{path}",
            headers={"Authorization": aiohttp.encode_basic_auth(*auth)} if auth else {},
            data=form,
            params=query,  # type: ignore[arg-type]
        ) as reply:
            return reply.status, await reply.json() if reply.content_type == "application/json" else {}


async def register_sender(
    emulator: RunningEmulator, session: aiohttp.ClientSession, auth: tuple[str, str], number: str, **webhook: str
) -> str:
    """Register a WhatsApp sender without the SDK, whose asynchronous client cannot send JSON; return its SID."""
    order = {"sender_id": f"whatsapp:{number}", "profile": {"name": "Muebles del Sur"}, "webhook": webhook}
    senders = f"{emulator.base_url}/messaging/v2/Channels/Senders"
    headers = {"Authorization": aiohttp.encode_basic_auth(*auth)}
    async with session.post(senders, json=order, headers=headers) as reply:
        made = await reply.json()
        assert reply.status == 202, made
    assert await emulator.admin.idle(wait=PATIENCE)
    async with session.get(f"{senders}/{made['sid']}", headers=headers) as reply:
        assert (await reply.json())["status"] == "ONLINE"
    return str(made["sid"])


@asynccontextmanager
async def a_world(**options: Any) -> AsyncIterator[World]:
    """Run an emulator whose traffic is held to the documents; the test fails on any problem."""
    recorder = Recorder()
    async with (
        running_emulator(middlewares=[recorder.middleware()], main_key=MAIN_KEY, **options) as emulator,
        aiohttp.ClientSession() as session,
    ):
        transport = TwilioTransport(session=session, endpoint=emulator.base_url)
        parent = twilio_client(transport=transport, username=emulator.account_sid, password=emulator.auth_token)
        found = await parent.api.v2010.accounts.list_async(friendly_name="tenant")
        account = found[0] if found else await parent.api.v2010.accounts.create_async(friendly_name="tenant")
        yield World(
            emulator=emulator,
            recorder=recorder,
            session=session,
            parent=parent,
            sub=twilio_client(transport=transport, username=account.sid, password=account.auth_token),
            sub_sid=account.sid,
            sub_token=account.auth_token,
        )
    assert recorder.problems == []


@dataclass
class Customer:
    """A customer's web server: remembers what Twilio sent, answers as told."""

    url: str = ""
    seen: list[web.Request] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    answers: list[Callable[[], Awaitable[web.StreamResponse]]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Take a webhook; the answers given beforehand are used up one by one, then it is an empty 204."""
        self.seen.append(request)
        self.bodies.append(await request.text())
        posted = await request.post() if request.method == "POST" else request.query
        self.forms.append({name: str(value) for name, value in posted.items()})
        if self.answers:
            return await self.answers.pop(0)()
        return web.Response(status=204)

    def answer(self, text: str = "", *, status: int = 200, content_type: str = "text/xml") -> None:
        """Have the next webhook answered so."""

        async def make() -> web.StreamResponse:
            return web.Response(status=status, text=text, content_type=content_type)

        self.answers.append(make)

    def signed_by(self, token: str, index: int = -1) -> bool:
        """Validate a webhook as a customer would, by default the last one."""
        request = self.seen[index]
        posted = self.forms[index] if request.method == "POST" else {}
        signature = request.headers["X-Twilio-Signature"]
        valid: bool = RequestValidator(token).validate(f"{self.url}{request.path_qs}", posted, signature)
        return valid

    def hang(self) -> None:
        """Leave the next webhook without an answer."""

        async def make() -> web.StreamResponse:
            await asyncio.Event().wait()
            raise AssertionError

        self.answers.append(make)


@asynccontextmanager
async def a_customer(*, tls: ssl.SSLContext | None = None) -> AsyncIterator[Customer]:
    """Run a customer's server on a free loopback port."""
    customer = Customer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", customer.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        customer.url = f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
        yield customer
    finally:
        await runner.cleanup()
