"""Ports for servers that are to be found where they were: free, and such as no outgoing connection is given.

Between the look and the server's start, and while it is dead, the system would give a port of its own range to any
connection.
"""

from __future__ import annotations

import random
import socket

__all__ = ["free_port", "free_ports"]

_FIRST, _LAST = 20_000, 29_999
"""Below the range that Linux gives out (from 32768), and below that of NodePorts (from 30000)."""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Different ports of 127.0.0.1 that nobody listens on."""
    found: list[int] = []
    while len(found) < count:
        port = random.randint(_FIRST, _LAST)  # noqa: S311  # chance, not secrecy
        if port not in found and _is_free(port):
            found.append(port)
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
