"""What this part brings to the clockwork."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.models import WebhookKind
from twilio_emulator.voice.answers import VoiceAnswers
from twilio_emulator.voice.conductor import on_timer
from twilio_emulator.voice.live import LIVE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twilio_emulator.core import Listener, Timer
    from twilio_emulator.webhooks.answers import AnswerHandler

__all__ = ["ANSWER_HANDLERS", "LISTENERS", "TIMERS"]

TIMERS: Mapping[str, Timer] = {LIVE: on_timer}
ANSWER_HANDLERS: Mapping[str, AnswerHandler] = {WebhookKind.VOICE: VoiceAnswers()}
LISTENERS: tuple[Listener, ...] = ()
"""Nobody: what a call does is done by ``conductor``."""
