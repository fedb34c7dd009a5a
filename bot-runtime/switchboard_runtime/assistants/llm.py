"""An assistant that thinks with language models, and still answers when they do not.

For: one assistant of one tenant. Models are tried in order under one deadline for the turn; each has a breaker.
Refuses: to pass on what the guard does not let through, to ask for ever, to be silent. When all fails, the script's
rules answer, else the canned text, with a person asked for.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, TypeVar

from switchboard_runtime.assistants.accounting import Ledger, cut_short
from switchboard_runtime.assistants.base import Answer
from switchboard_runtime.assistants.bounds import asked_within, faults, told
from switchboard_runtime.assistants.catalogue import find_products
from switchboard_runtime.assistants.guard import Known, Secrets, violations
from switchboard_runtime.assistants.history import recent
from switchboard_runtime.assistants.replies import Asked, ModelFailed, Returned, Spoken, Told
from switchboard_runtime.assistants.script import answer_by_script
from switchboard_runtime.assistants.tools import TurnState
from switchboard_runtime.assistants.wording import catalogue_words, correction, fixed, rules
from switchboard_runtime.assistants.words import contains, words
from switchboard_runtime.config import localized
from switchboard_runtime.telemetry.logs import log_event
from switchboard_runtime.telemetry.tracing import NoTracing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from switchboard_runtime.assistants.base import Lead, Question
    from switchboard_runtime.assistants.breaker import Breaker, Breakers
    from switchboard_runtime.assistants.replies import Call, Heard, Message, Model
    from switchboard_runtime.assistants.tools import Kit
    from switchboard_runtime.clock import Clock
    from switchboard_runtime.config import Assistant, Product
    from switchboard_runtime.config.documents import LanguageModel, ModelChoice
    from switchboard_runtime.telemetry.tracing import Fact, Tracing

__all__ = ["LanguageAssistant"]

_T = TypeVar("_T")
_LOG = logging.getLogger(__name__)
_PROVIDERS = {"google": "gcp.gemini"}
"""Names of vendors in OpenTelemetry's conventions, where they differ from ours."""

_SHARE = 0.6
_LONGEST_REPLY = 3000
_LONGEST_QUESTION = 6000
_LONGEST_NOTE = 500


@dataclass(slots=True)
class _Turn:
    """What one answer has come to so far."""

    question: Question
    deadline: float
    messages: list[Message]
    instructions: str
    state: TurnState = field(default_factory=TurnState)
    ledger: Ledger = field(default_factory=Ledger)
    failed: set[int] = field(default_factory=set)
    model: str | None = None
    corrected: bool = False


class LanguageAssistant:
    """A :class:`~switchboard_runtime.assistants.base.Responder` that asks models.

    Args:
        assistant: its document.
        settings: its models, tools and limits.
        models: one for each choice, in order.
        kit: its tools.
        breakers: the tenant's.
        clock: dates prices, ends waiting.
        sink: gets each captured lead once, when the turn's answer is ready.
    """

    def __init__(
        self,
        *,
        assistant: Assistant,
        settings: LanguageModel,
        models: tuple[Model, ...],
        kit: Kit,
        breakers: Breakers,
        clock: Clock,
        sink: Callable[[Lead], Awaitable[None]] | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        self._assistant = assistant
        self._settings = settings
        self._models = models
        self._kit = kit
        self._breakers = breakers
        self._clock = clock
        self._sink = sink
        self._tracing = tracing or NoTracing()
        self._active = tuple(product for product in assistant.products if product.status == "Active")
        instructions = assistant.instructions or ""
        self._secrets = Secrets(instructions, hashlib.sha256(f"mark {instructions}".encode()).hexdigest()[:16])

    async def answer(self, question: Question) -> Answer:
        """The reply; whatever the models do, there is one."""
        question = asked_within(question, self._settings.languages)
        if self._blocked(question):
            return Answer(text=self._declining(question), outcome="declined")
        turn = self._begin(question)
        try:
            answer = await self._converse(turn) or self._degraded(turn)
        except BaseException:
            question.meter.usage = turn.ledger.usage if turn.ledger.usage.requests else None
            question.meter.model = turn.model
            raise
        complete = replace(
            answer,
            usage=turn.ledger.usage if turn.ledger.usage.requests else None,
            model=turn.model,
            sources=tuple(turn.state.sources),
            leads=tuple(turn.state.leads),
        )
        if self._sink is not None:
            for lead in complete.leads:
                await self._sink(lead)
        return complete

    def _begin(self, question: Question) -> _Turn:
        first = self._settings.choices[0].provider
        topic = self._settings.topic
        return _Turn(
            question=question,
            deadline=self._clock.now() + self._settings.deadline_seconds,
            messages=[
                *recent(question.history, budget=self._settings.history_tokens, provider=first),
                Told(_told(question)),
            ],
            instructions=rules(
                instructions=self._secrets.instructions,
                topic=topic.about if topic else None,
                language=question.language,
                display_name=question.display_name,
                mark=self._secrets.mark,
                bounds=told(self._settings, language=question.language),
                spoken=question.spoken,
            ),
        )

    async def _converse(self, turn: _Turn) -> Answer | None:
        """Ask, call tools, ask again; None when no model brought it to an answer."""
        most = self._settings.max_requests
        for count in range(1, most + 1):
            heard = await self._ask(turn, last=count == most)
            if heard is None:
                return None
            answer = await self._step(turn, heard, last=count == most)
            if answer is not None:
                return answer
        self._log("too many requests")
        return None

    async def _step(self, turn: _Turn, heard: Heard, *, last: bool) -> Answer | None:
        """What a response leads to: calls are made, words are checked."""
        if not heard.calls:
            return self._checked(turn, heard.text, last=last)
        if last:
            return None
        try:
            results = await _within(self._clock, self._called(turn, heard), until=turn.deadline)
        except TimeoutError:
            self._log("tools took too long")
            return None
        if turn.state.handoff:
            return self._fixed(turn, "handoff", handoff=True, outcome="answered")
        if turn.state.off_topic:
            return Answer(text=self._declining(turn.question), outcome="declined")
        turn.messages += [Spoken(heard.text, heard.calls), Returned(results)]
        return None

    async def _called(self, turn: _Turn, heard: Heard) -> tuple[tuple[Call, str], ...]:
        """What the tools give, one after the other."""
        results = []
        for call in heard.calls:
            facts = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": call.name}
            with self._tracing.within("execute_tool", kind="internal", facts=facts):
                results.append((call, await self._kit.run(call.name, call.arguments, turn.state)))
        return tuple(results)

    def _checked(self, turn: _Turn, text: str, *, last: bool) -> Answer | None:
        """The reply if it may go out; a second try where there is one; else the catalogue's words."""
        if self._secrets.leak(text) or "```" in text:
            self._log("reply withheld")
            return self._fixed(turn, "withheld", handoff=False, outcome="withheld")
        problems = violations(text, self._known(turn))
        beside = faults(text, self._settings, sourced=turn.state.sourced)
        if not problems and not beside:
            return Answer(text=_cut(text), outcome="corrected" if turn.corrected else "answered")
        self._log("reply held back", problems=len(problems) + len(beside))
        if turn.corrected or last:
            return self._by_catalogue(turn, text)
        turn.corrected = True
        turn.messages += [Spoken(text), Told(correction(problems, beside))]
        return None

    def _known(self, turn: _Turn) -> Known:
        said = (one.text for one in turn.question.history if one.who == "contact")
        topic = self._settings.topic.about if self._settings.topic else ""
        return Known(
            products=self._active,
            returned=tuple(turn.state.returned),
            texts=(self._assistant.instructions or "", topic, *turn.state.texts),
            heard=(turn.question.text, *said),
        )

    def _by_catalogue(self, turn: _Turn, text: str) -> Answer:
        """What the catalogue says of what was asked, or of what the reply was about."""
        products: tuple[Product, ...] = (
            find_products(turn.question.text, self._active)
            or tuple(turn.state.returned)
            or find_products(text, self._active)
        )
        if not products and self._settings.unsure is not None:
            question = turn.question
            said = localized(self._settings.unsure, language=question.language, languages=question.languages)
            return Answer(text=said, outcome="catalogue")
        if not products:
            return self._fixed(turn, "unsure", handoff=False, outcome="catalogue")
        return Answer(text=catalogue_words(products, language=turn.question.language), outcome="catalogue")

    async def _ask(self, turn: _Turn, *, last: bool) -> Heard | None:
        """The first model that answers, in the document's order; None when none does in time."""
        asked = Asked(instructions=turn.instructions, messages=tuple(turn.messages), tools=self._kit.specs, last=last)
        open_ones = [place for place in range(len(self._models)) if place not in turn.failed]
        for place in open_ones:
            now = self._clock.now()
            left = turn.deadline - now
            if left <= 0:
                break
            patience = left if place == open_ones[-1] else left * _SHARE
            breaker = self._breakers.of(_key(self._models[place].choice))
            if not breaker.admit(now, patience=patience):
                continue
            heard = await self._try(turn, place, asked, breaker, until=now + patience)
            if heard is not None:
                return heard
            turn.failed.add(place)
        return None

    async def _try(self, turn: _Turn, place: int, asked: Asked, breaker: Breaker, *, until: float) -> Heard | None:
        """One request to one model."""
        choice = self._models[place].choice
        turn.ledger.asked()
        facts: dict[str, Fact | None] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": _PROVIDERS.get(choice.provider, choice.provider),
            "gen_ai.request.model": choice.model,
            "gen_ai.request.max_tokens": choice.max_tokens,
        }
        with self._tracing.within(f"chat {choice.model}", kind="client", facts=facts) as span:
            heard = await self._request(turn, place, asked, breaker, until=until)
            if heard is None:
                span.failed("no answer")
            else:
                spent = heard.spent
                span.note(
                    {
                        "gen_ai.usage.input_tokens": spent.input_tokens,
                        "gen_ai.usage.output_tokens": spent.output_tokens,
                    }
                )
            return heard

    async def _request(self, turn: _Turn, place: int, asked: Asked, breaker: Breaker, *, until: float) -> Heard | None:
        choice = self._models[place].choice
        try:
            heard = await _within(self._clock, self._models[place].ask(asked), until=until)
        except ModelFailed as error:
            self._failed(turn, choice, breaker, error)
            return None
        except TimeoutError:
            self._failed(turn, choice, breaker, ModelFailed("no answer in time", blame=True, billed=True))
            return None
        except BaseException:
            breaker.spared()
            turn.model = f"{choice.provider}/{choice.model}"
            turn.ledger.spent(cut_short(asked, choice), choice, now=self._clock.now())
            raise
        breaker.succeeded()
        turn.ledger.spent(heard.spent, choice, now=self._clock.now())
        turn.model = f"{choice.provider}/{choice.model}"
        return heard

    def _failed(self, turn: _Turn, choice: ModelChoice, breaker: Breaker, error: ModelFailed) -> None:
        now = self._clock.now()
        if error.blame:
            breaker.failed(now, retry_after=error.retry_after)
        else:
            breaker.spared()
        if error.spent is not None:
            turn.ledger.spent(error.spent, choice, now=now)
        elif error.billed:
            turn.ledger.unknown()
        self._log("model failed", provider=choice.provider, model=choice.model, error=str(error))

    def _degraded(self, turn: _Turn) -> Answer:
        """No model answered: a rule of the script, else the canned text and a person."""
        turn.model = None
        script = self._assistant.script
        if script is not None:
            only_rules = script.model_copy(update={"otherwise": None})
            stand_in = self._assistant.model_copy(update={"script": only_rules})
            said = answer_by_script(stand_in, turn.question)
            if said is not None:
                return replace(said, outcome="script")
        question = turn.question
        if self._settings.canned is not None:
            text = localized(self._settings.canned, language=question.language, languages=question.languages)
            return Answer(text=text, handoff=True, outcome="canned")
        return self._fixed(turn, "canned", handoff=True, outcome="canned")

    def _blocked(self, question: Question) -> bool:
        said = words(question.text)
        topic = self._settings.topic
        return any(contains(said, words(phrase)) for phrase in topic.blocked) if topic else False

    def _declining(self, question: Question) -> str:
        topic = self._settings.topic
        if topic is not None and topic.refusal is not None:
            return localized(topic.refusal, language=question.language, languages=question.languages)
        return fixed("declined", language=question.language, display_name=question.display_name)

    def _fixed(
        self,
        turn: _Turn,
        name: Literal["canned", "handoff", "unsure", "withheld"],
        *,
        handoff: bool,
        outcome: Literal["answered", "catalogue", "withheld", "canned"],
    ) -> Answer:
        text = fixed(name, language=turn.question.language, display_name=turn.question.display_name)
        return Answer(text=text, handoff=handoff, outcome=outcome)

    def _log(self, event: str, **fields: object) -> None:
        log_event(_LOG, logging.WARNING, event, assistant=self._assistant.name, **fields)


async def _within(clock: Clock, asking: Coroutine[None, None, _T], *, until: float) -> _T:
    """What comes, unless the clock says ``until`` first; then it is cancelled and TimeoutError raised."""
    task = asyncio.ensure_future(asking)
    done = asyncio.Event()
    task.add_done_callback(lambda _: done.set())
    try:
        await clock.wait(done, until=until)
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
    if task.cancelled():
        raise TimeoutError
    return task.result()


def _told(question: Question) -> str:
    """The contact's words, and what came with them in brackets."""
    notes = [f"[{' '.join(note.split())[:_LONGEST_NOTE].replace(']', ')')}]" for note in question.notes]
    return "\n".join([question.text[:_LONGEST_QUESTION], *notes])


def _key(choice: ModelChoice) -> tuple[str, str | None, str]:
    return choice.provider, choice.base_url, choice.model


def _cut(text: str) -> str:
    """A reply of a length that people read; cut after a sentence where there is one."""
    if len(text) <= _LONGEST_REPLY:
        return text
    head = text[:_LONGEST_REPLY]
    end = max(head.rfind(mark) for mark in (". ", "\n", "! ", "? "))
    return head[: end + 1].rstrip() if end > 0 else head
