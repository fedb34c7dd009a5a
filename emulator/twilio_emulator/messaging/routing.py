"""Where a message that comes in is taken.

On WhatsApp to the sender's own callback URL, whatever service it is in. An SMS to a number in a Messaging Service goes
to the service's ``inbound_request_url``, and to nobody when it has none; unless the service says to use the number's
own. Otherwise the number's application or its ``sms_url`` is called.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twilio_emulator.errors import AdminError
from twilio_emulator.messaging.pools import POOLED_CHANNEL, service_of
from twilio_emulator.messaging.services import text_of
from twilio_emulator.numbering.routing import message_target
from twilio_emulator.whatsapp.channel import inbound_target

if TYPE_CHECKING:
    from twilio_emulator.addresses import Address
    from twilio_emulator.core import Core
    from twilio_emulator.models import Number, Record
    from twilio_emulator.whatsapp.channel import InboundTarget

__all__ = ["Destination", "destination_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """Who receives a message; URLs are ``""`` when unset.

    Attributes:
        account_sid: the account.
        url: called with ``method``; likewise ``fallback_url``.
        service_sid: the Messaging Service it came in through, None for none.
        number: the number it came to, None for a WhatsApp sender without one.
        disabled: why Twilio drops the message unseen, ``""`` when it does not.
    """

    account_sid: str
    url: str
    method: str
    fallback_url: str
    fallback_method: str
    service_sid: str | None = None
    number: Number | None = None
    disabled: str = ""


def destination_of(core: Core, recipient: Address, *, phone: Address, body: str, now: float) -> Destination:
    """Return who receives what a phone sends to an address.

    Args:
        core: the emulator.
        recipient: the address.
        phone: who writes.
        body: what it writes.
        now: the moment.

    Raises:
        AdminError: 404, nobody has it.
    """
    number = core.store.numbers.owner_of(recipient.number)
    if recipient.is_whatsapp:
        return _of_sender(core, inbound_target(core, recipient, phone=phone, body=body, now=now), recipient, number)
    if number is None:
        raise AdminError(status=404, message=f"to: no account owns {recipient.number}; buy it first")
    service = service_of(core, number.sid)
    if service and not service.data.get("use_inbound_webhook_on_number"):
        return _of_service(service, number)
    target = message_target(core, number)
    return Destination(
        account_sid=number.account_sid,
        url=target.url,
        method=target.method,
        fallback_url=target.fallback_url,
        fallback_method=target.fallback_method,
        service_sid=service.sid if service else None,
        number=number,
    )


def _of_sender(core: Core, sender: InboundTarget | None, recipient: Address, number: Number | None) -> Destination:
    if sender is None and number is None:
        raise AdminError(status=404, message=f"to: no account owns {recipient.number}; buy it first")
    if sender is None:
        raise AdminError(status=404, message=f"to: no WhatsApp sender is online at {recipient.number}; register one")
    pooled = core.store.records.first(POOLED_CHANNEL, account_sid=sender.account_sid, key=str(recipient))
    return Destination(
        account_sid=sender.account_sid,
        url=sender.url,
        method=sender.method,
        fallback_url=sender.fallback_url,
        fallback_method=sender.fallback_method,
        service_sid=pooled.parent_sid if pooled else None,
        number=number if number and number.account_sid == sender.account_sid else None,
    )


def _of_service(service: Record, number: Number) -> Destination:
    url = text_of(service, "inbound_request_url")
    disabled = (
        f"{number.phone_number} is in the Messaging Service {service.sid}, which has no InboundRequestUrl: "
        "Twilio neither logs nor delivers what is sent to it. Set InboundRequestUrl or UseInboundWebhookOnNumber"
    )
    return Destination(
        account_sid=number.account_sid,
        url=url,
        method=text_of(service, "inbound_method") or "POST",
        fallback_url=text_of(service, "fallback_url"),
        fallback_method=text_of(service, "fallback_method") or "POST",
        service_sid=service.sid,
        number=number,
        disabled="" if url else disabled,
    )
