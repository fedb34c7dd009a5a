"""Whatever happens to endpoint and processes: every event is told, in order, and again only while it is the next.

One that the endpoint refuses is told when it takes it, and holds up none of the others.
"""

from __future__ import annotations

import asyncio
import base64
import json
import tempfile
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switchboard_runtime.assistants.egress import Egress
from switchboard_runtime.config import TenantDocument
from switchboard_runtime.events import Dispatcher, Events, Outward, Told, queue
from switchboard_runtime.store import SqliteStore, Writer, statement
from switchboard_runtime.telemetry.metrics import Metrics
from tests.support.loopback import Answer, Loopback, loopback
from tests.unit.runtime.kit import TurnedClock, document, eventually

if TYPE_CHECKING:
    from collections.abc import Generator

    from switchboard_runtime.store import Rows, Statement

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OUTWARD = frozenset({"127.0.0.1"})
MOST_FAULTS = 4
"""With the refusals that fit into a history, fewer than the attempts after which a delivery is put aside."""

Act = Literal["happen", "annoy", "fail", "lose", "shut", "open", "end", "begin", "die", "wait"]
ALL: tuple[Act, ...] = get_args(Act)

ACTS = st.lists(st.sampled_from(("happen", "annoy", *ALL, "wait", "wait")), min_size=10, max_size=30)


@dataclass
class World:
    """One endpoint, one store, and processes that come and go."""

    document: TenantDocument
    store: SqliteStore
    clock: TurnedClock
    receiver: Loopback
    outward: Outward
    processes: list[Dispatcher] = field(default_factory=list)
    happened: int = 0
    faults: int = 0
    annoying: set[str] = field(default_factory=set)
    is_shut: bool = False

    async def annoy(self) -> None:
        """A fact that the endpoint does not take, until it is mended."""
        self.annoying.add(str(self.happened))
        await self.happen()

    async def shut(self) -> None:
        """The endpoint refuses everything, as one whose path has changed."""
        self.is_shut = True

    async def open(self) -> None:
        """And no more."""
        self.is_shut = False

    def mend(self) -> None:
        """The endpoint takes everything."""
        self.annoying, self.is_shut = set(), False

    def refusal(self, body: str) -> Answer | None:
        """How the endpoint refuses an event, if it does."""
        if self.is_shut:
            return Answer(status=404)
        return Answer(status=422) if json.loads(body)["data"]["key"] in self.annoying else None

    async def happen(self) -> None:
        """A fact, in a transaction of its own."""
        key = str(self.happened)
        self.happened += 1
        also = Events(document=self.document, clock=self.clock).tell(
            Told(event="assistant.failed", key=key, data={"key": key})
        )

        def body() -> Generator[Statement, Rows, None]:
            for job in also:
                yield from job()

        await self.store.transact(body)
        for one in self.processes:
            one.nudge()

    async def fail(self) -> None:
        """The endpoint fails at what comes next."""
        self._spoil(Answer(status=500))

    async def lose(self) -> None:
        """The endpoint has what comes next, and its answer is lost."""
        self._spoil(Answer(status=None))

    def _spoil(self, answer: Answer) -> None:
        if self.faults < MOST_FAULTS:
            self.faults += 1
            self.receiver.answers.appendleft(answer)

    async def begin(self) -> None:
        """A process begins, of two at most."""
        if len(self.processes) < 2:
            dispatcher = Dispatcher(
                document=self.document,
                store=self.store,
                secret=lambda _: SECRET,
                outward=self.outward,
                clock=self.clock,
                chance=lambda: 0.0,
                metrics=Metrics(),
            )
            dispatcher.start()
            self.processes.append(dispatcher)

    async def end(self) -> None:
        """A process ends in order."""
        if self.processes:
            await self.processes.pop().stop()

    async def die(self) -> None:
        """A process took the endpoint and was killed."""
        await self.store.transact(partial(queue.claim, "crm", now=self.clock.now(), lease=30.0, limit=3))

    async def wait(self) -> None:
        """Time passes: a lease, and the first steps of the back-off; whoever lives tells what is due."""
        self.clock.turn(400)
        if self.processes:
            await eventually(self.told_all_that_is_due, within=20)

    async def told_all_that_is_due(self) -> bool:
        """Whether all else has a later time."""
        return not await self.store.transact(partial(due, now=self.clock.now()))

    async def settled(self) -> bool:
        """Whether nothing waits, after some more time."""
        self.clock.turn(4_000)
        rows = await self.store.transact(waiting)
        return not rows


def due(*, now: float) -> Generator[Statement, Rows, bool]:
    """Whether something may be told now."""
    rows = yield statement(
        "SELECT 1 FROM webhook_delivery AS d LEFT JOIN webhook_endpoint AS e ON e.name = d.endpoint"
        " WHERE d.tenant_id = :tenant AND d.state = 'pending' AND d.due <= :now AND COALESCE(e.due, 0) <= :now",
        now=now,
    )
    return bool(rows)


def waiting() -> Generator[Statement, Rows, list[int]]:
    """Deliveries that are not told yet."""
    rows = yield statement("SELECT seq FROM webhook_delivery WHERE tenant_id = :tenant AND state <> 'delivered'")
    return [row["seq"] for row in rows]


@given(acts=ACTS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_event_is_told_in_order_and_again_only_while_it_is_the_next(acts: list[Act]) -> None:
    """A lost answer or a killed process may repeat an event, never an older one, and never skip one.

    An event that was refused has left that order, and no other has; its first turn was its own.
    """
    told, count = asyncio.run(_lived(acts))

    everything = [str(number) for number in range(count)]
    refused = {key for key, status in told if status in {404, 422}}
    assert list(dict.fromkeys(key for key, _ in told)) == everything
    others = [(key, status) for key, status in told if key not in refused]
    assert [key for key, _ in groupby(key for key, _ in others)] == [key for key in everything if key not in refused]
    assert {key for key, status in told if status == 200} == set(everything)


async def _lived(acts: list[Act]) -> tuple[list[tuple[str, int | None]], int]:
    """What the endpoint was told and what it answered, and how much happened."""
    with tempfile.TemporaryDirectory() as folder:
        async with loopback() as receiver:
            world = _world(Path(folder), receiver)
            writer: Any = world.store._writer
            await world.begin()
            for act in acts:
                await getattr(world, act)()
            await world.begin()
            world.mend()
            await eventually(world.settled, within=20)
            while world.processes:
                await world.end()
            await world.outward.close()
            await writer.close()
            return [(json.loads(one.body)["data"]["key"], one.answered) for one in receiver.asked], world.happened


def _world(folder: Path, receiver: Loopback) -> World:
    endpoint = {"name": "crm", "url": receiver.url + "/hook", "secret": "crm"}
    clock = TurnedClock()
    store = SqliteStore(
        path=folder / "a.sqlite3",
        writer=Writer(),
        clock=clock,
        new_id=lambda: "o1",
        owner="p1",
        lease=20.0,
        bubble_wait=5.0,
    )
    one = TenantDocument.model_validate_json(json.dumps(document(webhooks=[endpoint])))
    world = World(one, store, clock, receiver, Outward(Egress(allowed=OUTWARD)))
    receiver.to_body = world.refusal
    return world
