"""What a tenant's document says about people: contacts, business hours, and how long what they said is kept.

For: the parts ``contacts``, ``hours`` and ``retention`` of the tenant document.
Refuses: a time zone that is not known, ranges that end before they begin, times kept for less than a day.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from switchboard_runtime.config.durations import DAY, Duration
from switchboard_runtime.config.fields import FieldName, Filled, Model, Stage, Texts, TimeZone, unique

__all__ = ["ContactField", "Contacts", "Exceptional", "Hours", "Retention", "TimeRange", "Weekly"]

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_MIDNIGHT = "24:00"


def _time(value: str) -> str:
    if not _TIME.fullmatch(value) and value != _MIDNIGHT:
        raise ValueError("is no time of day; write it as 09:30, or 24:00 for the end of the day")
    return value


TimeOfDay = Annotated[str, AfterValidator(_time)]


class ContactField(Model):
    """Something more that is known of a contact; ``one_of`` are the only values, where there are any."""

    name: FieldName
    type: Literal["string", "integer", "number", "boolean", "date"] = "string"
    one_of: tuple[Filled, ...] = ()

    @model_validator(mode="after")
    def _choices_are_texts(self) -> Self:
        if self.one_of and self.type != "string":
            raise ValueError("oneOf: is for type string only; leave it out")
        unique("oneOf", list(self.one_of))
        return self


class Contacts(Model):
    """What is known of contacts, and the stages of a lead, in order; a contact begins in the first."""

    fields_: Annotated[tuple[ContactField, ...], Field(max_length=100)] = Field(default=(), alias="fields")
    stages: Annotated[tuple[Stage, ...], Field(min_length=1, max_length=30)] = ("new", "qualified", "won", "lost")

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        unique("fields", [field.name for field in self.fields_])
        unique("stages", list(self.stages))
        return self


class TimeRange(Model):
    """From a time of day until before another, on the same day."""

    from_: TimeOfDay = Field(alias="from")
    to: TimeOfDay

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.minutes[0] >= self.minutes[1]:
            raise ValueError("to: must be after from; a range over midnight is two, the first to 24:00")
        return self

    @property
    def minutes(self) -> tuple[int, int]:
        """Begin and end in minutes since midnight, by the clock on the wall."""
        begin, end = (int(hour) * 60 + int(minute) for hour, minute in (t.split(":") for t in (self.from_, self.to)))
        return begin, end


class Weekly(Model):
    """The ranges of each day of the week."""

    monday: tuple[TimeRange, ...] = ()
    tuesday: tuple[TimeRange, ...] = ()
    wednesday: tuple[TimeRange, ...] = ()
    thursday: tuple[TimeRange, ...] = ()
    friday: tuple[TimeRange, ...] = ()
    saturday: tuple[TimeRange, ...] = ()
    sunday: tuple[TimeRange, ...] = ()

    @property
    def days(self) -> tuple[tuple[TimeRange, ...], ...]:
        """From Monday on."""
        week = (self.monday, self.tuesday, self.wednesday, self.thursday, self.friday, self.saturday, self.sunday)
        return week  # noqa: RET504  # a name for what the line lists


class Exceptional(Model):
    """A date with ranges of its own; none, it is closed all day."""

    date: date
    ranges: tuple[TimeRange, ...] = ()


class Hours(Model):
    """When people are there.

    ``outside`` is what happens when they are not: ``Answer``, the bot answers anyway; ``Away``, a contact gets ``away``
    once until they are back, and what is written meanwhile waits for a person.
    """

    timezone: TimeZone
    weekly: Weekly = Field(default_factory=Weekly)
    exceptions: Annotated[tuple[Exceptional, ...], Field(max_length=1000)] = ()
    outside: Literal["Answer", "Away"] = "Answer"
    away: Texts | None = None

    @model_validator(mode="after")
    def _dates_differ(self) -> Self:
        unique("exceptions", [one.date.isoformat() for one in self.exceptions])
        return self


class Retention(Model):
    """How long messages are kept, and contacts after they wrote last; None is for ever."""

    messages: Annotated[Duration, Field(ge=DAY)] | None = None
    contacts: Annotated[Duration, Field(ge=DAY)] | None = None
