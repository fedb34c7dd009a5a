"""An emulator in a thread of its own, for programs and tests that know no event loop.

with background_emulator() as emulator:
    client = emulator.client()
    tenant = client.api.v2010.accounts.create(friendly_name="muebles-sur")
    emulator.advance(3600)
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from twilio_emulator.clock import VirtualClock
from twilio_emulator.errors import AdminError
from twilio_emulator.sdk import sdk_client
from twilio_emulator.testing import running_emulator

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from twilio.rest import Client

    from twilio_emulator.testing import AdminClient, RunningEmulator

__all__ = ["BackgroundEmulator", "background_emulator"]

_PATIENCE = 30.0
T = TypeVar("T")


class BackgroundEmulator:
    """A running emulator, to be used from the thread that started it.

    Attributes:
        base_url: ``http://127.0.0.1:port``.
        account_sid: the parent account.
        auth_token: its auth token.
    """

    def __init__(self, running: RunningEmulator, loop: asyncio.AbstractEventLoop, clock: VirtualClock) -> None:
        self.base_url = running.base_url
        self.account_sid = running.account_sid
        self.auth_token = running.auth_token
        self._admin = running.admin
        self._loop = loop
        self._clock = clock
        self._clients: list[Client] = []

    @property
    def admin(self) -> AdminClient:
        """The client of the admin API; its calls are coroutines for ``run``."""
        return self._admin

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the emulator's event loop and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE)

    def client(
        self, username: str | None = None, password: str | None = None, account_sid: str | None = None
    ) -> Client:
        """Return the official SDK's synchronous client; without arguments that of the parent account."""
        client = sdk_client(
            self.base_url, username or self.account_sid, self.auth_token if password is None else password, account_sid
        )
        self._clients.append(client)
        return client

    def subaccount(self, friendly_name: str) -> Client:
        """Make a subaccount and return the SDK's client with its token."""
        account = self.client().api.v2010.accounts.create(friendly_name=friendly_name)
        return self.client(account.sid, account.auth_token)

    def say(self, body: str, *, sender: str, recipient: str, **more: Any) -> dict[str, Any]:
        """Write as a phone, and return the message once its webhook was answered; more as ``AdminClient.inbound``.

        Raises:
            AdminError: Twilio would not even log it: its Messaging Service has no URL.
        """
        received = self.run(self._admin.inbound(sender=sender, recipient=recipient, body=body, **more))
        self.settle()
        message: dict[str, Any] | None = received["message"]
        if message is None:
            raise AdminError(status=409, message=str(received["note"]))
        return message

    def messages(self, **filters: Any) -> list[dict[str, Any]]:
        """Return the messages of all accounts, oldest first; filters as ``AdminClient.messages``."""
        return self.run(self._admin.messages(**filters))

    def deliveries(self) -> list[dict[str, Any]]:
        """Return every webhook attempt with request and answer, oldest first."""
        return self.run(self._admin.deliveries())

    @contextmanager
    def fault(self, **order: object) -> Iterator[None]:
        """Have matching calls fail while the block runs.

        Args:
            **order: fields of a fault as the admin API has them, such as ``kind="drop", when="after", method="POST"``.
        """
        placed = self.run(self._admin.add_fault(**order))
        try:
            yield
        finally:
            self.run(self._admin.remove_fault(placed["id"]))

    def now(self) -> float:
        """Tell the emulator's time, seconds since the epoch."""
        return self._clock.now()

    def settle(self) -> None:
        """Return once nothing is due and no webhook is under way."""
        if not self.run(self._admin.idle(wait=_PATIENCE / 2)):
            raise TimeoutError("the emulator did not come to rest: a webhook hangs")

    def advance(self, seconds: float) -> None:
        """Move the clock forward, and return once all that fell due is done."""
        self.run(self._admin.advance(seconds))
        self.settle()

    def close(self) -> None:
        """Close the clients' connections."""
        for client in self._clients:
            client.http_client.close()


@contextmanager
def background_emulator(**options: Any) -> Iterator[BackgroundEmulator]:
    """Run an emulator on a free port of 127.0.0.1 with a clock that stands still; options as ``running_emulator``."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="twilio-emulator", daemon=True)
    thread.start()
    clock = options.setdefault("clock", VirtualClock())
    running = running_emulator(**options)

    def run(work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, loop).result(_PATIENCE)

    try:
        emulator = BackgroundEmulator(run(running.__aenter__()), loop, clock)
        try:
            yield emulator
        finally:
            emulator.close()
            run(running.__aexit__(None, None, None))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_PATIENCE)
        loop.close()
