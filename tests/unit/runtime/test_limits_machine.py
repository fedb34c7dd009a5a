"""A budget's promise, tried with every order of asking, keeping, dropping, taking over and settling.

Two processes share one file. At every moment what is used and reserved is what a simple sum says, never more than may
be, and nobody is refused for whom there is room.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from switchboard_runtime.config.limits import Limits
from switchboard_runtime.errors import LeaseLost
from switchboard_runtime.limits import ledger
from switchboard_runtime.limits.accounts import Account, accounts_of, kept_accounts
from switchboard_runtime.limits.reserving import Asked, Granted, Refused, Reserver
from switchboard_runtime.store import SqliteStore, Turn, WorkItem
from tests.unit.runtime.kit import spending
from tests.unit.runtime.test_engine import Clock, InlineWriter, inbound

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from switchboard_runtime.store import Writer

Result = TypeVar("Result")

LEASE = 20.0
TOKENS = 1000
LIMITS = Limits.model_validate_json(
    json.dumps(
        {
            "tenant": {"tokensPerMonth": TOKENS, "spendPerDay": "1", "messagesPerMonth": 15},
            "number": {"tokensPerDay": TOKENS},
            "contact": {"tokensPerDay": 600},
        }
    )
)
PROCESSES = st.sampled_from([0, 1])
ASKED = st.sampled_from([0, 100, 300, 500])
SHARES = st.sampled_from([0.0, 0.5, 1.0])


@dataclass
class Process:
    """A process, with what it holds in its hands."""

    store: SqliteStore
    reserver: Reserver
    work: dict[int, WorkItem]
    held: dict[int, int]


class Budget(RuleBasedStateMachine):
    """Messages of three contacts, two processes, one budget."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="limits-", dir="/dev/shm")
        self.loop = asyncio.new_event_loop()
        self.clock = Clock()
        self.names = itertools.count()
        self.writer = InlineWriter(Path(self.folder.name) / "tenant.sqlite3")
        self.processes = [self.born(), self.born()]
        self.used = 0
        self.beyond = 0
        self.fences: dict[int, int] = {}
        self.done: set[int] = set()
        self.counted: set[int] = set()
        self.reserved: dict[int, int] = {}

    def born(self) -> Process:
        """A process under a new name."""
        store = SqliteStore(
            path=Path(self.folder.name),
            writer=cast("Writer", self.writer),
            clock=self.clock,
            new_id=lambda: f"o{next(self.names)}",
            owner=f"p{next(self.names)}",
            lease=LEASE,
        )
        return Process(store, Reserver(store=store, limits=LIMITS), {}, {})

    def do(self, what: Coroutine[object, object, Result]) -> Result:
        """Run to the end."""
        return self.loop.run_until_complete(what)

    @rule(contact=st.sampled_from(["whatsapp:+1", "whatsapp:+2", "whatsapp:+3"]))
    def arrive(self, contact: str) -> None:
        """A message comes."""
        message = inbound(f"SM{next(self.names)}", contact, "hello", self.clock.now())
        self.do(self.processes[0].store.accept(message))

    @rule(process=PROCESSES)
    def take_work(self, process: int) -> None:
        """A process claims what is free."""
        one = self.processes[process]
        claim = self.do(one.store.claim_work(limit=3, held=tuple(one.work)))
        one.work.update({item.id: item for item in claim.items})
        self.fences.update({item.id: item.fence for item in claim.items})

    @rule(process=PROCESSES, tokens=st.lists(ASKED, min_size=3, max_size=3))
    def ask(self, process: int, tokens: list[int]) -> None:
        """It asks for all that it has in hand and has not asked for, at once."""
        one = self.processes[process]
        items = [item for work, item in one.work.items() if work not in one.held and work not in self.done]
        asks = [self.asked(item, most) for item, most in zip(items, tokens, strict=False)]

        async def together() -> list[Any]:
            return await asyncio.gather(*(one.reserver.reserve(asked) for asked in asks))

        for asked, answer in zip(asks, self.do(together()), strict=True):
            if isinstance(answer, Granted):
                self.counted.add(asked.work_id)
                self.reserved[asked.work_id] = one.held[asked.work_id] = asked.tokens
            else:
                assert isinstance(answer, Refused)
                self.reserved.pop(asked.work_id, None)

    @rule(process=PROCESSES, share=SHARES)
    def keep(self, process: int, share: float) -> None:
        """It keeps a turn, with some of what it had reserved, unless another has taken the message over."""
        one = self.processes[process]
        if not one.work:
            return
        work, item = one.work.popitem()
        spending = self.took(one.held.pop(work, None), share)
        book = partial(ledger.book, self.a_try(item), spending, now=self.clock.now())
        try:
            self.do(one.store.finish_work(item, Turn(replies=(), state=item.state, outcome="answered", also=(book,))))
        except LeaseLost:
            self.dropped(one, item, spending)
            return
        self.done.add(work)
        self.reserved.pop(work, None)
        self.used += spending.input_tokens if spending else 0

    @rule(process=PROCESSES, share=SHARES)
    def drop(self, process: int, share: float) -> None:
        """Its assistant fails or is cut short, having taken something; the message is tried again by anybody."""
        one = self.processes[process]
        if one.work:
            work, item = one.work.popitem()
            self.dropped(one, item, self.took(one.held.pop(work, None), share))

    def dropped(self, one: Process, item: WorkItem, spending: ledger.Spending | None) -> None:
        """It is free at once, and what was taken is used; once, though the answer to the first try may be lost."""
        for _ in range(2):
            self.do(one.store.transact(partial(ledger.drop, self.a_try(item), spending, now=self.clock.now())))
        took = spending.input_tokens if spending else 0
        self.used += took
        if self.fences[item.id] == item.fence:
            self.reserved.pop(item.id, None)
        else:
            self.beyond += took  # two have thought about it, and one reservation was held
        self.do(one.store.postpone_work(item, due=self.clock.now()))

    @rule(seconds=st.sampled_from([1.0, 21.0]))
    def time_passes(self, seconds: float) -> None:
        """Leases run out, and others take messages over; no reservation ends by itself so soon."""
        self.clock.time += seconds

    @rule(process=PROCESSES)
    def settle(self, process: int) -> None:
        """What turns have left goes into the sums."""
        self.do(self.processes[process].store.transact(partial(ledger.settle, now=self.clock.now())))

    @rule(process=PROCESSES, tokens=st.sampled_from([100, 300, 500]))
    def ask_for_one(self, process: int, tokens: int) -> None:
        """A single one is refused only if there is no room for it."""
        one = self.processes[process]
        items = (item for work, item in one.work.items() if work not in one.held and work not in self.done)
        item = next(items, None)
        if item is None:
            return
        free = TOKENS - self.used - sum(self.reserved.values()) + self.reserved.get(item.id, 0)
        answer = self.do(one.reserver.reserve(self.asked(item, tokens)))
        if isinstance(answer, Granted):
            self.counted.add(item.id)
            self.reserved[item.id] = one.held[item.id] = tokens
            return
        assert isinstance(answer, Refused)
        self.reserved.pop(item.id, None)
        if answer.limit == "tenant.tokensPerMonth":
            assert tokens > free

    @invariant()
    def the_sums_are_right(self) -> None:
        """And within the budget."""
        day, month = kept_accounts(LIMITS, now=self.clock.now())
        found: dict[Account, ledger.Sums] = self.do(
            self.processes[0].store.transact(partial(ledger.read, (day, month)))
        )
        sums = found.get(month, ledger.Sums())
        assert found.get(day, ledger.Sums()) == sums
        assert (sums.tokens, sums.reserved_tokens) == (self.used, sum(self.reserved.values()))
        assert (sums.micros, sums.reserved_micros) == (sums.tokens, sums.reserved_tokens)
        assert sums.messages == len(self.counted) <= 15
        assert sums.tokens + sums.reserved_tokens <= TOKENS + self.beyond

    def teardown(self) -> None:
        """Put it away."""
        self.writer.close()
        self.loop.close()
        self.folder.cleanup()

    def asked(self, item: WorkItem, tokens: int) -> Asked:
        """A token costs a millionth."""
        now = self.clock.now()
        accounts = accounts_of(item.message, LIMITS, now=now)
        return Asked(work_id=item.id, accounts=accounts, tokens=tokens, micros=tokens, now=now)

    def a_try(self, item: WorkItem) -> ledger.Try:
        """A message in the hands of a process."""
        accounts = accounts_of(item.message, LIMITS, now=self.clock.now())
        return ledger.Try(work_id=item.id, fence=item.fence, accounts=accounts)

    def took(self, held: int | None, share: float) -> ledger.Spending | None:
        """A share of what was reserved; None when no model was asked."""
        if not held:
            return None
        tokens = int(held * share)
        return spending(tokens, tokens)


TestBudget = Budget.TestCase
TestBudget.settings = settings(
    max_examples=100, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
