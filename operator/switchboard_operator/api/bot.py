"""How a tenant's bot behaves: languages, greeting, hours, handing over to a person."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from switchboard_operator.api.fields import (
    Duration,
    Keywords,
    Languages,
    NameRef,
    Texts,
    TimeOfDay,
    TimeZone,
)
from switchboard_operator.api.model import ApiModel
from switchboard_operator.api.rules import ListSet, Rule, duration_between

Weekday = Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


class OpeningHours(ApiModel):
    """A span of time on some days."""

    days: Annotated[list[Weekday], Field(min_length=1, max_length=7), ListSet()]
    """Days of the week."""

    from_: Annotated[TimeOfDay, Field(alias="from")]
    """Begin, HH:MM."""

    to: TimeOfDay
    """End, HH:MM, "24:00" for midnight."""

    validations: ClassVar[tuple[Rule, ...]] = (
        Rule(
            rule="self.from < self.to",
            message='to must be later than from: split hours over midnight in two, until "24:00" and from "00:00"',
            field=".to",
        ),
    )


class Hours(ApiModel):
    """When people are there."""

    time_zone: TimeZone
    """IANA time zone of the hours, and of the day that limits count."""

    weekly: Annotated[list[OpeningHours], Field(min_length=1, max_length=28)]
    """The hours of a week."""

    outside: Literal["Answer", "Away"] = "Answer"
    """What happens outside of them. Answer: the bot answers at all times. Away: a contact is told once that nobody
    is there, and what they write meanwhile waits for a person."""

    away: Texts | None = None
    """What is said with `outside: Away`, by language. Default: the bot's own words, with when somebody is back."""


class Handoff(ApiModel):
    """When the bot gives way to a person."""

    keywords: Keywords
    """Words that ask for a person; case and accents do not matter."""

    return_after: Annotated[Duration, duration_between("0s", "8760h")] | None = None
    """After how long without a word of the person's the bot answers again. Default: when the person gives the
    conversation back."""


class Bot(ApiModel):
    """How the bot behaves on all numbers."""

    assistant_ref: NameRef | None = None
    """The Assistant of numbers that name none."""

    languages: Languages | None = None
    """Languages the bot speaks, the preferred one first."""

    greeting: Texts | None = None
    """What is said to a new contact, by language."""

    burst: Annotated[Duration, duration_between("0s", "30s")] | None = None
    """How long a message waits for more of the same contact, to be answered together. Default: each is answered by
    itself, at once."""

    hours: Hours | None = None
    """When people are there."""

    handoff: Handoff | None = None
    """When the bot gives way to a person."""
