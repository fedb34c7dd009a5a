"""How many SMS segments a text takes: GSM 03.38 where every character is in it, else UCS-2."""

from __future__ import annotations

__all__ = ["segments"]

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")


def segments(text: str) -> int:
    """Return the number of segments, at least 1."""
    if all(char in _BASIC or char in _EXTENDED for char in text):
        units, single, joined = sum(2 if char in _EXTENDED else 1 for char in text), 160, 153
    else:
        units, single, joined = len(text.encode("utf-16-le")) // 2, 70, 67
    return 1 if units <= single else -(-units // joined)
