"""The money guard: what is checked before a number is bought. A refusal is a condition, not a purchase."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchboard_operator import reasons
from switchboard_operator.errors import NotReady, Stalled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

_LATER = 300.0


@dataclass(frozen=True, slots=True)
class Purchase:
    """What is about to be bought, and what limits it.

    Attributes:
        account: name of the TwilioAccount.
        purchases: Allowed or Forbidden.
        allowed_countries: None allows all.
        country: the number's country, or None when it cannot be told from the number.
        account_held: numbers that the account's tenants hold or are about to.
        account_limit: None is no limit.
        tenant_held: numbers that this tenant holds or is about to.
        tenant_limit: the lower of plan's and tenant's; None is no limit.
        price: the monthly price, None when unknown.
        price_limit: None is no limit.
    """

    account: str
    purchases: str
    allowed_countries: Sequence[str] | None
    country: str | None
    account_held: int
    account_limit: int | None
    tenant_held: int
    tenant_limit: int | None
    price: Decimal | None = None
    price_limit: Decimal | None = None


def refusal(purchase: Purchase) -> NotReady | None:
    """Why the number may not be bought, or None."""
    for check in (_permission, _country, _counts, _price):
        problem = check(purchase)
        if problem is not None:
            return Stalled(problem[0], problem[1], after=_LATER)
    return None


def _permission(purchase: Purchase) -> tuple[str, str] | None:
    if purchase.purchases == "Allowed":
        return None
    return (
        reasons.PURCHASES_FORBIDDEN,
        f"TwilioAccount {purchase.account} forbids purchases; its admin must set spec.limits.purchases to Allowed",
    )


def _country(purchase: Purchase) -> tuple[str, str] | None:
    allowed = purchase.allowed_countries
    if allowed is None or (purchase.country is not None and purchase.country in allowed):
        return None
    return (
        reasons.COUNTRY_NOT_ALLOWED,
        f"numbers of {purchase.country or 'an unknown country'} are not among spec.limits.allowedCountries "
        f"of TwilioAccount {purchase.account}",
    )


def _counts(purchase: Purchase) -> tuple[str, str] | None:
    if purchase.account_limit is not None and purchase.account_held >= purchase.account_limit:
        return (
            reasons.NUMBER_LIMIT,
            f"TwilioAccount {purchase.account} holds its limit of {purchase.account_limit} numbers; "
            "raise spec.limits.maxNumbers",
        )
    if purchase.tenant_limit is not None and purchase.tenant_held >= purchase.tenant_limit:
        return (
            reasons.NUMBER_LIMIT,
            f"the tenant holds its limit of {purchase.tenant_limit} numbers; raise limits.numbers of its plan",
        )
    return None


def _price(purchase: Purchase) -> tuple[str, str] | None:
    if purchase.price_limit is None:
        return None
    if purchase.price is None:
        return (
            reasons.PRICE_LIMIT,
            "the price of such a number is unknown, and an unknown price is not within "
            f"spec.limits.maxMonthlyPricePerNumber of TwilioAccount {purchase.account}",
        )
    if purchase.price <= purchase.price_limit:
        return None
    return (
        reasons.PRICE_LIMIT,
        f"{purchase.price} a month exceeds spec.limits.maxMonthlyPricePerNumber {purchase.price_limit} "
        f"of TwilioAccount {purchase.account}",
    )
