"""A tenant that thinks with a language model and is kept in PostgreSQL: what it says, and when it says nothing."""

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from dev.cluster.folders import REPOSITORY
from dev.demo import services
from dev.demo.console import Console
from dev.demo.errors import WrongAnswer
from dev.demo.kubectl import Kubectl
from dev.demo.phone import Phone, expect
from dev.demo.proof import pods_of
from dev.demo.tenants import NAMESPACE, TENANT_LABEL, Tenant
from dev.demo.web import Request

TENANT = "harbour-books"
NUMBER = "harbour-books"
FILE = REPOSITORY / "examples" / "thinking" / "harbour-books.yaml"
_QUESTION = ("How much is the Lighthouse Atlas?", "The Lighthouse Atlas: 45.00 USD, 3 in stock.")
_BURST = ("Hi again", "do you have Tide Tables", "and the desk globe?")
_BURST_ANSWER = ("Tide Tables: 12.50 USD", "Desk Globe: 89.00 USD")
_SILENCE = 4.0
_HEALTHY = "AssistantsHealthy"
_CANNED = "Somebody will write to you shortly."
_PATIENCE = 60.0
_STATUS_SECONDS = 2.0
_PERSON = "Maya"
_PERSONS_WORDS = "Hi Emma, this is Maya from the shop. I put a copy aside for you."
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

    def hear(self, question: str, wanted: str) -> None:
        """Ask, show question and answer, and hold the answer against what it must have in it."""
        self.console.message(question, by=self.phone.name)
        reply = self.phone.ask(self.tenant, self.number, question)
        pods = pods_of(self.kubectl, reply.trail, tenant=self.tenant.name)
        self.console.reply(reply.text, by=self.tenant.title, seconds=reply.seconds, pod=" and ".join(pods))
        expect(reply, wanted, tenant=self.tenant)

    def ask_quietly(self, question: str, wanted: str) -> None:
        """Ask and judge the answer without showing it."""
        expect(self.phone.ask(self.tenant, self.number, question), wanted, tenant=self.tenant)

    def now(self) -> int:
        """The number of the newest message at Twilio."""
        return self.phone.emulator.last_seq("/messages")


def answer_from_the_catalogue(stage: Stage) -> None:
    """A question, thought over by the model, answered in the catalogue's own words.

    Raises:
        WrongAnswer: it is answered otherwise, or by others.
    """
    stage.hear(*_QUESTION)


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
    """STOP is confirmed once and silences, START lifts it.

    Raises:
        WrongAnswer: something else was said in between, or nothing afterwards.
    """
    before = stage.now()
    stage.say("STOP")
    confirmed = stage.phone.heard(after=before, wait=_SILENCE)
    stage.console.line("confirmed: " + (" ".join(confirmed) or "by silence alone"))
    before = stage.now()
    stage.say("How much is the desk globe?")
    said = stage.phone.heard(after=before, wait=_SILENCE)
    if said or len(confirmed) > 1:
        raise WrongAnswer(
            expected="nothing said to a person who wrote STOP, but one confirmation",
            seen=" | ".join([*confirmed, *said]),
            look=stage.kubectl.to_type(f"-n {NAMESPACE} logs -l {TENANT_LABEL}={TENANT} --prefix"),
        )
    stage.console.line(f"asked again: nothing said in {_SILENCE:.0f} s")
    stage.say("START")
    stage.phone.heard(after=before, wait=_SILENCE)  # the word itself may be answered
    stage.hear("How much is the desk globe?", "Desk Globe: 89.00 USD")


def give_way_to_a_person(stage: Stage) -> None:
    """A person takes the conversation over by the bot's own API, writes, and gives it back.

    Raises:
        WrongAnswer: the bot spoke meanwhile, or the person was not heard.
    """
    api = _Api(stage)
    found = api.call("GET", f"/conversations?{urlencode({'contact': stage.phone.address})}")["items"]
    path = f"/conversations/{found[0]['id']}"
    taken = api.call("POST", f"{path}/take-over", {"person": _PERSON})
    stage.console.line(f"POST /api/v1{path}/take-over: {taken['mode']}, {taken['person']}")
    before = stage.now()
    stage.say("Do you have Tide Tables?")
    said = stage.phone.heard(after=before, wait=_SILENCE)
    api.call("POST", f"{path}/messages", {"person": _PERSON, "messages": [{"text": _PERSONS_WORDS}]})
    wrote = stage.phone.hear(stage.tenant, stage.number, after=before)["body"]
    stage.console.message(wrote, by=f"{_PERSON}, {stage.tenant.title}")
    if said or wrote != _PERSONS_WORDS:
        raise WrongAnswer(
            expected=f"{_PERSON}'s words alone while the conversation is hers",
            seen=" | ".join([*said, wrote]),
            look=stage.kubectl.to_type(f"-n {NAMESPACE} logs -l {TENANT_LABEL}={TENANT} --prefix"),
        )
    api.call("POST", f"{path}/hand-back", {"person": _PERSON})
    stage.console.line("given back: the bot answers again")
    stage.hear("Do you have Tide Tables?", "Tide Tables: 12.50 USD")


def fail_and_recover(stage: Stage, strangers: Iterator[Phone]) -> None:
    """The model's server goes away: the canned answer, never silence, and a condition; it comes back, and all is well.

    Args:
        stage: where.
        strangers: phones that nobody has written from before; after a canned answer a person has the conversation.

    Raises:
        WrongAnswer: people got something else.
        CommandFailed: the condition did not come.
    """
    kubectl = stage.kubectl
    kubectl("-n", services.NAMESPACE, "scale", "deployment/llm", "--replicas=0")
    kubectl("-n", services.NAMESPACE, "wait", "pods", "-l", "app=llm", "--for=delete", "--timeout=60s")
    stage.console.line("the model's server is gone")
    replace(stage, phone=next(strangers)).hear(_QUESTION[0], _CANNED)
    _wait_for(stage, "False")
    kubectl("-n", services.NAMESPACE, "scale", "deployment/llm", "--replicas=1")
    kubectl("-n", services.NAMESPACE, "rollout", "status", "deployment/llm", "--timeout=60s")
    stage.console.line("the model's server is back")
    deadline = time.monotonic() + _PATIENCE
    # Each pod knows of its own turns: the one that failed must answer somebody before it is well.
    while _condition(stage)["status"] != "True" and time.monotonic() < deadline:
        replace(stage, phone=next(strangers)).ask_quietly(*_QUESTION)
        time.sleep(_STATUS_SECONDS)
    _wait_for(stage, "True")


def _wait_for(stage: Stage, status: str) -> None:
    wanted = f"--for=condition={_HEALTHY}={status}"
    stage.kubectl("-n", NAMESPACE, "wait", wanted, f"tenant/{TENANT}", "--timeout=60s")
    found = _condition(stage)
    stage.console.line(f"{_HEALTHY} {found['status']}: {found['message']}")


def _condition(stage: Stage) -> dict[str, str]:
    conditions = stage.kubectl.json("-n", NAMESPACE, "get", "tenant", TENANT)["status"]["conditions"]
    found: dict[str, str] = next((each for each in conditions if each["type"] == _HEALTHY), {"status": "absent"})
    return found


class _Api:
    """The bot's REST API, through the front door, with the token in the tenant's Secret."""

    def __init__(self, stage: Stage) -> None:
        secret = stage.kubectl.json("-n", NAMESPACE, "get", "secret", f"{TENANT}-twilio")["data"]
        self._headers = {
            "Authorization": "Bearer " + base64.b64decode(secret["apiToken"]).decode(),
            "Content-Type": "application/json",
        }
        self._stage = stage

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Make a call and give its answer.

        Raises:
            WrongAnswer: it is refused.
        """
        content = None if body is None else json.dumps(body)
        request = Request(method=method, path=f"/api/v1{path}", headers=self._headers, body=content)
        answer = self._stage.phone.ingress.send(request, host=self._stage.tenant.host)
        if answer.status >= 400:
            raise WrongAnswer(
                expected=f"{method} /api/v1{path} to be answered",
                seen=f"{answer.status} {answer.body.decode(errors='replace')[:300]}",
                look=self._stage.kubectl.to_type(f"-n {NAMESPACE} logs -l {TENANT_LABEL}={TENANT} --prefix"),
            )
        return answer.json()


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
