"""Twilio's resources, one module each; ``ROUTES`` is all of them."""

from __future__ import annotations

from itertools import chain

from twilio_emulator.resources import (
    accounts,
    auth_tokens,
    available_numbers,
    balance,
    incoming_numbers,
    keys,
    messages,
    pricing,
)

__all__ = ["ROUTES"]

ROUTES = tuple(
    chain(
        accounts.ROUTES,
        auth_tokens.ROUTES,
        available_numbers.ROUTES,
        balance.ROUTES,
        incoming_numbers.ROUTES,
        keys.ROUTES,
        messages.ROUTES,
        pricing.ROUTES,
    )
)
