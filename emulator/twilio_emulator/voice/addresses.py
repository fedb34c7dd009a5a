"""Who can be called, and who can be seen to call."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from twilio_emulator.accounts_control import is_verified
from twilio_emulator.numbering.plan import is_e164

if TYPE_CHECKING:
    from twilio_emulator.core import Core
    from twilio_emulator.models import Account

__all__ = ["UNREACHABLE", "is_elsewhere", "may_show", "phone_number"]

UNREACHABLE = {
    "+15005550001": (21217, "Phone number does not appear to be valid"),
    "+15005550002": (21214, "'To' phone number cannot be reached"),
    "+15005550003": (21215, "Account not authorized to call {number}: its country is not enabled"),
    "+15005550004": (21216, "Account not allowed to call {number}: it is blocked"),
}
"""Twilio's magic numbers for a call that is refused, with code and text."""

_SEPARATORS = re.compile(r"[\s().-]")
_NORTH_AMERICAN = re.compile(r"1?[2-9][0-9]{9}")
_ELSEWHERE = re.compile(r"(sips?:|client:)[^\s]{1,255}")


def phone_number(text: str) -> str | None:
    """Return E.164 for what Twilio takes as a number: the same, or a US number as people write it; None for others."""
    digits = _SEPARATORS.sub("", text)
    if is_e164(digits):
        return digits
    if _NORTH_AMERICAN.fullmatch(digits):
        return "+1" + digits[-10:]
    return f"+{digits}" if is_e164(f"+{digits}") else None


def is_elsewhere(text: str) -> bool:
    """Say whether this is an address outside of the telephone network: SIP, or a client of the Voice SDK."""
    return bool(_ELSEWHERE.fullmatch(text))


def may_show(core: Core, account: Account, number: str) -> bool:
    """Say whether an account may call from a number: it owns it, or its owner has answered it."""
    owned = core.store.numbers.owner_of(number)
    return (owned is not None and owned.account_sid == account.sid) or is_verified(core, account, number)
