"""Amounts of money: whole hundred-thousandths of a dollar in the store, decimal text on the wire."""

from __future__ import annotations

from decimal import Decimal

__all__ = ["balance_text", "decimal_text", "dollars", "parts"]

_PARTS = 100_000


def dollars(parts: int) -> Decimal:
    """Return what the store counts as US dollars."""
    return Decimal(parts) / _PARTS


def parts(amount: Decimal) -> int:
    """Return US dollars as the store counts them."""
    return int((amount * _PARTS).to_integral_value())


def decimal_text(amount: Decimal) -> str:
    """Write an amount without needless zeros: ``0``, ``1.15``, ``2192.84855``."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def balance_text(amount: Decimal) -> str:
    """Write a balance with two decimals, more only where it has them: ``100.00``, ``99.9921``."""
    whole, _, rest = decimal_text(amount).partition(".")
    return f"{whole}.{rest:0<2}"
