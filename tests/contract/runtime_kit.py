"""What the runtime's contract tests start from: the emulator, a tenant in it, and the runtime as a process of its own.

Between the runtime and the emulator stands a gate that can hold a call at the door, so that a process can be
killed at an exact place.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import aiohttp
from aiohttp import web

from dev.ports import free_port
from switchboard_twilio import TwilioTransport, twilio_client
from tests.contract.emulator_kit import register_sender
from twilio_emulator.testing import RunningEmulator, running_emulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

NUMBER = "+13055550123"
OWN = f"whatsapp:{NUMBER}"
PHONE = "whatsapp:+5491155550100"
PATIENCE = 15.0
API_TOKEN = "tenant-api-token"


@dataclass
class Gate:
    """A door before the emulator. ``hold`` stops the next POST of a message before or after it is done."""

    target: str
    session: aiohttp.ClientSession
    hold: Literal["before", "after"] | None = None
    held: asyncio.Event = field(default_factory=asyncio.Event)
    endpoint: str = ""

    async def pass_on(self, request: web.Request) -> web.StreamResponse:
        """Carry a call through, or keep it."""
        hold = self.hold if request.method == "POST" else None
        if hold:
            self.hold = None
        if hold == "before":
            await self._keep(request)
        headers = {name: request.headers[name] for name in ("Authorization", "Content-Type") if name in request.headers}
        async with self.session.request(
            request.method, self.target + request.raw_path, data=await request.read(), headers=headers
        ) as reply:
            body = await reply.read()
            if hold == "after":
                await self._keep(request)
            return web.Response(status=reply.status, body=body, content_type=reply.content_type)

    async def _keep(self, request: web.Request) -> None:
        """Wait until the caller is dead; its call goes no further."""
        self.held.set()

        async def gone() -> bool:
            return request.transport is None or request.transport.is_closing()

        await eventually(gone)
        raise web.HTTPServiceUnavailable


@dataclass
class Runtime:
    """The runtime's process."""

    root: Path
    port: int
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Where it listens, and what Twilio is told."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> float:
        """Start it and wait until it is ready; seconds that took."""
        began = time.monotonic()
        environment = {
            **os.environ,
            "SWITCHBOARD_TENANTS_DIR": str(self.root / "tenants"),
            "SWITCHBOARD_CREDENTIALS_DIR": str(self.root / "credentials"),
            "SWITCHBOARD_DATA_DIR": str(self.root / "data"),
            "SWITCHBOARD_LOOK_GRACE_SECONDS": "2",
        }
        log = (self.root / "runtime.log").open("ab")
        with log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "switchboard_runtime",
                "serve",
                "--listen",
                f"127.0.0.1:{self.port}",
                env=environment,
                stdout=log,
                stderr=log,
            )
        async with aiohttp.ClientSession() as session:
            await eventually(lambda: self._ready(session))
        return time.monotonic() - began

    async def _ready(self, session: aiohttp.ClientSession) -> bool:
        assert self.process is not None
        assert self.process.returncode is None, (self.root / "runtime.log").read_text()
        try:
            async with session.get(f"{self.url}/readyz") as reply:
                return reply.status == 200
        except aiohttp.ClientConnectionError:
            return False

    async def end(self, how: signal.Signals) -> int:
        """Signal it and wait for its end."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(how)
        return await self.process.wait()

    def log(self) -> list[dict[str, Any]]:
        """What it logged."""
        lines = (self.root / "runtime.log").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]


@dataclass(frozen=True, kw_only=True)
class World:
    """A tenant at the emulator and its runtime."""

    emulator: RunningEmulator
    gate: Gate
    runtime: Runtime
    session: aiohttp.ClientSession

    async def say(self, body: str, *, sender: str = PHONE) -> str:
        """A phone writes, Twilio delivers; the message's SID."""
        received = await self.emulator.admin.inbound(sender=sender, recipient=OWN, body=body)
        return str(received["message"]["sid"])

    async def signed(self, body: str, *, sender: str = PHONE) -> dict[str, Any]:
        """A webhook as Twilio would send it now, not sent."""
        received = await self.emulator.admin.inbound(sender=sender, recipient=OWN, body=body, deliver=False)
        request: dict[str, Any] = received["request"]
        return request

    async def deliver(self, request: dict[str, Any], *, to: Runtime | None = None) -> int:
        """Send a webhook once; ``to`` another process than its URL says, as a Service would."""
        url = str(request["url"])
        headers = {**request["headers"], "Host": self.runtime.url.removeprefix("http://")}
        if to is not None:
            url = url.replace(self.runtime.url, to.url)
        async with self.session.post(url, data=request["body"].encode(), headers=headers) as reply:
            return reply.status

    async def answers(self, *, to: str = PHONE) -> list[str]:
        """What a phone has got, oldest first."""
        sent = await self.emulator.admin.messages(to=to, direction="outbound-api")
        return [message["body"] for message in sent]


async def eventually(probe: Callable[[], Awaitable[Any]], *, within: float = PATIENCE) -> Any:
    """Wait until ``probe`` gives something true."""
    deadline = time.monotonic() + within
    while not (found := await probe()):
        assert time.monotonic() < deadline, "not in time"
        await asyncio.sleep(0.01)
    return found


@asynccontextmanager
async def a_world(root: Path) -> AsyncIterator[World]:
    """An emulator, a gate, a tenant with one number, and its runtime, ready."""
    port = free_port()
    async with (
        running_emulator() as emulator,
        aiohttp.ClientSession() as session,
        _a_gate(emulator, session) as gate,
    ):
        runtime = Runtime(root, port)
        await _set_up(emulator, session, gate, runtime)
        await runtime.start()
        try:
            yield World(emulator=emulator, gate=gate, runtime=runtime, session=session)
        finally:
            await runtime.end(signal.SIGKILL)


@asynccontextmanager
async def _a_gate(emulator: RunningEmulator, session: aiohttp.ClientSession) -> AsyncIterator[Gate]:
    gate = Gate(emulator.base_url, session)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", gate.pass_on)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    gate.endpoint = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield gate
    finally:
        await runner.cleanup()


async def _set_up(emulator: RunningEmulator, session: aiohttp.ClientSession, gate: Gate, runtime: Runtime) -> None:
    """What the operator does for a tenant, in few lines: account, key, number, files."""
    transport = TwilioTransport(session=session, endpoint=emulator.base_url)
    parent = twilio_client(transport=transport, username=emulator.account_sid, password=emulator.auth_token)
    account = await parent.api.v2010.accounts.create_async(friendly_name="tenant")
    sub = twilio_client(transport=transport, username=account.sid, password=account.auth_token)
    key = await sub.iam.v1.new_api_key.create_async(account_sid=account.sid, friendly_name="runtime")
    hooks = f"{runtime.url}/bot/twilio"
    await sub.incoming_phone_numbers.create_async(
        phone_number=NUMBER,
        sms_url=f"{hooks}/webhook",
        sms_fallback_url=f"{hooks}/fallback",
        voice_url=f"{hooks}/voice",
        status_callback=f"{hooks}/status",
    )
    auth = (account.sid, account.auth_token)
    await register_sender(emulator, session, auth, NUMBER, callback_url=f"{hooks}/webhook")
    secrets = {
        "accountSid": account.sid,
        "authToken": account.auth_token,
        "apiKeySid": key.sid,
        "apiKeySecret": key.secret,
        "apiToken": API_TOKEN,
    }
    folder = runtime.root / "credentials" / "sur"
    folder.mkdir(parents=True)
    for name, value in secrets.items():
        (folder / name).write_text(value, encoding="utf-8")
    (runtime.root / "tenants").mkdir()
    content = _document(url=runtime.url, endpoint=gate.endpoint, account_sid=account.sid)
    (runtime.root / "tenants" / "sur.json").write_text(json.dumps(content), encoding="utf-8")


def _document(*, url: str, endpoint: str, account_sid: str) -> dict[str, Any]:
    rules = [{"when": {"matches": [f"n{number}"]}, "reply": {"es": f"Respuesta {number}."}} for number in range(100)]
    return {
        "schema": "runtime.switchboard.dev/v1",
        "tenant": {
            "id": "uid-1",
            "namespace": "demo",
            "name": "sur",
            "slug": "sur",
            "displayName": "Muebles del Sur",
            "status": "Active",
        },
        "url": url,
        "twilio": {"endpoint": endpoint, "accountSid": account_sid},
        "languages": ["es"],
        "limits": {"loop": {"enabled": False}},
        "bubbleSeconds": 0.2,
        "defaultAssistant": "ventas",
        "numbers": [{"name": "n", "phoneNumber": NUMBER, "primary": True, "channels": ["sms", "whatsapp"]}],
        "assistants": [
            {
                "name": "ventas",
                "products": [{"name": "Mesa", "price": "120000", "currency": "ARS", "stock": 4}],
                "script": {
                    "rules": [
                        *rules,
                        {
                            "when": {"catalogue": True},
                            "reply": {"es": "{name}: {price} {currency}, {stock} en stock."},
                        },
                    ],
                    "otherwise": {"es": "No entendí."},
                },
            }
        ],
    }
