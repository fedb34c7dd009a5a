"""Failures on demand: orders to fail, which calls and webhooks each strikes, and what then happens to them.

``orders`` is what an order is, ``reading`` how one is read from the admin API, ``presets`` the orders that have names,
``book`` the orders that are open, ``veils`` what is made but not yet seen, ``wire`` how an answer is spoiled.
"""

from __future__ import annotations

from twilio_emulator.faults.book import Faults, Strikes
from twilio_emulator.faults.orders import ApiCall, Effect, FaultKind, Order, Target, WebhookCall, When
from twilio_emulator.faults.presets import PRESETS
from twilio_emulator.faults.reading import read_order

__all__ = [
    "PRESETS",
    "ApiCall",
    "Effect",
    "FaultKind",
    "Faults",
    "Order",
    "Strikes",
    "Target",
    "WebhookCall",
    "When",
    "read_order",
]
