"""Stops asking what keeps failing, and asks again later, once.

For: one (provider, address, model) of one tenant, so that a tenant's bad key is no other tenant's trouble.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

__all__ = ["Breaker", "Breakers"]


@dataclass(slots=True)
class Breaker:
    """Closed; open after ``threshold`` failures in a row; after ``rest`` seconds one probe decides.

    Args:
        threshold: failures in a row that open it.
        rest: seconds it stays open.
        longest_rest: bounds what a vendor may ask for (``Retry-After``).
    """

    threshold: int = 5
    rest: float = 30.0
    longest_rest: float = 300.0
    failures: int = 0
    open_until: float = 0.0
    probe_until: float = 0.0

    def admit(self, now: float, *, patience: float) -> bool:
        """Whether to ask now. An open breaker admits one probe at a time, for ``patience`` seconds."""
        if self.failures < self.threshold and now >= self.open_until:
            return True
        if now < self.open_until or now < self.probe_until:
            return False
        self.probe_until = now + patience
        return True

    def succeeded(self) -> None:
        """Close it."""
        self.failures, self.open_until, self.probe_until = 0, 0.0, 0.0

    def failed(self, now: float, *, retry_after: float | None = None) -> None:
        """Count; open it when there were enough, or at once for as long as the vendor asked."""
        self.failures += 1
        self.probe_until = 0.0
        if retry_after is not None and retry_after > 0:
            self.open_until = max(self.open_until, now + min(retry_after, self.longest_rest))
        if self.failures >= self.threshold:
            self.open_until = max(self.open_until, now + self.rest)

    def spared(self) -> None:
        """The question did not come to an answer for a reason that says nothing of the model."""
        self.probe_until = 0.0


class Breakers:
    """A breaker for each key, made when first asked for."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Breaker] = {}

    def of(self, key: Hashable) -> Breaker:
        """The breaker of ``key``."""
        return self._kept.setdefault(key, Breaker())
