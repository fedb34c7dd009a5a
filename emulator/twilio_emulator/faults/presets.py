"""Orders that have a name: what goes wrong in the field, in the words of those it happens to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PRESETS"]

PRESETS: Mapping[str, Mapping[str, object]] = {
    "throttled": {"kind": "status", "status": 429},
    "server-error": {"kind": "status", "status": 500},
    "bad-gateway": {"kind": "status", "status": 502},
    "unavailable": {"kind": "status", "status": 503},
    "error-after-commit": {"kind": "status", "status": 500, "when": "after"},
    "conflict": {"kind": "status", "status": 409, "method": "POST"},
    "lost-call": {"kind": "drop", "when": "before"},
    "lost-reply": {"kind": "drop", "when": "after"},
    "connection-reset": {"kind": "reset", "when": "after"},
    "half-reply": {"kind": "half-body"},
    "broken-json": {"kind": "bad-json"},
    "slow": {"kind": "latency", "minSeconds": 1.0, "maxSeconds": 3.0},
    "hanging": {"kind": "hang"},
    "one-at-a-time": {"kind": "concurrency", "limit": 1},
    "not-listed": {"kind": "list-lag", "seconds": 5},
    "gone-after-create": {"kind": "not-found-lag", "seconds": 5},
    "webhook-twice": {"target": "webhook", "kind": "duplicate"},
    "webhook-out-of-order": {"target": "webhook", "kind": "reorder"},
    "webhook-late": {"target": "webhook", "kind": "delay", "seconds": 60},
    "webhook-lost": {"target": "webhook", "kind": "lose"},
}
"""By name: fields of an order that stand where none is given."""
