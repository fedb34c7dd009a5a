"""A language model's server on loopback: three vendors' wire formats, and every way such a server can fail.

Speaks OpenAI's chat completions (also as a stream), Anthropic's messages and Google's generateContent. What it says
is a script (:meth:`LlmServer.will`) or a function of the request (:attr:`LlmServer.think`); all it was asked is kept.
Run as a program it serves the demo: it looks products up by the tools it is offered and repeats what they return.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

Vendor = Literal["openai", "anthropic", "google"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request, told alike for all vendors.

    Attributes:
        system: what stood above the conversation.
        turns: role (``user``, ``model`` or ``tool``) and text, in order.
        tools: names of the offered tools.
        authorization: the key that came.
        body: as it was sent.
    """

    vendor: Vendor
    system: str
    turns: tuple[tuple[str, str], ...]
    tools: tuple[str, ...]
    authorization: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Says:
    """One response.

    Attributes:
        text: the words.
        calls: tools to call: name and arguments, as an object or as a raw text that need not be JSON.
        tokens: input, output and cached input; None leaves the count out.
        status: an HTTP error instead.
        raw: this body instead of the format.
        hang: no answer at all, until the caller goes; of a stream that has words, half of it first.
        cut: the stream, or the body, ends in its middle with a broken connection.
        quiet: with ``cut``, a stream ends there as if that were all.
        retry_after: seconds, as the header.
        repeat: for ever, not once.
    """

    text: str = ""
    calls: tuple[tuple[str, dict[str, Any] | str], ...] = ()
    tokens: tuple[int, int, int] | None = (100, 20, 0)
    status: int = 200
    raw: bytes | None = None
    hang: bool = False
    cut: bool = False
    quiet: bool = False
    retry_after: int | None = None
    finish: str | None = None
    repeat: bool = False


@dataclass(slots=True)
class LlmServer:
    """The server. ``openai``, ``anthropic`` and ``google`` are base URLs for clients of these."""

    url: str = ""
    says: deque[Says] = field(default_factory=deque)
    seen: list[Seen] = field(default_factory=list)
    think: Callable[[Seen], Says] | None = None
    hanging: asyncio.Event = field(default_factory=asyncio.Event)
    _ids: Any = field(default_factory=lambda: itertools.count(1))

    def will(self, *says: Says) -> None:
        """What it says next."""
        self.says.extend(says)

    def base_url(self, vendor: Vendor) -> str:
        """Where a vendor's client is pointed."""
        return f"{self.url}/v1" if vendor == "openai" else self.url

    async def openai(self, request: web.Request) -> web.StreamResponse:
        """``POST /v1/chat/completions``."""
        body = await request.json()
        messages = body["messages"]
        seen = Seen(
            vendor="openai",
            system="\n".join(_text(one["content"]) for one in messages if one["role"] in {"system", "developer"}),
            turns=tuple(_openai_turn(one) for one in messages if one["role"] not in {"system", "developer"}),
            tools=tuple(tool["function"]["name"] for tool in body.get("tools", [])),
            authorization=_bearer(request),
            body=body,
        )
        says = self._next(seen)
        if not body.get("stream"):
            return await self._answer(request, says, self._openai_body(says))
        return await self._stream(request, says)

    async def anthropic(self, request: web.Request) -> web.StreamResponse:
        """``POST /v1/messages``."""
        body = await request.json()
        seen = Seen(
            vendor="anthropic",
            system=_text(body.get("system", "")),
            turns=tuple(turn for one in body["messages"] for turn in _anthropic_turns(one)),
            tools=tuple(tool["name"] for tool in body.get("tools", [])),
            authorization=request.headers.get("x-api-key") or _bearer(request),
            body=body,
        )
        says = self._next(seen)
        return await self._answer(request, says, self._anthropic_body(says))

    async def google(self, request: web.Request) -> web.StreamResponse:
        """``POST /v1beta/models/{model}:generateContent``."""
        body = await request.json()
        seen = Seen(
            vendor="google",
            system=_google_text(body.get("systemInstruction") or body.get("system_instruction") or {}),
            turns=tuple(turn for one in body["contents"] for turn in _google_turns(one)),
            tools=tuple(
                one["name"]
                for tool in body.get("tools", [])
                for one in tool.get("functionDeclarations", tool.get("function_declarations", []))
            ),
            authorization=request.headers.get("x-goog-api-key", ""),
            body=body,
        )
        says = self._next(seen)
        return await self._answer(request, says, _google_body(says))

    def _next(self, seen: Seen) -> Says:
        self.seen.append(seen)
        if self.think is not None:
            return self.think(seen)
        if not self.says:
            return Says(status=500)
        return self.says[0] if self.says[0].repeat else self.says.popleft()

    async def _answer(self, request: web.Request, says: Says, body: dict[str, Any]) -> web.StreamResponse:
        if says.hang:
            self.hanging.set()
            await _until_gone(request)
        if says.status != 200:
            headers = {"Retry-After": str(says.retry_after)} if says.retry_after is not None else {}
            return web.json_response({"error": {"message": "no", "type": "x"}}, status=says.status, headers=headers)
        content = says.raw if says.raw is not None else json.dumps(body).encode()
        if not says.cut:
            return web.Response(body=content, content_type="application/json")
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(content))})
        await response.prepare(request)
        await response.write(content[: len(content) // 2])
        _break(request)
        return response

    async def _stream(self, request: web.Request, says: Says) -> web.StreamResponse:
        halfway = says.hang and says.text
        if (says.hang and not halfway) or says.status != 200 or says.raw is not None:
            return await self._answer(request, says, {})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        chunks = self._openai_chunks(says)
        for chunk in chunks[: len(chunks) // 2] if says.cut or halfway else chunks:
            await response.write(f"data: {json.dumps(chunk)}\n\n".encode())
        if halfway:
            self.hanging.set()
            await _until_gone(request)
        if says.quiet:
            return response
        if says.cut:
            _break(request)
            return response
        await response.write(b"data: [DONE]\n\n")
        return response

    def _openai_body(self, says: Says) -> dict[str, Any]:
        calls = [
            {"id": f"call_{next(self._ids)}", "type": "function", "function": {"name": name, "arguments": _raw(given)}}
            for name, given in says.calls
        ]
        message = {"role": "assistant", "content": says.text or None, **({"tool_calls": calls} if calls else {})}
        finish = says.finish or ("tool_calls" if calls else "stop")
        choice = {"index": 0, "message": message, "finish_reason": finish}
        return {**_openai_head("chat.completion"), "choices": [choice], **_openai_usage(says)}

    def _openai_chunks(self, says: Says) -> list[dict[str, Any]]:
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        deltas += [{"content": says.text[start : start + 8]} for start in range(0, len(says.text), 8)]
        for index, (name, given) in enumerate(says.calls):
            call = {"index": index, "id": f"call_{next(self._ids)}", "type": "function"}
            deltas.append({"tool_calls": [{**call, "function": {"name": name, "arguments": ""}}]})
            raw = _raw(given)
            for start in range(0, len(raw), 8):
                piece = {"index": index, "function": {"arguments": raw[start : start + 8]}}
                deltas.append({"tool_calls": [piece]})
        head = _openai_head("chat.completion.chunk")
        chunks = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
        finish = says.finish or ("tool_calls" if says.calls else "stop")
        chunks.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
        return [*chunks, {**head, "choices": [], **_openai_usage(says)}]

    def _anthropic_body(self, says: Says) -> dict[str, Any]:
        text = [{"type": "text", "text": says.text}] if says.text else []
        calls = [
            {"type": "tool_use", "id": f"toolu_{next(self._ids)}", "name": name, "input": given}
            for name, given in says.calls
        ]
        tokens = says.tokens or (0, 0, 0)
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "claude-test",
            "content": [*text, *calls],
            "stop_reason": says.finish or ("tool_use" if calls else "end_turn"),
            "stop_sequence": None,
            "usage": {
                "input_tokens": tokens[0] - tokens[2],
                "output_tokens": tokens[1],
                "cache_read_input_tokens": tokens[2],
                "cache_creation_input_tokens": 0,
            },
        }


@asynccontextmanager
async def llm_server(port: int = 0, *, host: str = "127.0.0.1") -> AsyncIterator[LlmServer]:
    """A :class:`LlmServer` on a socket, of loopback unless another host is given."""
    server = LlmServer()
    app = web.Application(client_max_size=8 * 1024 * 1024)
    app.router.add_post("/v1/chat/completions", server.openai)
    app.router.add_post("/v1/messages", server.anthropic)
    app.router.add_post("/v1beta/models/{model}:generateContent", server.google)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    server.url = f"http://{host}:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


def shop_assistant(seen: Seen) -> Says:
    """Thinks as far as a demo needs: asks the catalogue once, then repeats what it returned."""
    role, text = seen.turns[-1]
    if role == "user" and "search_catalogue" in seen.tools:
        return Says(calls=(("search_catalogue", {"query": text[:200] or "?"}),))
    if role != "tool":
        return Says(text="Hello! What are you looking for?")
    try:
        found = json.loads(text).get("data")
    except ValueError:
        found = None
    if not isinstance(found, list) or not found:
        return Says(text="I found nothing of that kind. What else are you looking for?")
    lines = [f"{one['name']}: {one['price']} {one['currency']}, {one['stock']} in stock." for one in found]
    return Says(text="\n".join(lines))


async def _until_gone(request: web.Request) -> None:
    while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110  # no event for it
        await asyncio.sleep(0.01)


def _break(request: web.Request) -> None:
    assert request.transport is not None
    request.transport.close()


def _bearer(request: web.Request) -> str:
    return request.headers.get("Authorization", "").removeprefix("Bearer ")


def _raw(given: dict[str, Any] | str) -> str:
    return given if isinstance(given, str) else json.dumps(given)


def _text(content: Any) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    return "".join(part.get("text", "") for part in content)


def _openai_head(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1_700_000_000, "model": "gpt-test"}


def _openai_usage(says: Says) -> dict[str, Any]:
    if says.tokens is None:
        return {}
    given, out, cached = says.tokens
    details = {"prompt_tokens_details": {"cached_tokens": cached}}
    return {"usage": {"prompt_tokens": given, "completion_tokens": out, "total_tokens": given + out, **details}}


def _openai_turn(message: dict[str, Any]) -> tuple[str, str]:
    roles = {"assistant": "model", "tool": "tool"}
    return roles.get(message["role"], "user"), _text(message.get("content"))


def _anthropic_turns(message: dict[str, Any]) -> list[tuple[str, str]]:
    content = message["content"]
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    role = "model" if message["role"] == "assistant" else "user"
    return [
        ("tool", _text(part["content"])) if part["type"] == "tool_result" else (role, part.get("text", ""))
        for part in parts
    ]


def _google_text(content: dict[str, Any]) -> str:
    return "".join(part.get("text", "") for part in content.get("parts", []))


def _google_turns(content: dict[str, Any]) -> list[tuple[str, str]]:
    role = "model" if content.get("role") == "model" else "user"
    turns = []
    for part in content["parts"]:
        returned = part.get("functionResponse") or part.get("function_response")
        if returned is None:
            turns.append((role, part.get("text", "")))
        else:
            response = returned["response"]
            text = next(iter(response.values())) if len(response) == 1 else response
            turns.append(("tool", text if isinstance(text, str) else json.dumps(response)))
    return turns


def _google_body(says: Says) -> dict[str, Any]:
    text = [{"text": says.text}] if says.text else []
    calls = [{"functionCall": {"name": name, "args": given}} for name, given in says.calls]
    content = {"role": "model", "parts": [*text, *calls]}
    body: dict[str, Any] = {
        "candidates": [{"content": content, "finishReason": says.finish or "STOP", "index": 0}],
        "modelVersion": "gemini-test",
    }
    if says.tokens is not None:
        given, out, cached = says.tokens
        body["usageMetadata"] = {
            "promptTokenCount": given,
            "candidatesTokenCount": out,
            "totalTokenCount": given + out,
            "cachedContentTokenCount": cached,
        }
    return body


async def _serve(host: str, port: int) -> None:
    async with llm_server(port, host=host) as server:
        server.think = shop_assistant
        print(server.base_url("openai"), flush=True)  # noqa: T201  # a program's output
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description="A language model's server for demos: OpenAI's, Anthropic's, Google's API"
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8190)
    options = parser.parse_args()
    asyncio.run(_serve(options.host, options.port))
