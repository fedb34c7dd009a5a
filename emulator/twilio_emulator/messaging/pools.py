"""The senders that Messaging Services send from: numbers, alphanumeric sender IDs, WhatsApp senders.

A number or a WhatsApp sender is in one service at most. A number that is released or moved leaves its service, and
so does a sender that is deleted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.addresses import Address
from twilio_emulator.errors import ApiError, invalid
from twilio_emulator.messaging.services import SERVICE

if TYPE_CHECKING:
    from twilio_emulator.core import Core
    from twilio_emulator.models import Number, Record

__all__ = [
    "POOLED_ALPHA",
    "POOLED_CHANNEL",
    "POOLED_NUMBER",
    "add_alpha",
    "add_channel",
    "add_number",
    "forget",
    "senders",
    "service_of",
]

POOLED_NUMBER = "pooled-number"
"""A number in a service: ``sid`` is the number's, ``parent_sid`` the service, ``key`` the number in E.164 form."""
POOLED_ALPHA = "pooled-alpha"
"""An alphanumeric sender ID in a service; ``key`` is the ID."""
POOLED_CHANNEL = "pooled-channel"
"""A WhatsApp sender in a service: ``sid`` is the sender's, ``key`` its address, such as ``whatsapp:+1305…``."""

_MOST = 400


def add_number(core: Core, service: Record, number: Number, *, now: float) -> Record:
    """Put a number into a service.

    Raises:
        ApiError: it is in this one (21710) or another one (21712), or the service is full (21714).
    """
    _check_free(core, POOLED_NUMBER, number.sid, service, f"Phone Number {number.phone_number}")
    _check_room(core, service)
    return core.store.records.add(
        POOLED_NUMBER,
        sid=number.sid,
        account_sid=service.account_sid,
        parent_sid=service.sid,
        key=number.phone_number,
        now=now,
        data={"country": number.country},
    )


def add_alpha(core: Core, service: Record, alpha: str, *, now: float) -> Record:
    """Put an alphanumeric sender ID into a service.

    Raises:
        ApiError: it is none, the service has it, or it is full.
    """
    if not Address.parse(alpha).is_alpha:
        raise invalid(
            "AlphaSender", "it must have 1 to 11 letters, digits, spaces, + - _ &, one letter at least", code=21709
        )
    if core.store.records.first(POOLED_ALPHA, parent_sid=service.sid, key=alpha):
        raise ApiError(status=409, code=21710, message=f"AlphaSender {alpha} is already in the Messaging Service")
    _check_room(core, service)
    return core.store.records.add(
        POOLED_ALPHA,
        sid=core.sids.sid("AI"),
        account_sid=service.account_sid,
        parent_sid=service.sid,
        key=alpha,
        now=now,
    )


def add_channel(core: Core, service: Record, sender_sid: str, address: str, *, now: float) -> Record:
    """Put a WhatsApp sender into a service.

    Raises:
        ApiError: it is in this one (21710) or another one (21712), or the service is full (21714).
    """
    _check_free(core, POOLED_CHANNEL, sender_sid, service, f"Channel sender {address}")
    _check_room(core, service)
    return core.store.records.add(
        POOLED_CHANNEL,
        sid=sender_sid,
        account_sid=service.account_sid,
        parent_sid=service.sid,
        key=address,
        now=now,
    )


def service_of(core: Core, number_sid: str) -> Record | None:
    """Return the service that a number is in, or None."""
    pooled = core.store.records.find(POOLED_NUMBER, number_sid)
    return core.store.records.find(SERVICE, pooled.parent_sid) if pooled else None


def senders(core: Core, service: Record, kind: str) -> list[Record]:
    """Return a service's senders of one kind, in the order they were added."""
    return core.store.records.where(kind, parent_sid=service.sid)


def forget(core: Core, kind: str, sid: str) -> None:
    """Take a number or a WhatsApp sender that its account no longer has out of its service."""
    pooled = core.store.records.find(kind, sid)
    if pooled:
        core.store.records.delete(pooled)


def _check_free(core: Core, kind: str, sid: str, service: Record, what: str) -> None:
    pooled = core.store.records.find(kind, sid)
    if pooled and pooled.parent_sid == service.sid:
        raise ApiError(status=409, code=21710, message=f"{what} is already in the Messaging Service")
    if pooled:
        raise ApiError(status=409, code=21712, message=f"{what} is associated with another Messaging Service")


def _check_room(core: Core, service: Record) -> None:
    count = sum(len(senders(core, service, kind)) for kind in (POOLED_NUMBER, POOLED_ALPHA, POOLED_CHANNEL))
    if count >= _MOST:
        raise ApiError(status=412, code=21714, message=f"The Messaging Service has {_MOST} senders, which is the limit")
