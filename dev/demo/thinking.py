"""A tenant that thinks with a language model and is kept in PostgreSQL: what it says, and when it says nothing."""

import time
from dataclasses import dataclass

from dev.cluster.folders import REPOSITORY
from dev.demo import services
from dev.demo.console import Console
from dev.demo.errors import WrongAnswer
from dev.demo.kubectl import Kubectl
from dev.demo.phone import Phone, expect
from dev.demo.proof import pods_of
from dev.demo.tenants import NAMESPACE, TENANT_LABEL, Tenant

TENANT = "harbour-books"
NUMBER = "harbour-books"
FILE = REPOSITORY / "examples" / "thinking" / "harbour-books.yaml"
_QUESTION = ("How much is the Lighthouse Atlas?", "The Lighthouse Atlas: 45.00 USD, 3 in stock.")
_BURST = ("Hi again", "do you have Tide Tables", "and the desk globe?")
_BURST_ANSWER = ("Tide Tables: 12.50 USD", "Desk Globe: 89.00 USD")
_SILENCE = 5.0
_KEPT = """
SELECT (SELECT count(*) FROM switchboard.tenant_role AS r WHERE r.tenant_id = t.id),
       (SELECT count(*) FROM switchboard.message AS m WHERE m.tenant_id = t.id)
  FROM switchboard.tenant AS t WHERE t.name = '{uid}'"""


@dataclass(frozen=True)
class Stage:
    """What the scenes share."""

    kubectl: Kubectl
    console: Console
    phone: Phone
    tenant: Tenant

    @property
    def number(self) -> str:
        """The number that is written to."""
        return self.tenant.numbers[NUMBER]

    def say(self, text: str) -> None:
        """Write, and show it."""
        self.console.message(text, by=self.phone.name)
        self.phone.write(self.tenant, self.number, text)

    def now(self) -> int:
        """The number of the newest message at Twilio."""
        return self.phone.emulator.last_seq("/messages")


def answer_from_the_catalogue(stage: Stage) -> None:
    """A question, thought over by the model, answered in the catalogue's own words.

    Raises:
        WrongAnswer: it is answered otherwise, or by others.
    """
    question, wanted = _QUESTION
    stage.console.message(question, by=stage.phone.name)
    reply = stage.phone.ask(stage.tenant, stage.number, question)
    pods = pods_of(stage.kubectl, reply.trail, tenant=stage.tenant.name)
    stage.console.reply(reply.text, by=stage.tenant.title, seconds=reply.seconds, pod=" and ".join(pods))
    expect(reply, wanted, tenant=stage.tenant)


def join_a_burst(stage: Stage) -> None:
    """Three messages at once, one answer to all of them.

    Raises:
        WrongAnswer: there are more answers, or something was not answered.
    """
    before, began = stage.now(), time.monotonic()
    for text in _BURST:
        stage.say(text)
    message = stage.phone.hear(stage.tenant, stage.number, after=before)
    seconds = time.monotonic() - began
    more = stage.phone.heard(after=message["seq"], wait=_SILENCE)
    stage.console.reply(message["body"], by=stage.tenant.title, seconds=seconds, pod="either of the two")
    missing = [part for part in _BURST_ANSWER if part not in message["body"]]
    if missing or more:
        raise WrongAnswer(
            expected=f"one answer with {' and '.join(_BURST_ANSWER)}",
            seen=" | ".join([message["body"], *more]),
            look=stage.kubectl.to_type(f"-n {NAMESPACE} logs -l {TENANT_LABEL}={TENANT} --prefix"),
        )
    stage.console.line(f"three messages, one answer, {_SILENCE:.0f} s without another")


def be_silent_after_stop(stage: Stage) -> None:
    """STOP silences, START lifts it.

    Raises:
        WrongAnswer: something was said in between, or nothing afterwards.
    """
    before = stage.now()
    stage.say("STOP")
    stage.say("How much is the desk globe?")
    said = stage.phone.heard(after=before, wait=_SILENCE)
    if said:
        raise WrongAnswer(
            expected="nothing said to a person who wrote STOP",
            seen=" | ".join(said),
            look=stage.kubectl.to_type(f"-n {NAMESPACE} logs -l {TENANT_LABEL}={TENANT} --prefix"),
        )
    stage.console.line(f"nothing said in {_SILENCE:.0f} s")
    stage.say("START")
    stage.phone.heard(after=before, wait=_SILENCE)  # the word itself may be answered
    reply = stage.phone.ask(stage.tenant, stage.number, "How much is the desk globe?")
    stage.console.message("How much is the desk globe?", by=stage.phone.name)
    stage.console.reply(reply.text, by=stage.tenant.title, seconds=reply.seconds, pod="either of the two")
    expect(reply, "Desk Globe: 89.00 USD", tenant=stage.tenant)


def show_where_it_is_kept(stage: Stage) -> None:
    """What the database has on record, and that the tenant has no volume.

    Raises:
        WrongAnswer: it is kept elsewhere, or by more roles than one.
    """
    uid = stage.kubectl.json("-n", NAMESPACE, "get", "tenant", TENANT)["metadata"]["uid"]
    kept = services.ask(stage.kubectl, _KEPT.format(uid=uid))
    volumes = stage.kubectl("-n", NAMESPACE, "get", "pvc", "-l", f"{TENANT_LABEL}={TENANT}", "-o", "name").split()
    roles, messages = (int(count) for count in (kept or "0|0").split("|"))
    if roles != 1 or messages < len(_BURST) or volumes:
        raise WrongAnswer(
            expected="one role, its messages in PostgreSQL, and no volume",
            seen=f"{roles} roles, {messages} messages, {len(volumes)} volumes",
            look=stage.kubectl.to_type(f"-n {NAMESPACE} describe tenant {TENANT}"),
        )
    stage.console.line(f"in PostgreSQL: {messages} messages under one role of the tenant's own; no volume claim")
