"""One change: an assistant's reply is edited in the YAML and applied, and the bot says the new one."""

import difflib
import time
from dataclasses import dataclass

import yaml

from dev.demo.console import Console
from dev.demo.errors import WrongAnswer
from dev.demo.kubectl import Kubectl
from dev.demo.phone import Phone, Reply
from dev.demo.tenants import QUICKSTART, Tenant

TENANT = "muebles-del-sur"
NUMBER = "muebles-ventas"
_FILE = QUICKSTART / "muebles-del-sur.yaml"
_OLD, _NEW = "72 horas", "24 horas"
_QUESTION = "¿Hacen envíos?"
_PATIENCE = 60.0


@dataclass(frozen=True)
class Changed:
    """How the change went.

    Attributes:
        seconds: from apply to the first new answer.
        asked: messages sent until then, all of them answered.
    """

    seconds: float
    asked: int


def make_change(kubectl: Kubectl, console: Console, phone: Phone, tenant: Tenant) -> Changed:
    """Ask, edit, apply, and ask again until the new answer comes. Every message is answered meanwhile.

    Raises:
        WrongAnswer: the old or the new answer did not come in time.
    """
    before, _ = _ask_until(phone, tenant, _OLD)
    _show(console, phone, tenant, before)
    text = _FILE.read_text()
    edited = text.replace(_OLD, _NEW)
    console.line(f"examples/quickstart/{_FILE.name}, edited and applied:")
    console.block("\n".join(_changed_lines(text, edited)))
    kubectl("apply", "-f", "-", stdin=_only_assistants(edited))
    began = time.monotonic()
    reply, asked = _ask_until(phone, tenant, _NEW)
    seconds = time.monotonic() - began
    _show(console, phone, tenant, reply)
    console.line(f"new answer {seconds:.1f} s after apply; {asked} messages meanwhile, none without an answer")
    return Changed(seconds, asked)


def _changed_lines(before: str, after: str) -> list[str]:
    compared = difflib.ndiff(before.splitlines(), after.splitlines())
    return [f"  {line[0]} {line[1:].strip()}" for line in compared if line[0] in "+-"]


def _ask_until(phone: Phone, tenant: Tenant, wanted: str) -> tuple[Reply, int]:
    deadline = time.monotonic() + _PATIENCE
    asked = 0
    while True:
        # Another phone each time: one that says the same again and again is taken for a machine, and left alone.
        reply = phone.neighbour(asked).ask(tenant, tenant.numbers[NUMBER], _QUESTION)
        asked += 1
        if wanted in reply.text:
            return reply, asked
        if time.monotonic() > deadline:
            raise WrongAnswer(
                expected=f"an answer with {wanted!r} within {_PATIENCE:.0f} s",
                seen=reply.text,
                look=phone.kubectl.to_type(f"-n quickstart describe tenant {TENANT}"),
            )


def _only_assistants(text: str) -> str:
    kept = [each for each in yaml.safe_load_all(text) if each["kind"] == "Assistant"]
    return yaml.safe_dump_all(kept, allow_unicode=True)


def _show(console: Console, phone: Phone, tenant: Tenant, reply: Reply) -> None:
    pod = phone.pod_of(tenant, reply)
    console.message(_QUESTION, by=phone.name)
    console.reply(reply.text, by=tenant.title, seconds=reply.seconds, pod=pod)
