"""Tables of what drives an endpoint with the official SDK; ``test_emulator_coverage`` looks at all of them together."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.contract.emulator_sync import SyncWorld

__all__ = ["Drive", "Drives", "Operation"]

Operation = tuple[str, str, str]
"""Product host, HTTP method and path template, as Twilio's documents have them."""
Drive = Callable[["SyncWorld"], None]
"""Calls the endpoint, by itself or among others, and looks at what came of it."""


class Drives(dict[Operation, Drive]):
    """The drives of one product, or of all.

    Args:
        host: the product; ``""`` when each entry names its own.
        prefix: what every path begins with.
    """

    def __init__(self, host: str = "", prefix: str = "") -> None:
        super().__init__()
        self._host = host
        self._prefix = prefix

    def __call__(self, method: str, *where: str) -> Callable[[Drive], Drive]:
        """Enter the decorated function as what drives ``method`` of a path, or of a product's path."""
        host, path = where if len(where) == 2 else (self._host, where[0])
        operation = (host, method, f"{self._prefix}{path}")

        def enter(drive: Drive) -> Drive:
            assert operation not in self, f"{operation} has a drive already"
            self[operation] = drive
            return drive

        return enter

    def check(self, world: SyncWorld, operation: Operation) -> None:
        """Drive an endpoint, and see that it answered as documented."""
        self[operation](world)
        assert operation in world.recorder.served
