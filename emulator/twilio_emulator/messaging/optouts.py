"""Opting out: the words that Twilio itself acts on when a phone writes to a number, and whom they bar from sending.

Only a message of one such word counts, in any case. A number in a Messaging Service answers for the whole service.
WhatsApp has none of this. Toll-free numbers have an opt-out of the network's own, with other texts and words.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from twilio_emulator.messaging.pools import service_of

if TYPE_CHECKING:
    from twilio_emulator.core import Core
    from twilio_emulator.models import Number

__all__ = ["Keyword", "Scope", "apply", "is_opted_out", "keyword_of", "scope_of"]

_KIND = "opt-out"


class Keyword(Enum):
    """What a word asks for."""

    STOP = "stop"
    START = "start"
    HELP = "help"


_WORDS = {
    **dict.fromkeys(("STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"), Keyword.STOP),
    **dict.fromkeys(("START", "YES", "UNSTOP"), Keyword.START),
    **dict.fromkeys(("HELP", "INFO"), Keyword.HELP),
}
_TOLL_FREE_WORDS = {"STOP": Keyword.STOP, "START": Keyword.START, "UNSTOP": Keyword.START}
_ANSWERS = {
    Keyword.STOP: "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe.",
    Keyword.START: "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
    "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
    Keyword.HELP: "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}
_TOLL_FREE_ANSWERS = {
    Keyword.STOP: 'NETWORK MSG: You replied with the word "{word}" which blocks all texts sent from this number. '
    'Text back "unstop" to receive messages again.',
    Keyword.START: 'NETWORK MSG: You have replied "{word}" and will begin receiving messages again from this number.',
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """Whom an opt-out bars: a number, or all numbers of a service."""

    account_sid: str
    sid: str


def scope_of(core: Core, number: Number) -> Scope:
    """Return whom an opt-out from this number bars."""
    service = service_of(core, number.sid)
    return Scope(account_sid=number.account_sid, sid=service.sid if service else number.sid)


def keyword_of(number: Number, text: str) -> Keyword | None:
    """Return what a message asks Twilio for, None when it is an ordinary one."""
    words = _TOLL_FREE_WORDS if number.kind == "toll_free" else _WORDS
    return words.get(text.strip().upper())


def is_opted_out(core: Core, scope: Scope, phone: str) -> bool:
    """Say whether a phone asked not to be written to."""
    return core.store.records.find(_KIND, _sid(scope, phone)) is not None


def apply(core: Core, number: Number, phone: str, text: str, *, now: float) -> str | None:
    """Do what a keyword asks for; return the text Twilio answers with, None for none.

    Args:
        core: the emulator.
        number: the number that the phone wrote to.
        phone: the phone, in E.164 form.
        text: the message; it is a keyword.
        now: the moment.
    """
    keyword, scope = keyword_of(number, text), scope_of(core, number)
    opted_out = is_opted_out(core, scope, phone)
    # A phone that opted out gets no HELP, and one that did not cannot come back.
    if keyword is None or opted_out != (keyword is Keyword.START):
        return None
    if keyword is Keyword.STOP:
        core.store.records.add(_KIND, sid=_sid(scope, phone), account_sid=scope.account_sid, now=now, key=phone)
    elif keyword is Keyword.START:
        core.store.records.delete(core.store.records.require(_KIND, _sid(scope, phone)))
    answers = _TOLL_FREE_ANSWERS if number.kind == "toll_free" else _ANSWERS
    return answers[keyword].format(word=text.strip().lower())


def _sid(scope: Scope, phone: str) -> str:
    return f"{scope.sid} {phone}"
