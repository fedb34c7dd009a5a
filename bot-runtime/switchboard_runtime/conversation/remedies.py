"""What is sent in place of a reply that Twilio does not take, or did not deliver. Pure; ids make each remedy one.

A remedy is queued as a reply of its own, under an id made from the one it stands for, in the transaction that ends
that one: a callback that comes twice, or a process that dies, makes no second.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from switchboard_runtime.config import localized
from switchboard_runtime.conversation.codes import treatment_of
from switchboard_runtime.store import Content, Reply

if TYPE_CHECKING:
    from switchboard_runtime.config import TenantDocument
    from switchboard_runtime.config.messaging import Template
    from switchboard_runtime.store import OutboxItem

__all__ = ["LONGEST_VALUE", "filled", "is_window_closed", "remedy"]

_WINDOW = 24 * 3600.0
_MOST_TRIES = 3
LONGEST_VALUE = 900
"""Characters of a template's value; Meta takes 1,024 for the whole template."""

_AGAIN = re.compile(r"(.*)-again([0-9]+)")


def is_window_closed(item: OutboxItem, *, now: float) -> bool:
    """Whether Twilio would not take this as free text any more; what is unknown is Twilio's to decide."""
    if item.channel != "whatsapp" or item.reply.content is not None or item.last_inbound_at is None:
        return False
    return now - item.last_inbound_at > _WINDOW


def remedy(document: TenantDocument, item: OutboxItem, code: int | None) -> tuple[str, Reply] | None:
    """What to queue in place of a reply that ended with ``code``, with its id; None when there is nothing to do."""
    match treatment_of(code):
        case "template" if _wrote_since(item):
            return _again(item)
        case "template":
            return _reopening(document, item)
        case "words" if item.reply.media:
            text = "\n".join(part for part in (item.text, *item.reply.media) if part)
            return f"{item.id}-words", replace(item.reply, text=text, media=())
        case "pause" | "later":
            return _again(item)
        case _:
            return None


def filled(template: Template, *, text: str, language: str, document: TenantDocument) -> Content:
    """A template with its placeholders filled; WhatsApp takes one line a value, of a limited length."""
    values = {"text": text, "tenant": document.tenant.display_name}
    given = {
        name: re.sub(r"\{(text|tenant)\}", lambda found: values[found[1]], written)
        for name, written in template.variables.items()
    }
    variables = tuple((name, _one_line(value)) for name, value in given.items())
    return Content(sid=localized(template.sid, language=language, languages=document.languages), variables=variables)


def _reopening(document: TenantDocument, item: OutboxItem) -> tuple[str, Reply] | None:
    """The tenant's template, once: for each reply whose words it carries, else until the contact writes again."""
    template = document.whatsapp.reopen_template if document.whatsapp else None
    content = item.reply.content
    if template is None or (content is not None and content.sid in template.sid.values()):
        return None
    language = item.language or document.languages[0]
    instead = filled(template, text=item.text, language=language, document=document)
    reply = Reply(text=item.text, content=instead, notice=item.reply.notice, author=item.reply.author)
    if template.carries_text:
        return f"{item.id}-reopen", reply
    since = int(item.last_inbound_at or 0)
    return f"reopen-{item.conversation_id}-{since}", replace(reply, text=f"[{instead.sid}]")


def _wrote_since(item: OutboxItem) -> bool:
    """Whether the contact has written after the reply was sent: the window is open again."""
    return item.last_inbound_at is not None and item.last_inbound_at > item.intent_at


def _again(item: OutboxItem) -> tuple[str, Reply] | None:
    """The same once more, a few times."""
    before = _AGAIN.fullmatch(item.id)
    first, tries = (before[1], int(before[2])) if before else (item.id, 1)
    return (f"{first}-again{tries + 1}", item.reply) if tries < _MOST_TRIES else None


def _one_line(text: str) -> str:
    line = " ".join(text.split()) or "…"
    return line if len(line) <= LONGEST_VALUE else line[: LONGEST_VALUE - 1] + "…"
