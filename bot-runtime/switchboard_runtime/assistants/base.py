"""The port of an assistant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from switchboard_runtime.config import Assistant

if TYPE_CHECKING:
    from decimal import Decimal

    from switchboard_runtime.config.script import Location

__all__ = ["Answer", "Answering", "Lead", "Meter", "Parts", "Question", "Responder", "Said", "Usage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Something that was said in the conversation before."""

    who: Literal["contact", "bot", "human"]
    text: str


@dataclass(slots=True)
class Meter:
    """What an answer has taken so far, for whoever asked and gets none: it failed, or was cut short.

    Attributes:
        usage: None when no model was asked.
        model: ``provider/name`` of the one that was asked last.
    """

    usage: Usage | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What an assistant is asked.

    Attributes:
        text: the contact's words; empty only for an assistant that has a rule for what came without words.
        language: the conversation's language.
        languages: the tenant's, in order of preference.
        display_name: how the tenant is called.
        history: what was said before, oldest first; without ``text``.
        kind: what came: ``text``, ``image``, ``audio``, ``location``, ``interactive`` …
        choice: our id of the button that was pressed or the line that was chosen.
        notes: what else came with it, a line each, in English; not the contact's words.
        spoken: it is said on the phone, and so is the answer.
        meter: where the assistant writes what the answer takes, whatever comes of it.
    """

    text: str
    language: str
    languages: tuple[str, ...]
    display_name: str
    history: tuple[Said, ...] = ()
    kind: str = "text"
    choice: str | None = None
    notes: tuple[str, ...] = ()
    spoken: bool = False
    meter: Meter = field(default_factory=Meter, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What an answer took, over all requests that were made for it.

    Attributes:
        input_tokens: cached ones included.
        cached_tokens: those of the input that the vendor had cached.
        output_tokens: reasoning included.
        requests: asked of any model, the failed ones included.
        estimated: a vendor did not say, so the tokens are partly our estimate.
        cost: money; None when the price of any of it is unknown, which is not 0.
        currency: of ``cost``; None with it.
    """

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    requests: int = 0
    estimated: bool = False
    cost: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """A person who wants something, as the assistant understood it."""

    name: str | None = None
    phone: str | None = None
    email: str | None = None
    interest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What goes with an answer besides its words, whichever channel will carry it.

    Attributes:
        media: public addresses.
        choices: what the contact may choose from, each our id and the words.
        location: a place.
        template: the name of the document's content template that shows it, where there are templates.
    """

    media: tuple[str, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()
    location: Location | None = None
    template: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an assistant says, and what it took to say it.

    Attributes:
        text: the reply.
        handoff: a person must take over; the text says so.
        outcome: how the text came to be; ``answered`` is the model's own words.
        usage: None when no model was asked.
        model: ``provider/name`` of the one that answered, if one did.
        sources: names of the knowledge texts that were looked up for it.
        leads: what was captured; handed to the sink already.
        parts: what goes with the words.
    """

    text: str
    handoff: bool = False
    outcome: Literal["answered", "corrected", "catalogue", "script", "declined", "withheld", "canned"] = "answered"
    usage: Usage | None = None
    model: str | None = None
    sources: tuple[str, ...] = ()
    leads: tuple[Lead, ...] = ()
    parts: Parts | None = None


class Responder(Protocol):
    """An assistant, ready to answer. May fail; the engine retries and then says so politely."""

    async def answer(self, question: Question) -> str | Answer | None:
        """The reply, or None when it has nothing to say."""
        ...


Answering = Callable[[Assistant], Responder]
"""Makes the responder of a configured assistant."""
