"""An order as the admin API gives it: JSON in, checked field by field; a refusal names the field and the cure."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from twilio_emulator.errors import AdminError
from twilio_emulator.faults.orders import (
    API_KINDS,
    WEBHOOK_KINDS,
    ApiSelector,
    Budget,
    Effect,
    FaultKind,
    Order,
    Target,
    WebhookSelector,
    When,
)
from twilio_emulator.faults.presets import PRESETS
from twilio_emulator.models import WebhookKind

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["DEFAULT_CODES", "FIELDS", "read_order"]

_REDIRECTIONS = frozenset({301, 302, 303, 307, 308})
DEFAULT_CODES = {400: 20001, 401: 20003, 403: 20403, 404: 20404, 409: 20409, 429: 20429, 503: 20503}
_BUDGET = ("count", "skip", "probability", "seed", "forSeconds")
_SELECTORS: Mapping[Target, tuple[str, ...]] = {
    Target.API: ("method", "path", "host", "account", "credential"),
    Target.WEBHOOK: ("webhook", "url", "account"),
}
_SPAN = ("seconds", "minSeconds", "maxSeconds")
_OWN: Mapping[FaultKind, tuple[str, ...]] = {
    FaultKind.STATUS: ("when", "status", "code", "html", "retryAfter"),
    FaultKind.DROP: ("when",),
    FaultKind.RESET: ("when",),
    FaultKind.HANG: ("when",),
    FaultKind.CONCURRENCY: ("limit", "retryAfter"),
    FaultKind.LATENCY: ("when", *_SPAN),
    FaultKind.LIST_LAG: _SPAN,
    FaultKind.NOT_FOUND_LAG: _SPAN,
    FaultKind.DUPLICATE: ("copies",),
    FaultKind.REORDER: _SPAN,
    FaultKind.DELAY: _SPAN,
}
"""Fields that only some kinds have."""
FIELDS = (
    "preset",
    "target",
    "kind",
    *_SELECTORS[Target.API],
    "webhook",
    "url",
    *_BUDGET,
    *("when", "status", "code", "html", "retryAfter", "limit", "copies", *_SPAN),
)
"""All fields an order may have."""
_DEFAULT_SECONDS = {FaultKind.REORDER: 60.0}
_LONGEST = 366 * 86_400.0
_LONGEST_LATENCY = 600.0
_LONGEST_PATTERN = 1000
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


def read_order(body: Mapping[str, Any], *, number: int, now: float) -> Order:
    """Read an order.

    Args:
        body: the JSON object.
        number: the order's id.
        now: the moment, on the emulator's clock.

    Raises:
        AdminError: a field cannot be used.
    """
    given = _with_preset(body)
    _refuse_unknown(given, FIELDS)
    reader = _Reader(given)
    target = Target(reader.choice("target", list(Target), default=Target.API))
    kinds = API_KINDS if target is Target.API else WEBHOOK_KINDS
    kind = FaultKind(reader.choice("kind", [kind for kind in FaultKind if kind in kinds], default=FaultKind.STATUS))
    known = ("target", "kind", *_SELECTORS[target], *_BUDGET, *_OWN.get(kind, ()))
    _refuse_unknown(given, known, of=f"an order of target {target} and kind {kind}")
    return Order(
        number=number,
        selector=_api_selector(reader) if target is Target.API else _webhook_selector(reader),
        effect=_effect(reader, kind),
        budget=_budget(reader, kind),
        given=given,
        now=now,
    )


def _with_preset(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that were given, over those of the preset; null is as if it had been left out, but in count."""
    name = body.get("preset")
    if name is not None and (not isinstance(name, str) or name not in PRESETS):
        raise _refused("preset", f"give one of {', '.join(PRESETS)}")
    own = {key: value for key, value in body.items() if key != "preset" and (value is not None or key == "count")}
    return {**PRESETS.get(name or "", {}), **own}


def _refuse_unknown(given: Mapping[str, Any], known: Collection[str], *, of: str = "an order") -> None:
    if unknown := sorted(given.keys() - set(known)):
        why = "unknown field" if unknown[0] not in FIELDS else "leave it out"
        raise _refused(unknown[0], f"{why}; {of} has {', '.join(known)}")


def _api_selector(reader: _Reader) -> ApiSelector:
    method = reader.text("method")
    if method is not None and method.upper() not in _METHODS:
        raise _refused("method", f"give one of {', '.join(_METHODS)}, or leave it out")
    return ApiSelector(
        method=method.upper() if method else None,
        path=reader.pattern("path"),
        host=reader.text("host"),
        account=reader.text("account"),
        credential=reader.text("credential"),
    )


def _webhook_selector(reader: _Reader) -> WebhookSelector:
    webhook = reader.choice("webhook", list(WebhookKind), default="") or None
    return WebhookSelector(webhook=webhook, url=reader.pattern("url"), account=reader.text("account"))


def _status(reader: _Reader) -> int:
    """Return the status of an answer that is no success: an error, or a redirection to where the call went."""
    status = reader.integer("status", default=500, least=301, most=599)
    if status < 400 and status not in _REDIRECTIONS:
        raise _refused(
            "status", f"give {', '.join(map(str, sorted(_REDIRECTIONS)))}, or a whole number from 400 to 599"
        )
    return status


def _effect(reader: _Reader, kind: FaultKind) -> Effect:
    status = _status(reader)
    shortest, longest = _span(reader, kind) if set(_SPAN) & set(_OWN.get(kind, ())) else (0.0, 0.0)
    after = kind in {FaultKind.HALF_BODY, FaultKind.BAD_JSON}
    return Effect(
        kind=kind,
        when=When.AFTER if after else When(reader.choice("when", list(When), default=When.BEFORE)),
        status=status,
        code=reader.integer("code", default=DEFAULT_CODES.get(status, 20500), least=10000, most=99999),
        html=reader.flag("html", default=status == 502 and not reader.has("code")),
        retry_after=reader.integer("retryAfter", default=1, least=0, most=86_400),
        shortest=shortest,
        longest=longest,
        limit=reader.integer("limit", default=1, least=0, most=1_000_000),
        copies=reader.integer("copies", default=2, least=2, most=100),
    )


def _budget(reader: _Reader, kind: FaultKind) -> Budget:
    default = None if kind is FaultKind.CONCURRENCY else 1
    count = None if reader.is_null("count") else reader.optional_integer("count", default, least=1, most=1_000_000)
    return Budget(
        count=count,
        skip=reader.integer("skip", default=0, least=0, most=1_000_000_000),
        probability=reader.number("probability", default=1.0, most=1.0),
        seed=reader.integer("seed", default=0, least=-(2**63), most=2**63),
        seconds=reader.number("forSeconds", default=0.0, most=_LONGEST) if reader.has("forSeconds") else None,
    )


def _span(reader: _Reader, kind: FaultKind) -> tuple[float, float]:
    """Return the least and the most seconds: ``seconds`` alone, or ``minSeconds`` and ``maxSeconds``."""
    most = _LONGEST_LATENCY if kind is FaultKind.LATENCY else _LONGEST
    if reader.has("minSeconds") or reader.has("maxSeconds"):
        if reader.has("seconds"):
            raise _refused("seconds", "give it alone, or minSeconds and maxSeconds")
        shortest = reader.number("minSeconds", default=0.0, most=most)
        longest = reader.number("maxSeconds", default=shortest, most=most)
        if longest < shortest:
            raise _refused("maxSeconds", "give at least minSeconds")
        return shortest, longest
    if not reader.has("seconds") and kind not in _DEFAULT_SECONDS:
        raise _refused("seconds", f"give a number from 0 to {most:g}, or minSeconds and maxSeconds")
    seconds = reader.number("seconds", default=_DEFAULT_SECONDS.get(kind, 0.0), most=most)
    return seconds, seconds


class _Reader:
    """The fields of one order, each checked while it is read."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given

    def has(self, name: str) -> bool:
        """Say whether the field was given."""
        return name in self._given

    def is_null(self, name: str) -> bool:
        """Say whether the field was given as null."""
        return name in self._given and self._given[name] is None

    def text(self, name: str) -> str | None:
        """Return a text, None when it was left out or is empty."""
        value = self._given.get(name)
        if value is not None and not isinstance(value, str):
            raise _refused(name, "give a text, or leave it out")
        return value or None

    def pattern(self, name: str) -> re.Pattern[str]:
        """Return a regular expression; left out it finds anything."""
        value = self._given.get(name, "")
        try:
            if not isinstance(value, str) or len(value) > _LONGEST_PATTERN:
                raise _refused(name, f"give a regular expression of at most {_LONGEST_PATTERN} characters")
            return re.compile(value)
        except (re.error, RecursionError, OverflowError) as error:
            raise _refused(name, f"give a regular expression ({error})") from error

    def choice(self, name: str, values: Collection[str], *, default: str) -> str:
        """Return one of ``values``."""
        value = self._given.get(name, default)
        if value != default and (not isinstance(value, str) or value not in values):
            raise _refused(name, f"give one of {', '.join(values)}")
        return str(value)

    def integer(self, name: str, *, default: int, least: int, most: int) -> int:
        """Return a whole number."""
        value = self._given.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise _refused(name, f"give a whole number from {least} to {most}")
        return value

    def optional_integer(self, name: str, default: int | None, *, least: int, most: int) -> int | None:
        """Return a whole number, or the default when it was left out."""
        return self.integer(name, default=least, least=least, most=most) if self.has(name) else default

    def number(self, name: str, *, default: float, most: float) -> float:
        """Return a number from 0."""
        value = self._given.get(name, default)
        usable = isinstance(value, int | float) and not isinstance(value, bool)
        if not usable or not math.isfinite(value) or not 0 <= value <= most:
            raise _refused(name, f"give a number from 0 to {most:g}")
        return float(value)

    def flag(self, name: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._given.get(name, default)
        if not isinstance(value, bool):
            raise _refused(name, "give true or false")
        return value


def _refused(name: str, cure: str) -> AdminError:
    return AdminError(status=400, message=f"{name}: {cure}")
