"""Usage triggers: ``/2010-04-01/Accounts/{AccountSid}/Usage/Triggers``."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from twilio_emulator.calls import Answer, Call, Json, Route
from twilio_emulator.dates import rfc2822
from twilio_emulator.errors import invalid
from twilio_emulator.paging import uri_page, window_of
from twilio_emulator.usage.categories import is_category
from twilio_emulator.usage.money import decimal_text
from twilio_emulator.usage.triggers import ARMED, KIND, Watched, current_value, next_minute, record_uri, watch
from twilio_emulator.webhooks.payloads import API_VERSION

if TYPE_CHECKING:
    from twilio_emulator.models import Record

__all__ = ["ROUTES"]

_FILTERS = ("Recurring", "TriggerBy", "UsageCategory")
_RECURRING = ("daily", "monthly", "yearly", "alltime")
_FIELDS = ("count", "usage", "price")
_VALUE = re.compile(r"\+?[0-9]{1,12}(\.[0-9]{1,9})?")
_MOST = 1000


def create(call: Call) -> Answer:
    """Make a trigger; it is looked at on the next full minute."""
    watched = Watched(
        category=_category(call, required=True),
        field=call.params.choice("TriggerBy", _FIELDS) or "usage",
        recurring=call.params.choice("Recurring", ("", *_RECURRING)) or "",
    )
    data = {**_changes(call), **_value(call, watched)}
    if not data.get("callback_url"):
        raise invalid("CallbackUrl", "give an absolute http or https URL")
    if len(call.core.store.records.where(KIND, account_sid=call.account.sid)) >= _MOST:
        raise invalid("UsageTrigger", f"an account may have at most {_MOST}")
    trigger = call.core.store.records.add(
        KIND,
        sid=call.core.sids.sid("UT"),
        account_sid=call.account.sid,
        now=call.now,
        data={"callback_method": "POST", "friendly_name": "", "date_fired": None, **data},
        status=ARMED,
        next_at=next_minute(call.now),
    )
    return Answer(status=201, body=_render(call, trigger))


def list_(call: Call) -> Answer:
    """List the account's triggers, newest first."""
    window = window_of(call.params)
    wanted = {
        "recurring": call.params.choice("Recurring", ("", *_RECURRING)),
        "trigger_by": call.params.choice("TriggerBy", ("", *_FIELDS)),
        "usage_category": _category(call, required=False),
    }
    conditions: list[tuple[str, object]] = [("account_sid = ?", call.account.sid)]
    conditions += [(f"json_extract(data, '$.{name}') = ?", value) for name, value in wanted.items() if value]
    found = call.core.store.records.page(KIND, conditions, window)
    body = uri_page(call, "usage_triggers", found, window, lambda one: _render(call, one), filters=_FILTERS)
    return Answer(body=body)


def fetch(call: Call) -> Answer:
    """Return one trigger."""
    return Answer(body=_render(call, _named(call)))


def update(call: Call) -> Answer:
    """Change a trigger's name or where it calls; what it watches cannot be changed."""
    trigger = _named(call)
    changes = _changes(call)
    if changes.get("callback_url") == "":
        raise invalid("CallbackUrl", "give an absolute http or https URL")
    return Answer(body=_render(call, call.core.store.records.change(trigger, now=call.now, data=changes)))


def delete(call: Call) -> Answer:
    """Delete a trigger."""
    call.core.store.records.delete(_named(call))
    return Answer(status=204)


def _changes(call: Call) -> dict[str, object]:
    """Return what the call sets of what can be changed later."""
    given = {
        "callback_url": call.params.url("CallbackUrl", code=20001),
        "callback_method": call.params.method("CallbackMethod"),
        "friendly_name": call.params.text("FriendlyName", longest=64),
    }
    return {name: value for name, value in given.items() if value is not None}


def _category(call: Call, *, required: bool) -> str:
    name = call.params.text("UsageCategory") or ""
    if (required or name) and not is_category(name):
        raise invalid("UsageCategory", "it must be a usage category such as totalprice")
    return name


def _value(call: Call, watched: Watched) -> dict[str, object]:
    """Return what is watched and at what value it fires: as given, or so much more than the value is now."""
    text = (call.params.text("TriggerValue") or "").strip()
    if not _VALUE.fullmatch(text):
        raise invalid("TriggerValue", "it must be a number such as 30, or +30 for so much more than now")
    if text.startswith("+"):
        text = decimal_text(watch(call.core, call.account, watched, now=call.now) + Decimal(text))
    return {
        "trigger_value": text,
        "usage_category": watched.category,
        "trigger_by": watched.field,
        "recurring": watched.recurring,
    }


def _named(call: Call) -> Record:
    trigger = call.core.store.records.find(KIND, call.ids["Sid"])
    if trigger is None or trigger.account_sid != call.account.sid:
        raise call.not_found()
    return trigger


def _render(call: Call, trigger: Record) -> Json:
    data, fired = trigger.data, trigger.data["date_fired"]
    return {
        "account_sid": trigger.account_sid,
        "api_version": API_VERSION,
        "callback_method": data["callback_method"],
        "callback_url": data["callback_url"],
        "current_value": current_value(call.core, trigger, now=call.now),
        "date_created": rfc2822(trigger.created),
        "date_fired": rfc2822(fired) if isinstance(fired, int | float) else None,
        "date_updated": rfc2822(trigger.updated),
        "friendly_name": data["friendly_name"],
        "recurring": data["recurring"] or None,
        "sid": trigger.sid,
        "trigger_by": data["trigger_by"],
        "trigger_value": data["trigger_value"],
        "uri": f"{_BASE.format(AccountSid=trigger.account_sid)}/{trigger.sid}.json",
        "usage_category": data["usage_category"],
        "usage_record_uri": record_uri(trigger),
    }


_BASE = "/2010-04-01/Accounts/{AccountSid}/Usage/Triggers"
_ONE = f"{_BASE}/{{Sid}}.json"

ROUTES = (
    Route("POST", "api", f"{_BASE}.json", create),
    Route("GET", "api", f"{_BASE}.json", list_),
    Route("GET", "api", _ONE, fetch),
    Route("POST", "api", _ONE, update),
    Route("DELETE", "api", _ONE, delete),
)
