"""What to do about a thing at Twilio: pure functions, the same for acting and for planning.

``decide`` looks at what is recorded, what was observed and what was intended, and names one step. Acting on
it is another module's work.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from switchboard_operator.desired.marks import Kinship, Mark
    from switchboard_operator.ports import Account
    from switchboard_operator.reconcile.intents import Intent

T = TypeVar("T")


class Step(Enum):
    """The next step."""

    INTEND = "write the intent"
    CREATE = "create"
    LOOK_UP = "look up what an unfinished create left"
    WAIT = "wait until a create of unknown outcome would be listed"
    ADOPT = "take over"
    KEEP = "keep what is recorded"
    MISSING = "report that what was recorded is gone"
    AMBIGUOUS = "report that more than one fits"


@dataclass(frozen=True, slots=True)
class Seen(Generic[T]):
    """What is known before deciding.

    Attributes:
        sid: the recorded or named SID, or None.
        observed: what has that SID, or None.
        intent: the intent without a result, or None.
        matches: what carries our mark, or None when nobody has looked.
        grace_left: seconds in which a create on the intent may not be listed yet.
    """

    sid: str | None
    observed: T | None
    intent: Intent | None
    matches: Sequence[T] | None = None
    grace_left: float = 0.0


def decide(seen: Seen[T]) -> Step:  # noqa: PLR0911  # one return a rule, read from top to bottom
    """Name the next step.

    What was recorded and is gone is never created again silently: it may have been moved, or the wrong
    account may have been asked.
    """
    if seen.sid is not None:
        return Step.MISSING if seen.observed is None else Step.KEEP
    if seen.matches is not None and len(seen.matches) > 1:
        return Step.AMBIGUOUS
    if seen.matches:
        return Step.ADOPT
    if seen.intent is None:
        return Step.INTEND
    if seen.intent.fresh:
        return Step.CREATE
    if seen.matches is None:
        return Step.LOOK_UP
    return Step.WAIT if seen.grace_left > 0 else Step.INTEND


def marked(accounts: Iterable[Account], mark: Mark, kinship: Kinship) -> list[Account]:
    """The open accounts that stand so to a mark."""
    return [a for a in accounts if a.status != "closed" and mark.kinship(a.friendly_name) is kinship]
