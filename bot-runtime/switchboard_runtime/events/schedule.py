"""When a delivery is tried again, when it is given up, when its endpoint is: pure decisions and their numbers."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ATTEMPTS", "Answered", "Dead", "Delivered", "Ended", "Later", "Step", "decide"]

_DELAYS = (5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0)
"""Seconds after each failed attempt: the schedule that Standard Webhooks recommends, 76 hours in all."""

ATTEMPTS = len(_DELAYS) + 1
"""Attempts of a delivery at most."""

_PATIENCE = 5 * 86400.0
"""Seconds without any success after which an endpoint is told nothing more."""

_LONGEST_WISH = 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What an attempt came to: an HTTP status, or why there is none; how long the endpoint asked us to wait."""

    status: int | None
    problem: str | None = None
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """The endpoint has it."""


@dataclass(frozen=True, slots=True)
class Later:
    """Try it again at ``due``."""

    due: float
    reason: str


@dataclass(frozen=True, slots=True)
class Dead:
    """Every attempt failed: the delivery is put aside, the next is tried."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The endpoint is told nothing more until a person turns it on again."""

    reason: str


Step = Delivered | Later | Dead | Ended


def decide(answer: Answered, *, attempts: int, failing_since: float | None, now: float, chance: float) -> Step:
    """What follows from an attempt.

    Args:
        answer: what it came to.
        attempts: of this delivery, this one counted.
        failing_since: when the endpoint began to fail without a success since; None when this is the first failure.
        now: seconds since the epoch.
        chance: 0 to 1, for jitter of up to a tenth.
    """
    status = answer.status
    if status is not None and 200 <= status < 300:
        return Delivered()
    if status == 410:
        return Ended("answered 410 Gone")
    reason = answer.problem or f"answered {status}"
    if failing_since is not None and now - failing_since >= _PATIENCE:
        return Ended(f"nothing got through for {_PATIENCE / 86400:.0f} days; last: {reason}")
    if attempts >= ATTEMPTS:
        return Dead(reason)
    wish = min(answer.retry_after or 0.0, _LONGEST_WISH)
    return Later(now + max(wish, _DELAYS[attempts - 1] * (1.0 + 0.1 * chance)), reason)
