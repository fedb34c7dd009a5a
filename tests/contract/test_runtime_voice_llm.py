"""A caller talks with a model: what it is told and shown, how its words are said, and where a call goes without it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from switchboard_runtime.assistants.egress import Egress
from tests.support.llm_server import Says, llm_server
from tests.unit.runtime.kit import served, write_tenant
from tests.unit.runtime.voice_kit import PERSON, TRANSFER, Call, Heard, calls

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.llm_server import LlmServer

PATIENCE = 90
"""The libraries of models take seconds to load, and a caller may wait meanwhile."""


@asynccontextmanager
async def a_call(root: Path, **model: Any) -> AsyncIterator[tuple[Call, LlmServer]]:
    """A call that was answered by a tenant whose assistant has a model."""
    async with llm_server() as server:
        content = calls(transfer=TRANSFER, answerSeconds=60)
        choice = {"provider": "openai", "model": "m", "baseUrl": server.base_url("openai"), "apiKey": "llmKey"}
        content["assistants"][0]["model"] = {"choices": [choice], **model}
        del content["assistants"][0]["script"]
        write_tenant(root, content, llmKey="sk-tenant")
        egress = Egress(allowed=frozenset({server.url.removeprefix("http://")}))
        async with served(root, egress=egress) as caller:
            call = Call(caller)
            await call.answered()
            yield call, server


async def heard(call: Call, text: str) -> Heard:
    """Say something, and be patient."""
    answer = await call.says(text)
    for _ in range(PATIENCE // 8):
        if "Redirect" not in answer.verbs:
            break
        answer = await call.on()
    return answer


async def test_a_model_is_told_that_it_is_heard_and_shown_what_was_said(tmp_path: Path) -> None:
    """The greeting and the first question are its past; keys, silences and notes are not."""
    async with a_call(tmp_path) as (call, server):
        server.will(Says(text="**Claro.**\n- ¿Qué mesa busca? 🙂"), Says(text="Hasta luego."))
        first = await heard(call, "busco una mesa")
        await call.on()  # says nothing for a while
        second = await heard(call, "gracias, nada más")

    assert first.said == ["Claro. ¿Qué mesa busca?"]
    assert second.said == ["Hasta luego."]
    assert "in a phone call" in server.seen[0].system
    assert server.seen[1].turns[-3:] == (
        ("user", "busco una mesa"),
        ("model", "Claro. ¿Qué mesa busca?"),
        ("user", "gracias, nada más"),
    )


async def test_a_model_that_wants_a_person_gets_one(tmp_path: Path) -> None:
    """It calls its tool; the caller hears of a person, and not that somebody will write."""
    async with a_call(tmp_path) as (call, server):
        server.will(Says(calls=(("hand_to_human", {"reason": "quiere descuento"}),)), Says(text="Ahora le atienden."))
        answer = await heard(call, "quiero un descuento especial")

    assert answer.said == ["Le comunico con una persona de Muebles del Sur."]
    assert answer.dialled == PERSON


async def test_a_model_that_fails_ends_with_a_person(tmp_path: Path) -> None:
    """Its canned text is for readers; callers are put through."""
    async with a_call(tmp_path, canned={"es": "Alguien te escribe."}) as (call, server):
        server.will(Says(status=500, repeat=True))
        answer = await heard(call, "busco una mesa")

    assert answer.said == ["Le comunico con una persona de Muebles del Sur."]
    assert answer.dialled == PERSON
