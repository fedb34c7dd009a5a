"""What a customer answers to a message webhook is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.errors import ApiError
from twilio_emulator.messaging.sending import Outgoing, send
from twilio_emulator.models import Direction
from twilio_emulator.webhooks.answers import Failure
from twilio_emulator.webhooks.twiml import InvalidReply, parse_reply

if TYPE_CHECKING:
    from twilio_emulator.core import Core
    from twilio_emulator.models import Message, Webhook
    from twilio_emulator.webhooks.sender import Outcome
    from twilio_emulator.webhooks.twiml import Reply

__all__ = ["MessageAnswers"]


class MessageAnswers:
    """Acts on TwiML in an answer to a message that came in."""

    def answered(self, core: Core, webhook: Webhook, outcome: Outcome) -> Failure | None:
        """Send what is asked for; the last refusal is the alert."""
        try:
            replies = parse_reply(outcome.body, outcome.content_type)
        except InvalidReply as invalid:
            return Failure(code=invalid.code, text=str(invalid))
        message = core.store.messages.find(webhook.resource_sid)
        if message is None:
            return None
        failure = None
        for reply in replies:
            failure = _send(core, message, reply) or failure
        return failure

    def gave_up(self, core: Core, webhook: Webhook, failure: Failure) -> None:
        """Nothing: the message stays received."""


def _send(core: Core, message: Message, reply: Reply) -> Failure | None:
    outgoing = Outgoing(
        sender=reply.sender or message.recipient,
        recipient=reply.recipient or message.sender,
        body=reply.body,
        media=reply.media,
        status_callback=reply.status_callback,
        direction=Direction.REPLY,
    )
    account = core.store.accounts.require(message.account_sid)
    try:
        send(core, account, outgoing, now=core.clock.now())
    except ApiError as refused:
        code = 14103 if refused.code == 21602 else refused.code
        return Failure(code=code, text=refused.message, falls_back=False)
    return None
