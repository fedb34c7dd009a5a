"""What came of it: lost, answered twice, out of order. A pure function of what was sent and what arrived."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Answer", "Delivery", "Verdict", "judge"]

Answer = Literal["must", "may", "never"]
"""Whether a message is to be answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message that Twilio delivered until it was acknowledged.

    Attributes:
        contact: who wrote it.
        number: which of theirs; the answer names it.
        began: when it was first tried.
        acknowledged: when it was first answered 200.
    """

    contact: str
    number: int
    began: float
    acknowledged: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How many messages were not answered, answered again, before an earlier one, or although nobody should have."""

    messages: int
    answers: int
    lost: int
    twice: int
    disordered: int
    unwanted: int = 0

    @property
    def right(self) -> bool:
        """Whether each message that was to be answered was, exactly once and in order."""
        return self.messages > 0 and not (self.lost or self.twice or self.disordered or self.unwanted)


def judge(
    deliveries: Iterable[Delivery],
    answers: Mapping[str, Sequence[int]],
    promises: Mapping[tuple[str, int], Answer] | None = None,
) -> Verdict:
    """Compare what was delivered with the numbers that each contact was answered with, oldest first.

    A message is before another when it was acknowledged before the other was first tried; two that were under
    way at once may be answered in either order. ``promises`` tell which need not be answered, or must not.
    """
    promised = promises or {}
    written: dict[str, list[Delivery]] = {}
    for delivery in deliveries:
        written.setdefault(delivery.contact, []).append(delivery)
    counts = {contact: Counter(numbers) for contact, numbers in answers.items()}
    asked = {(one.contact, one.number) for group in written.values() for one in group}
    unasked = sum(
        times for contact, got in counts.items() for number, times in got.items() if (contact, number) not in asked
    )
    again = sum(max(0, counts.get(contact, Counter())[number] - 1) for contact, number in asked)
    return Verdict(
        messages=len(asked),
        answers=sum(len(numbers) for numbers in answers.values()),
        lost=sum(
            not counts.get(contact, Counter())[number]
            for contact, number in asked
            if promised.get((contact, number), "must") == "must"
        ),
        twice=again + unasked,
        disordered=sum(_disordered(group, answers.get(contact, ())) for contact, group in written.items()),
        unwanted=sum(
            bool(counts.get(contact, Counter())[number])
            for contact, number in asked
            if promised.get((contact, number)) == "never"
        ),
    )


def _disordered(group: Sequence[Delivery], answers: Sequence[int]) -> int:
    """Pairs whose answers came the wrong way round."""
    place = {number: index for index, number in reversed(list(enumerate(answers)))}
    return sum(
        first.acknowledged < second.began and place[first.number] > place[second.number]
        for first, second in permutations(group, 2)
        if first.number in place and second.number in place
    )
