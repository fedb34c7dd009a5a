"""A2P 10DLC: ``messaging.twilio.com/v1/a2p/BrandRegistrations`` and ``…/Compliance/Usa2p``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twilio_emulator.calls import Route

__all__ = ["ROUTES"]

ROUTES: tuple[Route, ...] = ()
