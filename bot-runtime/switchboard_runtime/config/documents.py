"""The tenant document: the file through which the operator tells the runtime everything about a tenant.

Source: docs/decisions/0001-parts-and-contracts.md. JSON, camelCase, strict: unknown fields, wrong types and
names that point nowhere are refused, so that a typo never passes for a setting.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from switchboard_runtime.config.durations import Duration
from switchboard_runtime.config.fields import (
    AccountSid,
    Currency,
    Filled,
    HttpUrl,
    Identifier,
    Language,
    Model,
    Money,
    Phone,
    Phrase,
    Slug,
    Texts,
    ToolName,
    unique,
)
from switchboard_runtime.config.limits import Limits
from switchboard_runtime.config.messaging import OptOut, Template, WhatsApp
from switchboard_runtime.config.people import Contacts, Hours, Retention
from switchboard_runtime.config.script import PLACEHOLDERS, Product, Rule, Script, When
from switchboard_runtime.config.voice import Voice
from switchboard_runtime.config.webhooks import WebhookEndpoint
from switchboard_runtime.urls import has_host

__all__ = [
    "PLACEHOLDERS",
    "Assistant",
    "Handoff",
    "HttpTool",
    "Knowledge",
    "LanguageModel",
    "ModelChoice",
    "ModelPrice",
    "Number",
    "Product",
    "Rule",
    "Script",
    "TenantDocument",
    "ToolParameter",
    "Topic",
    "When",
    "localized",
]

_DEFAULT_LANGUAGES = ("en",)

_OWN_TOOLS = ("search_catalogue", "search_knowledge", "save_lead", "hand_to_human", "decline_off_topic")


class ModelPrice(Model):
    """What a model costs from a day on, for a million tokens; the newest row that is valid counts."""

    valid_from: date
    currency: Currency = "USD"
    input: Money
    output: Money
    cached_input: Money | None = None


class ModelChoice(Model):
    """One model at one vendor.

    ``api_key`` is the name of a file beside the tenant's other credentials, never the key itself; None sends none
    that means anything, for servers that ask for none. A model without ``prices`` costs an unknown amount, not 0.
    """

    provider: Literal["openai", "anthropic", "google"]
    model: Filled
    base_url: HttpUrl | None = None
    api_key: Identifier | None = None
    stream: bool = False
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    max_tokens: Annotated[int, Field(ge=16, le=8192)] = 512
    prices: tuple[ModelPrice, ...] = ()

    @model_validator(mode="after")
    def _streams_where_ends_are_told(self) -> Self:
        if self.stream and self.provider != "openai":
            raise ValueError("stream: is for provider openai only; leave it out")
        return self

    @field_validator("prices")
    @classmethod
    def _one_price_a_day(cls, value: tuple[ModelPrice, ...]) -> tuple[ModelPrice, ...]:
        unique("prices", [row.valid_from.isoformat() for row in value])
        return tuple(sorted(value, key=lambda row: row.valid_from))


class ToolParameter(Model):
    """One argument that the model gives to an HTTP tool."""

    name: ToolName
    description: str = ""
    type: Literal["string", "integer", "number", "boolean"] = "string"
    required: bool = True
    one_of: tuple[Filled, ...] = ()

    @model_validator(mode="after")
    def _choices_are_texts(self) -> Self:
        if self.one_of and self.type != "string":
            raise ValueError("oneOf: is for type string only; leave it out")
        return self


class HttpTool(Model):
    """A call that the model may ask for. Arguments go into the query of a GET and into the JSON of a POST.

    ``secret`` names a credentials file that is sent as the bearer token; the model never sees it.
    """

    name: ToolName
    description: Filled
    url: HttpUrl
    method: Literal["GET", "POST"] = "GET"
    parameters: tuple[ToolParameter, ...] = ()
    secret: Identifier | None = None

    @field_validator("parameters")
    @classmethod
    def _names_differ(cls, value: tuple[ToolParameter, ...]) -> tuple[ToolParameter, ...]:
        unique("parameters", [parameter.name for parameter in value])
        return value


class Knowledge(Model):
    """A text the assistant may answer from: given here, or as a file of the knowledge folder."""

    name: Identifier
    text: Filled | None = None
    file: Identifier | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.text is None) == (self.file is None):
            raise ValueError("give exactly one of text and file")
        return self


class Topic(Model):
    """What the assistant is for, and what it says to all else; a phrase of ``blocked`` is never sent to a model."""

    about: Filled
    refusal: Texts | None = None
    blocked: tuple[Phrase, ...] = ()


class LanguageModel(Model):
    """The models of an assistant, in the order they are tried, and what they may do.

    ``languages`` are the only ones it answers in; none, the tenant's. With ``only_from_knowledge`` a reply without a
    product, a text or a tool's answer behind it does not go out: ``unsure`` is said, or our own words.
    """

    choices: Annotated[tuple[ModelChoice, ...], Field(min_length=1, max_length=5)]
    deadline_seconds: Annotated[float, Field(ge=1, le=60)] = 12.0
    history_tokens: Annotated[int, Field(ge=0, le=100_000)] = 2000
    max_requests: Annotated[int, Field(ge=1, le=12)] = 5
    tools: tuple[Literal["catalogue", "lead", "handoff"], ...] = ("catalogue", "lead", "handoff")
    http_tools: tuple[HttpTool, ...] = ()
    knowledge: tuple[Knowledge, ...] = ()
    topic: Topic | None = None
    languages: tuple[Language, ...] = ()
    only_from_knowledge: bool = False
    unsure: Texts | None = None
    canned: Texts | None = None

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        unique("languages", list(self.languages))
        unique("httpTools", [*_OWN_TOOLS, *(tool.name for tool in self.http_tools)])
        unique("knowledge", [text.name for text in self.knowledge])
        return self


class Assistant(Model):
    """How a bot thinks. ``instructions`` are for a language model; ``script`` needs none, and stands in for it."""

    name: Identifier
    instructions: Filled | None = None
    disclosure: Texts | None = None
    products: tuple[Product, ...] = ()
    script: Script | None = None
    model: LanguageModel | None = None

    @model_validator(mode="after")
    def _products_differ(self) -> Self:
        spoken_of = [product for product in self.products if product.status == "Active"]
        unique("products", [" ".join([one.name.strip().casefold(), one.currency or ""]).strip() for one in spoken_of])
        return self


class Number(Model):
    """A number people write to, and the assistant that answers there."""

    name: Identifier
    phone_number: Phone
    sid: Filled | None = None
    assistant: str | None = None
    primary: bool = False
    channels: tuple[Literal["sms", "voice", "whatsapp"], ...] = ()


class Handoff(Model):
    """Words by which a person asks for a human, and after how long without a word of theirs the bot answers again."""

    keywords: tuple[Phrase, ...] = ()
    return_after: Duration | None = None


class Tenant(Model):
    """Who the tenant is. ``id`` is unique for ever; a slug may be used again after a deletion."""

    id: Identifier
    namespace: Filled
    name: Filled
    slug: Slug
    display_name: Filled
    status: Literal["Active", "Suspended"] = "Active"


class TwilioAccount(Model):
    """The tenant's own account. ``endpoint`` stands in for Twilio (an emulator); None is Twilio itself."""

    endpoint: str | None = None
    account_sid: AccountSid

    @field_validator("endpoint")
    @classmethod
    def _is_url(cls, value: str | None) -> str | None:
        if value is not None and (not has_host(value) or "?" in value or "#" in value):
            raise ValueError("must be an http(s) URL or null, such as http://127.0.0.1:8089")
        return value


class TenantDocument(Model):
    """One tenant, whole.

    ``url`` is the public address that Twilio calls, scheme, host and perhaps port; signatures are checked
    against it and never against what a request says of itself. ``burst_seconds`` is how long a message waits for
    more of the same contact, to be answered with them as one; 0 or None answers each by itself. ``bubble_seconds`` is
    how long a reply waits for Twilio's report that the one before it was sent; 0 does not wait, None is the engine's 5.
    ``voice`` is how calls are answered; None is a polite text. ``webhooks`` are told what happens.
    """

    schema_: Literal["runtime.switchboard.dev/v1"] = Field(alias="schema")
    tenant: Tenant
    url: str
    twilio: TwilioAccount
    languages: tuple[Language, ...] = _DEFAULT_LANGUAGES
    greeting: Texts | None = None
    handoff: Handoff | None = None
    default_assistant: str | None = None
    numbers: tuple[Number, ...] = ()
    assistants: tuple[Assistant, ...] = ()
    burst_seconds: Annotated[float, Field(ge=0, le=30)] | None = None
    limits: Limits | None = None
    bubble_seconds: Annotated[float, Field(ge=0, le=60)] | None = None
    voice: Voice | None = None
    content: dict[Identifier, Template] = Field(default_factory=dict)
    whatsapp: WhatsApp | None = None
    opt_out: OptOut | None = None
    webhooks: Annotated[tuple[WebhookEndpoint, ...], Field(max_length=20)] = ()
    contacts: Contacts = Field(default_factory=Contacts)
    hours: Hours | None = None
    retention: Retention = Field(default_factory=Retention)

    @field_validator("url")
    @classmethod
    def _is_origin(cls, value: str) -> str:
        plain = has_host(value) and value.isascii() and "?" not in value and "#" not in value
        if not plain or urlsplit(value).path not in {"", "/"} or (urlsplit(value).hostname or "").endswith("."):
            raise ValueError("must be scheme, host and perhaps port, such as https://acme.bots.example.com")
        return value.rstrip("/")

    @field_validator("languages")
    @classmethod
    def _some_language(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unique("languages", list(value))
        return value or _DEFAULT_LANGUAGES

    @model_validator(mode="after")
    def _names_agree(self) -> Self:
        unique("assistants", [assistant.name for assistant in self.assistants])
        unique("numbers", [number.phone_number for number in self.numbers])
        unique("numbers", [number.name for number in self.numbers])
        unique("webhooks", [endpoint.name for endpoint in self.webhooks])
        known = {assistant.name for assistant in self.assistants}
        named = {f"numbers[{number.name}].assistant": number.assistant for number in self.numbers}
        for field, name in {**named, "defaultAssistant": self.default_assistant}.items():
            if name is not None and name not in known:
                raise ValueError(f"{field}: no assistant is named {name!r}; add it to assistants or set null")
        for name in self.limits.assistants if self.limits else ():
            if name not in known:
                raise ValueError(
                    f"limits.assistants: no assistant is named {name!r}; add it to assistants or remove it"
                )
        return self

    @model_validator(mode="after")
    def _templates_are_there(self) -> Self:
        for assistant in self.assistants:
            for index, rule in enumerate(assistant.script.rules if assistant.script else ()):
                if rule.template is not None and rule.template not in self.content:
                    where = f"assistants[{assistant.name}].script.rules[{index}].template"
                    raise ValueError(f"{where}: no template is named {rule.template!r}; add it to content")
        return self

    @model_validator(mode="after")
    def _calls_lead_somewhere(self) -> Self:
        if self.voice is None:
            return self
        if self.voice.needs_assistant and not self.assistants:
            raise ValueError("voice: callers talk with an assistant; add one to assistants or choose mode Message")
        for field, transfer in self.voice.transfers:
            if transfer.phone_number and self.number(transfer.phone_number):
                raise ValueError(f"voice.{field}.phoneNumber: is the tenant's own number; give a person's")
        return self

    @property
    def host(self) -> str:
        """The host name in ``url``, in lower case, without port."""
        return (urlsplit(self.url).hostname or "").lower()

    def number(self, phone_number: str) -> Number | None:
        """The number with this E.164 text, if it is the tenant's."""
        return next((n for n in self.numbers if n.phone_number == phone_number), None)

    def assistant_for(self, phone_number: str) -> Assistant | None:
        """Who answers at a number: its own assistant, else the tenant's default, else nobody."""
        number = self.number(phone_number)
        name = (number.assistant if number else None) or self.default_assistant
        return next((a for a in self.assistants if a.name == name), None)


def localized(texts: dict[str, str], *, language: str, languages: tuple[str, ...]) -> str:
    """The text in ``language``, else in the first of ``languages`` that has one, else any."""
    for candidate in (language, *languages):
        if candidate in texts:
            return texts[candidate]
    return next(iter(texts.values()))
