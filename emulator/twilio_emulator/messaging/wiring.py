"""What this part brings to the clockwork."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.messaging.answering import MessageAnswers
from twilio_emulator.messaging.pools import POOLED_CHANNEL, POOLED_NUMBER, forget
from twilio_emulator.models import WebhookKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twilio_emulator.core import Core, Listener, Timer
    from twilio_emulator.signals import Signal
    from twilio_emulator.webhooks.answers import AnswerHandler

__all__ = ["ANSWER_HANDLERS", "LISTENERS", "TIMERS"]

_LEAVING = {
    "number.released": POOLED_NUMBER,
    "number.transferred": POOLED_NUMBER,
    "sender.removed": POOLED_CHANNEL,
}


def _senders_leave(core: Core, signal: Signal) -> None:
    """Take what left its account out of its Messaging Service."""
    if kind := _LEAVING.get(signal.name):
        forget(core, kind, signal.resource_sid)


TIMERS: Mapping[str, Timer] = {}
ANSWER_HANDLERS: Mapping[str, AnswerHandler] = {WebhookKind.INBOUND: MessageAnswers()}
LISTENERS: tuple[Listener, ...] = (_senders_leave,)
