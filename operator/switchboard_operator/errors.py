"""Why a resource is not as it should be, sorted by who must act.

    NotReady
    ├── Invalid    the manifest is wrong: its author must change it
    ├── Stalled    a human must act outside of the manifest: rights, money, a conflict, a closed account
    ├── Waiting    something else must happen first, and will: another resource, a review, a roll-out
    └── Upstream   Twilio or the API server failed us: we retry with back-off

    Conflict       an optimistic-lock precondition failed: read again and start over (never shown to a user)
    Again          a step was taken and recorded: start over at once with what is stored now (no failure)

``reason`` is a constant of ``reasons.py``; ``message`` names the field or thing and the cure, never a secret.
"""

from __future__ import annotations


class NotReady(Exception):  # says what is, not that something broke
    """Base: the resource cannot be made Ready now.

    Attributes:
        reason: PascalCase constant from the catalogue.
        message: what is wrong and what to do, for a human.
        after: seconds until it is worth looking again, or None for the usual interval.
    """

    def __init__(self, reason: str, message: str, *, after: float | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.after = after


class Invalid(NotReady):
    """The manifest asks for something impossible; only another manifest helps."""


class Stalled(NotReady):
    """A human must act; we look again now and then."""


class Waiting(NotReady):
    """Others must act first; an event or ``after`` brings us back."""


class Upstream(NotReady):
    """Twilio or the API server did not answer usefully; retried with back-off.

    Attributes:
        outcome_unknown: what was asked may have been done all the same.
    """

    def __init__(self, reason: str, message: str, *, after: float | None = None, outcome_unknown: bool = False) -> None:
        super().__init__(reason, message, after=after)
        self.outcome_unknown = outcome_unknown


class Conflict(Exception):
    """The object changed since it was read; nothing was written."""


class Again(Exception):
    """A step was taken and recorded; the next pass goes on from there."""
