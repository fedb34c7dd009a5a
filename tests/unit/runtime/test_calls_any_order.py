"""Calls in any order of acts, repetitions and restarts, against a plain model.

The model: a turn's answer is decided once, by what came first for it; all later webhooks of that turn get it, from
any process; an assistant is asked once for each turn that was spoken, and never for another.
"""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard_runtime.conversation import Policy
from tests.unit.runtime.kit import served, write_tenant
from tests.unit.runtime.voice_kit import MENU, TRANSFER, Assistant, Call, Heard, calls, rows

if TYPE_CHECKING:
    from switchboard_runtime.assistants import Question
    from tests.unit.runtime.kit import Caller

ACTS = st.one_of(
    st.tuples(st.just("call"), st.integers(0, 1)),
    st.tuples(st.just("says"), st.integers(0, 1)),
    st.tuples(st.just("presses"), st.sampled_from("159")),
    st.tuples(st.just("repeats"), st.integers(0, 30)),
    st.tuples(st.just("fallback"), st.integers(0, 30)),
    st.tuples(st.just("restart"), st.just(0)),
)


@dataclass
class World:
    """A runtime that may be another one after each act, and what the model knows of it."""

    root: Path
    stack: AsyncExitStack
    assistant: Assistant
    caller: Caller = field(init=False)
    lines: list[Call | None] = field(default_factory=lambda: [None, None])
    current: int = 0
    answers: dict[tuple[str, str], bytes] = field(default_factory=dict)
    done: list[tuple[Call, str, dict[str, str]]] = field(default_factory=list)
    spoken: list[str] = field(default_factory=list)

    async def start(self) -> None:
        """Start the runtime, after the one before has ended."""
        await self.stack.aclose()
        self.caller = await self.stack.enter_async_context(
            served(self.root, policy=Policy(drain=1.0), answering=self.assistant)
        )
        for call in filter(None, (*self.lines, *(call for call, _, _ in self.done))):
            call.caller = self.caller

    async def act(self, name: str, which: object) -> None:
        """Do one act, if there is a call to do it in."""
        if name == "restart":
            await self.start()
        elif name == "call":
            self.current = int(str(which))
            call = Call(self.caller, sender=f"+549115550010{which}")
            self.lines[self.current] = call
            await self.post(call, "/bot/twilio/voice", {})
        elif name in {"repeats", "fallback"}:
            await self.again(int(str(which)), by_fallback=name == "fallback")
        else:
            await self.go_on(name, str(which))

    async def go_on(self, name: str, which: str) -> None:
        """The caller speaks or presses, where the call listens."""
        call = self.lines[self.current]
        if call is None or "Gather" not in call.heard.verbs:
            return
        path = call.heard.next.removeprefix(self.caller.public).partition("#")[0]
        if name == "says":
            text = f"pregunta {len(self.spoken)}"
            self.spoken.append(text)
            await self.post(call, path, {"SpeechResult": text, "Confidence": "0.9"})
        else:
            await self.post(call, path, {"Digits": which, "msg": "Gather End"})

    async def post(self, call: Call, path: str, more: dict[str, str]) -> None:
        """Send a webhook for the first time."""
        await call.post(path, **more)
        self.done.append((call, path, more))
        self.answers[call.sid, path] = await self.body(call, path, more)

    async def again(self, which: int, *, by_fallback: bool) -> None:
        """Send one of the webhooks so far once more; what it says by now counts for nothing."""
        if not self.done:
            return
        call, path, more = self.done[which % len(self.done)]
        changed = {**more, "SpeechResult": "otra cosa"} if "SpeechResult" in more else more
        if by_fallback:
            changed = {**changed, "ErrorCode": "11200", "ErrorUrl": self.caller.public + path}
        body = await self.body(call, "/bot/twilio/fallback" if by_fallback else path, changed)
        assert body == self.answers[call.sid, path]

    async def body(self, call: Call, path: str, more: dict[str, str]) -> bytes:
        """What a webhook is answered."""
        reply = await call.raw(path, **more)
        assert reply.status == 200
        Heard.of(reply.body)
        return reply.body


@settings(max_examples=25, deadline=None)
@given(acts=st.lists(ACTS, min_size=3, max_size=12))
def test_every_turn_is_answered_once_whatever_is_repeated_and_restarted(acts: list[tuple[str, object]]) -> None:
    """The same TwiML for the same turn, one question for each that was spoken, one message for each turn."""

    async def play(root: Path) -> None:
        async def answer(question: Question) -> str:
            return f"respuesta a {question.text}"

        async with AsyncExitStack() as stack:
            world = World(root, stack, Assistant(answer))
            await world.start()
            for name, which in [("call", 0), *acts]:
                await world.act(name, which)
            kept = rows(root, "SELECT sid, kind FROM message")

        assert world.assistant.asked == world.spoken
        assert len(kept) == len({(call.sid, path.partition("&")[0]) for call, path, _ in world.done})

    with tempfile.TemporaryDirectory() as folder:
        write_tenant(Path(folder), calls(menu=MENU, voicemail={}, transfer=TRANSFER))
        asyncio.run(play(Path(folder)))
