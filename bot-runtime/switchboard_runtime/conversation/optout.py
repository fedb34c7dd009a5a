"""STOP, START and HELP in the tenant's languages: which word is one, and who answers it.

For: whole messages only, whatever their case, accents, punctuation and emoji; a word within a sentence means nothing,
nor does a button of ours that was pressed. The table was put together on 2026-11-26: Twilio's words for SMS (docs,
advanced-opt-out), and what people write in the other languages. A tenant adds its own.
Assumes: on SMS Twilio answers its own words itself, and tells by ``OptOutType`` when it has answered others.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from switchboard_runtime.assistants.words import words
from switchboard_runtime.config.messaging import OptOut

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchboard_runtime.config import TenantDocument
    from switchboard_runtime.store import ConversationState, Inbound

__all__ = ["OPT_OUT_WORDS", "Opt", "Wish", "opt_of"]

Wish = Literal["STOP", "START", "HELP"]

_TWILIOS = "en"
"""The language whose words Twilio knows by itself, and every tenant."""

OPT_OUT_WORDS: Mapping[str, Mapping[Wish, tuple[str, ...]]] = {
    _TWILIOS: {
        "STOP": ("stop", "unsubscribe", "end", "quit", "stopall", "revoke", "optout", "cancel"),
        "START": ("start", "unstop", "yes"),
        "HELP": ("help", "info"),
    },
    "es": {
        "STOP": ("baja", "dar de baja", "darme de baja", "alto", "cancelar", "parar", "detener", "no mas mensajes"),
        "START": ("alta", "iniciar", "empezar", "volver"),
        "HELP": ("ayuda",),
    },
    "pt": {
        "STOP": ("sair", "parar", "pare", "cancelar", "descadastrar", "remover", "nao quero mais mensagens"),
        "START": ("voltar", "iniciar", "comecar", "entrar"),
        "HELP": ("ajuda",),
    },
    "fr": {
        "STOP": ("arret", "arreter", "desabonner", "desinscrire", "annuler"),
        "START": ("reprendre", "commencer"),
        "HELP": ("aide",),
    },
    "it": {
        "STOP": ("ferma", "basta", "annulla", "disiscrivi", "cancellami"),
        "START": ("inizia", "riprendi"),
        "HELP": ("aiuto",),
    },
    "de": {
        "STOP": ("stopp", "abmelden", "abbestellen", "beenden"),
        "START": ("anmelden", "weiter"),
        "HELP": ("hilfe",),
    },
}

_NONE_OF_ITS_OWN = OptOut()


@dataclass(frozen=True, slots=True)
class Opt:
    """What a contact wants, whether Twilio has answered it already, and in which of the tenant's languages it is said.

    ``language`` is None for a word that tells none: Twilio's, the tenant's own.
    """

    wish: Wish
    answered: bool
    language: str | None = None


def opt_of(document: TenantDocument, state: ConversationState, message: Inbound) -> Opt | None:
    """The wish that is the whole message, if it is one. START is a word like others to those who never stopped."""
    answered: dict[str, Wish] = {"STOP": "STOP", "START": "START", "HELP": "HELP"}
    if message.opt_out in answered:
        return Opt(answered[message.opt_out], answered=True)
    said = words(message.text)
    if not said or message.kind == "interactive":
        return None
    own = document.opt_out or _NONE_OF_ITS_OWN
    wish = _wishes(document.languages, own.stop, own.start, own.help).get(said)
    if wish is None or (wish == "START" and not state.opted_out):
        return None
    twilios = " ".join(said) in OPT_OUT_WORDS[_TWILIOS][wish]
    language = None if twilios else _language(document.languages, said, wish, state.language)
    return Opt(wish, answered=message.channel == "sms" and twilios, language=language)


def _language(languages: tuple[str, ...], said: tuple[str, ...], wish: Wish, current: str | None) -> str | None:
    """Which of ``languages`` has the phrase: the conversation's if it is one of them, else the first."""
    having = [one for one in languages if said in _phrases(one.split("-", maxsplit=1)[0], wish)]
    standing = current or languages[0]
    return standing if standing in having else next(iter(having), None)


@lru_cache(maxsize=64)
def _phrases(language: str, wish: Wish) -> frozenset[tuple[str, ...]]:
    return frozenset(words(phrase) for phrase in OPT_OUT_WORDS.get(language, {}).get(wish, ()))


@lru_cache(maxsize=64)
def _wishes(
    languages: tuple[str, ...], stop: tuple[str, ...], start: tuple[str, ...], aid: tuple[str, ...]
) -> Mapping[tuple[str, ...], Wish]:
    """Every phrase that counts for a tenant: its own, Twilio's, those of its languages; its own outweigh the others."""
    found: dict[tuple[str, ...], Wish] = {}
    for language in (*(one.split("-", maxsplit=1)[0] for one in reversed(languages)), _TWILIOS):
        for wish, phrases in OPT_OUT_WORDS.get(language, {}).items():
            found.update((words(phrase), wish) for phrase in phrases)
    added: tuple[tuple[Wish, tuple[str, ...]], ...] = (("HELP", aid), ("START", start), ("STOP", stop))
    for wish, phrases in added:
        found.update((words(phrase), wish) for phrase in phrases)
    return found
