"""A message on its way out: what Twilio refuses at once, and what it takes and records.

``progress`` moves it on from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twilio_emulator.content.rendering import Rendered, render
from twilio_emulator.messaging import refusals
from twilio_emulator.messaging.media import media_sids
from twilio_emulator.messaging.picking import check_member, pick_sender
from twilio_emulator.messaging.segments import segments
from twilio_emulator.messaging.services import require_service, text_of
from twilio_emulator.messaging.telling import tell
from twilio_emulator.models import Direction, MessageStatus
from twilio_emulator.whatsapp.channel import failure_of, status_callback

if TYPE_CHECKING:
    from twilio_emulator.addresses import Address
    from twilio_emulator.core import Core
    from twilio_emulator.models import Account, Message, Record

__all__ = ["Outgoing", "send"]

_LONGEST_VALIDITY = 36_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    """What a customer wants sent.

    Attributes:
        sender: number, sender ID or WhatsApp address; ``""`` when the service is to pick one.
        recipient: to whom.
        body: the text.
        media: URLs.
        status_callback: called with every state but the first; ``""`` for the service's, or none.
        status_callback_method: ``GET`` or ``POST``.
        direction: who started it.
        service_sid: the Messaging Service, ``""`` for none.
        content_sid: the template that is sent instead of text and media, ``""`` for none.
        content_variables: its variables, a JSON object.
        send_at: when it goes, seconds since the epoch; None for now.
        validity: seconds it may wait before it goes; None for the service's, or the longest.
        max_price: most that it may cost, US dollars; ``""`` for no limit.
        sid: its SID when that is decided already, ``""`` for a new one.
    """

    sender: str
    recipient: str
    body: str
    media: tuple[str, ...] = ()
    status_callback: str = ""
    status_callback_method: str = "POST"
    direction: Direction = Direction.API
    service_sid: str = ""
    content_sid: str = ""
    content_variables: str = ""
    send_at: float | None = None
    validity: int | None = None
    max_price: str = ""
    sid: str = ""


def send(core: Core, account: Account, outgoing: Outgoing, *, now: float) -> Message:
    """Record a message as queued; with a service as accepted, or as scheduled.

    Raises:
        ApiError: Twilio would refuse it.
    """
    core.check_active(account)
    recipient = refusals.recipient_of(outgoing.recipient)
    service = require_service(core, account.sid, outgoing.service_sid) if outgoing.service_sid else None
    content = _content(core, account, outgoing, recipient)
    sender = _sender(core, account, outgoing, recipient, service)
    refusals.check_recipient(core, account, recipient, sender, service.sid if service else None)
    refusals.check_queue(core, sender)
    return _record(core, account, outgoing, content, service, (sender, recipient), now)


def _content(core: Core, account: Account, outgoing: Outgoing, recipient: Address) -> Rendered:
    if outgoing.content_sid:
        return render(core, account, outgoing.content_sid, outgoing.content_variables, channel=recipient.channel)
    refusals.check_content(outgoing.body, outgoing.media)
    return Rendered(body=outgoing.body, media=outgoing.media, is_approved=False)


def _sender(core: Core, account: Account, outgoing: Outgoing, recipient: Address, service: Record | None) -> Address:
    """Return whom the message comes from; a service picks again when the message's turn comes."""
    if service and not outgoing.sender:
        sender = pick_sender(core, service, recipient)
    else:
        sender = refusals.sender_of(outgoing.sender)
        if service:
            check_member(core, service, sender)
    refusals.check_pair(sender, recipient)
    refusals.check_sender(core, account, sender)
    return sender


def _record(
    core: Core,
    account: Account,
    outgoing: Outgoing,
    content: Rendered,
    service: Record | None,
    ends: tuple[Address, Address],
    now: float,
) -> Message:
    sender, recipient = ends
    status = _first_status(outgoing)
    extra: dict[str, object] = {
        **content.extra,
        "media_sids": media_sids(core, len(content.media)),
        "is_template": content.is_approved,
        "validity": outgoing.validity or (service and service.data.get("validity_period")) or _LONGEST_VALIDITY,
        "max_price": outgoing.max_price,
        "callback_method": outgoing.status_callback_method,
    }
    if status == MessageStatus.QUEUED and recipient.is_whatsapp:
        extra["fails_with"] = failure_of(core, account, sender, recipient, is_template=content.is_approved, now=now)
    message = core.store.messages.add(
        sid=outgoing.sid or core.sids.sid("MM" if content.media else "SM"),
        account_sid=account.sid,
        direction=outgoing.direction,
        sender=str(sender) if outgoing.sender else "",
        recipient=str(recipient),
        body=content.body,
        status=status,
        num_segments=segments(content.body),
        media=content.media,
        status_callback=outgoing.status_callback or _usual_callback(core, service, sender),
        service_sid=service.sid if service else None,
        extra=extra,
        now=now,
        next_at=now + core.settings.status_delay if outgoing.send_at is None else outgoing.send_at,
    )
    tell(core, message, now=now)
    return message


def _usual_callback(core: Core, service: Record | None, sender: Address) -> str:
    """Return where a message's states are told when it does not say itself."""
    if service and (url := text_of(service, "status_callback")):
        return url
    return status_callback(core, sender) if sender.is_whatsapp else ""


def _first_status(outgoing: Outgoing) -> MessageStatus:
    if outgoing.send_at is not None:
        return MessageStatus.SCHEDULED
    if outgoing.service_sid and outgoing.direction == Direction.API:
        return MessageStatus.ACCEPTED
    return MessageStatus.QUEUED
