"""How a tenant's bot behaves: languages, greeting, hours, handing over to a person."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from switchboard_operator.api import grammar
from switchboard_operator.api.fields import (
    ContentSid,
    Day,
    Duration,
    Keywords,
    Languages,
    Name,
    NameRef,
    Text,
    Texts,
    TimeOfDay,
    TimeZone,
)
from switchboard_operator.api.model import ApiModel
from switchboard_operator.api.people import Contacts
from switchboard_operator.api.rules import ListMap, ListSet, Rule, duration_between, keys_match, raw
from switchboard_operator.api.voice import Voice

Weekday = Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


class TimeSpan(ApiModel):
    """A span of time within a day."""

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


class OpeningHours(TimeSpan):
    """A span of time on some days."""

    days: Annotated[list[Weekday], Field(min_length=1, max_length=7), ListSet()]
    """Days of the week."""


class ExceptionalDay(ApiModel):
    """A day whose hours are not those of its day of the week, such as a holiday."""

    date: Day
    """The day, at the place of the hours' time zone."""

    ranges: Annotated[list[TimeSpan], Field(max_length=8)] | None = None
    """When people are there on it. Default: not at all."""


class Hours(ApiModel):
    """When people are there."""

    time_zone: TimeZone
    """IANA time zone of the hours, and of the day that limits count."""

    weekly: Annotated[list[OpeningHours], Field(min_length=1, max_length=28)]
    """The hours of a week."""

    exceptions: Annotated[list[ExceptionalDay], Field(max_length=400), ListMap(("date",))] | None = None
    """Days with hours of their own, each at most once; they count before the hours of the week."""

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


class OptOut(ApiModel):
    """Words that stop messages, start them again or ask for help, and what they are answered.

    They count as a whole message; case, accents and emoji do not matter.
    """

    stop: Keywords | None = None
    """Words that stop messages, besides STOP, BAJA, SAIR and the like."""

    start: Keywords | None = None
    """Words that start them again, besides START, ALTA, VOLTAR and the like."""

    help: Keywords | None = None
    """Words that ask for help, besides HELP, AYUDA, AJUDA and the like."""

    stop_reply: Texts | None = None
    """What confirms that messages stop, once, by language. Default: the bot's own words."""

    start_reply: Texts | None = None
    """What confirms that they start again, by language. Default: the bot's own words."""

    help_reply: Texts | None = None
    """What answers a call for help, by language. Default: the assistant answers it."""


class ContentTemplate(ApiModel):
    """A content template at Twilio, in the tenant's account."""

    sid: Annotated[
        dict[str, ContentSid],
        Field(min_length=1, max_length=16),
        keys_match(grammar.LANGUAGE, "has a key that is no BCP 47 language: write es or pt-BR"),
    ]
    """SID of the template by language."""

    variables: (
        Annotated[
            dict[str, Text],
            Field(max_length=16),
            keys_match(r"^[A-Za-z0-9_]{1,32}$", "has a key that is no placeholder: write 1, 2 or a name"),
            Rule(
                rule=(
                    "self.all(key, !self[key].replace('{text}', '').replace('{tenant}', '')"
                    f".matches({raw(grammar.BRACES)}))"
                ),
                message="has words in braces that nobody fills in: use {text} or {tenant}",
            ),
        ]
        | None
    ) = None
    """What goes into its placeholders: texts in which {text} is the reply and {tenant} the tenant's name."""


class NamedTemplate(ContentTemplate):
    """A content template that rules of scripts name."""

    name: Name
    """What rules name it by."""


class WhatsAppMessages(ApiModel):
    """What WhatsApp needs besides words."""

    templates: Annotated[list[NamedTemplate], Field(max_length=50), ListMap(("name",))] | None = None
    """Content templates, such as buttons and lists, that rules of the assistants' scripts name."""

    reopen_template: ContentTemplate | None = None
    """Sent in place of a reply when the contact wrote more than 24 hours ago. Default: the reply fails, which is
    seen in the log, in metrics and in the conversation."""


class LoopBreaker(ApiModel):
    """When a conversation looks like two machines talking, and for how long the bot is silent then."""

    enabled: bool = True
    """Whether the bot breaks loops."""

    exchanges: Annotated[int, Field(ge=5, le=1000)] | None = None
    """Messages within `within` that no person writes. Default: 20."""

    within: Annotated[Duration, duration_between("10s", "1h")] | None = None
    """See `exchanges`. Default: 1m."""

    repeats: Annotated[int, Field(ge=3, le=100)] | None = None
    """Messages that say the same, numbers aside, within ten times that. Default: 6."""

    silence: Annotated[Duration, duration_between("10s", "24h")] | None = None
    """The first silence; it doubles each time, up to a day. Default: 10m."""


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

    bubble_timeout: Annotated[Duration, duration_between("0s", "1m")] | None = None
    """How long a reply waits for Twilio's report that the one before it was sent, so that they come in order; 0s
    does not wait. Default: 5s."""

    contacts: Contacts | None = None
    """What is kept of contacts besides what they write."""

    opt_out: OptOut | None = None
    """How contacts stop messages and start them again."""

    whatsapp: WhatsAppMessages | None = None
    """What WhatsApp needs besides words."""

    voice: Voice | None = None
    """How calls are answered, at numbers with the channel voice. Default: by a polite text."""

    hours: Hours | None = None
    """When people are there."""

    handoff: Handoff | None = None
    """When the bot gives way to a person."""

    limit_reply: Texts | None = None
    """What a contact is told, once, when a limit is reached, by language. Default: the bot's own words."""

    loop_breaker: LoopBreaker | None = None
    """How the bot deals with machines that write to it."""
