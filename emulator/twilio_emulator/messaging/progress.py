"""A message's states, one after another on the emulator's clock, until it rests.

    accepted | scheduled -> queued -> sending -> sent -> delivered -> read (WhatsApp)
            |                 |                    |
     canceled, failed       failed            undelivered

Each but the first calls the status callback. A phone takes whatever comes unless the admin API declared otherwise.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from twilio_emulator.addresses import Address
from twilio_emulator.errors import AdminError, ApiError
from twilio_emulator.messaging import refusals
from twilio_emulator.messaging.phones import LANDLINE, phone_at
from twilio_emulator.messaging.picking import pick_sender
from twilio_emulator.messaging.pricing import price_of
from twilio_emulator.messaging.receiving import Incoming, receive
from twilio_emulator.messaging.services import require_service
from twilio_emulator.messaging.standing import barred_by
from twilio_emulator.messaging.telling import tell
from twilio_emulator.models import MessageStatus, WebhookKind
from twilio_emulator.webhooks.payloads import status_params
from twilio_emulator.webhooks.queue import enqueue
from twilio_emulator.whatsapp.channel import failure_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twilio_emulator.core import Core
    from twilio_emulator.models import Message

__all__ = ["FINAL", "advance", "cancel"]

_ACCOUNT_SUSPENDED = 30002
_TO_A_LANDLINE = 30006
_PRICE_TOO_HIGH = 30010
_VALIDITY_EXPIRED = 30036

FINAL = frozenset(
    {
        MessageStatus.CANCELED,
        MessageStatus.DELIVERED,
        MessageStatus.FAILED,
        MessageStatus.READ,
        MessageStatus.RECEIVED,
        MessageStatus.UNDELIVERED,
    }
)
"""States in which a message can be redacted or deleted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Step:
    """A move to the next state: why it failed, and what else changes."""

    status: MessageStatus
    error_code: int | None = None
    sender: str | None = None
    fails_with: int | None = None


def advance(core: Core, message: Message, *, now: float) -> None:
    """Move a message to its next state and queue the callback that tells of it."""
    step = _next(core, message, now)
    if step is None:
        core.store.messages.change(message.sid, next_at=None)
        return
    changes: dict[str, object] = {"next_at": _next_at(core, message, step, now)}
    if step.error_code is not None:
        changes["error_code"] = step.error_code
    if step.sender is not None:
        changes["sender"] = step.sender
    if step.status == MessageStatus.QUEUED:
        changes["extra"] = {"fails_with": step.fails_with}
    if step.status == MessageStatus.SENT:
        changes |= {"sent": now, "price": price_of(message)}
    changed = _enter(core, message, step.status, changes, now)
    if step.status == MessageStatus.DELIVERED:
        _hand_over(core, changed, now)


def cancel(core: Core, message: Message, *, now: float) -> Message:
    """Have a scheduled message never go."""
    return _enter(core, message, MessageStatus.CANCELED, {"next_at": None}, now)


def _enter(core: Core, message: Message, status: MessageStatus, changes: Mapping[str, object], now: float) -> Message:
    """Put a message into a state, and tell everybody who wants to know."""
    changed = core.store.messages.change(message.sid, status=status, updated=now, **changes)
    tell(core, changed, now=now)
    if message.status_callback:
        enqueue(
            core,
            kind=WebhookKind.STATUS,
            account_sid=message.account_sid,
            resource_sid=message.sid,
            url=message.status_callback,
            method=str(message.extra.get("callback_method") or "POST"),
            params=status_params(changed),
            now=now,
        )
    return changed


def _hand_over(core: Core, message: Message, now: float) -> None:
    """Let a message come in whose recipient is a number of some account here: bots can write to bots."""
    if Address.parse(message.recipient).is_whatsapp or not core.store.numbers.owner_of(message.recipient):
        return
    incoming = Incoming(sender=message.sender, recipient=message.recipient, body=message.body, media=message.media)
    with suppress(AdminError):  # a sender ID that nobody can answer, or an account that is not active
        receive(core, incoming, deliver=True, now=now)


def _next(core: Core, message: Message, now: float) -> _Step | None:
    match message.status:
        case MessageStatus.ACCEPTED | MessageStatus.SCHEDULED:
            return _queue(core, message, now)
        case MessageStatus.QUEUED:
            return _leave(core, message, now)
        case MessageStatus.SENDING:
            return _Step(status=MessageStatus.SENT)
        case MessageStatus.SENT:
            return _arrive(core, message)
        case MessageStatus.DELIVERED if _will_be_read(core, message):
            return _Step(status=MessageStatus.READ)
    return None


def _next_at(core: Core, message: Message, step: _Step, now: float) -> float | None:
    """Return when the state after this one comes; None when there is none."""
    rests = step.status in FINAL
    if step.status == MessageStatus.DELIVERED:
        rests = not _will_be_read(core, message)
    return None if rests else now + core.settings.status_delay


def _queue(core: Core, message: Message, now: float) -> _Step:
    """Take a message of a service into the queue of a sender: now it is decided which."""
    if message.sender:
        fails_with = _failure(core, message, Address.parse(message.sender), now)
        return _Step(status=MessageStatus.QUEUED, fails_with=fails_with)
    account = core.store.accounts.require(message.account_sid)
    recipient = Address.parse(message.recipient)
    try:
        service = require_service(core, account.sid, message.service_sid or "")
        sender = pick_sender(core, service, recipient)
        refusals.check_sender(core, account, sender)
        refusals.check_recipient(core, account, recipient, sender, service.sid)
    except ApiError as error:
        return _Step(status=MessageStatus.FAILED, error_code=error.code)
    return _Step(status=MessageStatus.QUEUED, sender=str(sender), fails_with=_failure(core, message, sender, now))


def _failure(core: Core, message: Message, sender: Address, now: float) -> int | None:
    """Return the error code with which WhatsApp will fail a message, None when it will not."""
    recipient = Address.parse(message.recipient)
    if not recipient.is_whatsapp:
        return None
    account, is_template = core.store.accounts.require(message.account_sid), bool(message.extra.get("is_template"))
    return failure_of(core, account, sender, recipient, is_template=is_template, now=now)


def _leave(core: Core, message: Message, now: float) -> _Step:
    """Send a message, or say why Twilio does not."""
    code = _obstacle(core, message, now)
    return _Step(status=MessageStatus.SENDING if code is None else MessageStatus.FAILED, error_code=code)


def _obstacle(core: Core, message: Message, now: float) -> int | None:
    if not core.may_communicate(core.store.accounts.require(message.account_sid)):
        return _ACCOUNT_SUSPENDED
    limit = message.extra.get("max_price")
    if limit and -Decimal(price_of(message)) > Decimal(str(limit)):
        return _PRICE_TOO_HIGH
    waited, validity = now - message.updated, message.extra.get("validity")
    if isinstance(validity, int | float) and waited > validity:
        return _VALIDITY_EXPIRED
    phone = phone_at(core, Address.parse(message.recipient))
    if phone.outcome == MessageStatus.FAILED:
        return phone.error_code
    fails_with = message.extra.get("fails_with")
    return fails_with if isinstance(fails_with, int) else None


def _arrive(core: Core, message: Message) -> _Step:
    """Deliver a message, or say why the network or the phone does not take it."""
    recipient = Address.parse(message.recipient)
    phone = phone_at(core, recipient)
    if phone.outcome == MessageStatus.UNDELIVERED:
        return _Step(status=MessageStatus.UNDELIVERED, error_code=phone.error_code)
    if phone.line == LANDLINE and not recipient.is_whatsapp:
        return _Step(status=MessageStatus.UNDELIVERED, error_code=_TO_A_LANDLINE)
    code = barred_by(core, sender=message.sender, recipient=recipient.number) if not recipient.is_whatsapp else None
    return _Step(status=MessageStatus.DELIVERED if code is None else MessageStatus.UNDELIVERED, error_code=code)


def _will_be_read(core: Core, message: Message) -> bool:
    recipient = Address.parse(message.recipient)
    return recipient.is_whatsapp and phone_at(core, recipient).read
