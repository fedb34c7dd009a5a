"""What happened, told to whoever keeps account of it: event streams, the audit log, usage.

The part in which something happens knows nothing of those who listen; they are introduced in ``app``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Signal", "Signals"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Signal:
    """Something that happened to an account's resource.

    Attributes:
        name: dotted, such as ``message.delivered``, ``message.received``, ``call.completed``, ``api.write``.
        account_sid: whose resource it is.
        resource_sid: the resource, ``""`` for none.
        now: when, seconds since the epoch.
        data: what else is to be said of it.
    """

    name: str
    account_sid: str
    resource_sid: str
    now: float
    data: Mapping[str, object]


class Signals:
    """The listeners; each is called in the transaction in which the thing happened, and must not fail."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Signal], None]] = []

    def connect(self, listener: Callable[[Signal], None]) -> None:
        """Have ``listener`` told of everything from now on."""
        self._listeners.append(listener)

    def emit(self, signal: Signal) -> None:
        """Tell everybody."""
        for listener in self._listeners:
            listener(signal)
