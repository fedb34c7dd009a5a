"""What this part brings to the clockwork."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.whatsapp import senders, window

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twilio_emulator.core import Listener, Timer
    from twilio_emulator.webhooks.answers import AnswerHandler

__all__ = ["ANSWER_HANDLERS", "LISTENERS", "TIMERS"]

TIMERS: Mapping[str, Timer] = {senders.SENDER: senders.step}
ANSWER_HANDLERS: Mapping[str, AnswerHandler] = {}
LISTENERS: tuple[Listener, ...] = (window.listen, senders.remove_with_account)
