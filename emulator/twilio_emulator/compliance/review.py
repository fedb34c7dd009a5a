"""Reviews of brands, campaigns and toll-free verifications: each state lasts ``review_delay``, and all end well.

    brand         PENDING -> APPROVED
    campaign      IN_PROGRESS -> VERIFIED
    verification  PENDING_REVIEW -> IN_REVIEW -> TWILIO_APPROVED

The admin API decides otherwise at any time. What was refused can be mended and is reviewed again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twilio_emulator.messaging.standing import BRAND, CAMPAIGN, VERIFICATION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twilio_emulator.core import Core
    from twilio_emulator.models import Record

__all__ = ["REVIEWS", "Review", "decide", "move_on", "submit"]

_EDIT_WINDOW = 7 * 86_400.0
"""Seconds in which a rejected verification can be mended (error page 30824)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Review:
    """The states of one kind.

    Attributes:
        steps: in order; the last is the good end.
        refused: the bad end.
        error_code: what a refusal is called when nobody says.
    """

    steps: tuple[str, ...]
    refused: str
    error_code: int


REVIEWS: Mapping[str, Review] = {
    BRAND: Review(steps=("PENDING", "APPROVED"), refused="FAILED", error_code=30700),
    CAMPAIGN: Review(steps=("IN_PROGRESS", "VERIFIED"), refused="FAILED", error_code=30897),
    VERIFICATION: Review(
        steps=("PENDING_REVIEW", "IN_REVIEW", "TWILIO_APPROVED"), refused="TWILIO_REJECTED", error_code=30475
    ),
}


def submit(core: Core, record: Record, *, now: float) -> Record:
    """Have a record reviewed, from the first state."""
    data = {"reason": None, "error_code": None, "edit_until": None}
    next_at = now + core.settings.review_delay
    return core.store.records.change(record, status=REVIEWS[record.kind].steps[0], data=data, next_at=next_at, now=now)


def move_on(core: Core, record: Record, now: float) -> None:
    """Take a record to its next state."""
    steps = REVIEWS[record.kind].steps
    if record.status not in steps[:-1]:
        return
    following = steps[steps.index(record.status) + 1]
    next_at = None if following == steps[-1] else now + core.settings.review_delay
    core.store.records.change(record, status=following, next_at=next_at, now=now)


def decide(core: Core, record: Record, status: str, *, reason: str = "", code: int | None = None, now: float) -> Record:
    """Put a record into a state, as Twilio's reviewers do; a state on the way moves on by itself.

    Args:
        core: the emulator.
        record: a brand, a campaign or a verification.
        status: one of its kind's states.
        reason: why it was refused.
        code: what the refusal is called, None for the usual.
        now: the moment.

    Raises:
        ValueError: its kind has no such state.
    """
    review = REVIEWS[record.kind]
    if status not in {*review.steps, review.refused}:
        raise ValueError(f"give one of {', '.join([*review.steps, review.refused])}")
    refused = status == review.refused
    data = {
        "reason": (reason or "Refused by order of the admin API") if refused else None,
        "error_code": (code or review.error_code) if refused else None,
        "edit_until": now + _EDIT_WINDOW if refused else None,
    }
    next_at = now + core.settings.review_delay if status in review.steps[:-1] else None
    return core.store.records.change(record, status=status, data=data, next_at=next_at, now=now)
