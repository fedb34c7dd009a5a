"""What a customer answers to a message webhook.

``<Response>`` with any number of ``<Message>``; a plain text is one message; nothing is nothing. Twilio's
own alerts name what is wrong: 12100 no XML, 12102 another root, 12200 something the emulator does not know,
12300 a content type, 11750 too much.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twilio_emulator.webhooks.xml import InvalidReply, parse_xml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree import ElementTree as ET

__all__ = ["LARGEST_REPLY", "InvalidReply", "Reply", "parse_reply"]

LARGEST_REPLY = 64 * 1024
_XML = frozenset({"text/xml", "application/xml", "text/html", "application/xhtml+xml"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """A message to be sent; ``recipient`` and ``sender`` are ``""`` for the ends of the conversation."""

    body: str
    media: tuple[str, ...] = ()
    recipient: str = ""
    sender: str = ""
    status_callback: str = ""


def parse_reply(body: bytes, content_type: str) -> list[Reply]:
    """Return the messages an answer asks for.

    Args:
        body: as received.
        content_type: media type without parameters.

    Raises:
        InvalidReply: it is neither TwiML nor text.
    """
    if len(body) > LARGEST_REPLY:
        raise InvalidReply(11750, f"the answer has more than {LARGEST_REPLY} bytes")
    if not body.strip():
        return []
    if content_type == "text/plain":
        return [Reply(body=body.decode("utf-8", "replace"))]
    if content_type not in _XML:
        raise InvalidReply(12300, f"the answer's Content-Type is {content_type or 'missing'}, not text/xml")
    root = parse_xml(body)
    if root.tag != "Response":
        raise InvalidReply(12102, f"the root element is {root.tag}, not Response")
    return list(_messages(root))


def _messages(root: ET.Element) -> Iterator[Reply]:
    for verb in root:
        if verb.tag not in {"Message", "Sms"}:
            raise InvalidReply(12200, f"the emulator does not act on <{verb.tag}> in an answer to a message")
        bodies = [element.text or "" for element in verb if element.tag == "Body"]
        text = "".join(bodies) if bodies else (verb.text or "").strip()
        yield Reply(
            body=text,
            media=tuple((element.text or "").strip() for element in verb if element.tag == "Media"),
            recipient=verb.get("to", ""),
            sender=verb.get("from", ""),
            status_callback=verb.get("statusCallback", ""),
        )
