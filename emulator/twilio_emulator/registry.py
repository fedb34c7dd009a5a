"""What each part brings to the clockwork: timers of its records, and who acts on the answers to its webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.messaging.answering import MessageAnswers
from twilio_emulator.models import WebhookKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twilio_emulator.clockwork import Timer
    from twilio_emulator.webhooks.answers import AnswerHandler

__all__ = ["ANSWER_HANDLERS", "TIMERS"]

TIMERS: Mapping[str, Timer] = {}
"""By kind of record."""

ANSWER_HANDLERS: Mapping[str, AnswerHandler] = {WebhookKind.INBOUND: MessageAnswers()}
"""By kind of webhook."""
