"""Whoever listens is told of every state of every message: event streams and usage do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.signals import Signal

if TYPE_CHECKING:
    from twilio_emulator.core import Core
    from twilio_emulator.models import Message

__all__ = ["tell"]


def tell(core: Core, message: Message, *, now: float) -> None:
    """Emit ``message.<status>``; that of a message that came in is ``message.received``."""
    data = {
        "sid": message.sid,
        "from": message.sender,
        "to": message.recipient,
        "status": message.status,
        "direction": message.direction,
        "error_code": message.error_code,
        "num_segments": message.num_segments,
        "body": message.body,
        "num_media": len(message.media),
        "service_sid": message.service_sid,
        "price": message.price,
    }
    core.signals.emit(
        Signal(
            name=f"message.{message.status}",
            account_sid=message.account_sid,
            resource_sid=message.sid,
            now=now,
            data=data,
        )
    )
