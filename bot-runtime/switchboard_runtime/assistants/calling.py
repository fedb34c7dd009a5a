"""Calls an HTTP tool: guarded, bounded, without a redirect; needs the extra ``llm``."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx2

from switchboard_runtime.assistants.egress import EgressRefused
from switchboard_runtime.assistants.outward import TooLarge, outward_client
from switchboard_runtime.assistants.tools import ToolFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from switchboard_runtime.assistants.egress import Egress
    from switchboard_runtime.config.documents import HttpTool

__all__ = ["HttpCaller"]

_LARGEST = 64 * 1024
_LONGEST_TEXT = 6000
_PATIENCE = 5.0
_TYPES = frozenset({"application/json", "text/plain"})


class HttpCaller:
    """Calls the HTTP tools of one tenant.

    Args:
        egress: where calls may go.
        secret: the content of a credentials file by its name; None when there is none.
        patience: seconds for a whole call.
    """

    def __init__(self, *, egress: Egress, secret: Callable[[str], str | None], patience: float = _PATIENCE) -> None:
        self._client = outward_client(egress, limit=_LARGEST, timeout=patience)
        self._secret = secret
        self._patience = patience

    async def call(self, tool: HttpTool, arguments: dict[str, Any]) -> str:
        """The answer's text.

        Raises:
            ToolFailed: there is none that can be used.
        """
        try:
            async with asyncio.timeout(self._patience):
                response = await self._client.send(self._request(tool, arguments))
        except (EgressRefused, TooLarge, TimeoutError, httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise ToolFailed(f"the call failed ({type(error).__name__})") from error
        if not response.is_success:
            raise ToolFailed(f"the call was answered with HTTP {response.status_code}")
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind not in _TYPES:
            raise ToolFailed("the answer is neither JSON nor plain text")
        return _text(response.content, kind)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _request(self, tool: HttpTool, arguments: dict[str, Any]) -> httpx2.Request:
        headers = {"Accept": "application/json, text/plain"}
        if tool.secret is not None:
            value = self._secret(tool.secret)
            if value is None:
                raise ToolFailed("the call has no credential")
            headers["Authorization"] = f"Bearer {value}"
        if tool.method == "POST":
            return self._client.build_request("POST", tool.url, json=arguments, headers=headers)
        query = {name: value if isinstance(value, str) else json.dumps(value) for name, value in arguments.items()}
        url = httpx2.URL(tool.url).copy_merge_params(query)
        return self._client.build_request("GET", url, headers=headers)


def _text(body: bytes, kind: str) -> str:
    try:
        text = body.decode()
        if kind == "application/json":
            text = json.dumps(json.loads(text), ensure_ascii=False)
    except (ValueError, RecursionError) as error:
        raise ToolFailed("the answer cannot be read") from error
    return text[:_LONGEST_TEXT]
