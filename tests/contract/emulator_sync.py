"""What tests of the emulator with the official, synchronous SDK start from.

``world`` is an emulator in a thread of its own whose traffic is held to Twilio's documents, closed; its clock stands
still until ``world.emulator.advance``. ``customer`` is a customer's web server that remembers the webhooks.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import requests
from aiohttp import web
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest.messaging.v2.channels_sender import ChannelsSenderList

from tests.contract.emulator_contract import Recorder
from tests.contract.emulator_kit import MAIN_KEY, NUMBER, PHONE, Customer
from twilio_emulator.background import BackgroundEmulator, background_emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twilio.rest import Client

__all__ = ["NUMBER", "PHONE", "SyncCustomer", "SyncWorld", "a_customer", "a_world", "refused", "whatsapp_sender"]


@dataclass(frozen=True, kw_only=True)
class SyncWorld:
    """An emulator with one subaccount.

    Attributes:
        emulator: the emulator, in a thread of its own.
        recorder: what holds the traffic to the documents; its problems fail the test at the end.
        parent: the SDK's client with the parent account's token.
        sub: the SDK's client with the subaccount's token.
        sub_sid: the subaccount.
        sub_token: its auth token.
    """

    emulator: BackgroundEmulator
    recorder: Recorder
    parent: Client
    sub: Client
    sub_sid: str
    sub_token: str

    def client(self, username: str, password: str, account_sid: str | None = None) -> Client:
        """Return an SDK client with other credentials."""
        return self.emulator.client(username, password, account_sid)

    def buy(self, phone_number: str = NUMBER, **config: Any) -> Any:
        """Buy a number for the subaccount."""
        return self.sub.incoming_phone_numbers.create(phone_number=phone_number, **config)

    def whatsapp_sender(self, number: str = NUMBER, callback_url: str = "") -> str:
        """Register a number of the subaccount as a WhatsApp sender; return its SID."""
        return whatsapp_sender(self.emulator, self.sub, number, callback_url)

    def say(self, body: str = "Hola", *, sender: str = PHONE, recipient: str = NUMBER, **more: Any) -> dict[str, Any]:
        """A phone writes to the tenant's number."""
        admin = self.emulator.admin
        return self.emulator.run(admin.inbound(sender=sender, recipient=recipient, body=body, **more))

    def advance(self, seconds: float) -> None:
        """Move the clock, and return when all that fell due is done."""
        self.emulator.advance(seconds)

    def raw(
        self, method: str, path: str, auth: tuple[str, str] | None = None, *, timeout: float = 10.0, **options: Any
    ) -> requests.Response:
        """Call what no SDK would: ``path`` with the product before it; options as ``requests`` has them."""
        return requests.request(method, f"{self.emulator.base_url}{path}", auth=auth, timeout=timeout, **options)


class SyncCustomer:
    """A customer's web server in the emulator's event loop; ``seen``, ``forms`` and ``answer`` as in ``Customer``."""

    def __init__(self, emulator: BackgroundEmulator, customer: Customer) -> None:
        self._emulator = emulator
        self._customer = customer

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        return self._customer.url

    @property
    def forms(self) -> list[dict[str, str]]:
        """The parameters of every webhook so far, after all that was due has been done."""
        self._emulator.settle()
        return self._customer.forms

    @property
    def seen(self) -> list[web.Request]:
        """Every webhook so far, after all that was due has been done."""
        self._emulator.settle()
        return self._customer.seen

    @property
    def documents(self) -> list[Any]:
        """The JSON bodies of every webhook so far that had one."""
        self._emulator.settle()
        return [json.loads(body) for body in self._customer.bodies if body.startswith(("[", "{"))]

    def answer(self, text: str = "", *, status: int = 200, content_type: str = "text/xml") -> None:
        """Have the next webhook that has no answer yet answered so."""
        self._customer.answer(text, status=status, content_type=content_type)

    def hang(self) -> None:
        """Leave the next webhook without an answer."""
        self._customer.hang()

    def signed_by(self, token: str, index: int = -1) -> bool:
        """Validate a webhook as a customer would, by default the last one."""
        self._emulator.settle()
        return self._customer.signed_by(token, index)


def whatsapp_sender(emulator: BackgroundEmulator, client: Client, number: str = NUMBER, callback_url: str = "") -> str:
    """Register a number of the client's account as a WhatsApp sender; return its SID once nothing more is due."""
    order = {
        "sender_id": f"whatsapp:{number}",
        "profile": {"name": "Muebles del Sur"},
        "webhook": {"callback_url": callback_url},
    }
    made = client.messaging.v2.channels_senders.create(
        messaging_v2_channels_sender_requests_create=ChannelsSenderList.MessagingV2ChannelsSenderRequestsCreate(order)
    )
    emulator.settle()
    return str(made.sid)


@contextmanager
def a_world(*, holds_requests: bool = True, **options: Any) -> Iterator[SyncWorld]:
    """Run an emulator whose traffic is held to the documents; the test fails on any problem.

    Args:
        holds_requests: whether requests are held to them too; not when a test sends what is wrong.
        **options: of the emulator.
    """
    recorder = Recorder(holds_requests=holds_requests)
    options.setdefault("main_key", MAIN_KEY)
    with background_emulator(middlewares=[recorder.middleware()], **options) as emulator:
        parent = emulator.client()
        account = parent.api.v2010.accounts.create(friendly_name="tenant")
        yield SyncWorld(
            emulator=emulator,
            recorder=recorder,
            parent=parent,
            sub=emulator.client(account.sid, account.auth_token),
            sub_sid=account.sid,
            sub_token=account.auth_token,
        )
    assert recorder.problems == []


@contextmanager
def a_customer(emulator: BackgroundEmulator) -> Iterator[SyncCustomer]:
    """Run a customer's server on a free loopback port."""
    customer = Customer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", customer.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)

    async def start() -> None:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        customer.url = f"http://127.0.0.1:{runner.addresses[0][1]}"

    emulator.run(start())
    try:
        yield SyncCustomer(emulator, customer)
    finally:
        emulator.run(runner.cleanup())


@contextmanager
def refused(status: int, code: int, names: str = "") -> Iterator[None]:
    """Expect Twilio's refusal, by a fetch, create, update or delete of the SDK or by a list (which has no code).

    Args:
        status: HTTP status.
        code: Twilio's error code.
        names: what the message must say, such as the parameter.
    """
    with pytest.raises(TwilioException) as caught:
        yield
    error = caught.value
    if isinstance(error, TwilioRestException):
        assert (error.status, error.code) == (status, code), error
        assert names in str(error.msg), error
        return
    _, response = error.args
    body = json.loads(response.text)
    assert (response.status_code, body["code"]) == (status, code), body
    assert names in body["message"], body
