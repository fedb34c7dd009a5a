"""When a delivery is tried again, when it is given up, when its endpoint is: pure decisions and their numbers."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ATTEMPTS", "Answered", "Dead", "Delivered", "Ended", "Later", "Passed", "Step", "decide"]

_DELAYS = (5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0)
"""Seconds after each failed attempt: the schedule that Standard Webhooks recommends, 76 hours in all."""

ATTEMPTS = len(_DELAYS) + 1
"""Attempts of a delivery at most."""

_PATIENCE = 5 * 86400.0
"""Seconds without any success after which an endpoint is told nothing more."""

_LONGEST_WISH = 86400.0

_NOT_NOW = frozenset({408, 425, 429})
"""Statuses from 400 to 499 that are about the moment, and not about what was sent."""


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
    """Try it again at ``due``, and nothing else before it."""

    due: float
    reason: str


@dataclass(frozen=True, slots=True)
class Passed:
    """The endpoint refuses this very event: try it again at ``due``, and tell meanwhile what came after it.

    When several in a row were refused it is hardly the events: nothing is told before ``pause`` then.
    """

    due: float
    reason: str
    pause: float | None = None


@dataclass(frozen=True, slots=True)
class Dead:
    """Every attempt failed: the delivery is put aside, the next is tried."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The endpoint is told nothing more until a person turns it on again."""

    reason: str


Step = Delivered | Later | Passed | Dead | Ended


def decide(
    answer: Answered,
    *,
    attempts: int,
    failing_since: float | None,
    now: float,
    chance: float,
    passed: bool = False,
    refused: int = 0,
) -> Step:
    """What follows from an attempt.

    Args:
        answer: what it came to.
        attempts: of this delivery, this one counted.
        failing_since: when the endpoint began to fail without a success since; None when this is the first failure.
        now: seconds since the epoch.
        chance: 0 to 1, for jitter of up to a tenth.
        passed: whether what came after this delivery is told already.
        refused: other events that were refused for the first time, since one was taken.
    """
    status = answer.status
    if status is not None and 200 <= status < 300:
        return Delivered()
    reason = answer.problem or f"answered {status}"
    ended = _ended(status, reason, failing=0.0 if failing_since is None else now - failing_since)
    if ended is not None:
        return ended
    if attempts >= ATTEMPTS:
        return Dead(reason)
    wish = min(answer.retry_after or 0.0, _LONGEST_WISH)
    due = now + max(wish, _delay(attempts, chance))
    if passed:
        return Passed(due, reason)
    if not _refuses_the_event(status):
        return Later(due, reason)
    return Passed(due, reason, pause=now + _delay(refused, chance) if refused else None)


def _ended(status: int | None, reason: str, *, failing: float) -> Ended | None:
    """Whether an endpoint that has failed for so many seconds is told nothing more."""
    if status == 410:
        return Ended("answered 410 Gone")
    if failing >= _PATIENCE:
        return Ended(f"nothing got through for {_PATIENCE / 86400:.0f} days; last: {reason}")
    return None


def _refuses_the_event(status: int | None) -> bool:
    """Whether an endpoint that answers so is there, and may well take another event."""
    return status is not None and 400 <= status < 500 and status not in _NOT_NOW


def _delay(times: int, chance: float) -> float:
    """Seconds to wait after something went wrong so many times."""
    return _DELAYS[min(times, len(_DELAYS)) - 1] * (1.0 + 0.1 * chance)
