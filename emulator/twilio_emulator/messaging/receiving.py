"""A phone writes to a number: the message is recorded and its webhook prepared.

A WhatsApp message is taken to the number's ``sms_url``; Twilio takes it to the WhatsApp sender's own
callback URL, which belongs to an API that the emulator does not have yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twilio_emulator.errors import AdminError
from twilio_emulator.messaging.addresses import Address
from twilio_emulator.messaging.segments import segments
from twilio_emulator.models import Direction, MessageStatus, WebhookKind
from twilio_emulator.webhooks.payloads import inbound_params
from twilio_emulator.webhooks.queue import enqueue
from twilio_emulator.webhooks.signing import SignedRequest, sign

if TYPE_CHECKING:
    from twilio_emulator.core import Core
    from twilio_emulator.models import Message, Number

__all__ = ["Incoming", "Received", "receive"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Incoming:
    """What a phone writes; ``profile_name`` is the name a WhatsApp user shows."""

    sender: str
    recipient: str
    body: str
    media: tuple[str, ...] = ()
    profile_name: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """The message on record, and the webhook for it: None when the number has no URL."""

    message: Message
    request: SignedRequest | None


def receive(core: Core, incoming: Incoming, *, deliver: bool, now: float) -> Received:
    """Record a message and queue its webhook.

    Args:
        core: the emulator.
        incoming: the message.
        deliver: whether the emulator calls the webhook; otherwise whoever asked does.
        now: the moment.

    Raises:
        AdminError: an address is no phone number, nobody owns the number, or its account is not active.
    """
    sender, recipient = Address.parse(incoming.sender), Address.parse(incoming.recipient)
    number = _number(core, sender, recipient)
    message = core.store.messages.add(
        sid=core.sids.sid("MM" if incoming.media else "SM"),
        account_sid=number.account_sid,
        direction=Direction.INBOUND,
        sender=str(sender),
        recipient=str(recipient),
        body=incoming.body,
        status=MessageStatus.RECEIVED,
        num_segments=segments(incoming.body),
        media=incoming.media,
        profile_name=incoming.profile_name,
        sent=now,
        now=now,
    )
    request = _webhook(core, number, message, deliver=deliver, now=now) if number.config.sms_url else None
    return Received(message=message, request=request)


def _webhook(core: Core, number: Number, message: Message, *, deliver: bool, now: float) -> SignedRequest:
    """Return the webhook of a message, queued if the emulator is to call it."""
    config, params = number.config, inbound_params(message)
    if deliver:
        enqueue(
            core,
            kind=WebhookKind.INBOUND,
            account_sid=number.account_sid,
            resource_sid=message.sid,
            url=config.sms_url,
            method=config.sms_method,
            fallback_url=config.sms_fallback_url,
            fallback_method=config.sms_fallback_method,
            params=params,
            now=now,
        )
    token = core.store.accounts.require(number.account_sid).auth_token
    return sign(url=config.sms_url, method=config.sms_method, params=params, auth_token=token)


def _number(core: Core, sender: Address, recipient: Address) -> Number:
    for name, address in (("from", sender), ("to", recipient)):
        if not address.is_valid:
            raise AdminError(
                status=400,
                message=f"{name}: {address} is no phone number; write +15551234567, "
                "with whatsapp: before it for WhatsApp",
            )
    if sender.channel != recipient.channel:
        raise AdminError(status=400, message="from and to: both must be WhatsApp or neither")
    number = core.store.numbers.owner_of(recipient.number)
    if number is None:
        raise AdminError(status=404, message=f"to: no account owns {recipient.number}; buy it first")
    account = core.store.accounts.require(number.account_sid)
    if not core.may_communicate(account):
        raise AdminError(
            status=409, message=f"to: account {account.sid} is not active, {recipient.number} receives nothing"
        )
    return number
