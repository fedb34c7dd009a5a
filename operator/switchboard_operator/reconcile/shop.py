"""Which number to buy, and whether it may be bought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from switchboard_operator import reasons
from switchboard_operator.desired import countries, names
from switchboard_operator.errors import Stalled
from switchboard_operator.ports import Ref, Search
from switchboard_operator.reconcile.intents import parse_intent
from switchboard_operator.reconcile.purchase import Purchase, refusal

if TYPE_CHECKING:
    from switchboard_operator.api import BotNumber, Tenant, TwilioAccount
    from switchboard_operator.ports import Parent, Twilio
    from switchboard_operator.reconcile.accounts import Reader

_LATER = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """Chooses numbers within the limits.

    Attributes:
        twilio: its inventory and prices.
        reader: counts what is held already.
    """

    twilio: Twilio
    reader: Reader

    async def choose(
        self,
        number: BotNumber,
        owner: TwilioAccount,
        parent: Parent,
        tenant: Tenant,
        *,
        account_sid: str,
        again: str | None = None,
    ) -> str:
        """The exact number to buy.

        Args:
            number: what is asked for.
            owner: whose limits hold.
            parent: who asks Twilio.
            tenant: whose limits hold too.
            account_sid: the subaccount that will hold it.
            again: a number that was chosen for this very manifest before.

        Raises:
            Stalled: the money guard refuses, or nothing fits.
        """
        await self._guard(number, owner, parent, tenant)
        if number.spec.phone_number or again:
            return number.spec.phone_number or again or ""
        wanted = number.spec.search
        if wanted is None:
            raise Stalled(reasons.NUMBER_MISSING, "spec.externalName is not held by the subaccount or its parent")
        search = Search(
            country=wanted.country,
            type=wanted.type,
            area_code=wanted.area_code,
            contains=wanted.contains,
            capabilities=tuple(wanted.capabilities or ()),
        )
        offers = await self.twilio.search_numbers(parent, account_sid, search)
        taken = {intent_subject(other) for other in self.reader.all("BotNumber")}
        free = [offer for offer in offers if offer not in taken]
        if not free:
            raise Stalled(
                reasons.NO_INVENTORY, "spec.search: Twilio offers no number that fits; widen it", after=_LATER
            )
        return free[0]

    async def _guard(self, number: BotNumber, owner: TwilioAccount, parent: Parent, tenant: Tenant) -> None:
        limits = owner.spec.limits
        search = number.spec.search
        country = search.country if search else countries.country_of(number.spec.phone_number or "")
        price = None
        if limits.max_monthly_price_per_number is not None and country is not None:
            kind = search.type if search else "Local"
            price = await self.twilio.monthly_price(parent, country=country, type_=kind)
        purchase = Purchase(
            account=owner.name,
            purchases=limits.purchases,
            allowed_countries=limits.allowed_countries,
            country=country,
            account_held=self._held_by_account(number, owner),
            account_limit=limits.max_numbers,
            tenant_held=self._held_by_tenant(number),
            tenant_limit=self._tenant_limit(tenant),
            price=price,
            price_limit=limits.max_monthly_price_per_number,
        )
        problem = refusal(purchase)
        if problem is not None:
            raise problem

    def _held_by_tenant(self, number: BotNumber) -> int:
        key = f"{number.namespace}/{number.spec.tenant_ref.name}"
        return sum(held_or_intended(n) for n in self.reader.find("BotNumber", "tenant", key) if n.uid != number.uid)

    def _held_by_account(self, number: BotNumber, owner: TwilioAccount) -> int:
        if owner.spec.limits.max_numbers is None:
            return 0
        tenants = self.reader.find("Tenant", "account", owner.name)
        keys = {f"{tenant.namespace}/{tenant.name}" for tenant in tenants}
        return sum(
            held_or_intended(other)
            for key in keys
            for other in self.reader.find("BotNumber", "tenant", key)
            if other.uid != number.uid
        )

    def _tenant_limit(self, tenant: Tenant) -> int | None:
        plan = self.reader.get(Ref("Plan", "", tenant.spec.plan_ref.name))
        limits = [tenant.spec.limits.numbers, plan.spec.limits.numbers if plan else None]
        known = [limit for limit in limits if limit is not None]
        return min(known) if known else None


def held_or_intended(number: Any) -> bool:
    """Whether a BotNumber holds a number or is about to buy one."""
    return bool(number.status.sid) or names.PENDING in number.metadata.annotations


def intent_subject(number: Any) -> str:
    """The number that a BotNumber holds or is about to buy."""
    pending = number.metadata.annotations.get(names.PENDING)
    return number.status.phone_number or (parse_intent(pending)[1] if pending else "")
