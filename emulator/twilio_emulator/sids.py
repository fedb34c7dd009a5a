"""Twilio's identifiers and secrets: two capital letters and 32 hexadecimal digits, and what goes with them."""

from __future__ import annotations

import re
import secrets
import string
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

__all__ = ["SidFactory", "is_sid"]

_DIGITS = re.compile(r"[0-9a-fA-F]{32}")
_SECRET_ALPHABET = string.ascii_letters + string.digits


def is_sid(text: str, *prefixes: str) -> bool:
    """Say whether ``text`` is a SID with one of ``prefixes``."""
    return text[:2] in prefixes and bool(_DIGITS.fullmatch(text[2:]))


class SidFactory:
    """Makes SIDs, auth tokens and key secrets.

    Args:
        random: where they come from; the operating system's randomness when left out.
    """

    def __init__(self, random: Random | None = None) -> None:
        self._random = random or secrets.SystemRandom()

    def sid(self, prefix: str) -> str:
        """Return a new SID of the resource that ``prefix`` stands for, such as ``PN``."""
        return prefix + self.token()

    def token(self) -> str:
        """Return 32 lower-case hexadecimal digits, the form of an auth token."""
        return f"{self._random.getrandbits(128):032x}"

    def secret(self) -> str:
        """Return 32 letters and digits, the form of an API key's secret."""
        return "".join(self._random.choice(_SECRET_ALPHABET) for _ in range(32))
