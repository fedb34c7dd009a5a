"""Failures on demand: what the API does to the next calls that match.

``before`` refuses without acting, ``after`` acts and then spoils the answer: the case in which a client
cannot know.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from twilio_emulator.errors import AdminError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Fault", "FaultKind", "Faults", "When"]

_DEFAULT_CODES = {400: 20001, 401: 20003, 403: 20403, 404: 20404, 409: 20409, 429: 20429, 503: 20503}


class FaultKind(StrEnum):
    """What goes wrong."""

    STATUS = "status"
    DROP = "drop"


class When(StrEnum):
    """Whether the call was done all the same."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One order to fail.

    Attributes:
        method: HTTP method, None for any.
        path: searched in the path, product included.
        kind: an error answer, or a connection closed without one.
        status: of the error answer.
        code: Twilio's code in it.
        when: before or after the call is done.
        count: how many more calls it hits.
    """

    method: str | None
    path: re.Pattern[str]
    kind: FaultKind
    status: int
    code: int
    when: When
    count: int

    @classmethod
    def parse(cls, order: dict[str, object]) -> Fault:
        """Read an order from the admin API.

        Raises:
            AdminError: a field cannot be used.
        """
        unknown = sorted(order.keys() - {"method", "path", "kind", "status", "code", "when", "count"})
        if unknown:
            raise AdminError(status=400, message=f"{unknown[0]}: unknown field")
        status = _integer(order, "status", 500, least=400, most=599)
        method = order.get("method")
        if method is not None and not isinstance(method, str):
            raise AdminError(status=400, message="method: give GET, POST or DELETE, or leave it out")
        return cls(
            method=method.upper() if method else None,
            path=_pattern(order.get("path", "")),
            kind=FaultKind(_choice(order, "kind", [kind.value for kind in FaultKind], "status")),
            status=status,
            code=_integer(order, "code", _DEFAULT_CODES.get(status, 20500), least=10000, most=99999),
            when=When(_choice(order, "when", [when.value for when in When], "before")),
            count=_integer(order, "count", 1, least=1, most=1_000_000),
        )

    def matches(self, method: str, path: str) -> bool:
        """Say whether a call is meant."""
        return self.method in {None, method} and bool(self.path.search(path))


class Faults:
    """The orders still open, oldest first; they are not kept over a restart."""

    def __init__(self) -> None:
        self._open: list[Fault] = []

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._open)

    def add(self, fault: Fault) -> None:
        """Add an order."""
        self._open.append(fault)

    def clear(self) -> None:
        """Withdraw all orders."""
        self._open.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """Return the first order that means this call, and count the call against it."""
        for index, fault in enumerate(self._open):
            if fault.matches(method, path):
                if fault.count == 1:
                    del self._open[index]
                else:
                    self._open[index] = replace(fault, count=fault.count - 1)
                return fault
        return None


def _pattern(path: object) -> re.Pattern[str]:
    try:
        return re.compile(path if isinstance(path, str) else "(")
    except re.error as error:
        raise AdminError(status=400, message=f"path: give a regular expression ({error})") from error


def _integer(order: dict[str, object], name: str, default: int, *, least: int, most: int) -> int:
    value = order.get(name, default)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise AdminError(status=400, message=f"{name}: give a whole number from {least} to {most}")
    return value


def _choice(order: dict[str, object], name: str, values: list[str], default: str) -> str:
    value = order.get(name, default)
    if not isinstance(value, str) or value not in values:
        raise AdminError(status=400, message=f"{name}: give one of {', '.join(values)}")
    return value
