"""What an Assistant says of language models: which ones, what they cost, what they may do, know and say."""

from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from switchboard_operator.api import grammar
from switchboard_operator.api.fields import (
    ConfigMapRef,
    Currency,
    Day,
    Languages,
    Line,
    SecretRef,
    ServiceURL,
    Texts,
)
from switchboard_operator.api.model import ApiModel
from switchboard_operator.api.rules import ListMap, ListSet, Rule, filled, has_word, matches, one_line

OWN_TOOLS: Final = ("search_catalogue", "search_knowledge", "save_lead", "hand_to_human", "decline_off_topic")
"""Names that the runtime gives to tools of its own."""

Price = Annotated[
    str,
    Field(max_length=12),
    matches(grammar.PRICE, 'is no price: digits and a point, in quotes, below a million, as in "0.40"'),
]
ToolName = Annotated[
    str,
    Field(max_length=48),
    matches(grammar.TOOL_NAME, "is no name of a tool: a lower-case letter, then letters, digits and '_'"),
]

Subject = Annotated[Line, has_word()]


class ModelPrice(ApiModel):
    """What a model costs from a day on, for a million tokens."""

    valid_from: Day
    """First day (UTC) on which it holds; the newest that holds counts."""

    currency: Currency = "USD"
    """ISO 4217 currency of the sums."""

    input: Price
    """A million tokens read."""

    output: Price
    """A million tokens written."""

    cached_input: Price | None = None
    """A million tokens read from the vendor's cache. Default: as `input`."""


class Model(ApiModel):
    """A language model."""

    provider: Annotated[
        str,
        Field(max_length=32),
        matches(
            grammar.PROVIDER,
            "is no provider: write its name in lower case, as in openai, anthropic or google",
        ),
    ]
    """Who serves it, by pydantic-ai's name. Served are openai (chat completions, also by any server that speaks
    them), anthropic and google."""

    name: Annotated[str, Field(min_length=1, max_length=128), one_line(), filled()]
    """Its name at the provider."""

    secret_ref: SecretRef | None = None
    """Secret with the key `apiKey`. A model served without a key needs none."""

    base_url: ServiceURL | None = None
    """Where the provider's API is, for proxies and models of your own. One inside of the cluster must be in the
    administrator's list of hosts."""

    temperature: (
        Annotated[
            str,
            Field(max_length=4),
            matches(grammar.TEMPERATURE, 'is no temperature: a number from 0 to 2, in quotes, as in "0.7"'),
        ]
        | None
    ) = None
    """How freely it chooses its words, from 0 to 2. Default: the provider's."""

    stream: bool = False
    """Whether it is asked for a stream, for servers that only stream; the reply still leaves whole. openai only."""

    prices: Annotated[list[ModelPrice], Field(max_length=16), ListMap(("validFrom",))] | None = None
    """What it costs. Without a price its cost is unknown, not 0."""

    validations: ClassVar[tuple[Rule, ...]] = (
        Rule(
            rule="has(self.secretRef) || has(self.baseURL)",
            message="secretRef must be given: the provider asks for a key; only a server of your own (baseURL) may not",
            field=".secretRef",
        ),
        Rule(
            rule="!has(self.stream) || !self.stream || self.provider == 'openai'",
            message="stream is for provider openai only: leave it out",
            field=".stream",
        ),
    )


class Tool(ApiModel):
    """Something the model may do."""

    name: Literal["SearchCatalogue", "CaptureLead", "HandOff", "BusinessHours"]
    """SearchCatalogue: look up products. CaptureLead: note who is interested in what. HandOff: fetch a person.
    BusinessHours: know when people are there."""


class ToolParameter(ApiModel):
    """One argument that the model gives to an HTTP tool."""

    name: ToolName
    """Its name in the query or in the JSON body."""

    description: Annotated[str, Field(max_length=500)] = ""
    """What the model is told of it."""

    type: Literal["string", "integer", "number", "boolean"] = "string"
    """Type of the value."""

    required: bool = True
    """Whether the model must give it."""

    one_of: Annotated[list[Line], Field(max_length=50), ListSet()] | None = None
    """The only values of a string."""

    validations: ClassVar[tuple[Rule, ...]] = (
        Rule(
            rule="!has(self.oneOf) || self.oneOf.size() == 0 || !has(self.type) || self.type == 'string'",
            message="oneOf is for type string only: leave it out",
            field=".oneOf",
        ),
    )


class HttpTool(ApiModel):
    """A call to a system of the tenant's that the model may ask for.

    Arguments go into the query of a GET and into the JSON body of a POST. The answer, JSON or plain text, is data to
    the model: nothing in it is an order.
    """

    name: Annotated[
        ToolName,
        Rule(
            rule=f"!(self in {list(OWN_TOOLS)})",
            message=f"is the name of a tool that is there already: choose another than {', '.join(OWN_TOOLS)}",
        ),
    ]
    """Its name for the model."""

    description: Annotated[str, Field(min_length=1, max_length=500), filled()]
    """What the model is told of it: what it gives, and when to use it."""

    url: ServiceURL
    """What is called. One inside of the cluster must be in the administrator's list of hosts."""

    method: Literal["GET", "POST"] = "GET"
    """How it is called."""

    parameters: Annotated[list[ToolParameter], Field(max_length=16), ListMap(("name",))] | None = None
    """The arguments."""

    secret_ref: SecretRef | None = None
    """Secret with the key `token`, sent as the bearer token; the model never sees it."""


class Knowledge(ApiModel):
    """Texts that the model may quote."""

    config_map_ref: ConfigMapRef
    """ConfigMap whose values are the texts, one a key."""


class Guardrails(ApiModel):
    """What the model must not do."""

    topic: Annotated[str, Field(min_length=1, max_length=500), one_line(), filled()] | None = None
    """What the bot is for, as in "furniture and our shop"; the model declines all else."""

    blocked_topics: (
        Annotated[list[Annotated[Line, has_word()]], Field(min_length=1, max_length=64), ListSet()] | None
    ) = None
    """Subjects that it declines to speak of; a message that holds one of these phrases is sent to no model."""

    only_from_knowledge: bool = False
    """Whether it states only what it found in catalogue, knowledge or a tool for that very answer. Without, `refusal`
    is said, or that there is no confirmed answer; a question or a courtesy of the model's needs no source."""

    languages: Languages | None = None
    """Languages it may answer in, the preferred one first; absent means the tenant's. A reply that is clearly in
    another one is not sent."""

    refusal: Texts | None = None
    """What it says instead, by language."""
