"""The parts of a document about how a bot behaves: bursts, hours, words and retention, of tenant and plan together.

Each part is left out where nobody asks for it. What the runtime takes only within bounds is brought within them, and
``unserved`` says so; both read the same tables.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from switchboard_operator import reasons
from switchboard_operator.desired.ceilings import limits_of, tightest
from switchboard_operator.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from switchboard_operator.api import Assistant, Plan, Tenant
    from switchboard_operator.api.bot import Bot, ContentTemplate, Handoff, Hours, OptOut, TimeSpan, WhatsAppMessages

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
        "limits": limits_of(tenant, plan, assistants),
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


def _retention(tenant: Tenant, plan: Plan) -> dict[str, Any] | None:
    own, given = tenant.spec.retention, plan.spec.retention
    kept = {"messages": tightest([own.messages, given.messages]), "contacts": tightest([own.contacts, given.contacts])}
    told = {name: max(time, SHORTEST_RETENTION).total_seconds() for name, time in kept.items() if time is not None}
    return told or None
