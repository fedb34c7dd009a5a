"""Usage records: ``/2010-04-01/Accounts/{AccountSid}/Usage/Records`` and its lists by period.

A list has every category the emulator accounts for, those not used at zero; one that is asked for by name is there in
any case. The lists by day, month and year reach from the account's first day to today, latest first.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from twilio_emulator.calls import Answer, Call, Json, Route
from twilio_emulator.dates import iso8601
from twilio_emulator.errors import invalid
from twilio_emulator.paging import uri_page, window_of
from twilio_emulator.store import Slice
from twilio_emulator.usage.categories import CATEGORIES, category_of, is_category
from twilio_emulator.usage.periods import Period, Span, day_of, parse_day, periods
from twilio_emulator.usage.records import Records, whose
from twilio_emulator.webhooks.payloads import API_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from twilio_emulator.usage.categories import Category
    from twilio_emulator.usage.records import Record

__all__ = ["ROUTES"]

_FILTERS = ("Category", "StartDate", "EndDate", "IncludeSubaccounts")
_NAMES: Mapping[str, str] = {
    "all_time": "AllTime",
    "daily": "Daily",
    "last_month": "LastMonth",
    "monthly": "Monthly",
    "this_month": "ThisMonth",
    "today": "Today",
    "yearly": "Yearly",
    "yesterday": "Yesterday",
}


def _this_month(today: date) -> Period:
    return Period(first=today.replace(day=1), last=today)


def _last_month(today: date) -> Period:
    last = today.replace(day=1) - timedelta(days=1)
    return Period(first=last.replace(day=1), last=last)


def _yesterday(today: date) -> Period:
    day = today - timedelta(days=1)
    return Period(first=day, last=day)


_FIXED: Mapping[str, Callable[[date], Period]] = {
    "LastMonth": _last_month,
    "ThisMonth": _this_month,
    "Today": lambda today: Period(first=today, last=today),
    "Yesterday": _yesterday,
}
_SPANS = {"Daily": Span.DAY, "Monthly": Span.MONTH, "Yearly": Span.YEAR}


def list_(call: Call, *, name: str) -> Answer:
    """List what was used, by period and category; ``name`` is that of the list, ``""`` for the plain one."""
    window = window_of(call.params)
    with_subaccounts = call.params.boolean("IncludeSubaccounts")
    records = Records(
        call.core,
        whose(call.account, with_subaccounts=with_subaccounts is not False),
        _periods(call, name),
        _categories(call),
    )
    render = partial(_render, call, name)
    found = Slice.of(records, window)
    return Answer(body=uri_page(call, "usage_records", found, window, render, filters=_FILTERS))


def _categories(call: Call) -> list[Category]:
    name = call.params.text("Category")
    if not name:
        return list(CATEGORIES.values())
    if not is_category(name):
        raise invalid("Category", "it must be a usage category such as sms-outbound")
    return [category_of(name)]


def _periods(call: Call, name: str) -> list[Period]:
    """Return the periods of a list, latest first."""
    today, made = day_of(call.now), day_of(call.account.created)
    first, last = _day(call, "StartDate", today), _day(call, "EndDate", today)
    if first and last and last < first:
        raise invalid("EndDate", "it must not be before StartDate")
    if fixed := _FIXED.get(name):
        found = fixed(today).within(first, last)
        return [found] if found else []
    if span := _SPANS.get(name):
        whole = Period(first=made, last=today).within(first, last)
        return periods(whole, span) if whole else []
    ends = last or max(today, first or today)
    return [Period(first=first or min(made, ends), last=ends)]


def _day(call: Call, name: str, today: date) -> date | None:
    text = call.params.text(name)
    if not text:
        return None
    try:
        return parse_day(text, today)
    except ValueError as error:
        raise invalid(name, "it must be a day such as 2026-11-21, or an offset such as -30days") from error


def _render(call: Call, name: str, record: Record) -> Json:
    category, period = record.category, record.period
    base = f"/2010-04-01/Accounts/{call.account.sid}/Usage/Records"
    days = f"StartDate={period.first.isoformat()}&EndDate={period.last.isoformat()}"
    return {
        "account_sid": call.account.sid,
        "api_version": API_VERSION,
        "as_of": iso8601(call.now).replace("Z", "+00:00"),
        "category": category.name,
        "count": record.count,
        "count_unit": category.count_unit,
        "description": category.description,
        "end_date": period.last.isoformat(),
        "price": record.price,
        "price_unit": "usd",
        "start_date": period.first.isoformat(),
        "subresource_uris": {key: f"{base}/{part}.json?Category={category.name}" for key, part in _NAMES.items()},
        "uri": f"{base}{name and '/'}{name}.json?Category={category.name}&{days}",
        "usage": record.usage,
        "usage_unit": category.usage_unit,
    }


_LIST = "/2010-04-01/Accounts/{AccountSid}/Usage/Records"

ROUTES = (
    Route("GET", "api", f"{_LIST}.json", partial(list_, name="")),
    *(Route("GET", "api", f"{_LIST}/{name}.json", partial(list_, name=name)) for name in _NAMES.values()),
)
