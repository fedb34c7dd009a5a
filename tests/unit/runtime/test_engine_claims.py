"""Claims against a plain model: lists in memory, no SQL, one rule a line.

Two processes share one file. hypothesis orders arrivals, duplicates, claims, expiries, deaths, ends and take-overs;
after each the store and the model agree on who holds what and what waits.
"""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec import structs

from switchboard_runtime.errors import LeaseLost
from switchboard_runtime.store import SqliteStore, Turn, WorkItem, inbox, outbox, texts
from switchboard_runtime.store.schema import migrate
from tests.support.sqlite_releases import as_release_left, write_as_the_first_release
from tests.unit.runtime.test_engine import Clock, InlineWriter, inbound

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from switchboard_runtime.store import OutboxItem, Writer

LEASE = 20.0
LANES = st.sampled_from(["+1", "+2", "+3"])
PROCESSES = st.sampled_from([0, 1])
Result = TypeVar("Result")


@dataclass
class Entry:
    """What the model knows of one message, or of its reply: nobody's before it is claimed, gone when it ends."""

    sid: str
    lane: str
    due: float
    lease_until: float = 0.0
    fence: int = 0


@dataclass
class Model:
    """Two queues of lanes, as a child would write them."""

    work: list[Entry] = field(default_factory=list)
    replies: list[Entry] = field(default_factory=list)
    epochs: dict[str, int] = field(default_factory=dict)

    @staticmethod
    def free(queue: list[Entry], *, now: float, held: set[str]) -> list[Entry]:
        """The first of each lane, if it is due and in nobody's hands."""
        heads = {entry.lane: entry for entry in reversed(queue)}
        return [
            entry for entry in heads.values() if entry.due <= now and entry.lease_until <= now and entry.sid not in held
        ]


class Claims(RuleBasedStateMachine):
    """A store and a model, told the same."""

    begins = True
    """Whether the store begins work as it stores it; one may leave that to claims."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="claims-", dir="/dev/shm")
        self.path = Path(self.folder.name) / "tenant.sqlite3"
        self.loop = asyncio.new_event_loop()
        self.clock = Clock()
        self.model = Model()
        self.names = itertools.count()
        self.sids = itertools.count()
        self.stores: list[SqliteStore] = []
        self.writers: list[InlineWriter] = []
        self.work: list[dict[str, tuple[WorkItem, int]]] = [{}, {}]
        self.replies: list[dict[str, tuple[OutboxItem, int]]] = [{}, {}]
        self.done: list[str] = []
        self.sent: list[tuple[str, str]] = []
        for _ in range(2):
            self.born()

    def born(self) -> None:
        """A process under a new name."""
        writer = InlineWriter(self.path)
        self.writers.append(writer)
        self.stores.append(
            SqliteStore(
                path=self.path,
                writer=cast("Writer", writer),
                clock=self.clock,
                new_id=lambda: f"o{next(self.names)}",
                owner=f"p{next(self.names)}",
                lease=LEASE,
            )
        )

    def do(self, what: Coroutine[object, object, Result]) -> Result:
        """Run to the end."""
        return self.loop.run_until_complete(what)

    @rule(lane=LANES, process=PROCESSES, begin=st.booleans(), wait=st.sampled_from([0.0, 0.0, 5.0]))
    def arrive(self, lane: str, process: int, begin: bool, wait: float) -> None:
        """A message comes; its work is begun with it if that is wanted, it is alone in its lane and need not wait."""
        sid = f"SM{next(self.sids)}"
        now = self.clock.now()
        message = structs.replace(inbound(sid, lane, sid, now), not_before=now + wait if wait else 0.0)
        accepted = self.do(self.stores[process].accept(message, begin=begin))
        assert not accepted.duplicate
        entry = Entry(sid, lane, now + wait)
        alone = all(other.lane != lane for other in self.model.work)
        self.model.work.append(entry)
        assert (accepted.begun is not None) == (self.begins and begin and alone and not wait)
        if accepted.begun is not None:
            entry.lease_until, entry.fence = now + LEASE, 1
            begun = accepted.begun
            assert (begun.id, begun.fence, begun.attempts, begun.message) == (accepted.work_id, 1, 1, message)
            assert begun.state.epoch == self.model.epochs.get(lane, 0)
            self.work[process][sid] = (begun, begun.state.epoch)

    @rule(data=st.data(), process=PROCESSES, begin=st.booleans())
    def arrive_again(self, data: st.DataObject, process: int, begin: bool) -> None:
        """One that waits comes once more, and is not begun by that."""
        if self.model.work:
            entry = data.draw(st.sampled_from(self.model.work))
            message = inbound(entry.sid, entry.lane, "other text", self.clock.now())
            accepted = self.do(self.stores[process].accept(message, begin=begin))
            assert (accepted.duplicate, accepted.begun) == (True, None)

    @rule(process=PROCESSES, limit=st.integers(1, 4))
    def claim(self, process: int, limit: int) -> None:
        """The store gives what the model says is free, as many as there are up to the limit."""
        held = self.work[process]
        free = {e.sid: e for e in Model.free(self.model.work, now=self.clock.now(), held=set(held))}
        claim = self.do(self.stores[process].claim_work(limit=limit, held=[item.id for item, _ in held.values()]))
        got = [item.message.sid for item in claim.items]
        assert set(got) <= set(free)
        assert len(got) == len(set(got)) == min(limit, len(free))
        for item in claim.items:
            entry = free[item.message.sid]
            entry.lease_until, entry.fence = self.clock.now() + LEASE, entry.fence + 1
            assert item.fence == entry.fence
            assert item.state.epoch == self.model.epochs.get(entry.lane, 0)
            held[entry.sid] = (item, item.state.epoch)
        self.agree_on_when_to_look_again(claim.next_due, self.model.work, set(held))

    @rule(process=PROCESSES, limit=st.integers(1, 4))
    def claim_replies(self, process: int, limit: int) -> None:
        """The same for the outbox."""
        held = self.replies[process]
        free = {e.sid: e for e in Model.free(self.model.replies, now=self.clock.now(), held=set(held))}
        claim = self.do(self.stores[process].claim_outbox(limit=limit, held=[item.seq for item, _ in held.values()]))
        got = [item.text for item in claim.items]
        assert set(got) <= set(free)
        assert len(got) == len(set(got)) == min(limit, len(free))
        for item in claim.items:
            entry = free[item.text]
            entry.lease_until, entry.fence = self.clock.now() + LEASE, entry.fence + 1
            assert (item.fence, item.look_first) == (entry.fence, entry.fence > 1)
            held[entry.sid] = (item, item.fence)
        self.agree_on_when_to_look_again(claim.next_due, self.model.replies, set(held))

    def agree_on_when_to_look_again(self, next_due: float | None, queue: list[Entry], held: set[str]) -> None:
        """Never later than something may be had: else it would wait for nobody."""
        heads = {entry.lane: entry for entry in reversed(queue)}
        times = [max(e.due, e.lease_until) for e in heads.values() if e.sid not in held]
        assert (next_due is None) == (not times)
        if next_due is not None:
            assert next_due <= min(times)

    @rule(process=PROCESSES, data=st.data(), replies=st.integers(0, 2), along=st.integers(0, 2))
    def finish(self, process: int, data: st.DataObject, replies: int, along: int) -> None:
        """A turn is kept if fence and epoch are as claimed, with what was taken along; else nothing of it."""
        held = self.work[process]
        if not held:
            return
        item, epoch = held.pop(data.draw(st.sampled_from(sorted(held))))
        sid, lane = item.message.sid, item.message.contact
        entry = next((e for e in self.model.work if e.sid == sid), None)
        ours = entry is not None and entry.fence == item.fence and epoch == self.model.epochs.get(lane, 0)
        if along:
            item = self.do(self.stores[process].take_along(item, limit=along))
        joined = [message.sid for _, message in item.joined]
        if entry is not None:
            behind = [e.sid for e in self.model.work if e.lane == lane and e.sid != sid]
            assert joined == behind[:along]
        said = tuple(f"{sid}/{number}" for number in range(replies))
        turn = Turn(replies=texts(*said), state=item.state, outcome="answered")
        if not ours:
            with pytest.raises(LeaseLost):
                self.do(self.stores[process].finish_work(item, turn))
            return
        self.do(self.stores[process].finish_work(item, turn))
        self.model.work = [e for e in self.model.work if e.sid not in {sid, *joined}]
        self.model.replies += [Entry(text, lane, self.clock.now()) for text in said]
        self.done += [sid, *joined]

    @rule(process=PROCESSES, data=st.data())
    def take_over(self, process: int, data: st.DataObject) -> None:
        """A turn that changes who answers: every other turn of the conversation that was begun before is void."""
        held = self.work[process]
        if not held:
            return
        sid = data.draw(st.sampled_from(sorted(held)))
        item, epoch = held[sid]
        lane = item.message.contact
        entry = next((e for e in self.model.work if e.sid == sid), None)
        if entry is None or entry.fence != item.fence or epoch != self.model.epochs.get(lane, 0):
            return
        del held[sid]
        after = replace(item.state, epoch=item.state.epoch + 1)
        self.do(self.stores[process].finish_work(item, Turn(replies=(), state=after, outcome="handed off")))
        self.model.work.remove(entry)
        self.model.epochs[lane] = after.epoch
        self.done.append(sid)

    @rule(process=PROCESSES, data=st.data(), seconds=st.sampled_from([0.0, 5.0, 40.0]))
    def postpone(self, process: int, data: st.DataObject, seconds: float) -> None:
        """An item is given back; its lane waits with it, the others do not."""
        held = self.work[process]
        if held:
            item, _ = held.pop(data.draw(st.sampled_from(sorted(held))))
            due = self.clock.now() + seconds
            self.do(self.stores[process].postpone_work(item, due=due))
            for entry in self.model.work:
                if entry.sid == item.message.sid and entry.fence == item.fence:
                    entry.due, entry.lease_until = due, 0.0

    @rule(process=PROCESSES, data=st.data(), fails=st.booleans())
    def end_reply(self, process: int, data: st.DataObject, fails: bool) -> None:  # drawn by name
        """A reply is sent (a fact, whoever holds it) or refused (only by who holds it)."""
        held = self.replies[process]
        if not held:
            return
        item, fence = held.pop(data.draw(st.sampled_from(sorted(held))))
        entry = next((e for e in self.model.replies if e.sid == item.text), None)
        ours = entry is not None and entry.fence == fence
        if fails and not ours:
            with pytest.raises(LeaseLost):
                self.do(self.stores[process].mark_failed(item, code=1, reason="r"))
            return
        if fails:
            self.do(self.stores[process].mark_failed(item, code=1, reason="r"))
        else:
            first = self.do(self.stores[process].mark_sent(item, sid=f"X{item.id}"))
            assert first or entry is None
        self.model.replies = [e for e in self.model.replies if e.sid != item.text]

    @rule(process=PROCESSES)
    def die(self, process: int) -> None:
        """A process is killed with whatever it holds; another comes, under a new name, and knows nothing."""
        self.writers[process].close()
        self.born()
        self.writers[process], self.stores[process] = self.writers.pop(), self.stores.pop()
        self.work[process], self.replies[process] = {}, {}

    @rule(seconds=st.sampled_from([1.0, 21.0]))
    def time_passes(self, seconds: float) -> None:
        """Leases run out."""
        self.clock.time += seconds

    @invariant()
    def what_waits_is_what_the_model_says(self) -> None:
        """None lost, none twice."""
        queues = self.do(self.stores[0].queues())
        assert queues["inbox"].depth == len(self.model.work)
        assert queues["outbox"].depth == len(self.model.replies)
        assert len(self.done) == len(set(self.done))

    @invariant()
    def a_lane_ends_in_the_order_it_began(self) -> None:
        """SIDs are counted, so each lane's done ones are sorted and before all that wait."""
        order = {sid: int(sid[2:]) for sid in self.done}
        for entry in self.model.work:
            assert entry.sid not in order

    def teardown(self) -> None:
        """Left alone, a process empties both queues, each lane in order."""
        self.clock.time += 1_000.0
        self.work, self.replies = [{}, {}], [{}, {}]
        try:
            last: dict[str, int] = {}
            for _ in range(len(self.model.work) + 1):
                for item in self.do(self.stores[0].claim_work(limit=9, held=())).items:
                    number = int(item.message.sid[2:])
                    assert number > last.get(item.message.contact, -1)
                    last[item.message.contact] = number
                    self.do(self.stores[0].finish_work(item, Turn(replies=(), state=item.state, outcome="answered")))
                for reply in self.do(self.stores[0].claim_outbox(limit=9, held=())).items:
                    self.do(self.stores[0].mark_sent(reply, sid=f"Y{reply.id}"))
            for _ in range(len(self.model.replies) + 1):
                for reply in self.do(self.stores[0].claim_outbox(limit=9, held=())).items:
                    self.do(self.stores[0].mark_sent(reply, sid=f"Y{reply.id}"))
            assert {name: q.depth for name, q in self.do(self.stores[0].queues()).items()} == {"inbox": 0, "outbox": 0}
        finally:
            for writer in self.writers:
                writer.close()
            self.loop.close()
            self.folder.cleanup()


TestClaims = Claims.TestCase
TestClaims.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def connect(path: Path) -> sqlite3.Connection:
    """A file without a schema."""
    db = sqlite3.connect(path, isolation_level=None)
    db.row_factory = sqlite3.Row
    return db


@pytest.mark.parametrize("order", ["written, then migrated", "migrated, then written"])
def test_what_the_first_release_wrote_is_claimed(tmp_path: Path, order: str) -> None:
    """Before the upgrade, or beside it during a rolling update: its rows know nothing of heads."""
    db = connect(tmp_path / "old.sqlite3")
    as_release_left(db, 1)
    if order == "written, then migrated":
        write_as_the_first_release(db)
        migrate(db)
    else:
        migrate(db)
        write_as_the_first_release(db)
    work = inbox.claim(db, now=1.0, lease=20.0, owner="p", limit=9, held=())
    replies = outbox.claim(db, now=1.0, lease=20.0, owner="p", limit=9, held=())
    db.execute("UPDATE work SET state = 'done' WHERE id = 2")
    db.execute("UPDATE outbox SET state = 'sent' WHERE seq = 2")
    more_work = inbox.claim(db, now=1.0, lease=20.0, owner="p", limit=9, held=())
    more_replies = outbox.claim(db, now=1.0, lease=20.0, owner="p", limit=9, held=())
    db.close()

    assert [item.id for item in work.items] == [2, 3]
    assert [item.seq for item in replies.items] == [2]
    assert [item.id for item in more_work.items] == [4]
    assert [item.seq for item in more_replies.items] == [3]


@pytest.mark.parametrize("statement", ["_CLAIM", "_NEXT_FREE", "_LEASED"])
@pytest.mark.parametrize("module", [inbox, outbox])
def test_a_claim_never_reads_all_that_waits(tmp_path: Path, module: object, statement: str) -> None:
    """Every step of its plan goes by an index of heads, by a row's id, or over what the caller holds."""
    db = connect(tmp_path / "plan.sqlite3")
    migrate(db)
    query = getattr(module, "_FREE" if module is outbox and statement == "_CLAIM" else statement)
    given = {"now": 1.0, "lease_until": 2.0, "owner": "p", "limit": 3, "held": "[]"}
    plan = [row["detail"] for row in db.execute("EXPLAIN QUERY PLAN " + query, given)]
    db.close()

    assert any("_free" in step or "_leased" in step for step in plan)
    assert not [step for step in plan if "TEMP B-TREE" in step]
    assert all(
        step.startswith("LIST SUBQUERY") or "json_each" in step or "PRIMARY KEY" in step or "_free" in step
        or "_leased" in step
        for step in plan
    )  # fmt: skip
