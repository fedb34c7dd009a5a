"""What a customer answers to a message webhook.

``<Response>`` with any number of ``<Message>`` and perhaps a ``<Redirect>``, after which nothing counts; a plain text
is one message; nothing is nothing. Twilio's own alerts name what is wrong: 12100 no XML, 12102 another root, 12200 what
does not belong there, 12300 a content type, 11750 too much.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twilio_emulator.webhooks.xml import InvalidReply, parse_xml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree import ElementTree as ET

__all__ = ["LARGEST_REPLY", "InvalidReply", "Redirect", "Reply", "parse_reply"]

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
    status_callback_method: str = "POST"


@dataclass(frozen=True, kw_only=True, slots=True)
class Redirect:
    """Another document says what to do; ``url`` may be relative to this one."""

    url: str
    method: str = "POST"


def parse_reply(body: bytes, content_type: str) -> list[Reply | Redirect]:
    """Return what an answer asks for, in order.

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
    return list(_verbs(root))


def _verbs(root: ET.Element) -> Iterator[Reply | Redirect]:
    for verb in root:
        if verb.tag == "Redirect":
            _check(verb, attributes={"method"}, nouns=set())
            yield Redirect(url=(verb.text or "").strip(), method=_method(verb))
            return
        if verb.tag not in {"Message", "Sms"}:
            raise InvalidReply(12200, f"<{verb.tag}> is no verb of an answer to a message")
        yield _message(verb)


def _message(verb: ET.Element) -> Reply:
    _check(verb, attributes={"to", "from", "action", "method", "statusCallback"}, nouns={"Body", "Media"})
    bodies = [element.text or "" for element in verb if element.tag == "Body"]
    callback = verb.get("statusCallback", "")
    return Reply(
        body="".join(bodies) if bodies else (verb.text or "").strip(),
        media=tuple((element.text or "").strip() for element in verb if element.tag == "Media"),
        recipient=verb.get("to", ""),
        sender=verb.get("from", ""),
        status_callback=callback or verb.get("action", ""),
        status_callback_method="POST" if callback else _method(verb),
    )


def _check(verb: ET.Element, *, attributes: set[str], nouns: set[str]) -> None:
    """Refuse what Twilio's schema does not have.

    Raises:
        InvalidReply: 12200.
    """
    for element in verb:
        if element.tag not in nouns or len(element):
            raise InvalidReply(12200, f"<{element.tag}> does not belong into <{verb.tag}>")
    if unknown := sorted(set(verb.keys()) - attributes):
        raise InvalidReply(12200, f"<{verb.tag}> has no attribute {unknown[0]}")


def _method(verb: ET.Element) -> str:
    method = verb.get("method", "POST").upper()
    if method not in {"GET", "POST"}:
        raise InvalidReply(12200, f"<{verb.tag}> has the method {method}, not GET or POST")
    return method
