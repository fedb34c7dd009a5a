"""What a tenant, a number and a contact may use: the ``limits`` of a tenant document.

An absent limit does not limit. Rates make messages wait; budgets are spent, reserved before and settled after, and
what is beyond them is told to the contact once a period.
"""

from __future__ import annotations

from decimal import Decimal  # pydantic reads it
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from switchboard_runtime.config.fields import Currency, Identifier, Model, Texts, TimeZone

__all__ = ["Ceilings", "Limits", "LoopBreaker", "Scope"]

Scope = Literal["assistant", "contact", "number", "tenant"]
"""Whose ceilings they are."""

_Count = Annotated[int, Field(ge=1, le=1_000_000_000)]
_Sum = Annotated[Decimal, Field(ge=0, le=1_000_000_000, decimal_places=6)]


class Ceilings(Model):
    """Ceilings of one thing. Days and months are those of :attr:`Limits.timezone`; money is in its currency."""

    messages_per_minute: Annotated[int, Field(ge=1, le=100_000)] | None = None
    messages_per_day: _Count | None = None
    messages_per_month: _Count | None = None
    tokens_per_day: _Count | None = None
    tokens_per_month: _Count | None = None
    spend_per_day: _Sum | None = None
    spend_per_month: _Sum | None = None

    @model_validator(mode="after")
    def _a_day_fits_its_month(self) -> Self:
        for unit in ("messages", "tokens", "spend"):
            day, month = getattr(self, f"{unit}_per_day"), getattr(self, f"{unit}_per_month")
            if day is not None and month is not None and day > month:
                raise ValueError(f"{unit}PerDay: is more than {unit}PerMonth; lower it or leave it out")
        return self


class LoopBreaker(Model):
    """When a conversation looks like two machines talking, and for how long the bot is silent then.

    Attributes:
        enabled: whether it breaks loops.
        exchanges: messages within ``within_seconds`` that no person writes.
        within_seconds: see ``exchanges``.
        repeats: messages that say the same, numbers aside, within ten times that.
        silence_seconds: the first silence; doubles each time, up to a day.
    """

    enabled: bool = True
    exchanges: Annotated[int, Field(ge=5, le=1000)] = 20
    within_seconds: Annotated[float, Field(ge=10, le=3600)] = 60.0
    repeats: Annotated[int, Field(ge=3, le=100)] = 6
    silence_seconds: Annotated[float, Field(ge=10, le=86_400)] = 600.0


class Limits(Model):
    """All limits of a tenant.

    Attributes:
        tenant: of all together.
        number: of each number of ours.
        contact: of each person.
        assistants: of an assistant, by its name.
        concurrent_conversations: conversations with a turn in progress, in one process.
        backlog: messages that may wait for a turn; what comes then is answered at once that we are busy.
        currency: of all money here; what is spent in another counts as unknown.
        timezone: whose days and months are counted.
        loop: against machines that answer machines.
        says: what a contact is told, once a period, when a budget is spent; the runtime's own words else.
    """

    tenant: Ceilings = Ceilings()
    number: Ceilings = Ceilings()
    contact: Ceilings = Ceilings()
    assistants: dict[Identifier, Ceilings] = Field(default_factory=dict)
    concurrent_conversations: Annotated[int, Field(ge=1, le=10_000)] | None = None
    backlog: Annotated[int, Field(ge=1, le=1_000_000)] = 2000
    currency: Currency = "USD"
    timezone: TimeZone = "UTC"
    loop: LoopBreaker = LoopBreaker()
    says: Texts | None = None

    @property
    def counts(self) -> bool:
        """Whether anything is limited that has to be counted, so that where nothing is nothing is."""
        return any(given != Ceilings() for given in (self.tenant, self.number, self.contact, *self.assistants.values()))

    def of(self, scope: Scope, subject: str) -> Ceilings:
        """The ceilings of one: a tenant, a number, a contact, or the assistant ``subject``."""
        if scope == "assistant":
            return self.assistants.get(subject, Ceilings())
        given: Ceilings = getattr(self, scope)
        return given
