"""Script: what an assistant answers by rules, and what may go with the words."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from switchboard_operator.api import grammar
from switchboard_operator.api.fields import Line, Name, Phrase, Replies, ShortLine, Texts
from switchboard_operator.api.model import ApiModel
from switchboard_operator.api.rules import ListSet, Rule, exactly_one, keys_match, matches, said_as_it_stands

ReceivedKind = Literal["Image", "Audio", "Video", "Document", "Sticker", "Contacts", "Location"]

MediaURL = Annotated[
    str,
    Field(max_length=512),
    matches(
        grammar.MEDIA_URL,
        "is no https URL: write https://HOST[/PATH][?QUERY] with a public DNS name, without user info, port, fragment",
    ),
]

Degrees = Annotated[str, Field(max_length=16)]


class When(ApiModel):
    """What a rule answers to."""

    matches: Annotated[list[Phrase], Field(min_length=1, max_length=32), ListSet()] | None = None
    """Words or phrases, any of which the message holds, or the id of the line that was chosen; case and accents do
    not matter."""

    catalogue: Literal[True] | None = None
    """The message names a product of the catalogue."""

    received: Annotated[list[ReceivedKind], Field(min_length=1, max_length=7), ListSet()] | None = None
    """Something of these kinds came."""

    validations: ClassVar[tuple[Rule, ...]] = (
        exactly_one(
            "matches",
            "catalogue",
            "received",
            cure="matches lists words, catalogue: true answers to products, received to pictures and the like",
        ),
    )


class Choice(ApiModel):
    """A line that the contact may choose."""

    title: Annotated[
        dict[str, ShortLine],
        Field(min_length=1, max_length=16),
        keys_match(grammar.LANGUAGE, "has a key that is no BCP 47 language: write es or pt-BR"),
    ]
    """What it says, by language."""

    id: Name | None = None
    """What it is to the bot, which `when.matches` of another rule finds. Default: its title."""


class Place(ApiModel):
    """A place on the map."""

    latitude: Annotated[
        Degrees, matches(grammar.LATITUDE, 'is no latitude: degrees from -90 to 90, in quotes, as in "-34.6037"')
    ]
    """Degrees north."""

    longitude: Annotated[
        Degrees, matches(grammar.LONGITUDE, 'is no longitude: degrees from -180 to 180, in quotes, as in "-58.3816"')
    ]
    """Degrees east."""

    label: Line | None = None
    """What it is called."""

    address: Line | None = None
    """Where it is, in words."""


class ScriptRule(ApiModel):
    """One rule: the first that fits answers."""

    when: When
    """What it answers to."""

    reply: Replies
    """What it says, by language. With `catalogue: true`, {name}, {price}, {currency}, {stock}, {status} and
    {description} are filled in."""

    media: Annotated[list[MediaURL], Field(min_length=1, max_length=10), ListSet()] | None = None
    """Pictures and other files that go with it, by their public addresses; Twilio fetches them."""

    choices: Annotated[list[Choice], Field(min_length=1, max_length=10)] | None = None
    """Lines to choose from: by the buttons or list of `template` on WhatsApp, else by their number."""

    location: Place | None = None
    """A place that goes with it."""

    template: Name | None = None
    """A content template of the Tenant (`bot.whatsapp.templates`), shown by WhatsApp in place of words and choices."""

    validations: ClassVar[tuple[Rule, ...]] = (
        Rule(
            rule=f"has(self.when.catalogue) || {said_as_it_stands('self.reply')}",
            message="reply has words in braces, which only a rule with when.catalogue fills in: take them out",
            field=".reply",
        ),
        Rule(
            rule=(
                "!has(self.choices) || self.choices.all(one, !has(one.id) || "
                "self.choices.exists_one(other, has(other.id) && other.id == one.id))"
            ),
            message="choices have one id twice: give each one of its own",
            field=".choices",
        ),
        Rule(
            rule=(
                "!has(self.choices) || self.choices.all(one, one.title.all(language, self.choices.exists_one(other, "
                "language in other.title && other.title[language] == one.title[language])))"
            ),
            message="choices have one title twice in a language: a contact could not tell them apart",
            field=".choices",
        ),
    )


class Script(ApiModel):
    """Answers by rules, in order; the same message always gets the same answer."""

    rules: Annotated[list[ScriptRule], Field(min_length=1, max_length=100)]
    """Tried from the first to the last."""

    otherwise: Texts
    """What is said when no rule fits, by language."""
