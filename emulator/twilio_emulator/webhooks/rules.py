"""What a customer ordered for the webhooks to some URL: ``webhooks.twilio.com/v1/Webhooks``.

A rule matches the URL of a webhook and names a setting, a setting names a shared key and has time-outs and retries. A
rule is written at once, and works once its operation is completed: Twilio takes 30 to 60 seconds to tell all regions,
here it is ``review_delay``. Exact rules win over prefixes and the longer prefix over the shorter; then comes the
default rule. Without a rule nothing of this applies (twilio.com/docs/usage/webhooks/webhook-configuration-faq).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urldefrag

from twilio_emulator.models import WebhookKind
from twilio_emulator.webhooks.overrides import Overrides
from twilio_emulator.webhooks.signing import SharedKey

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twilio_emulator.core import Core
    from twilio_emulator.models import Record, Webhook

__all__ = [
    "KEY",
    "OPERATION",
    "RULE",
    "SETTING",
    "MatchType",
    "Orders",
    "change_rule",
    "delete_rule",
    "finish",
    "match_key",
    "new_id",
    "orders_for",
]

KEY, SETTING, RULE, OPERATION = "webhook-key", "webhook-setting", "webhook-rule", "webhook-operation"
"""Kinds of record."""
_SINK = Overrides(read_timeout=5.0, total_timeout=5.0, retries=0)
"""Event Streams takes no connection overrides; what it sends again, it sends again for hours."""
_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_POLICIES = {"CONNECTION_TIMEOUT": "ct", "READ_TIMEOUT": "rt", "HTTP_4XX": "4xx", "HTTP_5XX": "5xx", "ALL": "all"}


class MatchType:
    """How a rule finds its URLs."""

    EXACT = "EXACT_MATCH"
    PREFIX = "PREFIX_MATCH"
    DEFAULT = "DEFAULT"


@dataclass(frozen=True, kw_only=True, slots=True)
class Orders:
    """How one webhook is delivered.

    Attributes:
        overrides: time-outs and retries.
        shared_key: what signs it instead of the account's primary auth token.
        headers: added to the request, such as ``Authorization``.
    """

    overrides: Overrides
    shared_key: SharedKey | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def new_id(core: Core, kind: str) -> str:
    """Return an identifier such as ``webhooks_rule_01h…``: 26 digits to base 32."""
    number, digits = int(core.sids.token(), 16), ""
    for _ in range(26):
        number, digit = divmod(number, 32)
        digits = _DIGITS[digit] + digits
    return f"webhooks_{kind}_{digits}"


def orders_for(core: Core, webhook: Webhook, url: str) -> Orders:
    """Return how a webhook to a URL is delivered: as a rule says, else as the URL's own fragment does."""
    plain = Orders(overrides=_SINK if webhook.kind == WebhookKind.EVENTS else Overrides.parse(url))
    setting = _setting_for(core, webhook, urldefrag(url).url)
    if setting is None:
        return plain
    orders = replace(plain, overrides=_overrides(setting.data.get("connection")) or plain.overrides)
    if authorization := setting.data.get("secretAuthorization"):
        orders = replace(orders, headers={"Authorization": str(authorization)})
    key = core.store.records.find(KEY, setting.key)
    if key is None:
        return orders
    return replace(orders, shared_key=SharedKey(id=key.sid, secret=str(key.data["secret"])))


def change_rule(core: Core, rule: Record, wanted: Mapping[str, object], *, now: float) -> Record:
    """Write a rule, which works once the operation returned is completed."""
    core.store.records.change(rule, now=now, key=match_key(wanted), data={**wanted, "deleted": False})
    return _operate(core, rule, now=now)


def delete_rule(core: Core, rule: Record, *, now: float) -> Record:
    """Delete a rule, which works until the operation returned is completed."""
    core.store.records.change(rule, now=now, key="", data={"deleted": True})
    return _operate(core, rule, now=now)


def finish(core: Core, operation: Record, now: float) -> None:
    """Complete an operation: what the rule says by now holds for webhooks from here on."""
    core.store.records.change(operation, now=now, status="COMPLETED")
    rule = core.store.records.find(RULE, operation.parent_sid)
    if rule is None:
        return
    if rule.data["deleted"]:
        core.store.records.delete(rule)
        return
    names = ("matchType", "value", "prefix", "settings")
    core.store.records.change(rule, data={"live": {name: rule.data.get(name) for name in names}})


def match_key(wanted: Mapping[str, object]) -> str:
    """Return what no two rules of an account may share."""
    return f"{wanted['matchType']} {wanted.get('value') or wanted.get('prefix') or ''}"


def _operate(core: Core, rule: Record, *, now: float) -> Record:
    return core.store.records.add(
        OPERATION,
        sid=new_id(core, "operation"),
        account_sid=rule.account_sid,
        parent_sid=rule.sid,
        status="RUNNING",
        now=now,
        next_at=now + core.settings.review_delay,
    )


def _setting_for(core: Core, webhook: Webhook, url: str) -> Record | None:
    rules = [
        cast("dict[str, Any]", rule.data["live"])
        for rule in core.store.records.where(RULE, account_sid=webhook.account_sid)
        if rule.data.get("live")
    ]
    matching = sorted((rule for rule in rules if _matches(rule, url)), key=_rank)
    if not matching:
        return None
    drawn = int(webhook.token, 16) % 100
    for part in matching[0]["settings"]:
        if drawn < part["percentage"]:
            return core.store.records.find(SETTING, part["settingId"])
        drawn -= part["percentage"]
    return None


def _matches(rule: Mapping[str, Any], url: str) -> bool:
    if rule["matchType"] == MatchType.EXACT:
        return bool(url == rule["value"])
    return rule["matchType"] == MatchType.DEFAULT or url.startswith(rule["prefix"])


def _rank(rule: Mapping[str, Any]) -> tuple[int, int]:
    order = (MatchType.EXACT, MatchType.PREFIX, MatchType.DEFAULT).index(rule["matchType"])
    return order, -len(rule["value"] or rule["prefix"] or "")


def _overrides(connection: object) -> Overrides | None:
    if not isinstance(connection, dict):
        return None
    retry = connection["retryPolicy"]
    return Overrides(
        connect_timeout=connection["connectTimeoutMs"] / 1000,
        read_timeout=connection["readTimeoutMs"] / 1000,
        total_timeout=connection["totalTimeoutMs"] / 1000,
        retries=retry["retryCount"],
        policy=frozenset(_POLICIES[name] for name in retry["retryOn"]),
    )
