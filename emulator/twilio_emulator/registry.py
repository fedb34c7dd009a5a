"""Every part introduced to the clockwork: its timers, who acts on the answers to its webhooks, who listens to what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.compliance import wiring as compliance
from twilio_emulator.content import wiring as content
from twilio_emulator.eventstreams import wiring as eventstreams
from twilio_emulator.messaging import wiring as messaging
from twilio_emulator.regulatory import wiring as regulatory
from twilio_emulator.usage import wiring as usage
from twilio_emulator.voice import wiring as voice
from twilio_emulator.webhooks import wiring as webhooks
from twilio_emulator.whatsapp import wiring as whatsapp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twilio_emulator.core import Listener, Timer
    from twilio_emulator.webhooks.answers import AnswerHandler

__all__ = ["ANSWER_HANDLERS", "LISTENERS", "TIMERS"]

_PARTS = (compliance, content, eventstreams, messaging, regulatory, usage, voice, webhooks, whatsapp)

TIMERS: Mapping[str, Timer] = {kind: timer for part in _PARTS for kind, timer in part.TIMERS.items()}
"""What happens when the timer of a record fires, by its kind."""

ANSWER_HANDLERS: Mapping[str, AnswerHandler] = {
    kind: handler for part in _PARTS for kind, handler in part.ANSWER_HANDLERS.items()
}
"""Who acts on the answer to a webhook, by its kind."""

LISTENERS: tuple[Listener, ...] = tuple(listener for part in _PARTS for listener in part.LISTENERS)
"""Who is told of everything that happens."""
