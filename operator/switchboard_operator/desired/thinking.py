"""The part of a document about language models: ``assistants[].model`` (docs/assistants.md), and the files it names.

What the runtime cannot do is left out here and named by ``unserved``; both read the same tables.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from switchboard_operator.desired import names
from switchboard_operator.desired.runtime import SecretFiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from switchboard_operator.api import Assistant
    from switchboard_operator.api.llm import Guardrails, HttpTool, Model

PROVIDERS = frozenset({"openai", "anthropic", "google"})
TOOLS = {"SearchCatalogue": "catalogue", "CaptureLead": "lead", "HandOff": "handoff"}
LEAST_TOKENS, MOST_TOKENS = 16, 8192
LONGEST_TURN = 60.0
API_KEY, TOKEN = "apiKey", "token"
_NAME_LENGTH = 128

Text = tuple[str, str]
"""Name and content of a text that an assistant may quote."""


def thinks(assistant: Assistant) -> bool:
    """Whether the assistant has a model that is served."""
    return bool(served_models(assistant))


def served_models(assistant: Assistant) -> list[Model]:
    """The models in the order in which they are asked."""
    asked = [assistant.spec.model, *(assistant.spec.fallback_models or [])]
    return [model for model in asked if model is not None and model.provider in PROVIDERS]


def model_of(assistant: Assistant, texts: Sequence[Text]) -> dict[str, Any] | None:
    """What the runtime is told of an assistant's models; None without one.

    Args:
        assistant: whose models.
        texts: what it may quote, from its ConfigMaps.
    """
    spec = assistant.spec
    models = served_models(assistant)
    if not models:
        return None
    told: dict[str, Any] = {
        "choices": [_choice(model, spec.limits.max_output_tokens) for model in models],
        "deadlineSeconds": min(LONGEST_TURN, spec.limits.turn_deadline.total_seconds()),
        "httpTools": [_http_tool(tool) for tool in spec.http_tools or []],
        "knowledge": [{"name": name, "text": text} for name, text in texts],
        "topic": _topic(spec.guardrails),
        "canned": dict(spec.canned) if spec.canned else None,
    }
    asked = {"historyTokens": spec.limits.history_tokens, "maxRequests": spec.limits.max_requests}
    told |= {name: value for name, value in asked.items() if value is not None}
    told |= _bounds(spec.guardrails) if spec.guardrails else {}
    if spec.tools is not None:
        told["tools"] = [TOOLS[tool.name] for tool in spec.tools if tool.name in TOOLS]
    return told


def secret_files(assistants: Iterable[Assistant], more: Iterable[tuple[str, str, str]] = ()) -> tuple[SecretFiles, ...]:
    """The keys that the assistants' models and tools need, as files beside the tenant's credentials.

    Args:
        assistants: whose keys.
        more: what others need, as (field, Secret, key); a key that both need is one file.
    """
    wanted: dict[str, dict[str, str]] = {}
    for _, secret, key in (*needed_secrets(assistants), *more):
        wanted.setdefault(secret, {})[key] = file_of(key, secret)
    return tuple(SecretFiles(secret, tuple(sorted(files.items()))) for secret, files in sorted(wanted.items()))


def needed_secrets(assistants: Iterable[Assistant]) -> Iterator[tuple[str, str, str]]:
    """The Secrets that assistants name, as (field, Secret, key)."""
    for assistant in assistants:
        for model in served_models(assistant):
            if model.secret_ref is not None:
                yield f"Assistant {assistant.name}, model {model.name}, secretRef", model.secret_ref.name, API_KEY
        for tool in (assistant.spec.http_tools or []) if thinks(assistant) else []:
            if tool.secret_ref is not None:
                yield f"Assistant {assistant.name}, httpTools {tool.name}, secretRef", tool.secret_ref.name, TOKEN


def texts_of(config_map: str, data: dict[str, str]) -> list[Text]:
    """The texts of one ConfigMap, named so that an answer can say where it is from."""
    return [(_text_name(f"{config_map}.{key}"), text) for key, text in sorted(data.items()) if text.strip()]


def file_of(key: str, secret: str) -> str:
    """Name of the file with a key of a Secret; it can be none of the tenant's own credentials."""
    return f"{key}.{names.label(secret)}"


def _choice(model: Model, most: int | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "provider": model.provider,
        "model": model.name,
        "baseUrl": model.base_url,
        "apiKey": file_of(API_KEY, model.secret_ref.name) if model.secret_ref else None,
        "prices": [price.manifest() for price in sorted(model.prices or [], key=lambda price: price.valid_from)],
    }
    if model.stream:
        told["stream"] = True
    if model.temperature is not None:
        told["temperature"] = float(model.temperature)
    return told if most is None else told | {"maxTokens": max(LEAST_TOKENS, min(MOST_TOKENS, most))}


def _http_tool(tool: HttpTool) -> dict[str, Any]:
    return {
        "name": tool.name,
        "description": tool.description,
        "url": tool.url,
        "method": tool.method,
        "parameters": [
            {
                "name": parameter.name,
                "description": parameter.description,
                "type": parameter.type,
                "required": parameter.required,
                "oneOf": list(parameter.one_of or []),
            }
            for parameter in tool.parameters or []
        ],
        "secret": file_of(TOKEN, tool.secret_ref.name) if tool.secret_ref else None,
    }


def _topic(guardrails: Guardrails | None) -> dict[str, Any] | None:
    if guardrails is None or not (guardrails.topic or guardrails.blocked_topics):
        return None
    blocked = list(guardrails.blocked_topics or [])
    never = f"all but these subjects: {', '.join(blocked)}."
    return {
        "about": guardrails.topic or never,
        "blocked": blocked,
        "refusal": dict(guardrails.refusal) if guardrails.refusal else None,
    }


def _bounds(guardrails: Guardrails) -> dict[str, Any]:
    """What it keeps to besides its topic; what is not asked for is not there."""
    told: dict[str, Any] = {}
    if guardrails.languages:
        told["languages"] = list(guardrails.languages)
    if guardrails.only_from_knowledge:
        told["onlyFromKnowledge"] = True
        told["unsure"] = dict(guardrails.refusal) if guardrails.refusal else None
    return told


def _text_name(name: str) -> str:
    """A name as the runtime takes it; one that must be cut gets a hash."""
    if len(name) <= _NAME_LENGTH:
        return name
    return f"{re.sub(r'[^A-Za-z0-9]+$', '', name[: _NAME_LENGTH - 17])}-{names.digest(name)}"
