"""The parts of a document about how a bot behaves: bursts, hours, limits and retention, of tenant and plan together.

Each part is left out where nobody asks for it. What the runtime takes only within bounds is brought within them, and
``unserved`` says so; both read the same tables.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from switchboard_operator import reasons
from switchboard_operator.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from switchboard_operator.api import Assistant, Plan, Tenant
    from switchboard_operator.api.bot import Bot, ContentTemplate, Handoff, Hours, OptOut, TimeSpan, WhatsAppMessages

LIMITS = {
    "messagesPerMinute": ("messagesPerMinute", 100_000),
    "messagesPerDay": ("messagesPerDay", 1_000_000_000),
    "llmTokensPerMonth": ("tokensPerMonth", 1_000_000_000),
    "monthlySpend": ("spendPerMonth", 999_999_999),
}
"""Limits of a tenant by their name in YAML: that in the document's ``limits.tenant``, and the most that it takes."""

SERVED_LIMITS = frozenset({"numbers", "concurrentConversations", *LIMITS})
MOST_CONVERSATIONS = 10_000
SERVED_RETENTION = ("messages", "contacts")
SHORTEST_RETENTION = timedelta(hours=24)
_DAYS = {
    "Mon": "monday",
    "Tue": "tuesday",
    "Wed": "wednesday",
    "Thu": "thursday",
    "Fri": "friday",
    "Sat": "saturday",
    "Sun": "sunday",
}


def behaviour_of(tenant: Tenant, plan: Plan, assistants: Sequence[Assistant]) -> dict[str, Any]:
    """The parts that are asked for, by their name in the document.

    Raises:
        Invalid: TimeZoneUnknown.
    """
    bot = tenant.spec.bot
    parts: dict[str, Any] = {
        "burstSeconds": bot.burst.total_seconds() if bot.burst else None,
        "bubbleSeconds": None if bot.bubble_timeout is None else bot.bubble_timeout.total_seconds(),
        "contacts": bot.contacts.manifest() if bot.contacts else None,
        "hours": _hours(bot.hours) if bot.hours else None,
        "optOut": _opt_out(bot.opt_out) if bot.opt_out else None,
        "whatsapp": _whatsapp(bot.whatsapp) if bot.whatsapp else None,
        "content": _content(bot.whatsapp) if bot.whatsapp else None,
        "limits": _limits(tenant, plan, assistants),
        "retention": _retention(tenant, plan),
    }
    return {name: part for name, part in parts.items() if part is not None}


def handoff_of(handoff: Handoff) -> dict[str, Any]:
    """When the bot gives way to a person, and until when."""
    after = {} if handoff.return_after is None else {"returnAfter": handoff.return_after.total_seconds()}
    return {"keywords": list(handoff.keywords), **after}


def template_names(bot: Bot) -> frozenset[str]:
    """The content templates that rules of scripts may name."""
    templates = bot.whatsapp.templates if bot.whatsapp else None
    return frozenset(one.name for one in templates or ())


def tightest(values: Iterable[Any]) -> Any | None:
    """The least of those that are there."""
    return min((value for value in values if value is not None), default=None)


def _hours(hours: Hours) -> dict[str, Any]:
    try:
        ZoneInfo(hours.time_zone)
    except (ValueError, OSError, LookupError):
        raise Invalid(
            reasons.TIME_ZONE_UNKNOWN,
            f"spec.bot.hours.timeZone: {hours.time_zone!r} is no time zone of the IANA list; write one such as "
            "America/Argentina/Buenos_Aires",
        ) from None
    weekly: dict[str, list[TimeSpan]] = {}
    for span in hours.weekly:
        for day in span.days:
            weekly.setdefault(_DAYS[day], []).append(span)
    special = [{"date": one.date, "ranges": _ranges(one.ranges or ())} for one in hours.exceptions or ()]
    return {
        "timezone": hours.time_zone,
        "weekly": {day: _ranges(spans) for day, spans in sorted(weekly.items())},
        **({"exceptions": sorted(special, key=lambda one: str(one["date"]))} if special else {}),
        "outside": hours.outside,
        "away": dict(hours.away) if hours.away else None,
    }


def _ranges(spans: Iterable[TimeSpan]) -> list[dict[str, str]]:
    return sorted(({"from": span.from_, "to": span.to} for span in spans), key=lambda span: span["from"])


def _opt_out(opt_out: OptOut) -> dict[str, Any]:
    words = {"stop": opt_out.stop, "start": opt_out.start, "help": opt_out.help}
    said = {"stopReply": opt_out.stop_reply, "startReply": opt_out.start_reply, "helpReply": opt_out.help_reply}
    return {
        **{name: list(given) for name, given in words.items() if given},
        **{name: dict(given) for name, given in said.items() if given},
    }


def _whatsapp(messages: WhatsAppMessages) -> dict[str, Any] | None:
    template = messages.reopen_template
    return None if template is None else {"reopenTemplate": _template(template)}


def _content(messages: WhatsAppMessages) -> dict[str, Any] | None:
    return {one.name: _template(one) for one in messages.templates or ()} or None


def _template(template: ContentTemplate) -> dict[str, Any]:
    return {"sid": dict(template.sid), "variables": dict(template.variables or {})}


def _limits(tenant: Tenant, plan: Plan, assistants: Sequence[Assistant]) -> dict[str, Any] | None:
    own, given = tenant.spec.limits.manifest(), plan.spec.limits.manifest()
    ceilings: dict[str, Any] = {}
    for name, (there, most) in LIMITS.items():
        values = [Decimal(str(each[name])) for each in (own, given) if name in each]
        if values:
            ceilings[there] = _within(min(values), most, money=name == "monthlySpend")
    spent = tightest(assistant.spec.limits.spend_per_contact_per_day for assistant in assistants)
    conversations = tightest(each.get("concurrentConversations") for each in (own, given))
    budgets = {one.name: {"spendPerMonth": format(most, "f")} for one, most in _budgets(assistants)}
    if not ceilings and spent is None and conversations is None and not budgets:
        return None
    hours = tenant.spec.bot.hours
    told: dict[str, Any] = {
        "tenant": ceilings,
        "contact": {} if spent is None else {"spendPerDay": format(spent, "f")},
        "currency": plan.spec.currency,
        "timezone": hours.time_zone if hours else "UTC",
        **({"assistants": budgets} if budgets else {}),
    }
    if conversations is not None:
        told["concurrentConversations"] = max(1, min(MOST_CONVERSATIONS, conversations))
    return told


def _budgets(assistants: Sequence[Assistant]) -> Iterator[tuple[Assistant, Decimal]]:
    for assistant in sorted(assistants, key=lambda one: one.name):
        if assistant.spec.limits.spend_per_month is not None:
            yield assistant, assistant.spec.limits.spend_per_month


def _within(value: Decimal, most: int, *, money: bool) -> int | str:
    if money:
        return format(min(value, Decimal(most)), "f")
    return max(1, min(most, int(value)))


def _retention(tenant: Tenant, plan: Plan) -> dict[str, Any] | None:
    own, given = tenant.spec.retention, plan.spec.retention
    kept = {"messages": tightest([own.messages, given.messages]), "contacts": tightest([own.contacts, given.contacts])}
    told = {name: max(time, SHORTEST_RETENTION).total_seconds() for name, time in kept.items() if time is not None}
    return told or None
