"""How a phone that is called behaves: as the admin API declared it, else it is picked up."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twilio_emulator.core import Core

__all__ = ["ANSWER", "RINGS_FOR", "reaction"]

ANSWER = "answer"
RINGS_FOR = 2.0
"""Seconds after which a phone is picked up, or found busy or out of service."""
_PHONE = "phone"
_REACTIONS = frozenset({ANSWER, "busy", "no-answer", "failed"})


def reaction(core: Core, address: str) -> str:
    """Return what becomes of a call to a phone: answer, busy, no-answer or failed."""
    declared = core.store.records.find(_PHONE, address)
    wanted = str(declared.data.get("answers", ANSWER)) if declared else ANSWER
    return wanted if wanted in _REACTIONS else ANSWER
