"""The media of a message, as resources of their own: each has a SID, a content type and the URL it was given by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from twilio_emulator.webhooks.payloads import content_type_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twilio_emulator.core import Core
    from twilio_emulator.models import Message

__all__ = ["Medium", "media_of", "media_sids", "remove"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Medium:
    """One of a message's media; ``seq`` is its position, from 1, for paging."""

    seq: int
    sid: str
    url: str
    content_type: str


def media_sids(core: Core, count: int) -> list[str]:
    """Return SIDs for the media of a new message, kept in its ``extra``."""
    return [core.sids.sid("ME") for _ in range(count)]


def media_of(message: Message) -> list[Medium]:
    """Return a message's media, in order."""
    sids = cast("Sequence[str]", message.extra.get("media_sids") or ())
    return [
        Medium(seq=index + 1, sid=sid, url=url, content_type=content_type_of(message, index))
        for index, (sid, url) in enumerate(zip(sids, message.media, strict=False))
    ]


def remove(core: Core, message: Message, medium: Medium, *, now: float) -> None:
    """Take one of its media from a message."""
    kept = [found for found in media_of(message) if found.sid != medium.sid]
    extra = {"media_sids": [found.sid for found in kept], "media_types": [found.content_type for found in kept]}
    core.store.messages.change(message.sid, media=[found.url for found in kept], extra=extra, updated=now)
