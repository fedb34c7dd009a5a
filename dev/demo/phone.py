"""A phone that writes to a bot through the front door and reads what comes back."""

import time
from dataclasses import dataclass, replace
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
        before = self.emulator.last_seq("/messages")
        began = time.monotonic()
        inbound = self.write(tenant, number, text)
        message = self.hear(tenant, number, after=before)
        seconds = time.monotonic() - began
        return Reply(message["body"], seconds, Trail(inbound_sid=inbound, reply_sid=message["sid"]))

    def write(self, tenant: Tenant, number: str, text: str) -> str:
        """Write to a tenant's number and wait for nothing; gives the message's SID.

        Raises:
            WrongAnswer: its webhook was not accepted.
        """
        signed = self.emulator.sign(sender=self.address, recipient=self._own(number), text=text, name=self.name)
        self._deliver(tenant, signed["request"])
        return str(signed["message"]["sid"])

    def hear(self, tenant: Tenant, number: str, *, after: int) -> dict[str, Any]:
        """Give the first message that came since.

        Raises:
            WrongAnswer: none came, or not by the right one.
        """
        return self._answer(tenant, self._own(number), after=after)

    def heard(self, *, after: int, wait: float) -> list[str]:
        """Give what came since, waiting so many seconds for something."""
        return [message["body"] for message in self.emulator.messages(wait=wait, to=self.address, after=after)]

    def neighbour(self, distance: int) -> "Phone":
        """Another phone that nobody has written from before; at 0 this one."""
        return replace(self, address=f"{self.address}{distance:02}") if distance else self

    def pod_of(self, tenant: Tenant, reply: Reply) -> str:
        """Give the tenant's own pod that answered.

        Raises:
            WrongAnswer: it was another's.
        """
        return answering_pod(self.kubectl, reply.trail, tenant=tenant.name)

    def _own(self, number: str) -> str:
        return f"whatsapp:{number}" if self.address.startswith("whatsapp:") else number

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
