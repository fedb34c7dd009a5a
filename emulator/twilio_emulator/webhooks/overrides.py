"""Connection overrides: how a customer's URL changes time-outs and retries, by its fragment.

``https://example.com/hook#ct=2000&rt=5000&tt=12000&rc=3&rp=ct,5xx`` (twilio.com/docs/usage/webhooks/
webhooks-connection-overrides). A value out of bounds or unknown leaves the default. ``e`` and ``sni`` are
read over.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

__all__ = ["Overrides"]

_POLICIES = frozenset({"ct", "rt", "4xx", "5xx", "all"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Overrides:
    """Time-outs in seconds, and which failures are tried again how often.

    Attributes:
        connect_timeout: for TCP and TLS.
        read_timeout: for the answer.
        total_timeout: for all attempts together.
        retries: attempts after the first.
        policy: kinds of failure worth another attempt: ``ct``, ``rt``, ``4xx``, ``5xx``, ``all``.
    """

    connect_timeout: float = 5.0
    read_timeout: float = 15.0
    total_timeout: float = 15.0
    retries: int = 1
    policy: frozenset[str] = frozenset({"ct"})

    @classmethod
    def parse(cls, url: str) -> Overrides:
        """Read the overrides of a URL."""
        given = dict(parse_qsl(urlsplit(url).fragment))
        default = cls()
        policy = frozenset(given.get("rp", "").split(",")) & _POLICIES
        return cls(
            connect_timeout=_milliseconds(given.get("ct"), 10_000, default.connect_timeout),
            read_timeout=_milliseconds(given.get("rt"), 15_000, default.read_timeout),
            total_timeout=_milliseconds(given.get("tt"), 15_000, default.total_timeout),
            retries=_count(given.get("rc"), default.retries),
            policy=policy or default.policy,
        )

    def repeats(self, kind: str) -> bool:
        """Say whether a failure of this kind is tried again."""
        return "all" in self.policy or kind in self.policy


def _milliseconds(text: str | None, most: int, default: float) -> float:
    if text and text.isascii() and text.isdecimal() and 100 <= int(text) <= most:
        return int(text) / 1000
    return default


def _count(text: str | None, default: int) -> int:
    return int(text) if text in {"0", "1", "2", "3", "4", "5"} else default
