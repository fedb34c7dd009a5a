"""A phone writes to a number: the message is recorded, Twilio's own words are acted on, its webhook is prepared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twilio_emulator.addresses import Address
from twilio_emulator.errors import AdminError
from twilio_emulator.messaging import optouts
from twilio_emulator.messaging.media import media_sids
from twilio_emulator.messaging.pricing import price_of
from twilio_emulator.messaging.routing import destination_of
from twilio_emulator.messaging.segments import segments
from twilio_emulator.messaging.telling import tell
from twilio_emulator.models import Direction, MessageStatus, WebhookKind
from twilio_emulator.webhooks import payloads
from twilio_emulator.webhooks.queue import enqueue
from twilio_emulator.webhooks.signing import SignedRequest, sign
from twilio_emulator.whatsapp import payloads as whatsapp_payloads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twilio_emulator.core import Core
    from twilio_emulator.messaging.routing import Destination
    from twilio_emulator.models import Message

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
    """What became of it.

    Attributes:
        message: on record; None when Twilio would not even log it.
        request: the webhook, None when there is no URL.
        note: why nothing is on record, ``""`` when something is.
    """

    message: Message | None
    request: SignedRequest | None
    note: str = ""


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
    sender, recipient = _ends(incoming)
    destination = destination_of(core, recipient, phone=sender, body=incoming.body, now=now)
    account = core.store.accounts.require(destination.account_sid)
    if not core.may_communicate(account):
        raise AdminError(
            status=409, message=f"to: account {account.sid} is not active, {recipient.number} receives nothing"
        )
    if destination.disabled:
        return Received(message=None, request=None, note=destination.disabled)
    message = _record(core, incoming, destination, (sender, recipient), now)
    if not sender.is_whatsapp:
        _obey(core, message, destination, now)
    request = _webhook(core, destination, message, deliver=deliver, now=now) if destination.url else None
    return Received(message=message, request=request)


def _record(
    core: Core, incoming: Incoming, destination: Destination, ends: tuple[Address, Address], now: float
) -> Message:
    sender, recipient = ends
    media = {"media_types": list(incoming.media_types), "media_sids": media_sids(core, len(incoming.media))}
    message = core.store.messages.add(
        sid=core.sids.sid("MM" if incoming.media else "SM"),
        account_sid=destination.account_sid,
        direction=Direction.INBOUND,
        sender=str(sender),
        recipient=str(recipient),
        body=incoming.body,
        status=MessageStatus.RECEIVED,
        num_segments=segments(incoming.body),
        media=incoming.media,
        profile_name=incoming.profile_name,
        service_sid=destination.service_sid,
        sent=now,
        extra={**incoming.extra, **media},
        now=now,
    )
    message = core.store.messages.change(message.sid, price=price_of(message))
    tell(core, message, now=now)
    return message


def _obey(core: Core, message: Message, destination: Destination, now: float) -> None:
    """Act on STOP and its like, and record Twilio's own answer; the webhook is called all the same."""
    number = destination.number
    if number is None or optouts.keyword_of(number, message.body) is None:
        return
    text = optouts.apply(core, number, message.sender, message.body, now=now)
    if text is None:
        return
    answer = core.store.messages.add(
        sid=core.sids.sid("SM"),
        account_sid=message.account_sid,
        direction=Direction.REPLY,
        sender=message.recipient,
        recipient=message.sender,
        body=text,
        status=MessageStatus.SENT,
        num_segments=segments(text),
        media=(),
        service_sid=destination.service_sid,
        sent=now,
        now=now,
        next_at=now + core.settings.status_delay,
    )
    tell(core, answer, now=now)


def _webhook(core: Core, destination: Destination, message: Message, *, deliver: bool, now: float) -> SignedRequest:
    """Return the webhook of a message, queued if the emulator is to call it."""
    params = _params(message)
    if deliver:
        enqueue(
            core,
            kind=WebhookKind.INBOUND,
            account_sid=message.account_sid,
            resource_sid=message.sid,
            url=destination.url,
            method=destination.method,
            fallback_url=destination.fallback_url,
            fallback_method=destination.fallback_method,
            params=params,
            now=now,
        )
    token = core.store.accounts.require(message.account_sid).auth_token
    return sign(url=destination.url, method=destination.method, params=params, auth_token=token)


def _params(message: Message) -> payloads.Params:
    if Address.parse(message.sender).is_whatsapp:
        return whatsapp_payloads.inbound_params(message)
    return payloads.inbound_params(message)


def _ends(incoming: Incoming) -> tuple[Address, Address]:
    sender, recipient = Address.parse(incoming.sender), Address.parse(incoming.recipient)
    for name, address in (("from", sender), ("to", recipient)):
        if not address.is_valid:
            raise AdminError(
                status=400,
                message=f"{name}: {address} is no phone number; write +15551234567, "
                "with whatsapp: before it for WhatsApp",
            )
    if sender.channel != recipient.channel:
        raise AdminError(status=400, message="from and to: both must be WhatsApp or neither")
    return sender, recipient
