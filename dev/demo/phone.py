"""A phone that writes to a bot through the front door and reads what comes back."""

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from dev.demo.emulator import Emulator
from dev.demo.errors import WrongAnswer
from dev.demo.kubectl import Kubectl
from dev.demo.proof import Trail, answering_pod
from dev.demo.tenants import Tenant
from dev.demo.web import Ingress, Request

_PATIENCE = 30.0


@dataclass(frozen=True)
class Reply:
    """What came back.

    Attributes:
        text: the answer.
        seconds: from the webhook sent to the answer accepted by Twilio.
        trail: message and answer at Twilio.
    """

    text: str
    seconds: float
    trail: Trail


@dataclass(frozen=True, kw_only=True)
class Phone:
    """One person's phone.

    Attributes:
        address: its number, with ``whatsapp:`` in front on WhatsApp.
        name: the person's name.
        emulator: carries the messages.
        ingress: the door that webhooks come in by.
        kubectl: reads the pods' logs.
    """

    address: str
    name: str
    emulator: Emulator
    ingress: Ingress
    kubectl: Kubectl

    def ask(self, tenant: Tenant, number: str, text: str) -> Reply:
        """Write to a tenant's number and wait for the answer.

        The webhook is the one that Twilio would send, signature and all. The answer counts only if it comes from
        the account of the tenant and from the number that was written to.

        Raises:
            WrongAnswer: no answer, or not by the right one.
        """
        own = f"whatsapp:{number}" if self.address.startswith("whatsapp:") else number
        before = self.emulator.last_seq("/messages")
        signed = self.emulator.sign(sender=self.address, recipient=own, text=text, name=self.name)
        began = time.monotonic()
        self._deliver(tenant, signed["request"])
        message = self._answer(tenant, own, after=before)
        seconds = time.monotonic() - began
        trail = Trail(inbound_sid=signed["message"]["sid"], reply_sid=message["sid"])
        return Reply(message["body"], seconds, trail)

    def pod_of(self, tenant: Tenant, reply: Reply) -> str:
        """Give the tenant's own pod that answered.

        Raises:
            WrongAnswer: it was another's.
        """
        return answering_pod(self.kubectl, reply.trail, tenant=tenant.name)

    def _deliver(self, tenant: Tenant, signed: dict[str, Any]) -> None:
        url = urlsplit(signed["url"])
        if url.hostname != tenant.host:
            raise WrongAnswer(
                expected=f"the number's webhook at {tenant.host}",
                seen=signed["url"],
                look=self.kubectl.to_type("get botnumbers -A -o wide"),
            )
        request = Request(method=signed["method"], path=url.path, headers=signed["headers"], body=signed["body"])
        answer = self.ingress.send(request, host=tenant.host)
        if answer.status not in {200, 204}:
            raise WrongAnswer(
                expected=f"{signed['url']} to accept a signed message",
                seen=f"{answer.status} {answer.body.decode(errors='replace')[:200]}",
                look=self.kubectl.to_type(f"-n quickstart logs deployment/bot-{tenant.name}"),
            )

    def _answer(self, tenant: Tenant, own: str, *, after: int) -> dict[str, Any]:
        found = self.emulator.messages(wait=_PATIENCE, to=self.address, after=after)
        if not found:
            raise WrongAnswer(
                expected=f"an answer of {tenant.name} within {_PATIENCE:.0f} s",
                seen="none",
                look=self.kubectl.to_type(f"-n quickstart logs deployment/bot-{tenant.name}"),
            )
        message = found[0]
        if (message["account"], message["from"]) != (tenant.account_sid, own):
            raise WrongAnswer(
                expected=f"the answer from {own} of account {tenant.account_sid}",
                seen=f"one from {message['from']} of account {message['account']}",
                look=self.kubectl.to_type("get botnumbers,twiliosubaccounts -A -o wide"),
            )
        return message


def expect(reply: Reply, wanted: str, *, tenant: Tenant) -> None:
    """Refuse an answer that does not hold the wanted words.

    Raises:
        WrongAnswer: it does not.
    """
    if wanted not in reply.text:
        raise WrongAnswer(
            expected=f"an answer of {tenant.name} with {wanted!r}",
            seen=reply.text,
            look="examples/quickstart has the rules that answer",
        )
