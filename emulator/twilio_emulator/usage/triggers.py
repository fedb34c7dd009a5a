"""Usage triggers: the customer's URL is called when what was used reaches a value.

A trigger is looked at on the minute after something was used, and on the minute after it was made, so an idle
emulator has no timer for it. One that recurs fires once a period and is armed again when the next begins (GMT).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from twilio_emulator.dates import rfc2822
from twilio_emulator.models import WebhookKind
from twilio_emulator.usage.categories import category_of
from twilio_emulator.usage.money import decimal_text
from twilio_emulator.usage.periods import EPOCH, Period, Span, day_of, periods
from twilio_emulator.usage.records import Records, whose
from twilio_emulator.webhooks.queue import enqueue

if TYPE_CHECKING:
    from twilio_emulator.core import Core
    from twilio_emulator.models import Account, Record

__all__ = ["KIND", "Watched", "current_value", "evaluate", "look_at_triggers", "record_uri", "watch"]

KIND = "usage-trigger"
ARMED = "armed"
FIRED = "fired"
_MINUTE = 60
_SPANS = {"daily": Span.DAY, "monthly": Span.MONTH, "yearly": Span.YEAR}
_LISTS = {"daily": "Records/Daily", "monthly": "Records/Monthly", "yearly": "Records/Yearly"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """What a trigger looks at.

    Attributes:
        category: the usage category.
        field: ``count``, ``usage`` or ``price``.
        recurring: ``daily``, ``monthly``, ``yearly``; ``alltime`` and ``""`` never begin anew.
    """

    category: str
    field: str
    recurring: str

    @classmethod
    def by(cls, trigger: Record) -> Watched:
        """Return what a trigger looks at."""
        data = trigger.data
        return cls(
            category=str(data["usage_category"]), field=str(data["trigger_by"]), recurring=str(data["recurring"])
        )

    def period(self, today: date) -> Period:
        """Return the period that today is in."""
        span = _SPANS.get(self.recurring)
        if span == Span.YEAR:
            first = today.replace(month=1, day=1)
        elif span == Span.MONTH:
            first = today.replace(day=1)
        else:
            first = today if span else EPOCH
        return Period(first=first, last=today)


def watch(core: Core, account: Account, watched: Watched, *, now: float) -> Decimal:
    """Return what the account, a parent with its subaccounts, used in the present period."""
    sid = whose(account, with_subaccounts=True)
    period = watched.period(day_of(now))
    record = Records(core, sid, [period], [category_of(watched.category)])[0]
    return record.sums.value(watched.field, watched.category)


def current_value(core: Core, trigger: Record, *, now: float) -> str:
    """Return what a trigger's watched value is now, as text."""
    account = core.store.accounts.require(trigger.account_sid)
    return decimal_text(watch(core, account, Watched.by(trigger), now=now))


def next_minute(now: float) -> float:
    """Return the first full minute after a moment."""
    return (math.floor(now / _MINUTE) + 1) * float(_MINUTE)


def look_at_triggers(core: Core, account_sid: str, *, now: float) -> None:
    """Have the triggers of an account and of its parent evaluated on the next minute: something was used."""
    owner = core.store.accounts.require(account_sid).owner_sid
    for sid in {account_sid, owner}:
        for trigger in core.store.records.where(KIND, account_sid=sid, status=ARMED):
            if trigger.next_at is None:
                core.store.records.change(trigger, next_at=next_minute(now))


def evaluate(core: Core, trigger: Record, now: float) -> None:
    """Fire a trigger whose value is reached; arm one whose period is over."""
    account = core.store.accounts.require(trigger.account_sid)
    watched = Watched.by(trigger)
    value = watch(core, account, watched, now=now)
    if value < Decimal(str(trigger.data["trigger_value"])):
        core.store.records.change(trigger, status=ARMED)
        return
    _call(core, trigger, watched, value, now=now)
    core.store.records.change(
        trigger, status=FIRED, data={"date_fired": now}, next_at=_next_period(watched, day_of(now))
    )


def record_uri(trigger: Record, recurring: str = "") -> str:
    """Return where the records are that a trigger watches: of its period when it recurs."""
    name = _LISTS.get(recurring, "Records")
    category = trigger.data["usage_category"]
    return f"/2010-04-01/Accounts/{trigger.account_sid}/Usage/{name}.json?Category={category}"


def _call(core: Core, trigger: Record, watched: Watched, value: Decimal, *, now: float) -> None:
    begins = watched.period(day_of(now)).first if watched.recurring in _SPANS else day_of(now)
    params = [
        ("AccountSid", trigger.account_sid),
        ("UsageTriggerSid", trigger.sid),
        ("Recurring", watched.recurring),
        ("UsageCategory", watched.category),
        ("TriggerBy", watched.field),
        ("TriggerValue", str(trigger.data["trigger_value"])),
        ("CurrentValue", decimal_text(value)),
        ("DateFired", rfc2822(now)),
        ("UsageRecordUri", record_uri(trigger, watched.recurring)),
        ("IdempotencyToken", f"{trigger.account_sid}-FIRES-{trigger.sid}-{begins.isoformat()}"),
    ]
    enqueue(
        core,
        kind=WebhookKind.USAGE,
        account_sid=trigger.account_sid,
        resource_sid=trigger.sid,
        url=str(trigger.data["callback_url"]),
        method=str(trigger.data["callback_method"]),
        params=params,
        now=now,
    )


def _next_period(watched: Watched, today: date) -> float | None:
    """Return when the next period begins; None for a trigger that fires but once."""
    span = _SPANS.get(watched.recurring)
    if span is None:
        return None
    whole = Period(first=today, last=today + timedelta(days=366))
    begins = periods(whole, span)[-1].last + timedelta(days=1)
    return datetime(begins.year, begins.month, begins.day, tzinfo=UTC).timestamp()
