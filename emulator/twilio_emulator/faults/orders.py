"""What an order to fail is: whom it means, what it does, and how often.

``before`` refuses without acting, ``after`` acts and then spoils the answer: the case in which a client cannot know.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping

__all__ = [
    "API_KINDS",
    "SPOILING",
    "WEBHOOK_KINDS",
    "ApiCall",
    "ApiSelector",
    "Budget",
    "Effect",
    "FaultKind",
    "Order",
    "Target",
    "WebhookCall",
    "WebhookSelector",
    "When",
]


class Target(StrEnum):
    """What fails: calls of Twilio's API, or Twilio's calls of a customer's webhook."""

    API = "api"
    WEBHOOK = "webhook"


class FaultKind(StrEnum):
    """What goes wrong."""

    STATUS = "status"
    DROP = "drop"
    RESET = "reset"
    HALF_BODY = "half-body"
    BAD_JSON = "bad-json"
    HANG = "hang"
    CONCURRENCY = "concurrency"
    LATENCY = "latency"
    LIST_LAG = "list-lag"
    NOT_FOUND_LAG = "not-found-lag"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    DELAY = "delay"
    LOSE = "lose"


class When(StrEnum):
    """Whether the call was done all the same."""

    BEFORE = "before"
    AFTER = "after"


SPOILING = frozenset(
    {
        FaultKind.STATUS,
        FaultKind.DROP,
        FaultKind.RESET,
        FaultKind.HALF_BODY,
        FaultKind.BAD_JSON,
        FaultKind.HANG,
        FaultKind.CONCURRENCY,
    }
)
"""Kinds that decide the answer: at most one of them strikes a call, the one ordered first."""
WEBHOOK_KINDS = frozenset({FaultKind.DUPLICATE, FaultKind.REORDER, FaultKind.DELAY, FaultKind.LOSE, FaultKind.LATENCY})
API_KINDS = SPOILING | {FaultKind.LATENCY, FaultKind.LIST_LAG, FaultKind.NOT_FOUND_LAG}


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiCall:
    """A call of the API, as orders look at it before it is served.

    Attributes:
        method: HTTP method.
        path: with the product's host as its first part.
        credential: SID it authenticates with, an account's or a key's; ``""`` for none.
        account: the account of that credential, ``""`` for none.
        in_progress: calls of that account being served, this one among them.
    """

    method: str
    path: str
    credential: str = ""
    account: str = ""
    in_progress: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookCall:
    """A webhook about to be queued.

    Attributes:
        kind: why it is called.
        url: what is called.
        account: whose it is.
        overtakes: whether one of the same resource is held back until this one has gone.
    """

    kind: str
    url: str
    account: str
    overtakes: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiSelector:
    """Which calls are meant; None and an empty pattern mean any.

    ``account`` is the account that authenticates or one that the path names.
    """

    method: str | None
    path: re.Pattern[str]
    host: str | None
    account: str | None
    credential: str | None

    def means(self, call: ApiCall | WebhookCall) -> bool:
        """Say whether a call is meant."""
        return (
            isinstance(call, ApiCall)
            and self.method in {None, call.method}
            and bool(self.path.search(call.path))
            and (self.host is None or call.path.startswith(f"/{self.host}/"))
            and (self.credential in {None, call.credential})
            and (self.account is None or self.account == call.account or f"/{self.account}" in call.path)
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookSelector:
    """Which webhooks are meant, by kind, URL and account; None and an empty pattern mean any."""

    webhook: str | None
    url: re.Pattern[str]
    account: str | None

    def means(self, call: ApiCall | WebhookCall) -> bool:
        """Say whether a webhook is meant."""
        return (
            isinstance(call, WebhookCall)
            and self.webhook in {None, call.kind}
            and bool(self.url.search(call.url))
            and self.account in {None, call.account}
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """What happens to whom an order strikes; each kind reads the fields it needs.

    Attributes:
        kind: what goes wrong.
        when: before or after the call is done.
        status: of the error answer.
        code: Twilio's code in it.
        html: whether the error answer is a proxy's page instead of Twilio's JSON.
        retry_after: seconds that a 429 names in ``Retry-After``.
        shortest: seconds that the effect lasts at least.
        longest: seconds that it lasts at most.
        limit: calls of an account that may be in progress.
        copies: how often a webhook is called.
    """

    kind: FaultKind
    when: When = When.BEFORE
    status: int = 500
    code: int = 20500
    html: bool = False
    retry_after: int = 1
    shortest: float = 0.0
    longest: float = 0.0
    limit: int = 1
    copies: int = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """How often an order strikes.

    Attributes:
        count: calls struck at most, None until the order is withdrawn.
        skip: calls meant that go unharmed first.
        probability: chance of each call meant after those.
        seed: of the sequence that decides, and of durations: the same calls are struck each time.
        seconds: how long the order is open on the emulator's clock, None for ever.
    """

    count: int | None = 1
    skip: int = 0
    probability: float = 1.0
    seed: int = 0
    seconds: float | None = None


class Order:
    """An order and what became of it.

    Args:
        number: its id.
        selector: whom it means.
        effect: what it does.
        budget: how often.
        given: the order in the words it was given in, without fields that were left out.
        now: when it was given.
    """

    def __init__(
        self,
        *,
        number: int,
        selector: ApiSelector | WebhookSelector,
        effect: Effect,
        budget: Budget,
        given: Mapping[str, object],
        now: float,
    ) -> None:
        self.number = number
        self.selector = selector
        self.effect = effect
        self.budget = budget
        self.given = given
        self.created = now
        self.hits = 0
        self.withdrawn = False
        self._met = 0
        self._random = Random(budget.seed)  # noqa: S311  # a sequence that can be had again

    def state(self, now: float) -> str:
        """Return ``open``, ``spent``, ``expired`` or ``withdrawn``."""
        if self.withdrawn:
            return "withdrawn"
        if self.budget.count is not None and self.hits >= self.budget.count:
            return "spent"
        expired = self.budget.seconds is not None and now >= self.created + self.budget.seconds
        return "expired" if expired else "open"

    def strikes(self, call: ApiCall | WebhookCall, now: float) -> bool:
        """Say whether the order strikes a call, and count it."""
        if self.state(now) != "open" or not self.selector.means(call) or not self._applies(call):
            return False
        self._met += 1
        if self._met <= self.budget.skip:
            return False
        if self.budget.probability < 1 and self._random.random() >= self.budget.probability:
            return False
        self.hits += 1
        return True

    def duration(self) -> float:
        """Return for how many seconds the effect lasts this time."""
        effect = self.effect
        if effect.shortest == effect.longest:
            return effect.shortest
        return self._random.uniform(effect.shortest, effect.longest)

    def _applies(self, call: ApiCall | WebhookCall) -> bool:
        """Say whether there is anything to do: too many calls in progress, nothing held back already."""
        if self.effect.kind is FaultKind.CONCURRENCY:
            return isinstance(call, ApiCall) and call.in_progress > self.effect.limit
        return not (self.effect.kind is FaultKind.REORDER and isinstance(call, WebhookCall) and call.overtakes)
