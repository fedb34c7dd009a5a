"""How a tenant's numbers answer calls: the part ``voice`` of the tenant document.

For: what callers hear, what keys do, where a call goes when the bot cannot help.
Refuses: a transfer to whom a caller or an assistant names; only what stands here is ever dialled.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from switchboard_runtime.config.fields import Filled, Language, Model, Texts, unique

__all__ = ["Menu", "MenuOption", "Record", "Speech", "Transfer", "Voice", "Voicemail"]

_KEYS = frozenset("0123456789*#")
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_SIP = re.compile(r"sips?:[A-Za-z0-9._~+%-]{1,128}@[A-Za-z0-9.-]{1,128}(:[0-9]{1,5})?(;transport=(tcp|udp|tls))?")
_VOICE = re.compile(r"(man|woman|alice|(Polly|Google|Amazon|ElevenLabs)\.[A-Za-z0-9._-]{1,64})")


def _number(value: str) -> str:
    if not _NUMBER.fullmatch(value):
        raise ValueError("is no phone number; write it with country code, such as +5491155550100")
    return value


def _sip(value: str) -> str:
    if not _SIP.fullmatch(value):
        raise ValueError("is no SIP address; write it as sip:sales@pbx.example.com")
    return value


def _voice(value: str) -> str:
    if not _VOICE.fullmatch(value):
        raise ValueError("is no voice of Twilio's; write its name, such as Polly.Mia, or leave it out")
    return value


def _key(value: str) -> str:
    if value not in _KEYS:
        raise ValueError("is no key; give one of 0 to 9, * and #")
    return value


Seconds = Annotated[int, Field(ge=1, le=60)]


class Speech(Model):
    """How a language of the tenant is spoken and listened to: Twilio's name of it, and one of Twilio's voices."""

    language: Language
    voice: Annotated[str, AfterValidator(_voice)] | None = None


class Transfer(Model):
    """Who is called when a person shall take over, for how long it rings, and whose number they see."""

    phone_number: Annotated[str, AfterValidator(_number)] | None = None
    sip: Annotated[str, AfterValidator(_sip)] | None = None
    ring_seconds: Annotated[int, Field(ge=5, le=120)] = 20
    caller_id: Literal["Caller", "Own"] = "Caller"

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.phone_number is None) == (self.sip is None):
            raise ValueError("give exactly one of phoneNumber and sip")
        return self


class MenuOption(Model):
    """What a key does."""

    key: Annotated[str, AfterValidator(_key)]
    reply: Texts | None = None
    transfer: Transfer | None = None
    voicemail: Literal[True] | None = None
    assistant: Literal[True] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [one for one in (self.reply, self.transfer, self.voicemail, self.assistant) if one is not None]
        if len(given) != 1:
            raise ValueError("give exactly one of reply, transfer, voicemail and assistant")
        return self


class Menu(Model):
    """What callers hear of the keys, and the keys."""

    prompt: Texts
    options: Annotated[tuple[MenuOption, ...], Field(min_length=1, max_length=12)]

    @model_validator(mode="after")
    def _keys_differ(self) -> Self:
        unique("options", [option.key for option in self.options])
        return self

    def option(self, key: str) -> MenuOption | None:
        """What a key does, None if nothing."""
        return next((option for option in self.options if option.key == key), None)


class Voicemail(Model):
    """A message on the tape. ``transcribe`` asks Twilio for its text too, which it has for English only."""

    greeting: Texts | None = None
    max_seconds: Annotated[int, Field(ge=5, le=600)] = 120
    transcribe: bool = False


class Record(Model):
    """Calls are recorded whole, after these words."""

    announcement: Texts


class Voice(Model):
    """How calls are answered.

    ``mode`` is what a caller meets: ``Message`` a polite text, ``Assistant`` the number's assistant, which listens
    and speaks, ``Menu`` keys; a menu beside an assistant works while it talks. ``voices`` are by the tenant's
    language. ``answer_seconds`` is how long an assistant may think in all, with words of patience every eight.
    """

    mode: Literal["Message", "Assistant", "Menu"] = "Message"
    greeting: Texts | None = None
    menu: Menu | None = None
    transfer: Transfer | None = None
    voicemail: Voicemail | None = None
    record: Record | None = None
    voices: dict[Language, Speech] = Field(default_factory=dict)
    hints: Annotated[tuple[Annotated[Filled, StringConstraints(max_length=100)], ...], Field(max_length=100)] = ()
    min_confidence: Annotated[float, Field(ge=0, le=1)] = 0.0
    listen_seconds: Seconds = 5
    pause_seconds: Annotated[int, Field(ge=1, le=10)] | None = None
    answer_seconds: Annotated[int, Field(ge=5, le=60)] = 24
    max_turns: Annotated[int, Field(ge=1, le=100)] = 30
    max_silences: Annotated[int, Field(ge=0, le=5)] = 2

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if self.mode == "Menu" and self.menu is None:
            raise ValueError("menu: mode Menu needs one; add menu or choose another mode")
        if self.voicemail is None and self.menu and any(option.voicemail for option in self.menu.options):
            raise ValueError("voicemail: a menu option leads there; add voicemail, {} is enough")
        return self

    @property
    def needs_assistant(self) -> bool:
        """Whether a caller can come to talk with an assistant."""
        options = self.menu.options if self.menu else ()
        return self.mode == "Assistant" or (self.mode == "Menu" and any(option.assistant for option in options))

    @property
    def transfers(self) -> tuple[tuple[str, Transfer], ...]:
        """Every transfer, with the field it stands in."""
        options = self.menu.options if self.menu else ()
        own = [("transfer", self.transfer), *((f"menu.options[{one.key}].transfer", one.transfer) for one in options)]
        return tuple((field, transfer) for field, transfer in own if transfer is not None)
