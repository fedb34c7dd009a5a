"""The 24 hours in which a sender may write freely, opened anew by each message of the user.

Held apart from messages, because a customer may delete those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.addresses import Address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twilio_emulator.core import Core
    from twilio_emulator.models import Message
    from twilio_emulator.signals import Signal

__all__ = ["HOURS_24", "WINDOW", "is_open", "listen", "remember"]

WINDOW = "whatsapp-window"
"""The kind of record that remembers when a user last wrote to a sender."""
HOURS_24 = 86_400.0


def listen(core: Core, signal: Signal) -> None:
    """Open the window when a WhatsApp message came in."""
    if signal.name != "message.received":
        return
    message = core.store.messages.find(signal.resource_sid)
    if message and Address.parse(message.recipient).is_whatsapp:
        remember(core, message, now=signal.now)


def remember(core: Core, message: Message, *, now: float) -> None:
    """Open the window of a message that came in, for the number and the hidden name of who wrote it."""
    for user in _names(message):
        sid = _sid(Address.parse(message.recipient), user)
        known = core.store.records.find(WINDOW, sid)
        if known:
            core.store.records.change(known, now=now, account_sid=message.account_sid)
        else:
            core.store.records.add(WINDOW, sid=sid, account_sid=message.account_sid, now=now)


def is_open(core: Core, account_sid: str, sender: Address, recipient: Address, *, now: float) -> bool:
    """Say whether a user wrote to a sender less than 24 hours ago, when it was this account's."""
    record = core.store.records.find(WINDOW, _sid(sender, recipient))
    return record is not None and record.account_sid == account_sid and now - record.updated < HOURS_24


def _names(message: Message) -> Iterator[Address]:
    yield Address.parse(message.sender)
    hidden = message.extra.get("external_user_id")
    if isinstance(hidden, str):
        yield Address.parse(hidden)


def _sid(sender: Address, user: Address) -> str:
    return f"{sender.number} {user.number}"
