"""API keys by the older API: ``/2010-04-01/Accounts/{AccountSid}/Keys``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twilio_emulator.calls import Route

__all__ = ["ROUTES"]

ROUTES: tuple[Route, ...] = ()
