"""The part of a document about limits: ``limits`` (docs/limits.md), of tenant, plan and assistants together.

What the runtime takes only within bounds is brought within them, and ``unserved`` says so; both read the same tables.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from switchboard_operator.api import Assistant, Plan, Tenant
    from switchboard_operator.api.bot import LoopBreaker

CEILINGS = {
    "messagesPerMinute": ("messagesPerMinute", 100_000),
    "messagesPerDay": ("messagesPerDay", 1_000_000_000),
    "messagesPerMonth": ("messagesPerMonth", 1_000_000_000),
    "llmTokensPerDay": ("tokensPerDay", 1_000_000_000),
    "llmTokensPerMonth": ("tokensPerMonth", 1_000_000_000),
    "dailySpend": ("spendPerDay", 999_999_999),
    "monthlySpend": ("spendPerMonth", 999_999_999),
}
"""Ceilings by their name in YAML: that in the document, and the most that it takes."""

MONEY = frozenset({"dailySpend", "monthlySpend"})
SCOPES = {"perNumber": "number", "perContact": "contact"}
"""Whose ceilings they are, beside the tenant's own."""

COUNTS = {"concurrentConversations": 10_000, "backlog": 1_000_000}
"""Other numbers of the tenant's, and the most that the document takes."""

SERVED = frozenset({"numbers", *CEILINGS, *SCOPES, *COUNTS})


def limits_of(tenant: Tenant, plan: Plan, assistants: Sequence[Assistant]) -> dict[str, Any] | None:
    """All limits, the tighter of tenant and plan; None when nobody asks for any."""
    bot, both = tenant.spec.bot, (tenant.spec.limits.manifest(), plan.spec.limits.manifest())
    told: dict[str, Any] = {
        "tenant": _ceilings(both),
        **{there: _ceilings([each.get(name, {}) for each in both]) for name, there in SCOPES.items()},
        "assistants": _budgets(assistants),
        **{name: _count(both, name) for name in COUNTS},
        "loop": _loop(bot.loop_breaker) if bot.loop_breaker else None,
        "says": dict(bot.limit_reply) if bot.limit_reply else None,
    }
    told["contact"] = _with_spent(told["contact"], assistants)
    given = {name: part for name, part in told.items() if part}
    if not given:
        return None
    zone = bot.hours.time_zone if bot.hours else "UTC"
    return {"tenant": {}, "contact": {}, "currency": plan.spec.currency, "timezone": zone} | given


def tightest(values: Iterable[Any]) -> Any | None:
    """The least of those that are there."""
    return min((value for value in values if value is not None), default=None)


def _ceilings(given: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, int | Decimal] = {}
    for name, (there, most) in CEILINGS.items():
        value = tightest(Decimal(str(each[name])) for each in given if name in each)
        if value is not None:
            found[there] = min(value, Decimal(most)) if name in MONEY else max(1, min(most, int(value)))
    return {name: _told(value) for name, value in _days_within_months(found).items()}


def _days_within_months(found: dict[str, int | Decimal]) -> dict[str, int | Decimal]:
    """A day may have no more than its month, and never had."""
    months = {name: found.get(name.replace("PerDay", "PerMonth")) for name in found if name.endswith("PerDay")}
    return found | {name: min(found[name], month) for name, month in months.items() if month is not None}


def _with_spent(contact: dict[str, Any], assistants: Sequence[Assistant]) -> dict[str, Any]:
    """A contact's ceilings with what the tightest of the assistants lets them spend."""
    own = [Decimal(contact[name]) for name in ("spendPerDay", "spendPerMonth") if name in contact]
    spent = tightest(assistant.spec.limits.spend_per_contact_per_day for assistant in assistants)
    return contact if spent is None else contact | {"spendPerDay": _told(min(spent, *own) if own else spent)}


def _budgets(assistants: Sequence[Assistant]) -> dict[str, Any]:
    """What each assistant may spend, by name."""
    months = {assistant.name: assistant.spec.limits.spend_per_month for assistant in assistants}
    return {name: {"spendPerMonth": _told(most)} for name, most in sorted(months.items()) if most is not None}


def _count(given: Iterable[Mapping[str, Any]], name: str) -> int | None:
    value = tightest(each.get(name) for each in given)
    return None if value is None else max(1, min(COUNTS[name], value))


def _loop(breaker: LoopBreaker) -> dict[str, Any]:
    told = {
        "enabled": breaker.enabled,
        "exchanges": breaker.exchanges,
        "withinSeconds": breaker.within.total_seconds() if breaker.within else None,
        "repeats": breaker.repeats,
        "silenceSeconds": breaker.silence.total_seconds() if breaker.silence else None,
    }
    return {name: value for name, value in told.items() if value is not None}


def _told(value: int | Decimal) -> Any:
    """Money is a text, so that it stays exact."""
    return format(value, "f") if isinstance(value, Decimal) else value
