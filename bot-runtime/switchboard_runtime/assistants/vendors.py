"""The vendors' models, through pydantic-ai: SDK retries off, calls outward only through the egress guard.

Needs the extra ``llm``: importing this takes seconds, so it is done in a thread and only where a tenant has a model.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic_ai.direct import model_request, model_request_stream
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.messages import (
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from switchboard_runtime.assistants.accounting import Spent, estimated
from switchboard_runtime.assistants.egress import EgressRefused
from switchboard_runtime.assistants.outward import outward_client
from switchboard_runtime.assistants.replies import Asked, Call, Heard, ModelFailed, Returned, Spoken, Told

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import httpx2
    from pydantic_ai.messages import ModelMessage
    from pydantic_ai.models import Model

    from switchboard_runtime.assistants.egress import Egress
    from switchboard_runtime.config.documents import ModelChoice

__all__ = ["VendorModel"]

_LARGEST = 1024 * 1024
_NO_KEY = "none"
_NOT_ITS_FAULT = frozenset({400, 404, 413, 422})


@dataclass(slots=True)
class VendorModel:
    """One configured model, ready to be asked. ``load`` makes the client; until then nothing is connected."""

    choice: ModelChoice
    key: str | None
    egress: Egress
    _model: Model | None = None
    _client: httpx2.AsyncClient | None = None

    async def ask(self, asked: Asked) -> Heard:
        """One request, never repeated here.

        Raises:
            ModelFailed: it did not answer, or with what is no answer.
        """
        try:
            response = await self._request(asked)
        except ModelHTTPError as error:
            raise ModelFailed(
                f"HTTP {error.status_code}",
                blame=error.status_code not in _NOT_ITS_FAULT,
                billed=False,
                retry_after=_retry_after(error),
            ) from error
        except EgressRefused as error:
            raise ModelFailed(f"{error}; SWITCHBOARD_EGRESS_ALLOW opens hosts", blame=True, billed=True) from error
        except Exception as error:  # a vendor's client fails in any way it likes
            raise ModelFailed(type(error).__name__, blame=True, billed=True) from error
        return _heard(response, asked, self.choice)

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()

    async def _request(self, asked: Asked) -> ModelResponse:
        model = self._model = self._model or self._made()
        settings = ModelSettings(max_tokens=self.choice.max_tokens, max_retries=0)
        if self.choice.temperature is not None:
            settings["temperature"] = self.choice.temperature
        if asked.tools and asked.last:
            settings["tool_choice"] = "none"
        parameters = ModelRequestParameters(
            function_tools=[
                ToolDefinition(name=tool.name, description=tool.description, parameters_json_schema=dict(tool.schema))
                for tool in asked.tools
            ]
        )
        messages = _messages(asked)
        if not self.choice.stream:
            return await model_request(
                model, messages, model_settings=settings, model_request_parameters=parameters, instrument=False
            )
        async with model_request_stream(
            model, messages, model_settings=settings, model_request_parameters=parameters, instrument=False
        ) as stream:
            try:
                async for _ in stream:
                    pass
            except BaseException:
                asked.streamed.extend(_words(stream.get()))
                raise
            return stream.get()

    def _made(self) -> Model:
        client = self._client = outward_client(self.egress, limit=_LARGEST, timeout=60.0)
        key = self.key or _NO_KEY
        name, url = self.choice.model, self.choice.base_url
        if self.choice.provider == "openai":
            from pydantic_ai.models.openai import OpenAIChatModel  # noqa: PLC0415  # each vendor's SDK takes a second
            from pydantic_ai.providers.openai import OpenAIProvider  # noqa: PLC0415

            url = url or "https://api.openai.com/v1"
            return OpenAIChatModel(name, provider=OpenAIProvider(base_url=url, api_key=key, http_client=client))
        if self.choice.provider == "anthropic":
            from pydantic_ai.models.anthropic import AnthropicModel  # noqa: PLC0415
            from pydantic_ai.providers.anthropic import AnthropicProvider  # noqa: PLC0415

            url = url or "https://api.anthropic.com"
            return AnthropicModel(name, provider=AnthropicProvider(base_url=url, api_key=key, http_client=client))
        from google.genai.types import HttpRetryOptions  # noqa: PLC0415
        from pydantic_ai.models.google import GoogleModel  # noqa: PLC0415
        from pydantic_ai.providers.google import GoogleProvider  # noqa: PLC0415

        url = url or "https://generativelanguage.googleapis.com"
        once = HttpRetryOptions(attempts=1)
        provider = GoogleProvider(base_url=url, api_key=key, http_client=client, retry_options=once)
        return GoogleModel(name, provider=provider)


def load(providers: Sequence[str]) -> None:
    """Import what the given providers need; for a thread, before the first message."""
    for provider in dict.fromkeys(providers):
        importlib.import_module(f"pydantic_ai.models.{provider}")


def _messages(asked: Asked) -> list[ModelMessage]:
    """Ours, in pydantic-ai's terms; the instructions ride on the last request, as it wants them."""
    messages: list[ModelMessage] = []
    for message in asked.messages:
        match message:
            case Told(text):
                messages.append(ModelRequest(parts=[UserPromptPart(content=text)], instructions=asked.instructions))
            case Spoken(text, calls):
                spoken = [TextPart(content=text)] if text else []
                called = [ToolCallPart(tool_name=one.name, args=one.arguments, tool_call_id=one.id) for one in calls]
                messages.append(ModelResponse(parts=[*spoken, *called]))
            case Returned(results):
                returned = [
                    ToolReturnPart(tool_name=call.name, content=text, tool_call_id=call.id) for call, text in results
                ]
                messages.append(ModelRequest(parts=returned, instructions=asked.instructions))
    return messages


def _heard(response: ModelResponse, asked: Asked, choice: ModelChoice) -> Heard:
    calls = tuple(
        Call(id=part.tool_call_id, name=part.tool_name, arguments=_arguments(part))
        for part in response.parts
        if isinstance(part, ToolCallPart)
    )
    text = "".join(part.content for part in response.parts if isinstance(part, TextPart)).strip()
    spent = _spent(response, asked, choice, text)
    if choice.stream and "finish_reason" not in (response.provider_details or {}):
        raise ModelFailed("half a stream", blame=True, billed=True)  # pydantic-ai fills the missing reason in
    if response.finish_reason in {None, "error", "content_filter"}:
        raise ModelFailed(f"finish reason {response.finish_reason}", blame=True, billed=True, spent=spent)
    if not text and not calls:
        raise ModelFailed("said nothing", blame=True, billed=True, spent=spent)
    return Heard(text=text, calls=calls, spent=spent)


def _words(response: ModelResponse) -> Iterator[str]:
    """All that the model has written: words, and what tools are called with."""
    for part in response.parts:
        if isinstance(part, TextPart):
            yield part.content
        elif isinstance(part, ToolCallPart):
            yield _arguments(part)


def _arguments(part: ToolCallPart) -> str:
    return part.args if isinstance(part.args, str) else part.args_as_json_str()


def _spent(response: ModelResponse, asked: Asked, choice: ModelChoice, text: str) -> Spent:
    usage = response.usage
    if usage.input_tokens > 0 and usage.output_tokens >= 0:
        return Spent(
            input_tokens=usage.input_tokens,
            cached_tokens=min(usage.cache_read_tokens, usage.input_tokens),
            output_tokens=usage.output_tokens,
        )
    return estimated(asked, text, provider=choice.provider)


def _retry_after(error: ModelHTTPError) -> float | None:
    headers = getattr(error, "headers", None) or {}
    value = str(headers.get("retry-after", ""))
    return float(value) if value.isdigit() else None
