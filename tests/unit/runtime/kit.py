"""What the runtime's tests share: documents, a clock, a small stand-in for Twilio, a signed caller, a slow thinker."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web
from twilio.request_validator import RequestValidator

from switchboard_runtime.app import Ports, build_app, serve
from switchboard_runtime.clock import SystemClock
from switchboard_runtime.config import load_directory
from switchboard_runtime.conversation import Policy
from switchboard_runtime.limits.ledger import Spending

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

    from switchboard_runtime.assistants import Question
    from switchboard_runtime.clock import Clock
    from switchboard_runtime.config import Assistant
    from switchboard_runtime.edge.listening import Limits

ACCOUNT = "ACc0ffee00c0ffee00c0ffee00c0ffee00"
TOKEN = "0123456789abcdef0123456789abcdef"
API_TOKEN = "tenant-api-token"
CONTACT = "whatsapp:+5491155500200"
OWN = "whatsapp:+13055550123"


def document(*, slug: str = "muebles-sur", phone: str = "+13055550123", **changes: Any) -> dict[str, Any]:
    """The example of decision 0001, with top-level fields changed; no reply waits, since the fake reports on none."""
    base: dict[str, Any] = {
        "schema": "runtime.switchboard.dev/v1",
        "tenant": {
            "id": f"uid-{slug}",
            "namespace": "acme",
            "name": slug,
            "slug": slug,
            "displayName": "Muebles del Sur",
            "status": "Active",
        },
        "url": f"https://{slug}.bots.example.com",
        "twilio": {"endpoint": None, "accountSid": ACCOUNT},
        "languages": ["es", "en"],
        "greeting": None,
        "bubbleSeconds": 0,
        "handoff": {"keywords": ["humano", "asesor"]},
        "defaultAssistant": "ventas",
        "numbers": [
            {
                "name": "ventas-whatsapp",
                "phoneNumber": phone,
                "sid": "PN1",
                "assistant": "ventas",
                "primary": True,
                "channels": ["sms", "voice", "whatsapp"],
            }
        ],
        "assistants": [
            {
                "name": "ventas",
                "instructions": "…",
                "disclosure": None,
                "products": [
                    {
                        "name": "Mesa Pampa",
                        "price": "120000",
                        "currency": "ARS",
                        "stock": 4,
                        "status": "Active",
                        "aliases": ["mesa"],
                        "description": "Roble macizo.",
                    }
                ],
                "script": {
                    "rules": [
                        {"when": {"matches": ["hola", "buenas"]}, "reply": {"es": "¡Hola! ¿En qué te ayudo?"}},
                        {
                            "when": {"catalogue": True},
                            "reply": {"es": "{name}: {price} {currency}, {stock} en stock."},
                        },
                    ],
                    "otherwise": {"es": "No entendí.", "en": "I did not understand."},
                },
            }
        ],
    }
    return {**base, **changes}


def write_tenant(root: Path, content: dict[str, Any], **secrets: str) -> None:
    """Put a document and its credentials where the runtime reads them."""
    slug = content["tenant"]["slug"]
    (root / "tenants").mkdir(parents=True, exist_ok=True)
    (root / "tenants" / f"{slug}.json").write_text(json.dumps(content), encoding="utf-8")
    folder = root / "credentials" / slug
    folder.mkdir(parents=True, exist_ok=True)
    values = {
        "accountSid": content["twilio"]["accountSid"],
        "authToken": TOKEN,
        "apiKeySid": "SK1",
        "apiKeySecret": "key-secret",
        "apiToken": API_TOKEN,
        **secrets,
    }
    for name, value in values.items():
        (folder / name).write_text(value, encoding="utf-8")


async def eventually(probe: Callable[[], Any], *, within: float = 5.0) -> Any:
    """Wait until ``probe``, a function or a coroutine function, gives something true, and return it."""
    deadline = time.monotonic() + within
    while True:
        found = probe()
        result = await found if asyncio.iscoroutine(found) else found
        if result:
            return result
        assert time.monotonic() < deadline, f"not within {within} s"
        await asyncio.sleep(0.002)


class TurnedClock:
    """A clock that stands until it is turned."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self._now = now
        self._turned = asyncio.Event()

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._now

    def turn(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds
        self._turned.set()
        self._turned = asyncio.Event()

    async def wait(self, event: asyncio.Event, *, until: float) -> None:
        """Return when ``event`` is set or the clock was turned to ``until``."""
        while not event.is_set() and self._now < until:
            waits = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(self._turned.wait())]
            _, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in pending:
                wait.cancel()
            await asyncio.gather(*pending, return_exceptions=True)


@dataclass
class FakeTwilio:
    """A recording Messages API with faults; no more than the runtime calls.

    ``faults`` are used up one a POST: ``lost`` (done, but the connection breaks), ``broken`` (not done, and it
    breaks), or an HTTP status, perhaps with a Twilio code.
    """

    clock: Clock
    messages: list[dict[str, str]] = field(default_factory=list)
    posts: list[dict[str, str]] = field(default_factory=list)
    faults: list[str | tuple[int, int]] = field(default_factory=list)
    hidden: int = 0
    deleted: list[str] = field(default_factory=list)
    endpoint: str = ""

    def bodies(self, to: str = CONTACT) -> list[str]:
        """What a contact has got, in order."""
        return [message["body"] for message in self.messages if message["to"] == to]

    async def create(self, request: web.Request) -> web.StreamResponse:
        """``POST …/Messages.json``."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.posts.append({**form, "auth": request.headers["Authorization"]})
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, tuple):
            return web.json_response({"code": fault[1], "message": "refused"}, status=fault[0])
        if fault != "broken":
            self._keep(form)
        if fault is not None:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        return web.json_response(self.messages[-1], status=201)

    async def listed(self, request: web.Request) -> web.Response:
        """``GET …/Messages.json``, newest first; the newest ``hidden`` are not there yet."""
        shown = self.messages[: len(self.messages) - self.hidden]
        parties = (request.query.get("To"), request.query.get("From"))
        found = [one for one in reversed(shown) if (one["to"], one["from"]) == parties]
        return web.json_response({"messages": found, "next_page_uri": None, "page_size": 50})

    async def media(self, request: web.Request) -> web.StreamResponse:
        """``GET …/Messages/{sid}/Media.json``: there are none."""
        known = any(one["sid"] == request.match_info["sid"] for one in self.messages)
        return web.json_response(
            {"media_list": [], "next_page_uri": None} if known else {}, status=200 if known else 404
        )

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """``DELETE …/Messages/{sid}.json``."""
        self.messages = [one for one in self.messages if one["sid"] != request.match_info["sid"]]
        self.deleted.append(request.match_info["sid"])
        return web.Response(status=204)

    def _keep(self, form: dict[str, str]) -> None:
        self.messages.append(
            {
                "sid": f"SM{len(self.messages) + 1:032x}",
                "to": form["To"],
                "from": form["From"],
                "body": form.get("Body", form.get("ContentVariables", "")),
                "status": "queued",
                "date_created": formatdate(self.clock.now()),
            }
        )


@asynccontextmanager
async def fake_twilio(clock: Clock) -> AsyncIterator[FakeTwilio]:
    """A :class:`FakeTwilio` on a loopback socket."""
    twilio = FakeTwilio(clock)
    app = web.Application()
    path = "/api/2010-04-01/Accounts/{account}/Messages.json"
    one = path.replace("Messages.json", "Messages/{sid}")
    app.add_routes([web.post(path, twilio.create), web.get(path, twilio.listed)])
    app.add_routes([web.get(f"{one}/Media.json", twilio.media), web.delete(f"{one}.json", twilio.delete)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    twilio.endpoint = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield twilio
    finally:
        await runner.cleanup()


_SIDS = itertools.count(1)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An HTTP response, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Caller:
    """Calls a served runtime as Twilio and others do."""

    base: str
    session: aiohttp.ClientSession
    public: str = "https://muebles-sur.bots.example.com"
    token: str = TOKEN
    app: web.Application = field(default_factory=web.Application)

    def form(self, text: str = "Hola", **changes: str) -> dict[str, str]:
        """A WhatsApp message as Twilio sends it."""
        sid = f"SM{next(_SIDS):032x}"
        form = {
            "MessageSid": sid,
            "SmsMessageSid": sid,
            "AccountSid": ACCOUNT,
            "From": CONTACT,
            "To": OWN,
            "Body": text,
            "NumMedia": "0",
            "ProfileName": "",
        }
        return {name: value for name, value in {**form, **changes}.items() if value != "-"}

    async def signed(
        self,
        path: str,
        form: dict[str, str],
        *,
        host: str | None = None,
        headers: dict[str, str] | None = None,
        token: str | None = None,
    ) -> Reply:
        """POST a form with Twilio's signature over the public address."""
        signature = RequestValidator(token or self.token).compute_signature(self.public + path, form)
        given = {"X-Twilio-Signature": signature, **(headers or {})}
        return await self.post(path, urlencode(form).encode(), host=host, headers=given)

    async def post(
        self, path: str, body: bytes, *, host: str | None = None, headers: dict[str, str] | None = None
    ) -> Reply:
        """POST bytes, as a form unless ``headers`` say otherwise."""
        named = {
            "Host": host or self.public.removeprefix("https://"),
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            **(headers or {}),
        }
        async with self.session.post(self.base + path, data=body, headers=named) as response:
            return Reply(status=response.status, headers=response.headers, body=await response.read())

    async def say(self, text: str = "Hola", **changes: str) -> Reply:
        """A contact writes."""
        return await self.signed("/bot/twilio/webhook", self.form(text, **changes))

    async def json(self, path: str, content: object, *, token: str | None = API_TOKEN, **headers: str) -> Reply:
        """POST JSON with the tenant's bearer token."""
        authorization = {"Authorization": f"Bearer {token}"} if token else {}
        given = {"Content-Type": "application/json", **authorization, **headers}
        return await self.post(path, json.dumps(content).encode(), headers=given)


@asynccontextmanager
async def served(
    root: Path,
    *,
    clock: Clock | None = None,
    policy: Policy | None = None,
    limits: Limits | None = None,
    **ports: Any,
) -> AsyncIterator[Caller]:
    """The runtime on a loopback socket, serving the tenants in ``root``."""
    clock = clock or SystemClock()
    ids = itertools.count(1)
    app = build_app(
        directory=load_directory(root / "tenants", root / "credentials", now=clock.now),
        data_dir=root / "data",
        policy=policy or Policy(),
        ports=Ports(clock=clock, new_id=lambda: f"{time.monotonic_ns():x}x{next(ids)}", chance=lambda: 1.0, **ports),
    )
    (root / "data").mkdir(exist_ok=True)
    runner = await serve(app, host="127.0.0.1", port=0, limits=limits)
    session = aiohttp.ClientSession()
    try:
        yield Caller(f"http://127.0.0.1:{runner.addresses[0][1]}", session, app=app)
    finally:
        await session.close()
        await runner.cleanup()


class Thinker:
    """An assistant that thinks until it is let go, and remembers how each thought ended, and which were cut."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.cut: list[str] = []
        self.ended: list[str] = []
        self.go = asyncio.Event()

    def __call__(self, assistant: Assistant) -> Thinker:
        """The responder of any assistant."""
        return self

    async def answer(self, question: Question) -> str:
        """The reply, once it is let go."""
        self.asked.append(question.text)
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cut.append(question.text)
            self.ended.append("cancelled")
            raise
        self.ended.append("answered")
        return f"Re: {question.text}"


def spending(tokens: int, micros: int | None) -> Spending:
    """What an answer took."""
    return Spending(
        assistant="ventas",
        model="openai/m",
        outcome="answered",
        input_tokens=tokens,
        cached_tokens=0,
        output_tokens=0,
        requests=1,
        estimated=False,
        micros=micros,
        currency="USD",
    )
