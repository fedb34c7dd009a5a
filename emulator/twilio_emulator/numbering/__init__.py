"""The world's telephone numbers, as far as the emulator knows it, and which of them can be bought."""

from __future__ import annotations

from twilio_emulator.numbering.inventory import Offer, Search, search
from twilio_emulator.numbering.plan import COUNTRIES, Area, Country, NumberType, locate

__all__ = ["COUNTRIES", "Area", "Country", "NumberType", "Offer", "Search", "locate", "search"]
