"""How fast messages may be answered: so many in any minute, and what comes faster waits.

One moment is kept for each limited thing, the theoretical arrival time of GCRA: a burst of the whole minute's
number is let through, and then one every interval.
"""

from __future__ import annotations

__all__ = ["EARLY", "MINUTE", "admit"]

MINUTE = 60.0
EARLY = 1e-6
"""Rounding must not make a message wait that is exactly on time."""


def admit(free_at: float | None, *, per_minute: int, now: float) -> tuple[float, float]:
    """Whether a message may be answered now.

    Args:
        free_at: what was kept, None at first.
        per_minute: messages in a minute.
        now: seconds since the epoch.

    Returns:
        Seconds to wait, and what to keep if it is answered (when the wait is 0).
    """
    interval = MINUTE / per_minute
    arrival = now if free_at is None else max(free_at, now)
    wait = arrival - now - (MINUTE - interval)
    if wait > EARLY:
        return wait, arrival
    return 0.0, arrival + interval
