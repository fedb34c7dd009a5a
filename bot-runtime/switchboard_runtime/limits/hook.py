"""Takes part in each turn: makes it wait, refuses it, or reserves what its answer may take and books what it took."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from switchboard_runtime.config import localized
from switchboard_runtime.config.limits import Limits
from switchboard_runtime.conversation.hooks import Wait
from switchboard_runtime.conversation.phrases import phrase
from switchboard_runtime.conversation.turn import say_turn
from switchboard_runtime.errors import StoreUnavailable
from switchboard_runtime.limits import ledger
from switchboard_runtime.limits.accounts import accounts_of, kept_accounts, micros
from switchboard_runtime.limits.estimates import most
from switchboard_runtime.limits.reserving import Asked, Granted, Refused, Reserver, Throttled
from switchboard_runtime.limits.silences import Silences
from switchboard_runtime.limits.standing import Used, standing
from switchboard_runtime.store import Turn
from switchboard_runtime.telemetry.logs import log_event

if TYPE_CHECKING:
    from switchboard_runtime.assistants import Answer, Meter, Usage
    from switchboard_runtime.clock import Clock
    from switchboard_runtime.config import Assistant, TenantDocument
    from switchboard_runtime.config.limits import Scope
    from switchboard_runtime.conversation.turn import Ask
    from switchboard_runtime.store import Store, WorkItem
    from switchboard_runtime.telemetry.metrics import Metrics

__all__ = ["LimitsHook"]

_LOG = logging.getLogger(__name__)
_COUNTED_FOR = 1.0
_SETTLE_EVERY = 5.0
_SWEEP_EVERY = 3600.0
_SWEPT = 500
_FORGOTTEN_AFTER = 62 * 86_400.0


class LimitsHook:
    """Implements :class:`~switchboard_runtime.conversation.hooks.TurnHook`.

    Args:
        document: the tenant.
        store: where the sums are.
        clock: time.
        metrics: where it counts.
    """

    def __init__(self, *, document: TenantDocument, store: Store, clock: Clock, metrics: Metrics) -> None:
        self._document = document
        self._slug = document.tenant.slug
        self._limits = document.limits or Limits()
        self._counts = self._limits.counts
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._silences = Silences(self._limits.loop, store)
        self._reserver = Reserver(store=store, limits=self._limits)
        self._depth = (0.0, 0)
        self._settled = 0.0
        self._swept = clock.now()

    async def before(self, item: WorkItem, ask: Ask) -> Ask | Turn | Wait:
        """The question if nothing is against it; without its model when that budget is spent."""
        now = self._clock.now()
        machine = await self._silences.why(item, now=now)
        if machine is not None:
            return self._silence(item, ask, machine)
        if await self._crowded(now):
            self._reached("backlog", item)
            return say_turn(self._document, ask, text=self._busy(ask), outcome="limit: backlog")
        tokens, money = most(ask.assistant, ask.question.text, currency=self._limits.currency, now=now)
        if not self._counts and not tokens:
            return ask
        asked = Asked(
            work_id=item.id,
            accounts=accounts_of(item.message, self._limits, assistant=ask.assistant.name, now=now),
            paces=self._paces(item, ask.assistant.name),
            tokens=tokens,
            micros=money,
            now=now,
        )
        answer = await self._reserver.reserve(asked)
        await self._sweep(now)
        match answer:
            case Granted():
                return ask
            case Throttled(due, limit):
                self._reached(limit, item)
                return Wait(due, limit)
        self._reached(answer.limit, item)
        return self._beyond(ask, answer)

    def after(self, item: WorkItem, turn: Turn, said: Answer | None) -> Turn:
        """The turn, with what it took booked in its transaction."""
        assistant = self._document.assistant_for(item.message.own.rpartition(":")[2])
        usage = said.usage if said else None
        if not self._counts and usage is None and not _thinks(assistant):
            return turn  # nothing is counted, and nothing can have been reserved
        spending = self._spending(assistant, usage, model=said.model, outcome=said.outcome) if said and usage else None
        now = self._clock.now()
        book = partial(ledger.book, self._try(item, assistant, now), spending, now=now)
        return replace(turn, also=(*turn.also, book))

    async def dropped(self, item: WorkItem, took: Meter) -> None:
        """Free what is reserved, less what was taken all the same."""
        assistant = self._document.assistant_for(item.message.own.rpartition(":")[2])
        if took.usage is None and not _thinks(assistant):
            return  # nothing can have been reserved but the message itself, which stays counted
        spending = self._spending(assistant, took.usage, model=took.model, outcome="dropped") if took.usage else None
        now = self._clock.now()
        await self._store.transact(partial(ledger.drop, self._try(item, assistant, now), spending, now=now))

    def _try(self, item: WorkItem, assistant: Assistant | None, now: float) -> ledger.Try:
        name = assistant.name if assistant else ""
        accounts = accounts_of(item.message, self._limits, assistant=name, now=now)
        return ledger.Try(work_id=item.id, fence=item.fence, accounts=accounts)

    def _spending(
        self, assistant: Assistant | None, usage: Usage, *, model: str | None, outcome: str
    ) -> ledger.Spending:
        """What an answer took, counted."""
        known = usage.cost is not None and usage.currency == self._limits.currency
        cost = micros(usage.cost) if usage.cost is not None and known else None
        self._metrics.spend(self._slug, model, usage.input_tokens, usage.output_tokens, cost)
        return ledger.Spending(
            assistant=assistant.name if assistant else "",
            model=model,
            outcome=outcome,
            input_tokens=usage.input_tokens,
            cached_tokens=usage.cached_tokens,
            output_tokens=usage.output_tokens,
            requests=usage.requests,
            estimated=usage.estimated,
            micros=cost,
            currency=usage.currency if cost is None else self._limits.currency,
        )

    async def close(self) -> None:
        """Put what turns have left into the sums, so that whoever reads them alone has all of it."""
        with contextlib.suppress(StoreUnavailable):  # the next process does it
            await self._store.transact(partial(ledger.settle, now=self._clock.now()))

    async def usage(self) -> dict[str, Used]:
        """What is used of the limits of tenant and assistants, by their names in the document; measured too."""
        now = self._clock.now()
        self._metrics.silent.labels(self._slug).set(self._silences.count(now))
        own = kept_accounts(self._limits, now=now)
        found = await self._store.transact(partial(ledger.read, own))
        used: dict[str, Used] = {}
        for account in own:
            for name, one in standing(account, found.get(account, ledger.Sums()), self._limits):
                used[name] = one
                if one.limit:
                    self._metrics.used.labels(self._slug, name).set((one.used + one.reserved) / one.limit)
        return used

    def _paces(self, item: WorkItem, assistant: str) -> tuple[tuple[Scope, str, int], ...]:
        """What has a rate, with its number a minute; the contact's first, since it is the tightest."""
        message = item.message
        rates: tuple[tuple[Scope, str, int | None], ...] = (
            ("contact", f"{message.channel} {message.contact}", self._limits.contact.messages_per_minute),
            ("number", message.own, self._limits.number.messages_per_minute),
            ("assistant", assistant, self._limits.of("assistant", assistant).messages_per_minute),
            ("tenant", "", self._limits.tenant.messages_per_minute),
        )
        return tuple((scope, subject, rate) for scope, subject, rate in rates if rate is not None)

    def _beyond(self, ask: Ask, refused: Refused) -> Ask | Turn:
        """A spent budget: without tokens or money the script answers; else it is said once, then there is silence."""
        if refused.unit != "messages" and ask.assistant.script is not None:
            return replace(ask, assistant=ask.assistant.model_copy(update={"model": None}))
        outcome = f"limit: {refused.limit}"
        if refused.told:
            return Turn(replies=(), state=ask.state, outcome=outcome)
        return say_turn(self._document, ask, text=self._busy(ask), outcome=outcome)

    def _busy(self, ask: Ask) -> str:
        question = ask.question
        if self._limits.says:
            return localized(self._limits.says, language=question.language, languages=question.languages)
        return phrase("busy", language=question.language, display_name=question.display_name)

    def _silence(self, item: WorkItem, ask: Ask, why: str) -> Turn:
        if why != "silent":
            self._reached("loop", item, why=why)
        return Turn(replies=(), state=ask.state, outcome="silent: machine")

    async def _crowded(self, now: float) -> bool:
        """Whether more waits than may; counted once a second, less who was told so since."""
        counted = self._depth[0]
        if not 0 <= now - counted < _COUNTED_FOR:
            depth = (await self._store.queues())["inbox"].depth
            if self._depth[0] == counted:  # else another turn has counted meanwhile
                self._depth = (now, depth)
        at, depth = self._depth
        crowded = depth > self._limits.backlog
        self._depth = (at, depth - crowded)
        return crowded

    async def _sweep(self, now: float) -> None:
        if now - self._settled >= _SETTLE_EVERY:
            self._settled = now
            await self._store.transact(partial(ledger.settle, now=now))
        if now - self._swept < _SWEEP_EVERY:
            return
        self._swept = now
        await self._store.transact(lambda: ledger.tidy(before=now - _FORGOTTEN_AFTER, limit=_SWEPT))

    def _reached(self, limit: str, item: WorkItem, **facts: object) -> None:
        self._metrics.limits.labels(self._slug, limit).inc()
        log_event(
            _LOG, logging.WARNING, "limit reached", tenant=self._slug, trace=item.message.trace, limit=limit, **facts
        )


def _thinks(assistant: Assistant | None) -> bool:
    return assistant is not None and assistant.model is not None
