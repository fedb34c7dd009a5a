"""A caller as the runtime meets one: webhooks as Twilio sends them, and TwiML read back."""

from __future__ import annotations

import itertools
import json
import sqlite3
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from switchboard_runtime.conversation import Policy
from tests.unit.runtime.kit import ACCOUNT, document, served, write_tenant

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from switchboard_runtime.assistants import Question
    from tests.unit.runtime.kit import Caller, Reply

NUMBER, PHONE, PERSON = "+13055550123", "+5491155500200", "+5491155550300"
VERBS = {"Say", "Gather", "Redirect", "Dial", "Number", "Sip", "Record", "Start", "Recording", "Hangup", "Reject"}
CORPUS = Path(__file__).parent / "corpus"

MENU: dict[str, Any] = {
    "prompt": {"es": "Uno, horarios; dos, ventas; tres, buzón; cuatro, asistente."},
    "options": [
        {"key": "1", "reply": {"es": "Abrimos de nueve a dieciocho."}},
        {"key": "2", "transfer": {"sip": "sip:ventas@pbx.example.com"}},
        {"key": "3", "voicemail": True},
        {"key": "4", "assistant": True},
    ],
}
TRANSFER: dict[str, Any] = {"phoneNumber": PERSON}

_CALLS = itertools.count(1)


def calls(mode: str = "Assistant", **voice: Any) -> dict[str, Any]:
    """The example document of a tenant that answers calls."""
    return document(voice={"mode": mode, **voice})


@dataclass
class Assistant:
    """An assistant that a test leads: what it was asked, and what it does then."""

    act: Callable[[Question], Awaitable[Any]]
    asked: list[str] = field(default_factory=list)

    def __call__(self, _assistant: object) -> Assistant:
        """Its responder."""
        return self

    async def answer(self, question: Question) -> Any:
        """What the test wants."""
        self.asked.append(question.text)
        return await self.act(question)


def says(text: Any) -> Assistant:
    """An assistant that always says the same."""

    async def act(_question: Question) -> Any:
        return text

    return Assistant(act)


@dataclass(frozen=True)
class Heard:
    """One TwiML document."""

    root: ET.Element

    @classmethod
    def of(cls, body: bytes | str) -> Heard:
        """Read it; only our verbs may be in it."""
        root = ET.fromstring(body)
        assert {element.tag for element in root.iter()} <= {"Response", *VERBS}
        return cls(root)

    @property
    def verbs(self) -> list[str]:
        """The verbs, without what is in them."""
        return [element.tag for element in self.root]

    @property
    def said(self) -> list[str]:
        """All that is spoken, in order."""
        return [element.text or "" for element in self.root.iter("Say")]

    def attribute(self, tag: str, name: str) -> str | None:
        """An attribute of the first element of a kind."""
        element = next(self.root.iter(tag))
        return element.get(name)

    @property
    def next(self) -> str:
        """The address that the call goes on to."""
        for element in self.root.iter():
            address = element.get("action") or (element.text if element.tag == "Redirect" else None)
            if address:
                return address
        raise AssertionError(f"the call ends here: {self.verbs}")

    @property
    def dialled(self) -> str | None:
        """Who is called."""
        return next((one.text for one in self.root.iter() if one.tag in {"Number", "Sip"}), None)


def path_of(address: str, public: str) -> str:
    """What Twilio asks for at an address; it keeps the fragment to itself."""
    return address.removeprefix(public).partition("#")[0]


@dataclass
class Call:
    """One call. Each act sends the webhook that Twilio would, and keeps what is heard."""

    caller: Caller
    sender: str = PHONE
    sid: str = ""
    heard: Heard = field(init=False)
    sent: tuple[str, dict[str, str]] = ("", {})

    def __post_init__(self) -> None:
        self.sid = self.sid or f"CA{next(_CALLS):032x}"

    def form(self, **more: str) -> dict[str, str]:
        """The parameters that every webhook of the call has, and more."""
        return {
            "CallSid": self.sid,
            "AccountSid": ACCOUNT,
            "From": self.sender,
            "To": NUMBER,
            "CallStatus": "in-progress",
            "Direction": "inbound",
            "ApiVersion": "2010-04-01",
            **more,
        }

    async def answered(self) -> Heard:
        """Twilio asks what to do with the call."""
        return await self.post("/bot/twilio/voice")

    async def says(self, text: str, confidence: str = "0.91") -> Heard:
        """The caller speaks."""
        return await self.on(SpeechResult=text, Confidence=confidence, Language="es-MX")

    async def presses(self, key: str) -> Heard:
        """The caller presses a key."""
        return await self.on(msg="Gather End", Digits=key, FinishedOnKey="")

    async def on(self, **more: str) -> Heard:
        """The call goes on where it was led."""
        address = self.heard.next
        assert address.startswith(self.caller.public)
        return await self.post(path_of(address, self.caller.public), **more)

    async def again(self) -> Heard:
        """Twilio repeats the last webhook."""
        path, more = self.sent
        return await self.post(path, **more)

    async def post(self, path: str, **more: str) -> Heard:
        """Send one webhook."""
        self.sent = (path, more)
        reply = await self.raw(path, **more)
        assert reply.status == 200, reply
        assert reply.headers["Content-Type"].startswith("text/xml")
        self.heard = Heard.of(reply.body)
        return self.heard

    async def raw(self, path: str, **more: str) -> Reply:
        """Send one webhook, whatever comes."""
        return await self.caller.signed(path, self.form(**more))


def rows(root: Path, query: str) -> list[tuple[Any, ...]]:
    """What the tenant's file says."""
    [file] = (root / "data").glob("*.sqlite3")
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as db:
        return db.execute(query).fetchall()


def kept(root: Path) -> list[tuple[str, str]]:
    """Kind and text of the messages that were stored, in order."""
    return rows(root, "SELECT kind, text FROM message ORDER BY id")


def load(name: str) -> dict[str, Any]:
    """A case of the corpus."""
    case: dict[str, Any] = json.loads((CORPUS / f"{name}.json").read_text(encoding="utf-8"))
    return case


@asynccontextmanager
async def a_tenant(
    root: Path, content: dict[str, Any], *, assistant: Assistant | None = None, policy: Policy | None = None
) -> AsyncIterator[Caller]:
    """A tenant, served."""
    write_tenant(root, content)
    async with served(root, policy=policy or Policy(), answering=assistant) as caller:
        yield caller
