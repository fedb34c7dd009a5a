"""A phone writes to a number: the message is recorded and its webhook prepared.

A WhatsApp message is taken to the number's ``sms_url``; Twilio takes it to the WhatsApp sender's own
callback URL, which belongs to an API that the emulator does not have yet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twilio_emulator.errors import AdminError
from twilio_emulator.messaging.addresses import Address
from twilio_emulator.messaging.segments import segments
from twilio_emulator.models import Direction, MessageStatus, WebhookKind
from twilio_emulator.webhooks import payloads
from twilio_emulator.webhooks.queue import enqueue
from twilio_emulator.webhooks.signing import SignedRequest, sign
from twilio_emulator.whatsapp import payloads as whatsapp_payloads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twilio_emulator.core import Core
    from twilio_emulator.models import Message, Number

__all__ = ["Incoming", "Received", "receive"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Incoming:
    """What a phone writes.

    Attributes:
        sender: the phone.
        recipient: the number or WhatsApp sender.
        body: the text.
        media: URLs.
        media_types: content types of ``media`` by position; ``""`` or nothing where the URL's ending tells it.
        profile_name: the name a WhatsApp user shows.
        extra: what else is kept in ``message.extra``, JSON.
    """

    sender: str
    recipient: str
    body: str
    media: tuple[str, ...] = ()
    media_types: tuple[str, ...] = ()
    profile_name: str | None = None
    extra: Mapping[str, object] = field(default_factory=dict)


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
        extra={**incoming.extra, "media_types": list(incoming.media_types)},
        now=now,
    )
    request = _webhook(core, number, message, deliver=deliver, now=now) if number.config.sms_url else None
    return Received(message=message, request=request)


def _webhook(core: Core, number: Number, message: Message, *, deliver: bool, now: float) -> SignedRequest:
    """Return the webhook of a message, queued if the emulator is to call it."""
    config, params = number.config, _params(message)
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


def _params(message: Message) -> payloads.Params:
    if Address.parse(message.sender).is_whatsapp:
        return whatsapp_payloads.inbound_params(message)
    return payloads.inbound_params(message)


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
