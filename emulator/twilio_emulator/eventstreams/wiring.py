"""What this part brings to the clockwork."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.eventstreams import streaming
from twilio_emulator.models import WebhookKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twilio_emulator.core import Listener, Timer
    from twilio_emulator.webhooks.answers import AnswerHandler

__all__ = ["ANSWER_HANDLERS", "LISTENERS", "TIMERS"]

TIMERS: Mapping[str, Timer] = {streaming.SINK: streaming.send_noted, streaming.BATCH: streaming.send_again}
ANSWER_HANDLERS: Mapping[str, AnswerHandler] = {WebhookKind.EVENTS: streaming.SinkAnswers()}
LISTENERS: tuple[Listener, ...] = (streaming.stream,)
