"""What a customer answers to a message webhook is done: messages are sent, another document is fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin

from twilio_emulator.errors import ApiError
from twilio_emulator.messaging.sending import Outgoing, send
from twilio_emulator.models import Direction, Stage, WebhookKind
from twilio_emulator.params import check_url
from twilio_emulator.webhooks.answers import Failure
from twilio_emulator.webhooks.queue import enqueue
from twilio_emulator.webhooks.twiml import InvalidReply, Redirect, parse_reply

if TYPE_CHECKING:
    from twilio_emulator.core import Core
    from twilio_emulator.models import Message, Webhook
    from twilio_emulator.webhooks.sender import Outcome
    from twilio_emulator.webhooks.twiml import Reply

__all__ = ["MessageAnswers"]

_MOST_DOCUMENTS = 10
"""Documents fetched for one message; Twilio's own limit is not published."""
_MOST_REPLIES = 15
_REPLY_WINDOW = 30.0
"""Seconds in which two numbers may exchange ``_MOST_REPLIES`` replies."""

_ALERTS = {
    21211: 14101,
    21212: 14102,
    21602: 14103,
    21603: 14102,
    21606: 14108,
    21617: 14103,
    21659: 14102,
}
"""What a refusal is called when a document caused it; others keep their code."""


class MessageAnswers:
    """Acts on TwiML in an answer to a message that came in."""

    def answered(self, core: Core, webhook: Webhook, outcome: Outcome) -> Failure | None:
        """Do what is asked for; the last refusal is the alert."""
        try:
            replies = parse_reply(outcome.body, outcome.content_type)
        except InvalidReply as invalid:
            return Failure(code=invalid.code, text=str(invalid))
        message = core.store.messages.find(webhook.resource_sid)
        if message is None:
            return None
        document = webhook.fallback_url if webhook.stage == Stage.FALLBACK else webhook.url
        failure = None
        for reply in replies:
            act = _redirect if isinstance(reply, Redirect) else _send
            failure = act(core, webhook, message, document, reply) or failure  # type: ignore[arg-type]
        return failure

    def gave_up(self, core: Core, webhook: Webhook, failure: Failure) -> None:
        """Nothing: the message stays received."""


def _send(core: Core, _webhook: Webhook, message: Message, document: str, reply: Reply) -> Failure | None:
    sender, recipient = reply.sender or message.recipient, reply.recipient or message.sender
    now = core.clock.now()
    if _too_many(core, sender, recipient, now):
        text = f"{_MOST_REPLIES} replies from {sender} to {recipient} within {_REPLY_WINDOW:.0f} seconds"
        return Failure(code=14107, text=text, falls_back=False)
    outgoing = Outgoing(
        sender=sender,
        recipient=recipient,
        body=reply.body,
        media=tuple(urljoin(document, url) for url in reply.media),
        status_callback=urljoin(document, reply.status_callback) if reply.status_callback else "",
        status_callback_method=reply.status_callback_method,
        direction=Direction.REPLY,
        service_sid="" if reply.sender else message.service_sid or "",
    )
    account = core.store.accounts.require(message.account_sid)
    try:
        for url in outgoing.media:
            check_url("Media", url, code=21620)
        if outgoing.status_callback:
            check_url("statusCallback", outgoing.status_callback, code=14105)
        send(core, account, outgoing, now=now)
    except ApiError as refused:
        return Failure(code=_ALERTS.get(refused.code, refused.code), text=refused.message, falls_back=False)
    return None


def _redirect(core: Core, webhook: Webhook, message: Message, document: str, reply: Redirect) -> Failure | None:
    """Ask another document what to do, with the same parameters."""
    url = urljoin(document, reply.url)
    try:
        check_url("Redirect", url, code=11100)
    except ApiError as refused:
        return Failure(code=refused.code, text=refused.message, falls_back=False)
    fetched = message.extra.get("documents")
    count = (fetched if isinstance(fetched, int) else 1) + 1
    if count > _MOST_DOCUMENTS:
        return Failure(code=14106, text=f"more than {_MOST_DOCUMENTS} documents for one message", falls_back=False)
    core.store.messages.change(message.sid, extra={"documents": count})
    enqueue(
        core,
        kind=WebhookKind.INBOUND,
        account_sid=webhook.account_sid,
        resource_sid=webhook.resource_sid,
        url=url,
        method=reply.method,
        params=webhook.params,
        fallback_url=webhook.fallback_url,
        fallback_method=webhook.fallback_method,
        now=core.clock.now(),
    )
    return None


def _too_many(core: Core, sender: str, recipient: str, now: float) -> bool:
    earlier = core.store.messages.reply_before(sender=sender, recipient=recipient, count=_MOST_REPLIES)
    return earlier is not None and now - earlier < _REPLY_WINDOW
