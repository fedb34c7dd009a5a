"""Ids as an argument: unguessable, of letters and digits.

Assumes: nobody forks the process; two would go on with the same ids.
"""

from __future__ import annotations

import os

__all__ = ["Ids"]

_BYTES = 16
_AT_ONCE = 256


class Ids:
    """Makes ids of 32 hexadecimal digits, as a trace of OpenTelemetry has; any thread may ask.

    The system is asked for the randomness of many at once: each call to it gives the other threads the interpreter,
    which a busy event loop then waits for.
    """

    def __init__(self) -> None:
        self._left: list[str] = []

    def __call__(self) -> str:
        """Return the next id."""
        while True:
            try:
                return self._left.pop()
            except IndexError:  # also when another thread took the last of a fresh lot
                lot = os.urandom(_BYTES * _AT_ONCE).hex()
                self._left.extend(lot[at : at + 2 * _BYTES] for at in range(0, len(lot), 2 * _BYTES))
