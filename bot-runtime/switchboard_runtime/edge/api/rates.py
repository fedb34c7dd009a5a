"""How often a token may call: a bucket a token, in this process's memory."""

from __future__ import annotations

from collections import OrderedDict

__all__ = ["Rates"]

_MOST_BUCKETS = 10_000
_AT_ONCE = 5.0


class Rates:
    """Buckets that fill with time.

    Args:
        per_second: requests that come back each second; five seconds' worth may come at once.
    """

    def __init__(self, *, per_second: float = 20.0) -> None:
        self._per_second = per_second
        self._burst = _AT_ONCE * per_second
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def take(self, tenant: str, token: str, *, now: float) -> float:
        """Take one request; 0, or the seconds to wait until there is one."""
        left, at = self._buckets.pop((tenant, token), (self._burst, now))
        left = min(self._burst, left + max(0.0, now - at) * self._per_second)
        wait = 0.0 if left >= 1.0 else (1.0 - left) / self._per_second
        self._buckets[tenant, token] = (left if wait else left - 1.0, now)
        if len(self._buckets) > _MOST_BUCKETS:
            self._buckets.popitem(last=False)
        return wait
