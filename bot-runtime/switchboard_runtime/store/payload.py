"""What of a reply is more than its words, as the JSON that both stores keep."""

from __future__ import annotations

import json
from typing import Any

from switchboard_runtime.store.records import Content, Reply

__all__ = ["payload_of", "reply_of"]

_NOTHING = "{}"


def payload_of(reply: Reply) -> str:
    """Media, content, place, choices and kind of a reply."""
    content: dict[str, object] = {}
    if reply.media:
        content["media"] = list(reply.media)
    if reply.content is not None:
        content["content"] = {"sid": reply.content.sid, "variables": dict(reply.content.variables)}
    if reply.action is not None:
        content["action"] = reply.action
    if reply.choices:
        content["choices"] = [list(choice) for choice in reply.choices]
    if reply.notice:
        content["notice"] = True
    return json.dumps(content, ensure_ascii=False) if content else _NOTHING


def reply_of(*, text: str, payload: str, author: str = "bot") -> Reply:
    """The reply that was kept."""
    content: dict[str, Any] = {} if payload == _NOTHING else json.loads(payload)
    template = content.get("content")
    return Reply(
        text=text,
        media=tuple(content.get("media", ())),
        content=Content(sid=template["sid"], variables=tuple(template["variables"].items())) if template else None,
        action=content.get("action"),
        choices=tuple((chosen, words) for chosen, words in content.get("choices", ())),
        notice=content.get("notice", False),
        author=author,
    )
