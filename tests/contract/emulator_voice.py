"""What tests of calls start from: a customer's server that answers by path, and a phone.

``a_voice_server`` plays the customer: each path has its documents, used one by one, of which the last one stays; a
path without documents is a callback and gets an empty answer. ``Phone`` plays the person who calls.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from aiohttp import web
from twilio.request_validator import RequestValidator

from tests.contract.emulator_sync import NUMBER, PHONE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.emulator_sync import SyncWorld
    from twilio_emulator.background import BackgroundEmulator

__all__ = ["Phone", "VoiceServer", "a_voice_server"]


@dataclass(frozen=True, kw_only=True)
class Hook:
    """One webhook as it came; ``pairs`` are its parameters in order."""

    method: str
    url: str
    path: str
    pairs: list[tuple[str, str]]
    headers: dict[str, str]

    @property
    def form(self) -> dict[str, str]:
        """The parameters by name."""
        return dict(self.pairs)


@dataclass
class VoiceServer:
    """A customer's server in the emulator's event loop."""

    emulator: BackgroundEmulator
    url: str = ""
    documents: dict[str, list[web.Response | str]] = field(default_factory=dict)
    hooks: list[Hook] = field(default_factory=list)

    def on(self, path: str, *documents: web.Response | str) -> str:
        """Have a path answer with these, and return its URL; a text is what stands in ``<Response>``."""
        self.documents[path] = list(documents)
        return f"{self.url}{path}"

    def at(self, path: str) -> list[dict[str, str]]:
        """Return the parameters of the webhooks to a path so far, after all that was due has been done."""
        return [hook.form for hook in self.all() if hook.path == path]

    def all(self) -> list[Hook]:
        """Return all webhooks so far, after all that was due has been done."""
        self.emulator.settle()
        return self.hooks

    def signed_by(self, token: str) -> bool:
        """Validate every webhook so far as a customer would."""
        validator = RequestValidator(token)
        return all(
            validator.validate(hook.url, hook.form if hook.method == "POST" else {}, hook.headers["X-Twilio-Signature"])
            for hook in self.all()
        )

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Take a webhook."""
        body = await request.text()
        self.hooks.append(
            Hook(
                method=request.method,
                url=f"{self.url}{request.path_qs}",
                path=request.path,
                pairs=parse_qsl(body if request.method == "POST" else request.query_string, keep_blank_values=True),
                headers=dict(request.headers),
            )
        )
        left = self.documents.get(request.path, [])
        found = left.pop(0) if len(left) > 1 else left[0] if left else web.Response(status=204)
        if isinstance(found, str):
            return web.Response(text=f"<Response>{found}</Response>", content_type="text/xml")
        return web.Response(status=found.status, body=found.body, content_type=found.content_type)


@contextmanager
def a_voice_server(world: SyncWorld) -> Iterator[VoiceServer]:
    """Run a customer's server on a free loopback port."""
    server = VoiceServer(world.emulator)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)

    async def start() -> None:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"

    world.emulator.run(start())
    try:
        yield server
    finally:
        world.emulator.run(runner.cleanup())


@dataclass
class Phone:
    """A person at a phone, in one call.

    Attributes:
        world: where.
        sid: the call.
    """

    world: SyncWorld
    sid: str = ""

    @classmethod
    def calls(cls, world: SyncWorld, *, number: str = NUMBER, sender: str = PHONE) -> Phone:
        """Call a number, and return once its first document is being played."""
        admin = world.emulator.admin
        sid = world.emulator.run(admin.call(sender=sender, recipient=number))["sid"]
        world.emulator.settle()
        return cls(world, sid)

    @property
    def state(self) -> dict[str, Any]:
        """The call as it is now."""
        self.world.emulator.settle()
        return self.world.emulator.run(self.world.emulator.admin.call_state(self.sid))

    @property
    def status(self) -> str:
        """The call's status."""
        return str(self.state["status"])

    @property
    def waits_for(self) -> str:
        """What the call waits for, ``""`` when it is over."""
        return str((self.state["waitingFor"] or {"kind": ""})["kind"])

    def heard(self, kind: str = "said", name: str = "text") -> list[Any]:
        """Return one field of everything of a kind in the transcript."""
        return [event[name] for event in self.state["transcript"] if event["kind"] == kind]

    def press(self, digits: str) -> None:
        """Press keys, and return once the call has acted on them."""
        self._do(self.world.emulator.admin.press(self.sid, digits))

    def speak(self, text: str, confidence: float = 0.9) -> None:
        """Say something, and return once the call has acted on it."""
        self._do(self.world.emulator.admin.speak(self.sid, text, confidence=confidence))

    def hang_up(self) -> None:
        """Hang up."""
        self._do(self.world.emulator.admin.hang_up(self.sid))

    def _do(self, act: Any) -> None:
        self.world.emulator.run(act)
        self.world.emulator.settle()
