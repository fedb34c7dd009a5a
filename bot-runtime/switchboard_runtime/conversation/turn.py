"""One turn: a message and what is remembered in, replies and what to remember out. No I/O of its own.

The order of the questions is the meaning: STOP is kept whatever else holds; a suspended tenant is silent; who asks for
help gets it; who said STOP gets nothing; who is with a human gets nothing from the bot; who asks for a human gets one;
then the assistant answers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from switchboard_runtime.assistants.base import Question
from switchboard_runtime.assistants.languages import choose_language
from switchboard_runtime.assistants.script import has_rule_for
from switchboard_runtime.assistants.words import contains, words
from switchboard_runtime.config import localized
from switchboard_runtime.conversation.optout import opt_of
from switchboard_runtime.conversation.phrases import phrase
from switchboard_runtime.conversation.received import notes_of, received
from switchboard_runtime.conversation.shaping import shaped, split
from switchboard_runtime.store import Reply, Turn, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from switchboard_runtime.assistants.base import Answer, Parts
    from switchboard_runtime.config import Assistant, TenantDocument
    from switchboard_runtime.conversation.optout import Opt
    from switchboard_runtime.conversation.phrases import Phrase
    from switchboard_runtime.store import ConversationState, Inbound

__all__ = ["TEXT_STEPS", "Ask", "Steps", "begin_burst", "begin_turn", "end_turn", "excuse_turn", "say_turn", "split"]

_NO_WORDS = "no words"
_ENDS_ALL = frozenset({"opted out", "handed off"})
_DECIDES = frozenset({*_ENDS_ALL, "opted in"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """The turn needs an assistant: ask it, then :func:`end_turn` with what it said."""

    assistant: Assistant
    question: Question
    state: ConversationState
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Steps:
    """How one kind of channel begins a turn, ends it, and excuses an assistant that failed for good."""

    begin: Callable[[TenantDocument, ConversationState, Sequence[Inbound]], Turn | Ask]
    end: Callable[[TenantDocument, Ask, Answer | None], Turn]
    excuse: Callable[[TenantDocument, Ask], Turn]


def begin_turn(document: TenantDocument, state: ConversationState, message: Inbound) -> Turn | Ask:
    """Decide all that needs no assistant."""
    opt = opt_of(document, state, message)
    if opt is not None:
        speaking = replace(state, language=opt.language) if opt.language else state
        decided = _opted(document, speaking, opt) if opt.wish != "HELP" else _help(document, speaking, opt)
        if decided is not None:
            return decided
    silence = _silence(document, state, message)
    if silence is not None:
        return Turn(replies=(), state=state, outcome=silence)
    spoken = _with_language(document, state, message)
    if _asks_for_human(document, message):
        return _handoff(document, spoken)
    return _ask(document, spoken, message)


def begin_burst(document: TenantDocument, state: ConversationState, messages: Sequence[Inbound]) -> Turn | Ask:
    """Decide several messages as one: what needs an assistant becomes one question, a line each.

    STOP and the wish for a human undo what was asked before them; a message without words is answered only if
    nothing better is.
    """
    asked: list[Ask] = []
    last: Turn | None = None
    for message in messages:
        step = begin_turn(document, state, message)
        if isinstance(step, Ask):
            asked.append(step)
            state = replace(state, language=step.state.language)
            continue
        if step.outcome in _ENDS_ALL:
            asked.clear()
        if step.outcome != _NO_WORDS:
            state = step.state
        if last is None or step.outcome in _DECIDES or (step.replies and not last.replies):
            last = step
    if asked:
        return replace(asked[-1], question=_joined([step.question for step in asked]), state=state)
    if last is None:
        raise ValueError("a turn is about one message at least")
    return last if last.outcome == _NO_WORDS else replace(last, state=state)


def _joined(questions: Sequence[Question]) -> Question:
    """Several questions as one: a line each, with all that came with them."""
    return replace(
        questions[-1],
        text="\n".join(question.text for question in questions if question.text),
        notes=tuple(note for question in questions for note in question.notes),
    )


def end_turn(document: TenantDocument, ask: Ask, said: Answer | None) -> Turn:
    """The turn, now that the assistant answered; the answer may pass the conversation to a person."""
    answered = said.text if said else ""
    text = answered or _phrase("received", document, ask.state)
    outcome = "answered" if answered else "nothing to say"
    turn = _reply(document, ask, text, outcome, parts=said.parts if said else None)
    if said is None or not said.handoff:
        return turn
    return replace(turn, state=replace(turn.state, mode="human", epoch=turn.state.epoch + 1), outcome="handed off")


def excuse_turn(document: TenantDocument, ask: Ask) -> Turn:
    """The turn of an assistant that failed for good: an excuse is better than silence."""
    return _reply(document, ask, _phrase("excuse", document, ask.state), "assistant failed")


def say_turn(document: TenantDocument, ask: Ask, *, text: str, outcome: str) -> Turn:
    """The turn of a question that no assistant is asked: a text in its stead."""
    return _reply(document, ask, text, outcome)


def _opted(document: TenantDocument, state: ConversationState, opt: Opt) -> Turn:
    """The turn of STOP or START: confirmed once, unless Twilio has done so."""
    stop = opt.wish == "STOP"
    after = replace(state, opted_out=stop)
    outcome = "opted out" if stop else "opted in"
    if opt.answered or document.tenant.status == "Suspended" or state.opted_out == stop:
        return Turn(replies=(), state=after, outcome=outcome)
    own = document.opt_out
    written = (own.stop_reply if stop else own.start_reply) if own else None
    return _notice(document, after, written, "stopped" if stop else "started", outcome)


def _help(document: TenantDocument, state: ConversationState, opt: Opt) -> Turn | None:
    """The turn of HELP, also to those who opted out; None when it is a word like others."""
    written = document.opt_out.help_reply if document.opt_out else None
    if opt.answered or document.tenant.status == "Suspended":
        return None
    if not state.opted_out and (written is None or state.mode == "human"):
        return None
    return _notice(document, state, written, "help", "helped")


def _notice(
    document: TenantDocument,
    state: ConversationState,
    written: dict[str, str] | None,
    otherwise: Literal["stopped", "started", "help"],
    outcome: str,
) -> Turn:
    """A message that is sent also to who opted out: the tenant's words for it, else ours."""
    text = _localized(document, state, written) if written else _phrase(otherwise, document, state)
    return Turn(replies=(Reply(text=text, notice=True),), state=state, outcome=outcome)


def _silence(document: TenantDocument, state: ConversationState, message: Inbound) -> str | None:
    """Why the bot says nothing, or None."""
    if document.tenant.status == "Suspended":
        return "suspended"
    if state.opted_out:
        return "silent: opted out"
    opt = opt_of(document, state, message)
    if opt is not None and opt.answered:
        return "answered by provider"
    return "with a human" if state.mode == "human" else None


def _with_language(document: TenantDocument, state: ConversationState, message: Inbound) -> ConversationState:
    language = choose_language(message.text, current=state.language, languages=document.languages)
    return replace(state, language=language)


def _asks_for_human(document: TenantDocument, message: Inbound) -> bool:
    said = words(message.text)
    keywords = document.handoff.keywords if document.handoff else ()
    return any(contains(said, words(keyword)) for keyword in keywords)


def _handoff(document: TenantDocument, state: ConversationState) -> Turn:
    after = replace(state, mode="human", epoch=state.epoch + 1, contacted=True)
    return Turn(replies=texts(_phrase("handoff", document, state)), state=after, outcome="handed off")


def _ask(document: TenantDocument, state: ConversationState, message: Inbound) -> Turn | Ask:
    assistant = document.assistant_for(message.own.rpartition(":")[2])
    parts = received(dict(message.fields))
    question = Question(
        text=message.text,
        language=_language(document, state),
        languages=document.languages,
        display_name=document.tenant.display_name,
        kind=message.kind,
        choice=parts.choice,
        notes=notes_of(parts),
    )
    if assistant is None:
        return _opened(document, state, None, _phrase("received", document, state), "no assistant")
    ask = Ask(assistant=assistant, question=question, state=state, channel=message.channel)
    if message.text.strip() or has_rule_for(assistant, message.kind):
        return ask
    return _reply(document, ask, _phrase("media", document, state), _NO_WORDS)


def _reply(document: TenantDocument, ask: Ask, text: str, outcome: str, *, parts: Parts | None = None) -> Turn:
    """What an assistant's answer comes to on its channel."""
    return _opened(document, ask.state, ask.assistant, text, outcome, parts=parts, channel=ask.channel)


def _opened(
    document: TenantDocument,
    state: ConversationState,
    assistant: Assistant | None,
    text: str,
    outcome: str,
    *,
    parts: Parts | None = None,
    channel: str = "",
) -> Turn:
    """One message: at first contact the greeting and the disclosure stand before the answer."""
    said = [text]
    if not state.contacted:
        opening = (document.greeting, assistant.disclosure if assistant else None)
        said = [*(_localized(document, state, words) for words in opening if words), text]
    replies = shaped(document, "\n\n".join(said), parts, channel=channel, language=_language(document, state))
    return Turn(replies=replies, state=replace(state, contacted=True), outcome=outcome)


def _localized(document: TenantDocument, state: ConversationState, written: dict[str, str]) -> str:
    return localized(written, language=_language(document, state), languages=document.languages)


def _phrase(
    name: Phrase,
    document: TenantDocument,
    state: ConversationState,
) -> str:
    return phrase(name, language=_language(document, state), display_name=document.tenant.display_name)


def _language(document: TenantDocument, state: ConversationState) -> str:
    return state.language or document.languages[0]


TEXT_STEPS = Steps(begin_burst, end_turn, excuse_turn)
"""Of all channels whose messages are written."""
