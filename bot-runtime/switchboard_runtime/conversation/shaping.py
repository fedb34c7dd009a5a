"""A reply as its channel can carry it: how many messages, of which kinds, in which order. Pure.

WhatsApp: one medium a message, with words under it; places; templates that show buttons and lists. SMS: up to ten
media a message; a place is words and a link. Elsewhere (JSON) all is words. Where no template is named, choices are a
numbered list, and the number is understood as the choice. The list is always the last thing said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from switchboard_runtime.conversation.remedies import LONGEST_VALUE, filled
from switchboard_runtime.store import Reply, texts

if TYPE_CHECKING:
    from switchboard_runtime.assistants.base import Parts
    from switchboard_runtime.config import TenantDocument
    from switchboard_runtime.config.script import Location

__all__ = ["LONGEST", "shaped", "split"]

LONGEST = 1600
"""Characters of a message at Twilio, on any channel."""

_LONGEST_CAPTION = 1024
_MMS = 10
_NO_CAPTION = (".ogg", ".oga", ".opus", ".mp3", ".m4a", ".amr", ".aac", ".vcf", ".webp")


def split(text: str, *, longest: int = LONGEST) -> tuple[str, ...]:
    """Cut a text into messages of at most ``longest`` characters, between words where there are any."""
    parts = []
    rest = text.strip()
    while len(rest) > longest:
        window = rest[: longest + 1]
        cut = max(window.rfind("\n"), window.rfind(" "))
        cut = cut if cut > 0 else longest
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return (*parts, rest) if rest else tuple(parts)


def shaped(
    document: TenantDocument, text: str, parts: Parts | None, *, channel: str, language: str
) -> tuple[Reply, ...]:
    """The messages that say a text with its parts."""
    if parts is None:
        return texts(*split(text))
    if channel != "whatsapp":
        return _plain(text, parts, mms=channel == "sms")
    place = (_place(parts.location),) if parts.location else ()
    template = _template(document, text, parts, language=language)
    if template is not None:
        return (*(Reply(media=(url,)) for url in parts.media), *place, template)
    if parts.choices:
        return (*(Reply(media=(url,)) for url in parts.media), *place, *_listed(text, parts))
    return (*_captioned(text, parts.media), *place)


def _plain(text: str, parts: Parts, *, mms: bool) -> tuple[Reply, ...]:
    """Words, with media beside them or as links."""
    where = (_words(parts.location),) if parts.location else ()
    links = () if mms else parts.media
    said = _listed("\n".join(part for part in (text, *where, *links) if part), parts)
    if not (mms and parts.media):
        return said
    first = Reply(text=said[0].text if said else "", media=parts.media[:_MMS], choices=said[0].choices if said else ())
    return (first, *said[1:])


def _listed(text: str, parts: Parts) -> tuple[Reply, ...]:
    """Words with the numbered list below them; what was offered is kept with the last."""
    said = texts(*split(_with_list(text, parts)))
    if not (said and parts.choices):
        return said
    return (*said[:-1], Reply(text=said[-1].text, choices=parts.choices))


def _with_list(text: str, parts: Parts) -> str:
    lines = [f"{number}. {title}" for number, (_, title) in enumerate(parts.choices, 1)]
    return "\n".join([text, *lines])


def _captioned(text: str, media: tuple[str, ...]) -> tuple[Reply, ...]:
    """Media with the words under the first, if they fit there."""
    if not media:
        return texts(*split(text))
    fits = len(text) <= _LONGEST_CAPTION and not urlsplit(media[0]).path.lower().endswith(_NO_CAPTION)
    before = () if fits else texts(*split(text))
    return (
        *before,
        Reply(text=text if fits else "", media=media[:1]),
        *(Reply(media=(url,)) for url in media[1:]),
    )


def _template(document: TenantDocument, text: str, parts: Parts, *, language: str) -> Reply | None:
    """The named template; None when the words are to be in it and do not fit."""
    template = document.content.get(parts.template) if parts.template else None
    if template is None or (template.carries_text and len(text) > LONGEST_VALUE):
        return None
    content = filled(template, text=text, language=language, document=document)
    return Reply(text=_with_list(text, parts), content=content, choices=parts.choices)


def _place(location: Location) -> Reply:
    name = location.label or location.address or ""
    point = f"geo:{location.latitude:.6f},{location.longitude:.6f}"
    return Reply(text=_named(location), action=f"{point}|{name}" if name else point)


def _words(location: Location) -> str:
    link = f"https://www.google.com/maps/search/?api=1&query={location.latitude:.6f},{location.longitude:.6f}"
    return f"{_named(location)}\n{link}"


def _named(location: Location) -> str:
    """What a place is called; its degrees if it has no name."""
    name = ", ".join(part for part in (location.label, location.address) if part)
    return name or f"{location.latitude:.6f}, {location.longitude:.6f}"
