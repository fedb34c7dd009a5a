"""When a settled resource is compared with Twilio again.

A resource that its author changed, that is not well or that somebody asked for is looked at now. A settled
one is looked at once an interval, spread evenly by a hash of its UID, so that neither a restart nor a resync
is a burst of calls.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from switchboard_operator.desired.names import REQUESTED_AT

if TYPE_CHECKING:
    from switchboard_operator.ports import Clock

_TOKEN_LENGTH = 256


class Observations:
    """When each resource is due.

    Args:
        clock: monotonic time.
        interval: seconds between two looks at a settled resource.
    """

    def __init__(self, *, clock: Clock, interval: float) -> None:
        self._clock = clock
        self._interval = interval
        self._due_at: dict[str, float] = {}

    def due(self, resource: Any) -> bool:
        """Whether the resource is to be compared with Twilio in this pass."""
        if not settled(resource):
            return True
        now = self._clock.monotonic()
        return now >= self._due_at.setdefault(resource.metadata.uid, now + self._share(resource))

    def observed(self, resource: Any) -> float:
        """Note a look; returns the seconds until the next."""
        self._due_at[resource.metadata.uid] = self._clock.monotonic() + self._interval
        return self._interval

    def remaining(self, resource: Any) -> float:
        """Seconds until the resource is due."""
        now = self._clock.monotonic()
        return max(1.0, self._due_at.get(resource.metadata.uid, now + self._interval) - now)

    def forget(self, resource: Any) -> None:
        """The resource is gone."""
        self._due_at.pop(resource.metadata.uid, None)

    def _share(self, resource: Any) -> float:
        return self._interval * (zlib.crc32(resource.metadata.uid.encode()) / 2**32)


def settled(resource: Any) -> bool:
    """Whether the last pass saw this very manifest and found it well."""
    status, meta = resource.status, resource.metadata
    return bool(
        meta.deletion_timestamp is None
        and status.observed_generation == meta.generation
        and status.holds("Ready")
        and getattr(status, "sid", "") is not None  # a status that lost its id was edited, whatever it says
        and status.last_handled_reconcile_at == requested(resource)
    )


def requested(resource: Any) -> str | None:
    """The token by which somebody asks for a look, as far as a status holds it."""
    token: str | None = resource.metadata.annotations.get(REQUESTED_AT)
    return token[:_TOKEN_LENGTH] if token is not None else None
