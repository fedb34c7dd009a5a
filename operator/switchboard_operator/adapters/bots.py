"""What a tenant's bot says of itself: ``GET /status`` of the runtime (decision 0001), through the tenant's Service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aiohttp

from switchboard_operator import reasons
from switchboard_operator.errors import Upstream
from switchboard_operator.ports import AssistantStanding

if TYPE_CHECKING:
    from collections.abc import Mapping

_LARGEST = 64 * 1024
_MOST = 64
_LONGEST = 160


class HttpBots:
    """Implements ``ports.Bots``.

    Args:
        session: carries the calls; nothing of one answer (cookies) goes into the next call.
        deadline: seconds for one call.
    """

    def __init__(self, *, session: aiohttp.ClientSession, deadline: float = 5.0) -> None:
        self._session = session
        self._deadline = aiohttp.ClientTimeout(total=deadline)

    async def standing(self, address: str, *, host: str, token: str) -> Mapping[str, AssistantStanding] | None:
        """How the assistants stand; None when the bot does not tell."""
        url = f"http://{address}/status"
        headers = {"Host": host, "Authorization": f"Bearer {token}", "Accept": "application/json"}
        try:
            async with self._session.get(url, headers=headers, timeout=self._deadline, allow_redirects=False) as reply:
                if reply.status == 404:
                    return None
                if reply.status != 200:
                    raise Upstream(reasons.BOT_UNREACHABLE, f"the bot's status: {reply.status}")
                content = b""
                while len(content) <= _LARGEST and (more := await reply.content.read(_LARGEST)):
                    content += more
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Upstream(reasons.BOT_UNREACHABLE, f"the bot's status: {type(error).__name__}") from error
        return _read(content)


def _read(content: bytes) -> Mapping[str, AssistantStanding]:
    """A tenant's pod is not trusted with the operator's memory, nor with the form of a status."""
    if len(content) > _LARGEST:
        raise Upstream(reasons.BOT_UNREACHABLE, "the bot's status is too large")
    try:
        told = json.loads(content)["assistants"]
        return {_line(name): _assistant(one) for name, one in list(told.items())[:_MOST]}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Upstream(reasons.BOT_UNREACHABLE, "the bot's status has an unknown form") from error


def _assistant(told: Mapping[str, Any]) -> AssistantStanding:
    return AssistantStanding(
        failing=told["state"] == "Failing", since=_line(told.get("since")), reason=_line(told.get("reason"))
    )


def _line(value: object) -> str:
    """A short line of plain text."""
    return "".join(letter if letter.isprintable() else " " for letter in str(value or "")[:_LONGEST]).strip()
