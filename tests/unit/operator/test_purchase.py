"""The money guard."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard_operator import reasons
from switchboard_operator.desired.countries import country_of
from switchboard_operator.errors import Stalled
from switchboard_operator.reconcile.purchase import Purchase, refusal

FREE = Purchase(
    account="main",
    purchases="Allowed",
    allowed_countries=None,
    country="US",
    account_held=3,
    account_limit=None,
    tenant_held=1,
    tenant_limit=None,
)


@pytest.mark.parametrize(
    ("changes", "reason", "cure"),
    [
        ({}, None, ""),
        ({"purchases": "Forbidden"}, reasons.PURCHASES_FORBIDDEN, "spec.limits.purchases"),
        ({"allowed_countries": ["US", "AR"]}, None, ""),
        ({"allowed_countries": ["AR"]}, reasons.COUNTRY_NOT_ALLOWED, "spec.limits.allowedCountries"),
        ({"allowed_countries": []}, reasons.COUNTRY_NOT_ALLOWED, "spec.limits.allowedCountries"),
        ({"allowed_countries": ["US"], "country": None}, reasons.COUNTRY_NOT_ALLOWED, "an unknown country"),
        ({"country": None}, None, ""),
        ({"account_limit": 4}, None, ""),
        ({"account_limit": 3}, reasons.NUMBER_LIMIT, "spec.limits.maxNumbers"),
        ({"tenant_limit": 2}, None, ""),
        ({"tenant_limit": 1}, reasons.NUMBER_LIMIT, "limits.numbers of its plan"),
        ({"tenant_limit": 0}, reasons.NUMBER_LIMIT, "limits.numbers"),
        ({"price": Decimal(99)}, None, ""),
        ({"price": Decimal("1.15"), "price_limit": Decimal("1.15")}, None, ""),
        ({"price": Decimal("1.16"), "price_limit": Decimal("1.15")}, reasons.PRICE_LIMIT, "1.16 a month exceeds"),
        ({"price_limit": Decimal("1.15")}, reasons.PRICE_LIMIT, "is unknown"),
    ],
)
def test_refusals(changes: dict[str, Any], reason: str | None, cure: str) -> None:
    """Each limit refuses with its own reason, names what to change, and is looked at again."""
    problem = refusal(replace(FREE, **changes))

    if reason is None:
        assert problem is None
        return
    assert isinstance(problem, Stalled)
    assert problem.reason == reason
    assert cure in problem.message
    assert problem.after


MONEY = st.none() | st.decimals(0, 100, places=2)


@given(
    price=MONEY,
    limit=MONEY,
    held=st.integers(0, 5),
    most=st.none() | st.integers(0, 5),
    countries=st.none() | st.lists(st.sampled_from(["US", "AR", "GB"])),
    country=st.none() | st.sampled_from(["US", "AR"]),
)
def test_what_is_bought_is_within_every_limit(
    price: Decimal | None,
    limit: Decimal | None,
    held: int,
    most: int | None,
    countries: list[str] | None,
    country: str | None,
) -> None:
    """No purchase passes that any one limit forbids, and none is refused that all limits allow."""
    given_ = replace(
        FREE, price=price, price_limit=limit, tenant_held=held, tenant_limit=most, allowed_countries=countries,
        country=country,
    )  # fmt: skip
    within = (
        (limit is None or (price is not None and price <= limit))
        and (most is None or held < most)
        and (countries is None or country in countries)
    )

    assert (refusal(given_) is None) is within


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("+13055550123", "US"),
        ("+541152720000", "AR"),
        ("+14165550123", "CA"),
        ("+80012345678", None),
        ("nonsense", None),
    ],
)
def test_country_of_a_number(number: str, country: str | None) -> None:
    """The country of a number is told where it is certain."""
    assert country_of(number) == country
