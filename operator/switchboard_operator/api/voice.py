"""How a tenant's numbers answer calls: what callers hear, what keys do, who is called."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from switchboard_operator.api import grammar
from switchboard_operator.api.fields import Duration, Language, Line, PhoneNumber, Texts
from switchboard_operator.api.model import ApiModel
from switchboard_operator.api.rules import ListMap, ListSet, Rule, duration_between, exactly_one, keys_match, matches

_WHOLE = Rule(rule="!self.matches(r'ms|[.]')", message="must be whole seconds: write 20s or 2m")

SipAddress = Annotated[
    str,
    Field(max_length=300),
    matches(grammar.SIP_ADDRESS, "is no SIP address: write it as sip:sales@pbx.example.com"),
]

VoiceName = Annotated[
    str,
    Field(max_length=80),
    matches(grammar.VOICE_NAME, "is no voice of Twilio's: write its name, as in Polly.Mia, or leave it out"),
]

Key = Annotated[
    str,
    Field(max_length=1),
    matches(r"^[0-9*#]$", 'is no key: one of 0 to 9, * and #, in quotes, as in "0"'),
]


class Transfer(ApiModel):
    """Who is called when a person shall take over. Nobody is ever called but who stands here."""

    phone_number: PhoneNumber | None = None
    """A telephone (E.164) that is none of the tenant's own numbers."""

    sip: SipAddress | None = None
    """An address at a telephone system."""

    ring_timeout: Annotated[Duration, duration_between("5s", "2m"), _WHOLE] | None = None
    """How long it rings. Default: 20s."""

    caller_id: Literal["Caller", "Own"] = "Caller"
    """Whose number the person sees. Caller: the caller's. Own: the one that was called."""

    validations: ClassVar[tuple[Rule, ...]] = (
        exactly_one("phoneNumber", "sip", cure="a telephone or an address at a telephone system"),
    )


class ToVoicemail(ApiModel):
    """The caller may leave a message."""


class ToAssistant(ApiModel):
    """The caller talks with the number's assistant."""


class MenuOption(ApiModel):
    """What a key does."""

    key: Key
    """The key."""

    reply: Texts | None = None
    """A text, by language; then the call goes on."""

    transfer: Transfer | None = None
    """A person is called."""

    voicemail: ToVoicemail | None = None
    """The caller may leave a message."""

    assistant: ToAssistant | None = None
    """The caller talks with the number's assistant."""

    validations: ClassVar[tuple[Rule, ...]] = (
        exactly_one("reply", "transfer", "voicemail", "assistant", cure="a key does one thing"),
    )


class Menu(ApiModel):
    """What callers hear of the keys, and the keys."""

    prompt: Texts
    """What is said of the keys, by language."""

    options: Annotated[list[MenuOption], Field(min_length=1, max_length=12), ListMap(("key",))]
    """The keys."""


class Voicemail(ApiModel):
    """Messages on the tape; `{}` is enough."""

    greeting: Texts | None = None
    """What is said before the tone, by language. Default: the bot's own words."""

    max_duration: Annotated[Duration, duration_between("5s", "10m"), _WHOLE] | None = None
    """How long a message may be. Default: 2m."""

    transcribe: bool = False
    """Whether Twilio writes it down too, which it does for English only, up to two minutes."""


class Recording(ApiModel):
    """Calls are recorded whole."""

    announcement: Texts
    """What is said before, by language; the law of most places wants it."""


class Speech(ApiModel):
    """How a language is spoken and listened to."""

    language: Language
    """Twilio's name of the language, as in en-GB."""

    voice: VoiceName | None = None
    """One of Twilio's voices, as in Polly.Amy-Neural. Default: Twilio's choice."""


class Voice(ApiModel):
    """How calls are answered."""

    mode: Literal["Message", "Assistant", "Menu"] = "Message"
    """What a caller meets. Message: a polite text. Assistant: the number's assistant, which listens and speaks.
    Menu: keys."""

    greeting: Texts | None = None
    """First words, by language; with `mode: Message` the whole text. Default: the bot's own words."""

    menu: Menu | None = None
    """The keys. With `mode: Assistant` they work while it talks."""

    transfer: Transfer | None = None
    """Who takes over when the bot cannot help. Default: nobody."""

    voicemail: Voicemail | None = None
    """Messages on the tape. Default: none are taken."""

    record: Recording | None = None
    """Record calls whole. Default: they are not."""

    voices: (
        Annotated[
            dict[str, Speech],
            Field(max_length=16),
            keys_match(grammar.LANGUAGE, "has a key that is no BCP 47 language: write es or pt-BR"),
        ]
        | None
    ) = None
    """How each of the bot's languages is spoken and listened to."""

    hints: Annotated[list[Line], Field(max_length=100), ListSet()] | None = None
    """Words to expect; names and aliases of the assistant's products are added."""

    min_confidence_percent: Annotated[int, Field(ge=0, le=100)] | None = None
    """What was recognised with less confidence is asked for again. Default: 0."""

    listen_timeout: Annotated[Duration, duration_between("1s", "1m"), _WHOLE] | None = None
    """How long a caller may take to begin to speak. Default: 5s."""

    pause: Annotated[Duration, duration_between("1s", "10s"), _WHOLE] | None = None
    """The pause that ends what is said. Default: Twilio's choice."""

    answer_timeout: Annotated[Duration, duration_between("5s", "1m"), _WHOLE] | None = None
    """How long an assistant may think in all, with words of patience meanwhile. Default: 24s."""

    max_turns: Annotated[int, Field(ge=1, le=100)] | None = None
    """How often a call is listened to. Default: 30."""

    max_silences: Annotated[int, Field(ge=0, le=5)] | None = None
    """How often in a row nothing may be heard. Default: 2."""

    validations: ClassVar[tuple[Rule, ...]] = (
        Rule(
            rule="self.mode != 'Menu' || has(self.menu)",
            message="menu must be given with mode: Menu: write the keys, or choose another mode",
            field=".menu",
        ),
        Rule(
            rule="!has(self.menu) || has(self.voicemail) || !self.menu.options.exists(one, has(one.voicemail))",
            message="voicemail must be given, since a key of the menu leads there: {} is enough",
            field=".voicemail",
        ),
    )
