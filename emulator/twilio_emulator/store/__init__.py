"""The emulator's memory: SQLite, in a file or not."""

from __future__ import annotations

from twilio_emulator.store.store import Store
from twilio_emulator.store.window import Slice, Window

__all__ = ["Slice", "Store", "Window"]
