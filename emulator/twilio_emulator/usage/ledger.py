"""The one account book: charges by account, day and category, and the balance that parent and subaccounts share."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from twilio_emulator.store.usage import DailyUsage
from twilio_emulator.usage import money
from twilio_emulator.usage.triggers import look_at_triggers

if TYPE_CHECKING:
    from twilio_emulator.core import Core

__all__ = ["balance", "charge", "set_balance"]

_DAY = 86_400


def charge(core: Core, account_sid: str, category: str, *, price: Decimal, amount: int = 1, now: float) -> None:
    """Enter one thing used.

    Args:
        core: the emulator.
        account_sid: who used it.
        category: a leaf of the categories, such as ``calls-outbound``.
        price: what it cost, US dollars, not negative.
        amount: how much of it, in the category's unit.
        now: when.
    """
    used = DailyUsage(day=int(now // _DAY), category=category, count=1, amount=amount, price=money.parts(price))
    core.store.usage.add(account_sid, used)
    look_at_triggers(core, account_sid, now=now)


def balance(core: Core) -> Decimal:
    """Return what is left of the money, US dollars; negative when more was used than paid for."""
    credit = core.store.usage.credit()
    paid = Decimal(core.settings.balance) if credit is None else money.dollars(credit)
    return paid - money.dollars(core.store.usage.spent())


def set_balance(core: Core, amount: Decimal) -> None:
    """Pay in, or take out, as much as makes the balance ``amount``."""
    core.store.usage.set_credit(money.parts(amount) + core.store.usage.spent())
