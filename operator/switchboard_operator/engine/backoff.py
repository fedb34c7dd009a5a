"""Jittered exponential back-off, one counter a key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

K = TypeVar("K", bound="Hashable")

_BASE = 1.0
_CAP = 300.0


class Backoff(Generic[K]):
    """How long a failed key rests.

    Args:
        jitter: gives a number in [0, 1) for each rest.
    """

    def __init__(self, *, jitter: Callable[[], float]) -> None:
        self._jitter = jitter
        self._failures: dict[K, int] = {}

    def failed(self, key: K) -> float:
        """Seconds to rest after one more failure: doubling, capped, half of it random."""
        count = self._failures.get(key, 0)
        self._failures[key] = count + 1
        whole: float = min(_CAP, _BASE * 2 ** min(count, 16))
        return whole * (0.5 + self._jitter() / 2)

    def succeeded(self, key: K) -> None:
        """Begin anew."""
        self._failures.pop(key, None)
