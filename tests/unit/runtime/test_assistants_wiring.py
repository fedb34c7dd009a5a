"""How assistants with models are set up: nothing loaded in vain, everything missing said before a message comes."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from switchboard_runtime.assistants import Answer
from switchboard_runtime.assistants.egress import Egress
from switchboard_runtime.assistants.factory import check_assistants
from switchboard_runtime.config import TenantDocument
from switchboard_runtime.conversation.turn import Ask, begin_turn, end_turn
from switchboard_runtime.errors import ConfigurationError
from switchboard_runtime.store import ConversationState, Inbound
from tests.support.llm_server import Says, llm_server
from tests.unit.runtime.kit import TurnedClock, document, eventually, fake_twilio, served, write_tenant

if TYPE_CHECKING:
    from pathlib import Path

NOTHING: dict[str, str] = {}
CHOICE = {"provider": "openai", "model": "m", "baseUrl": "https://models.example.com/v1", "apiKey": "llmKey"}


def with_model(**changes: Any) -> dict[str, Any]:
    """The example document, its assistant thinking with a model."""
    content = document()
    content["assistants"][0]["model"] = {"choices": [CHOICE], **changes}
    return content


def parsed(content: dict[str, Any]) -> TenantDocument:
    """As the runtime reads it."""
    return TenantDocument.model_validate_json(json.dumps(content))


def test_the_runtime_starts_without_loading_a_model_library() -> None:
    """It takes seconds and memory that a tenant with a script does not need."""
    heavy = ["pydantic_ai", "openai", "anthropic", "google.genai", "httpx2"]
    code = f"import sys, switchboard_runtime.app; print([name for name in {heavy} if name in sys.modules])"

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize("model", [None, {"choices": [CHOICE]}])
def test_a_missing_extra_is_named_only_where_a_model_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: dict[str, Any] | None
) -> None:
    """With the command that mends it."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    content = document()
    content["assistants"][0]["model"] = model

    if model is None:
        check_assistants(parsed(content), secret=NOTHING.get, knowledge=tmp_path)
        return
    with pytest.raises(ConfigurationError, match=r"needs the extra llm; install switchboard-runtime\[llm\]"):
        check_assistants(parsed(content), secret={"llmKey": "k"}.get, knowledge=tmp_path)


def test_all_that_is_missing_is_said_at_once(tmp_path: Path) -> None:
    """Key, token and file, each with its place."""
    tool = {"name": "orders", "description": "o", "url": "https://shop.example.com/o", "secret": "shopToken"}
    content = with_model(httpTools=[tool], knowledge=[{"name": "faq", "file": "faq.md"}])
    content["assistants"][0]["model"]["choices"].append({"provider": "google", "model": "g"})

    with pytest.raises(ConfigurationError) as caught:
        check_assistants(parsed(content), secret=NOTHING.get, knowledge=tmp_path)

    said = str(caught.value)
    wanted = ("'llmKey'", "'shopToken'", "'faq.md'", "google itself needs apiKey")
    assert [word for word in wanted if word not in said] == []


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"choices": []}, "choices"),
        ({"choices": [{**CHOICE, "baseUrl": "ftp://x"}]}, "baseUrl"),
        ({"choices": [{**CHOICE, "baseUrl": "https://user:pw@x.example"}]}, "baseUrl"),
        ({"choices": [{**CHOICE, "apiKey": "../x"}]}, "apiKey"),
        ({"choices": [{**CHOICE, "prices": [{"validFrom": "2026-13-01", "input": 1, "output": 1}]}]}, "validFrom"),
        ({"choices": [{**CHOICE, "prices": [{"validFrom": "2026-01-01", "input": -1, "output": 1}]}]}, "input"),
        ({"choices": [{**CHOICE, "prices": [{"validFrom": "2026-01-01", "input": 1, "output": 1}] * 2}]}, "prices"),
        ({"choices": [{**CHOICE, "provider": "google", "stream": True}]}, "stream"),
        ({"knowledge": [{"name": "a"}]}, "knowledge"),
        ({"knowledge": [{"name": "a", "file": "../etc/passwd"}]}, "file"),
        ({"httpTools": [{"name": "save_lead", "description": "x", "url": "https://x.example"}]}, "httpTools"),
        ({"deadlineSeconds": 0}, "deadlineSeconds"),
        ({"temperature": 1}, "temperature"),
    ],
)
def test_a_wrong_model_is_refused_with_its_place(change: dict[str, Any], place: str) -> None:
    """As every other part of the document."""
    with pytest.raises(ValidationError, match=place):
        parsed(with_model(**change))


def test_an_answer_may_pass_the_conversation_to_a_person() -> None:
    """The contact is told, the bot is silent from then on, an answer in flight is void."""
    tenant = parsed(document())
    inbound = Inbound(
        provider="twilio",
        account="AC1",
        sid="SM1",
        channel="whatsapp",
        own="whatsapp:+13055550123",
        contact="whatsapp:+5491155500200",
        text="help",
        trace="t",
        received_at=0.0,
    )
    ask = begin_turn(tenant, ConversationState(), inbound)
    assert isinstance(ask, Ask)

    plain = end_turn(tenant, ask, Answer(text="Hi."))
    passed = end_turn(tenant, ask, Answer(text="A person comes.", handoff=True))

    assert (plain.texts, plain.state.mode, plain.outcome) == (("Hi.",), "bot", "answered")
    assert (passed.texts, passed.state.mode, passed.outcome) == (("A person comes.",), "human", "handed off")
    assert passed.state.epoch == ask.state.epoch + 1


async def test_a_served_tenant_answers_with_its_model(tmp_path: Path) -> None:
    """From webhook to Twilio, with the key from the credentials folder."""
    clock = TurnedClock()
    async with fake_twilio(clock) as twilio, llm_server() as server:
        content = with_model(choices=[{**CHOICE, "baseUrl": server.base_url("openai")}])
        content["twilio"]["endpoint"] = twilio.endpoint
        write_tenant(tmp_path, content, llmKey="sk-tenant")
        server.will(Says(text="Abrimos temprano."))
        host = server.url.removeprefix("http://")
        async with served(tmp_path, clock=clock, egress=Egress(allowed=frozenset({host}))) as caller:
            await caller.say("¿a qué hora abren?")
            await eventually(twilio.bodies)

    assert twilio.bodies() == ["Abrimos temprano."]
    assert server.seen[0].authorization == "sk-tenant"


async def test_a_tenant_without_its_key_is_not_served(tmp_path: Path) -> None:
    """A pod that cannot answer takes no traffic; the line says what to do."""
    write_tenant(tmp_path, with_model())

    with pytest.raises(ConfigurationError, match="no credentials file 'llmKey'; put the key there"):
        async with served(tmp_path):
            pass
