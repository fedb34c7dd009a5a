"""How the phones at the other end behave, as the admin API declares it; an undeclared phone takes every message."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from twilio_emulator.models import MessageStatus

if TYPE_CHECKING:
    from twilio_emulator.addresses import Address
    from twilio_emulator.core import Core

__all__ = [
    "ANSWERS",
    "LANDLINE",
    "LINES",
    "OUTCOMES",
    "UNREACHABLE",
    "Phone",
    "declare",
    "declared",
    "forget",
    "phone_at",
]

_KIND = "phone"

OUTCOMES = {
    MessageStatus.DELIVERED: None,
    MessageStatus.UNDELIVERED: 30003,
    MessageStatus.FAILED: 30008,
}
"""What can become of a message, and the error code it has unless another is declared."""

LANDLINE, UNREACHABLE = "landline", "unreachable"
LINES = ("mobile", LANDLINE, UNREACHABLE)
"""What a phone is. Messages to an unreachable one are refused with 21612, to a landline with 21614; in some countries
Twilio tries a landline all the same, and they are undelivered with 30006."""

ANSWERS = ("answer", "busy", "no-answer", "failed")
"""What becomes of a call to a phone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Phone:
    """A phone's behaviour.

    Attributes:
        outcome: one of ``OUTCOMES``.
        error_code: why it is not delivered, None when it is.
        read: whether WhatsApp messages are read.
        line: one of ``LINES``.
        answers: one of ``ANSWERS``.
    """

    outcome: str = MessageStatus.DELIVERED
    error_code: int | None = None
    read: bool = True
    line: str = "mobile"
    answers: str = "answer"


_USUAL = Phone()
_FIELDS = frozenset(asdict(_USUAL))
"""Voice reads the same records."""


def phone_at(core: Core, address: Address) -> Phone:
    """Return how a phone behaves; its channel does not matter."""
    return declared(core, address.number) or _USUAL


def declared(core: Core, number: str) -> Phone | None:
    """Return what was declared of a number, or None."""
    record = core.store.records.find(_KIND, number)
    if record is None:
        return None
    return Phone(**{name: record.data[name] for name in _FIELDS if name in record.data})  # type: ignore[arg-type]


def declare(core: Core, number: str, phone: Phone, *, now: float) -> None:
    """Have a phone behave so from now on."""
    record = core.store.records.find(_KIND, number)
    if record:
        core.store.records.change(record, now=now, data=asdict(phone))
    else:
        core.store.records.add(_KIND, sid=number, account_sid="", now=now, data=asdict(phone))


def forget(core: Core, number: str) -> None:
    """Have a phone behave as an undeclared one again."""
    record = core.store.records.find(_KIND, number)
    if record:
        core.store.records.delete(record)
