"""One turn of a call: what was said or pressed in, what is said next out. No I/O of its own.

The same engine as for messages, with other rules: STOP and the like are words like any other; a handoff is for this
call only, so the next one begins with the bot again; whoever cannot be helped is passed on, never left in silence.
The outcome of a turn says what the call does next (:mod:`switchboard_runtime.channels.voice`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from switchboard_runtime.assistants.base import Question
from switchboard_runtime.assistants.languages import choose_language
from switchboard_runtime.assistants.words import contains, words
from switchboard_runtime.config import localized
from switchboard_runtime.config.voice import Voice
from switchboard_runtime.conversation.call_phrases import call_phrase
from switchboard_runtime.conversation.speech import speakable
from switchboard_runtime.conversation.turn import Ask, Steps
from switchboard_runtime.store import Turn, statement, texts

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from switchboard_runtime.assistants.base import Answer
    from switchboard_runtime.config import Assistant, TenantDocument
    from switchboard_runtime.conversation.call_phrases import CallPhrase
    from switchboard_runtime.store import ConversationState, Inbound, Rows, Statement

__all__ = [
    "ANSWERED",
    "BY_KEY",
    "CALL_STEPS",
    "LISTENING",
    "SUSPENDED",
    "TALKING",
    "TO_VOICEMAIL",
    "CallKind",
    "Spoken",
    "begin_call",
    "end_call",
    "excuse_call",
    "handing",
    "hung_up_at",
    "kept_turn",
    "parties",
    "say",
]

CallKind = Literal["call", "speech", "digits"]
"""Kinds of a call's messages that want an answer; all others only tell what happened."""

ANSWERED, SUSPENDED = "answered", "suspended"
TALKING, TO_VOICEMAIL = "key: assistant", "key: voicemail"
BY_KEY = "key: transfer "
"""And the key."""

_GREETED, _REPLIED, _NO_KEY, _NOT_UNDERSTOOD = "call greeted", "key: reply", "key: none", "not understood"
LISTENING = frozenset({_GREETED, ANSWERED, TALKING, _REPLIED, _NO_KEY, _NOT_UNDERSTOOD})
"""Outcomes after which the call is listened to; after all others, also a limit's, a person is needed."""

_HANDED_OFF, _WITH_HUMAN, _FAILED, _NO_ASSISTANT = "handed off", "with a human", "call excused", "no assistant"

_KINDS = frozenset({"call", "speech", "digits"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A turn that is kept: what is said, what it came to, and in which language of the tenant (None: the first)."""

    texts: tuple[str, ...]
    outcome: str
    language: str | None


def begin_call(document: TenantDocument, state: ConversationState, messages: Sequence[Inbound]) -> Turn | Ask:
    """Decide all that needs no assistant; a call's messages never wait for more, so there is one."""
    (message,) = messages
    if message.kind not in _KINDS:
        return Turn(replies=(), state=state, outcome="noted")
    if document.tenant.status == "Suspended":
        return Turn(replies=(), state=state, outcome=SUSPENDED)
    if state.mode == "human":
        return _turn(state, (*_announced(document, state, message), handing(document, state.language)), _WITH_HUMAN)
    if message.kind == "call":
        return _greet(document, state, message)
    if message.kind == "digits":
        return _press(document, state, message)
    return _hear(document, state, message)


def end_call(document: TenantDocument, ask: Ask, said: Answer | None) -> Turn:
    """The turn, now that the assistant answered; the answer may ask for a person."""
    state = ask.state
    if said and said.handoff:
        return _turn(state, (handing(document, state.language),), _HANDED_OFF)
    text = speakable(said.text if said else "")
    if not text:
        return _not_understood(document, state)
    return _turn(state, (text,), ANSWERED)


def excuse_call(document: TenantDocument, ask: Ask) -> Turn:
    """The turn of an assistant that failed, or took longer than anybody stays on the line."""
    language = ask.state.language
    return _turn(ask.state, (say("excuse", document, language), handing(document, language)), _FAILED)


def kept_turn(work_id: int) -> Generator[Statement, Rows, tuple[str, str | None] | None]:
    """Why a finished work item came to what it did, and its conversation's language by now; None if it is not."""
    rows = yield statement(
        "SELECT w.outcome, c.language FROM work AS w JOIN conversation AS c"
        " ON c.tenant_id = w.tenant_id AND c.id = w.conversation_id"
        " WHERE w.tenant_id = :tenant AND w.id = :work AND w.state = 'done'",
        work=work_id,
    )
    return (rows[0]["outcome"], rows[0]["language"]) if rows else None


def parties(account: str, sid: str) -> Generator[Statement, Rows, tuple[str, str] | None]:
    """Our address and the contact's in a call that was answered, by its first turn's SID."""
    rows = yield statement(
        "SELECT c.own, c.contact FROM message AS m JOIN conversation AS c"
        " ON c.tenant_id = m.tenant_id AND c.id = m.conversation_id"
        " WHERE m.tenant_id = :tenant AND m.provider = 'twilio' AND m.account = :account AND m.sid = :sid",
        account=account,
        sid=sid,
    )
    return (rows[0]["own"], rows[0]["contact"]) if rows else None


def hung_up_at(document: TenantDocument, message: Inbound) -> float:
    """When an answer is of no use any more (seconds since the epoch): for ever, but in a call."""
    if message.channel != "voice":
        return math.inf
    return message.received_at + (document.voice or Voice()).answer_seconds


def say(name: CallPhrase, document: TenantDocument, language: str | None) -> str:
    """A phrase of the runtime's own."""
    return call_phrase(name, language=language or document.languages[0], display_name=document.tenant.display_name)


def handing(document: TenantDocument, language: str | None) -> str:
    """What is said before a call leaves the bot: to a person, to the voicemail, or to its end."""
    voice = document.voice or Voice()
    if voice.transfer:
        return say("through", document, language)
    return say("leave" if voice.voicemail else "write", document, language)


def _greet(document: TenantDocument, state: ConversationState, message: Inbound) -> Turn:
    """The opening, at each call anew: who is called, that it is a machine, and what to do."""
    voice = document.voice or Voice()
    assistant = _assistant(document, message) if voice.mode == "Assistant" else None
    opening = voice.greeting or {}
    parts = [
        _text(document, state, opening) if opening else say("hello", document, state.language),
        _text(document, state, assistant.disclosure) if assistant and assistant.disclosure else "",
        _prompt(document, state),
        say("listening", document, state.language) if voice.mode == "Assistant" and not opening else "",
    ]
    return _turn(state, (*_announced(document, state, message), " ".join(filter(None, parts))), _GREETED)


def _announced(document: TenantDocument, state: ConversationState, message: Inbound) -> tuple[str, ...]:
    """That the call is recorded, before a word of it is."""
    record = document.voice.record if document.voice else None
    return (_text(document, state, record.announcement),) if record and message.kind == "call" else ()


def _press(document: TenantDocument, state: ConversationState, message: Inbound) -> Turn:
    """Do what the tenant's menu says of a key."""
    voice = document.voice or Voice()
    option = voice.menu.option(message.text) if voice.menu else None
    again = (_prompt(document, state),) if voice.mode == "Menu" else ()
    if option is None:
        return _turn(state, (say("no key", document, state.language), *again), _NO_KEY)
    if option.transfer:
        return _turn(state, (say("through", document, state.language),), f"{BY_KEY}{option.key}")
    if option.voicemail:
        return _turn(state, (), TO_VOICEMAIL)
    if option.assistant:
        assistant = _assistant(document, message)
        disclosure = assistant.disclosure if assistant and voice.mode == "Menu" else None
        told = (_text(document, state, disclosure),) if disclosure else ()
        return _turn(state, (*told, say("listening", document, state.language)), TALKING)
    return _turn(state, (_text(document, state, option.reply or {}), *again), _REPLIED)


def _hear(document: TenantDocument, state: ConversationState, message: Inbound) -> Turn | Ask:
    """What was said goes to the assistant, if it was heard and is no wish for a human."""
    voice = document.voice or Voice()
    if not message.text.strip() or _confidence(message) < voice.min_confidence:
        return _not_understood(document, state)
    state = replace(state, language=choose_language(message.text, current=state.language, languages=document.languages))
    said = words(message.text)
    keywords = document.handoff.keywords if document.handoff else ()
    if any(contains(said, words(keyword)) for keyword in keywords):
        return _turn(state, (handing(document, state.language),), _HANDED_OFF)
    assistant = _assistant(document, message)
    if assistant is None:
        return _turn(state, (handing(document, state.language),), _NO_ASSISTANT)
    question = Question(
        text=message.text,
        language=state.language or document.languages[0],
        languages=document.languages,
        display_name=document.tenant.display_name,
        spoken=True,
    )
    return Ask(assistant=assistant, question=question, state=state)


def _not_understood(document: TenantDocument, state: ConversationState) -> Turn:
    return _turn(state, (say("again", document, state.language),), _NOT_UNDERSTOOD)


def _turn(state: ConversationState, said: tuple[str, ...], outcome: str) -> Turn:
    return Turn(replies=texts(*filter(None, said)), state=replace(state, contacted=True), outcome=outcome)


def _prompt(document: TenantDocument, state: ConversationState) -> str:
    menu = document.voice.menu if document.voice else None
    return _text(document, state, menu.prompt) if menu else ""


def _text(document: TenantDocument, state: ConversationState, written: dict[str, str]) -> str:
    language = state.language or document.languages[0]
    return speakable(localized(written, language=language, languages=document.languages))


def _assistant(document: TenantDocument, message: Inbound) -> Assistant | None:
    return document.assistant_for(message.own.rpartition(":")[2])


def _confidence(message: Inbound) -> float:
    """How sure Twilio is of the words, from 0 to 1; 1 when it does not say."""
    try:
        return float(dict(message.fields).get("Confidence", "1"))
    except ValueError:
        return 1.0


CALL_STEPS = Steps(begin_call, end_call, excuse_call)
"""Of calls."""
