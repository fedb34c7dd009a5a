"""Which of its senders a Messaging Service writes to somebody from.

The one used last for this recipient, if the service keeps its senders (``sticky_sender``); else, for an SMS, an
alphanumeric sender ID where the country takes them; else a number of the recipient's area code, else of its country,
else any. Among equals the recipient's number decides, so the choice is the same in every run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

from twilio_emulator.addresses import Address
from twilio_emulator.errors import ApiError
from twilio_emulator.messaging.pools import POOLED_ALPHA, POOLED_CHANNEL, POOLED_NUMBER, senders
from twilio_emulator.numbering.plan import country_of, locate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twilio_emulator.core import Core
    from twilio_emulator.models import Record

__all__ = ["NO_ALPHA", "check_member", "pick_sender"]

NO_ALPHA = frozenset({"US", "CA", "MX", "BR", "AR"})
"""Countries whose networks take no alphanumeric sender IDs."""


def pick_sender(core: Core, service: Record, recipient: Address) -> Address:
    """Return whom the service writes to a recipient from.

    Raises:
        ApiError: 21704, it has no senders at all; 21703, it has none for this recipient.
    """
    numbers = [found.key for found in senders(core, service, POOLED_NUMBER)]
    channels = [found.key for found in senders(core, service, POOLED_CHANNEL)]
    alphas = [found.key for found in senders(core, service, POOLED_ALPHA)]
    if not (numbers or channels or alphas):
        raise ApiError(status=400, code=21704, message=f"The Messaging Service {service.sid} contains no phone numbers")
    if recipient.is_whatsapp:
        fit = channels
    else:
        fit = [*(alphas if country_of(recipient.number) not in NO_ALPHA else ()), *filter(_carries_sms, numbers)]
    if not fit:
        raise ApiError(
            status=400, code=21703, message=f"The Messaging Service {service.sid} has no sender for 'To' {recipient}"
        )
    if service.data.get("sticky_sender"):
        last = core.store.messages.last_sender(service_sid=service.sid, recipient=str(recipient))
        if last in fit:
            return Address.parse(last)
    best = _nearest(fit, recipient, by_area=bool(service.data.get("area_code_geomatch")))
    return Address.parse(best[crc32(recipient.number.encode()) % len(best)])


def check_member(core: Core, service: Record, sender: Address) -> None:
    """Refuse a sender that the service does not have.

    Raises:
        ApiError: 21711.
    """
    kinds = (POOLED_NUMBER, POOLED_ALPHA, POOLED_CHANNEL)
    if not any(core.store.records.first(kind, parent_sid=service.sid, key=str(sender)) for kind in kinds):
        raise ApiError(
            status=400,
            code=21711,
            message=f"'From' {sender} is not associated with the Messaging Service {service.sid}",
        )


def _nearest(fit: Sequence[str], recipient: Address, *, by_area: bool) -> Sequence[str]:
    alphas = [sender for sender in fit if not sender.startswith("+")]
    if alphas:
        return alphas
    area, country = recipient.number[:5], country_of(recipient.number)
    same_area = [sender for sender in fit if by_area and sender.startswith("+1") and sender[:5] == area]
    return same_area or [sender for sender in fit if country_of(sender) == country] or fit


def _carries_sms(number: str) -> bool:
    place = locate(number)
    return bool(place and place.type.sms)
