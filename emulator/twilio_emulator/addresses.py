"""The addresses a message goes between: a phone number, or a phone number on a channel."""

from __future__ import annotations

import re
from dataclasses import dataclass

from twilio_emulator.numbering.plan import is_e164

__all__ = ["WHATSAPP", "Address"]

WHATSAPP = "whatsapp"

_HIDDEN_NUMBER = re.compile(r"[A-Z]{2}\.[0-9A-Za-z]{1,128}")
"""A WhatsApp user who shows no phone number: country and business-scoped id."""
_ALPHA = re.compile(r"(?=.*[A-Za-z])[0-9A-Za-z&+_-][0-9A-Za-z&+_ -]{0,10}")
"""An alphanumeric sender ID: up to 11 characters, one letter at least."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """One end of a message.

    Attributes:
        channel: ``whatsapp``, or ``""`` for the telephone network.
        number: what follows the channel.
    """

    channel: str
    number: str

    @classmethod
    def parse(cls, text: str) -> Address:
        """Split ``whatsapp:+54911…``; a blank or missing plus sign is put right, as Twilio does."""
        channel, colon, number = text.rpartition(":")
        number = number.strip()
        if number[:1].isdecimal():
            number = f"+{number}"
        return cls(channel=channel.lower() if colon else "", number=number)

    def __str__(self) -> str:
        return f"{self.channel}:{self.number}" if self.channel else self.number

    @property
    def is_whatsapp(self) -> bool:
        """Say whether this is a WhatsApp address."""
        return self.channel == WHATSAPP

    @property
    def is_alpha(self) -> bool:
        """Say whether this is an alphanumeric sender ID, which can send SMS and receive nothing."""
        return not self.channel and bool(_ALPHA.fullmatch(self.number))

    @property
    def is_valid(self) -> bool:
        """Say whether a message can go there: a number in E.164 form, on WhatsApp also a hidden one."""
        if self.is_whatsapp and _HIDDEN_NUMBER.fullmatch(self.number):
            return True
        return self.channel in {"", WHATSAPP} and is_e164(self.number)
