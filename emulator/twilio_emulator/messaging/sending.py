"""A message on its way out: what is refused, what is recorded, and its states until it rests.

The states follow one another on the emulator's clock: queued, sending, sent, delivered, and read on
WhatsApp. Each but the first calls the status callback. The phone at the other end always receives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twilio_emulator.errors import ApiError
from twilio_emulator.messaging.addresses import Address
from twilio_emulator.messaging.segments import segments
from twilio_emulator.models import Direction, MessageStatus, WebhookKind
from twilio_emulator.numbering.plan import locate
from twilio_emulator.webhooks.payloads import status_params
from twilio_emulator.webhooks.queue import enqueue

if TYPE_CHECKING:
    from twilio_emulator.core import Core
    from twilio_emulator.models import Account, Message

__all__ = ["Outgoing", "advance", "send"]

_LONGEST_BODY = 1600
_MOST_MEDIA = 10
_NEXT = {
    MessageStatus.QUEUED: MessageStatus.SENDING,
    MessageStatus.SENDING: MessageStatus.SENT,
    MessageStatus.SENT: MessageStatus.DELIVERED,
}
_PRICE = "-0.00790"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    """What a customer wants sent."""

    sender: str
    recipient: str
    body: str
    media: tuple[str, ...] = ()
    status_callback: str = ""
    direction: Direction = Direction.API


def send(core: Core, account: Account, outgoing: Outgoing, *, now: float) -> Message:
    """Record a message as queued.

    Raises:
        ApiError: Twilio would refuse it.
    """
    if not core.may_communicate(account):
        raise ApiError(status=403, code=20005, message="Account is not active")
    sender, recipient = _addresses(outgoing)
    _check_content(outgoing)
    _check_sender(core, account, sender)
    return core.store.messages.add(
        sid=core.sids.sid("MM" if outgoing.media else "SM"),
        account_sid=account.sid,
        direction=outgoing.direction,
        sender=str(sender),
        recipient=str(recipient),
        body=outgoing.body,
        status=MessageStatus.QUEUED,
        num_segments=segments(outgoing.body),
        media=outgoing.media,
        status_callback=outgoing.status_callback,
        now=now,
        next_at=now + core.settings.status_delay,
    )


def advance(core: Core, message: Message, *, now: float) -> None:
    """Move a message to its next state and queue the callback that tells of it."""
    status = _next_status(message)
    if status is None:
        core.store.messages.change(message.sid, next_at=None)
        return
    changes: dict[str, object] = {"status": status, "updated": now}
    if status == MessageStatus.SENT:
        changes |= {"sent": now, "price": _PRICE}
    changed = core.store.messages.change(message.sid, **changes)
    rests = _next_status(changed) is None
    core.store.messages.change(message.sid, next_at=None if rests else now + core.settings.status_delay)
    if message.status_callback:
        enqueue(
            core,
            kind=WebhookKind.STATUS,
            account_sid=message.account_sid,
            resource_sid=message.sid,
            url=message.status_callback,
            params=status_params(changed),
            now=now,
        )


def _next_status(message: Message) -> MessageStatus | None:
    if message.status == MessageStatus.DELIVERED and Address.parse(message.recipient).is_whatsapp:
        return MessageStatus.READ
    return _NEXT.get(MessageStatus(message.status))


def _addresses(outgoing: Outgoing) -> tuple[Address, Address]:
    if not outgoing.recipient:
        raise _refused(21604, "A 'To' phone number is required.")
    if not outgoing.sender:
        raise _refused(21603, "A 'From' phone number is required.")
    sender, recipient = Address.parse(outgoing.sender), Address.parse(outgoing.recipient)
    if not recipient.is_valid:
        raise _refused(21211, f"Invalid 'To' Phone Number: {outgoing.recipient}")
    if not sender.is_valid:
        raise _refused(21212, f"Invalid 'From' Phone Number: {outgoing.sender}")
    if sender.channel != recipient.channel:
        raise _refused(21910, "Invalid 'From' and 'To' pair: both must be of the same channel")
    if sender == recipient:
        raise _refused(21266, "'To' and 'From' number cannot be the same")
    return sender, recipient


def _check_content(outgoing: Outgoing) -> None:
    if not outgoing.body and not outgoing.media:
        raise _refused(21602, "Message body is required: give 'Body' or 'MediaUrl'.")
    if len(outgoing.body) > _LONGEST_BODY:
        raise _refused(21617, f"The 'Body' exceeds the {_LONGEST_BODY} character limit")
    if len(outgoing.media) > _MOST_MEDIA:
        raise _refused(21623, f"Number of 'MediaUrl' exceeds {_MOST_MEDIA}")


def _check_sender(core: Core, account: Account, sender: Address) -> None:
    """Refuse a sender that is not the account's own number, or one that carries no messages."""
    number = core.store.numbers.owner_of(sender.number)
    if number is None or number.account_sid != account.sid:
        if sender.is_whatsapp:
            raise _refused(63007, "Twilio could not find a Channel with the specified 'From' address")
        raise _refused(21659, f"'From' {sender.number} is not a Twilio phone number or Short Code country mismatch")
    place = locate(number.phone_number)
    if place is None or not place.type.sms:
        raise _refused(21606, f"The 'From' phone number {sender.number} is not a valid, message-capable phone number")


def _refused(code: int, message: str) -> ApiError:
    return ApiError(status=400, code=code, message=message)
