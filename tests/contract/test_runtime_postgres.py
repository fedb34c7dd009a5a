"""The PostgreSQL store's promises on a real server: several processes, broken cables, a server that dies."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import sys
from collections import Counter, defaultdict
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import asyncpg  # type: ignore[import-untyped]
import pytest
from msgspec import structs

from dev.ports import free_port
from switchboard_runtime.clock import SystemClock
from switchboard_runtime.errors import ConfigurationError, LeaseLost, StoreUnavailable
from switchboard_runtime.store import Inbound, StatusUpdate, Turn, Webhook, texts
from switchboard_runtime.store.postgres import inbox, outbox
from switchboard_runtime.store.postgres.accepting import Acceptor
from switchboard_runtime.store.postgres.admin import create_role, drop_roles, migrate
from switchboard_runtime.store.postgres.database import Database
from switchboard_runtime.store.postgres.store import PostgresStore
from switchboard_runtime.store.postgres.versions import NEWEST, refusal
from tests.contract.runtime_kit import Runtime, a_world, eventually
from tests.support.postgres import Server, Wire, connected, new_database, running_server, tenant_dsn, with_role

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from pathlib import Path

    from switchboard_runtime.store import Accepted

IDS = itertools.count()
LEASE = 20.0


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One server for the module."""
    with running_server() as one:
        yield one


@pytest.fixture
async def admin(server: Server) -> str:
    """A database of the test's own, by its administrator."""
    return await new_database(server)


@pytest.fixture
async def dsn(admin: str) -> str:
    """The role of tenant ``a``."""
    return await tenant_dsn(admin, "a")


@asynccontextmanager
async def a_store(
    dsn: str, *, tenant: str = "a", owner: str | None = None, lease: float = LEASE, patience: float = 5.0
) -> AsyncIterator[PostgresStore]:
    """A process's store, open."""
    database = Database(dsn=lambda: dsn, tenant=tenant, patience=patience)
    owner = owner or f"p{next(IDS)}"
    store = PostgresStore(
        database=database, clock=SystemClock(), new_id=lambda: f"o{next(IDS)}", owner=owner, lease=lease
    )
    try:
        await store.open()
        yield store
    finally:
        await store.close()


def inbound(sid: str, contact: str = "+1", text: str = "hello", trace: str | None = None) -> Inbound:
    """A message of a contact."""
    return Inbound(
        provider="twilio",
        account="AC",
        sid=sid,
        channel="sms",
        own="+9",
        contact=contact,
        text=text,
        fields=(("Body", text),),
        trace=trace or f"t{next(IDS)}",
        received_at=SystemClock().now(),
    )


async def answer_all(store: PostgresStore, *, replies: int = 1) -> None:
    """Finish everything that is free, each with some replies."""
    while items := (await store.claim_work(limit=10, held=())).items:
        for item in items:
            said = tuple(f"{item.message.text}/{number}" for number in range(replies))
            await store.finish_work(item, Turn(replies=texts(*said), state=item.state, outcome="answered"))


async def test_two_processes_that_get_the_same_messages_store_each_once(dsn: str) -> None:
    """Whichever is first; the other recognises it."""
    messages = [inbound(f"SM{number}", contact=f"+{number % 7}") for number in range(100)]
    async with a_store(dsn) as one, a_store(dsn) as two:
        results = await asyncio.gather(*(store.accept(message) for message in messages for store in (one, two)))
        depth = (await one.queues())["inbox"].depth

    assert Counter(result.duplicate for result in results) == {False: 100, True: 100}
    assert len({result.work_id for result in results}) == depth == 100


async def test_two_workers_never_hold_two_messages_of_one_conversation(dsn: str) -> None:
    """Ten messages in each of five lanes, claimed by two processes at once: five items, one a lane."""
    async with a_store(dsn) as one, a_store(dsn) as two:
        for number in range(50):
            await one.accept(inbound(f"SM{number}", contact=f"+{number % 5}"))
        claims = await asyncio.gather(*(store.claim_work(limit=50, held=()) for store in (one, two) * 4))

    items = [item for claim in claims for item in claim.items]
    assert sorted(item.message.sid for item in items) == [f"SM{number}" for number in range(5)]


async def test_accepts_and_ends_in_one_lane_at_once_leave_it_exactly_one_head(dsn: str) -> None:
    """The arrival that finds the lane empty and the end that empties it: neither may miss the other."""
    done: list[str] = []
    async with a_store(dsn) as one, a_store(dsn) as two:

        async def work(store: PostgresStore) -> None:
            while len(done) < 150:
                for item in (await store.claim_work(limit=5, held=())).items:
                    await store.finish_work(item, Turn(replies=(), state=item.state, outcome="answered"))
                    done.append(item.message.sid)
                await asyncio.sleep(0)

        async def arrive(store: PostgresStore, numbers: range) -> None:
            for number in numbers:
                await store.accept(inbound(f"SM{number}"))

        async with asyncio.timeout(60):
            await asyncio.gather(work(one), work(two), arrive(one, range(75)), arrive(two, range(75, 150)))

    assert len(set(done)) == 150
    for half in (range(75), range(75, 150)):
        mine = [int(sid[2:]) for sid in done if int(sid[2:]) in half]
        assert mine == sorted(mine)


@pytest.mark.parametrize("breaks", ["before", "after"])
async def test_a_cable_that_breaks_at_the_commit_stores_a_message_once(
    server: Server, dsn: str, breaks: Literal["before", "after"]
) -> None:
    """Nobody saw the commit's answer; the store looks by the unique key, and the caller is told the truth."""
    wire = Wire(server.port)
    async with wire.strung(dsn) as through, a_store(through) as store:
        wire.breaks = breaks
        accepted = await store.accept(inbound("SM1"))
        again = await store.accept(inbound("SM1"))
        depth = (await store.queues())["inbox"].depth

    assert wire.broken == 1
    assert (accepted.duplicate, again.duplicate, depth) == (False, True, 1)
    assert accepted.work_id == again.work_id


@pytest.mark.parametrize("breaks", ["before", "after"])
async def test_a_cable_that_breaks_when_a_turn_is_kept_keeps_it_once(
    server: Server, dsn: str, breaks: Literal["before", "after"]
) -> None:
    """The work's own fence says who finished it."""
    wire = Wire(server.port)
    async with wire.strung(dsn) as through, a_store(through) as store:
        accepted = await store.accept(inbound("SM1"))
        (item,) = (await store.claim_work(limit=1, held=())).items
        wire.breaks = breaks
        await store.finish_work(item, Turn(replies=texts("one", "two"), state=item.state, outcome="answered"))
        replies = await store.replies(accepted.work_id)
        with pytest.raises(LeaseLost):
            await store.finish_work(item, Turn(replies=texts("three"), state=item.state, outcome="answered"))

    assert wire.broken == 1
    assert replies == ("one", "two")


async def test_a_cable_that_breaks_when_a_refusal_is_recorded_ends_the_reply_once(server: Server, dsn: str) -> None:
    """And the opt-out that came with it holds."""
    wire = Wire(server.port)
    async with wire.strung(dsn) as through, a_store(through) as store:
        await store.accept(inbound("SM1"))
        await answer_all(store)
        (reply,) = (await store.claim_outbox(limit=1, held=())).items
        wire.breaks = "after"
        await store.mark_failed(reply, code=21610, reason="opted out")
        await store.accept(inbound("SM2"))
        (item,) = (await store.claim_work(limit=1, held=())).items

    assert wire.broken == 1
    assert item.state.opted_out
    assert item.state.epoch == 1


@dataclass
class Provider:
    """Remembers what it was given, by the reply's own id."""

    delivered: list[tuple[str, str]] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)

    async def work(self, store: PostgresStore, stopped: asyncio.Event) -> None:
        """A process: answers and sends until told to stop, whatever the server does."""
        while not stopped.is_set():
            try:
                for item in (await store.claim_work(limit=8, held=())).items:
                    await store.finish_work(
                        item, Turn(replies=texts(item.message.text), state=item.state, outcome="answered")
                    )
                for reply in (await store.claim_outbox(limit=8, held=())).items:
                    if not (reply.look_first and reply.id in self.ids):
                        self.delivered.append((reply.recipient, reply.text))
                        self.ids.add(reply.id)
                    await store.mark_sent(reply, sid=f"X{reply.id}")
            except (StoreUnavailable, LeaseLost):
                pass
            await asyncio.sleep(0.005)


async def until_stored(stores: Iterator[PostgresStore], message: Inbound, *, twice: bool) -> int:
    """Deliver a message until it is acknowledged, as Twilio does; how often it was refused."""
    for refused in itertools.count():
        try:
            await next(stores).accept(message)
            if twice:
                await next(stores).accept(structs.replace(message, trace="again"))
        except StoreUnavailable:
            await asyncio.sleep(0.05)
        else:
            return refused
    raise AssertionError


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_a_server_that_stops_in_the_middle_loses_nothing_and_doubles_nothing(server: Server, mode: str) -> None:
    """Two processes, twelve lanes; the server is stopped (or crashes) twice under load and comes back."""
    dsn = await tenant_dsn(await new_database(server), "a")
    provider, stopped, over = Provider(), asyncio.Event(), asyncio.Event()
    refused = 0
    expected: dict[str, list[str]] = defaultdict(list)
    async with a_store(dsn, lease=1.0, patience=0.3) as one, a_store(dsn, lease=1.0, patience=0.3) as two:
        stores = itertools.cycle((one, two))

        async def twilio(contact: str) -> None:
            """Sends until the server was back twice; some messages come twice."""
            nonlocal refused
            for number in itertools.count():
                if over.is_set():
                    return
                message = inbound(f"SM{contact}.{number}", contact=contact, text=f"{number}")
                expected[contact].append(message.text)
                refused += await until_stored(stores, message, twice=number % 5 == 0)
                await asyncio.sleep(0.02)

        async def fate() -> None:
            for _ in range(2):
                await asyncio.sleep(0.2)
                await asyncio.to_thread(server.stop, mode)
                await asyncio.sleep(0.5)
                await asyncio.to_thread(server.start)
            over.set()

        workers = [asyncio.create_task(provider.work(store, stopped)) for store in (one, two)]
        async with asyncio.timeout(60):
            await asyncio.gather(fate(), *(twilio(f"+{number}") for number in range(12)))

            async def empty() -> bool:
                return not any(queue.depth for queue in (await one.queues()).values())

            await eventually(empty, within=30)
        stopped.set()
        await asyncio.gather(*workers)

    got: dict[str, list[str]] = defaultdict(list)
    for contact, text in provider.delivered:
        got[contact].append(text)
    assert refused > 0
    assert got == expected


@pytest.mark.parametrize("ill", ["read-only", "stopped", "no connection left"])
async def test_a_server_that_cannot_write_is_told_and_keeps_nothing(server: Server, dsn: str, ill: str) -> None:
    """The webhook is answered 503; afterwards the same message is new."""
    async with a_store(dsn, patience=0.3) as store:
        if ill == "stopped":
            await asyncio.to_thread(server.stop)
        else:
            async with connected(server.root) as root:
                name = dsn.rpartition("/")[2]
                change = "SET default_transaction_read_only = on" if ill == "read-only" else "CONNECTION LIMIT 0"
                await root.execute(f"ALTER DATABASE {name} {change}")
                await root.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
        with pytest.raises(StoreUnavailable) as refused:
            await store.accept(inbound("SM1"))
        if ill == "stopped":
            await asyncio.to_thread(server.start)
        else:
            async with connected(server.root) as root:
                await root.execute(f"ALTER DATABASE {name} RESET ALL")
                await root.execute(f"ALTER DATABASE {name} CONNECTION LIMIT -1")
                await root.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)

        async def stored() -> Accepted | None:
            try:
                return await store.accept(inbound("SM1"))
            except StoreUnavailable:
                return None

        accepted = await eventually(stored)

    assert "hello" not in str(refused.value)
    assert not accepted.duplicate


async def test_t14_a_backlog_beyond_its_bound_is_refused_at_once() -> None:
    """A slow server costs 5xx, not memory."""
    release = asyncio.Event()

    async def slow(messages: Sequence[Inbound]) -> list[Accepted]:
        await release.wait()
        raise StoreUnavailable("closing")

    acceptor = Acceptor(slow, max_batch=1, max_backlog=2)
    waiting = [asyncio.create_task(acceptor.accept(inbound("SM0")))]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting += [asyncio.create_task(acceptor.accept(inbound(f"SM{number}"))) for number in (1, 2)]
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        with pytest.raises(StoreUnavailable, match="too much"):
            await acceptor.accept(inbound("SM9"))
    release.set()
    assert all(isinstance(end, StoreUnavailable) for end in await asyncio.gather(*waiting, return_exceptions=True))


async def test_one_message_that_cannot_be_stored_does_not_cost_those_beside_it(dsn: str) -> None:
    """An id longer than an index takes is refused alone."""
    long = inbound(os.urandom(6000).hex())
    async with a_store(dsn) as store:
        results = await asyncio.gather(
            store.accept(inbound("SM0")), store.accept(long), store.accept(inbound("SM1")), return_exceptions=True
        )
        depth = (await store.queues())["inbox"].depth

    assert isinstance(results[1], StoreUnavailable)
    assert depth == 2


@pytest.mark.parametrize("text", ["a\0b", "half \ud83d of a pair", "\U0001f600", "' OR 1=1 --", "x" * 60_000])
async def test_whatever_a_contact_writes_is_stored(dsn: str, text: str) -> None:
    """What PostgreSQL cannot hold is replaced, never refused; as it came it is in the fields."""
    async with a_store(dsn) as store:
        first = await store.accept(inbound("SM1", contact=text[:100], text=text))
        second = await store.accept(inbound("SM1", contact=text[:100], text=text))
        (item,) = (await store.claim_work(limit=1, held=())).items
        await store.finish_work(item, Turn(replies=texts(text), state=item.state, outcome="answered"))
        replies = await store.replies(first.work_id)

    assert (first.duplicate, second.duplicate) == (False, True)
    assert dict(item.message.fields)["Body"] == text
    assert replies is not None
    assert len(replies[0]) == len(text)


async def test_another_process_is_woken_by_what_one_stored(dsn: str) -> None:
    """And not by its own news."""
    heard = {"one": asyncio.Event(), "two": asyncio.Event()}
    async with a_store(dsn) as one, a_store(dsn) as two:
        one.listen(heard["one"].set)
        two.listen(heard["two"].set)
        await one.accept(inbound("SM1"))
        async with asyncio.timeout(5):
            await heard["two"].wait()

    assert not heard["one"].is_set()


async def test_a_dead_process_leases_are_free_as_soon_as_the_next_one_starts(dsn: str) -> None:
    """Its lock went with its connection; a living one's stay."""
    async with a_store(dsn, owner="living") as living:
        await living.accept(inbound("SM1", contact="+1"))
        await living.claim_work(limit=1, held=())
        dead = PostgresStore(
            database=Database(dsn=lambda: dsn, tenant="a"),
            clock=SystemClock(),
            new_id=lambda: f"o{next(IDS)}",
            owner="dead",
            lease=LEASE,
        )
        await dead.open()
        await dead.accept(inbound("SM2", contact="+2"))
        await dead.claim_work(limit=1, held=())
        await dead.close()  # without a release, as a kill does
        async with a_store(dsn) as heir:
            items = (await heir.claim_work(limit=9, held=())).items

    assert [item.message.sid for item in items] == ["SM2"]


async def test_callbacks_from_two_processes_never_lower_a_status(admin: str, dsn: str) -> None:
    """All at once, in any order: the highest stays."""
    async with a_store(dsn) as one, a_store(dsn) as two:
        await one.accept(inbound("SM1"))
        await answer_all(one)
        (reply,) = (await one.claim_outbox(limit=1, held=())).items
        updates = [
            StatusUpdate(
                sid="X1", status=status, outbox_id=reply.id, sender="+9", recipient="+1", error_code=None,
                received_at=1.0,
            )
            for status in ("read", "queued", "sent", "delivered", "sending")
        ]  # fmt: skip
        ours = await asyncio.gather(*(store.record_status(update) for update in updates for store in (one, two)))
        known = await one.mark_sent(reply, sid="X1")
        doubled = await two.mark_sent(reply, sid="X2")
    async with connected(dsn) as connection:
        row = await connection.fetchrow("SELECT state, delivery FROM switchboard.outbox")

    assert all(ours)
    assert (known, doubled) == (True, False)
    assert dict(row) == {"state": "sent", "delivery": "read"}


async def test_a_burst_waits_as_long_as_it_was_told_to(dsn: str) -> None:
    """Its work is due when more can no longer come."""
    async with a_store(dsn) as store:
        later = SystemClock().now() + 100.0
        await store.accept(structs.replace(inbound("SM1"), not_before=later))
        claim = await store.claim_work(limit=1, held=())

    assert claim.items == ()
    assert claim.next_due == later


async def test_what_is_not_understood_is_kept_once_and_waits_until_it_is(dsn: str) -> None:
    """By its key; what was settled waits no more."""
    webhook = Webhook(
        key="k", path="/x?y", content_type="text/plain", body=b"\x00\xff", reason="unknown path", received_at=1.0
    )
    async with a_store(dsn) as one, a_store(dsn) as two:
        kept = [await store.quarantine(webhook) for store in (one, two)]
        await one.quarantine(replace(webhook, key="l"))
        first, second = await two.quarantined(limit=9)
        after = await two.quarantined(limit=9, after=first.id)
        await two.settle_quarantined(first.id)
        left = await one.quarantined(limit=9)

    assert kept == [True, False]
    assert first.webhook == webhook
    assert after == left == (second,)


async def test_dead_letters_come_back_before_what_waits_in_their_lane(dsn: str) -> None:
    """A message whose assistant failed, and a reply that grew too old; once each."""
    async with a_store(dsn) as store:
        await asyncio.gather(*(store.accept(inbound(f"SM{number}", text=f"{number}")) for number in range(3)))
        (item,) = (await store.claim_work(limit=9, held=())).items
        await store.finish_work(item, Turn(replies=texts("a", "b"), state=item.state, outcome="assistant failed"))
        (reply,) = (await store.claim_outbox(limit=9, held=())).items
        await store.mark_failed(reply, code=None, reason="given up: too old")
        (busy,) = (await store.claim_work(limit=9, held=())).items
        letters = await store.dead_letters(limit=9)
        revived = [await store.revive(letter) for letter in letters * 2]
        none = (await store.claim_work(limit=9, held=(busy.id,))).items
        await store.finish_work(busy, Turn(replies=(), state=busy.state, outcome="answered"))
        (again,) = (await store.claim_work(limit=9, held=())).items
        (sending,) = (await store.claim_outbox(limit=9, held=())).items
        await store.mark_sent(sending, sid="X1")
        (late,) = (await store.claim_outbox(limit=9, held=())).items

    assert [(letter.queue, letter.reason) for letter in letters] == [
        ("inbox", "assistant failed"),
        ("outbox", "given up: too old"),
    ]
    assert revived == [True, True, False, False]
    assert none == ()
    assert [item.message.text, busy.message.text, again.message.text] == ["0", "1", "0"]
    assert [reply.text, sending.text, late.text] == ["a", "b", "a"]


@pytest.mark.parametrize(("queue", "query"), [("work", inbox._CLAIM), ("outbox", outbox._FREE)])
async def test_a_claim_reads_the_index_of_heads_however_much_waits(dsn: str, queue: str, query: str) -> None:
    """Two thousand in one lane: the plan goes by the partial index, and reads one row of it."""
    async with a_store(dsn) as store:
        await asyncio.gather(*(store.accept(inbound(f"SM{number}")) for number in range(2000)))
        if queue == "outbox":
            (item,) = (await store.claim_work(limit=1, held=())).items
            said = tuple(f"{number}" for number in range(2000))
            await store.finish_work(item, Turn(replies=texts(*said), state=item.state, outcome="answered"))
    now = SystemClock().now() + LEASE + 1
    async with connected(dsn) as connection:
        tenant = await connection.fetchval("SELECT id FROM switchboard.tenant")
        arguments: list[Any] = [tenant, now, [], 10, *([now + LEASE, "p"] if queue == "work" else [])]
        rows = await connection.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}", *arguments)

    nodes = list(_nodes(json.loads(rows[0][0])[0]["Plan"]))
    (free,) = [node for node in nodes if node.get("Index Name") == f"{queue}_free"]
    assert free["Actual Rows"] == 1
    assert not [node for node in nodes if node["Node Type"] == "Seq Scan" and node["Actual Rows"] > 10]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


FIRST_RELEASE = """
WITH lane AS (
    INSERT INTO switchboard.conversation AS c (tenant_id, channel, own, contact, created_at, updated_at)
    VALUES ($1, 'sms', '+9', $2, 0, 0)
    ON CONFLICT (tenant_id, channel, own, contact) DO UPDATE SET updated_at = excluded.updated_at RETURNING c.id
), written AS (
    INSERT INTO switchboard.message AS m (tenant_id, conversation_id, provider, account, sid, kind, text, fields,
                                          trace, received_at)
    SELECT $1, id, 'twilio', 'AC', $3, 'text', 'x', '[]', 't', 0 FROM lane RETURNING m.id, m.conversation_id
), work AS (
    INSERT INTO switchboard.work AS w (tenant_id, conversation_id, message_id, state, due, created_at, head)
    SELECT $1, conversation_id, id, 'done', 0, 0, false FROM written RETURNING w.id, w.conversation_id
)
INSERT INTO switchboard.outbox (tenant_id, id, conversation_id, work_id, channel, sender, recipient, text, trace,
                                received_at, state, due, created_at, updated_at, head)
SELECT $1, $3, conversation_id, id, 'sms', '+9', $2, 'ok', 't', 0, 'sent', 0, 0, 0, false FROM work
"""
"""What a program of the first revision writes: a message, its work and its reply."""


async def test_the_schema_moves_from_its_first_revision_to_the_newest_under_a_program_that_writes(
    server: Server,
) -> None:
    """A program of the first revision writes on through all of them; none of it is refused, none is lost."""
    admin = await new_database(server, to=1)
    dsn = await tenant_dsn(admin, "a")
    migrated = asyncio.Event()
    stored = 0
    async with connected(dsn) as connection:
        tenant = await connection.fetchval("SELECT id FROM switchboard.tenant")

        async def write() -> None:
            nonlocal stored
            while not migrated.is_set() or stored < 200:
                await connection.execute(FIRST_RELEASE, tenant, f"+{stored % 5}", f"SM{stored}")
                stored += 1

        writing = asyncio.create_task(write())
        moved = await migrate(admin)
        migrated.set()
        await writing
    async with a_store(dsn) as store, connected(dsn) as connection:
        kept = await connection.fetchval("SELECT count(*) FROM switchboard.outbox")
        duplicate = (await store.accept(inbound("SM7"))).duplicate

    assert moved == (1, NEWEST)
    assert (kept, duplicate) == (stored, True)


async def test_a_migration_steps_aside_for_whoever_holds_a_table(server: Server) -> None:
    """It waits three seconds for its lock, lets others pass, tries again; and twice at once is once."""
    holds, waits = asyncio.Event(), await new_database(server, to=1)

    async def hold() -> None:
        root = server.root.replace("/postgres?", f"/{waits.rpartition('/')[2]}?")
        async with connected(root) as connection, connection.transaction():
            await connection.execute("LOCK TABLE switchboard.message IN EXCLUSIVE MODE")
            holds.set()
            await asyncio.sleep(4)

    holder = asyncio.create_task(hold())
    await holds.wait()
    moved = sorted(await asyncio.gather(migrate(waits), migrate(waits)))
    await holder

    assert moved == [(1, NEWEST), (NEWEST, NEWEST)]


async def test_a_program_refuses_a_schema_that_left_it_behind(server: Server, admin: str, dsn: str) -> None:
    """A newer one that only added is served; one that took away, or an older one than needed, is not."""
    assert refusal(NEWEST + 1, 1) is None
    assert "newer" in str(refusal(NEWEST + 1, NEWEST + 1))
    assert "run switchboard-runtime migrate" in str(refusal(0, 1))
    async with connected(server.root.replace("/postgres?", f"/{admin.rpartition('/')[2]}?")) as root:
        await root.execute("UPDATE switchboard.schema_version SET version = 99, oldest_program = 99")
        await root.execute("UPDATE switchboard.alembic_version SET version_num = '0099'")
    with pytest.raises(ConfigurationError, match="newer than this program"):
        async with a_store(dsn):
            pass
    with pytest.raises(ConfigurationError, match="upgrade the program"):
        await migrate(admin)


async def test_a_password_is_changed_without_a_moment_without_one(admin: str) -> None:
    """A second role, then the first goes, and its sessions with it."""
    first, second = await create_role(admin, "a"), await create_role(admin, "a")
    old, new = (with_role(admin, made.role, made.password) for made in (first, second))
    async with a_store(old) as one, a_store(new) as two:
        await one.accept(inbound("SM1"))
        gone = await drop_roles(admin, "a", keep=second.role)
        again = await two.accept(inbound("SM1"))
        with pytest.raises(StoreUnavailable):
            await one.accept(inbound("SM2"))

    assert gone == (first.role,)
    assert again.duplicate
    assert await drop_roles(admin, "a") == (second.role,)


async def test_the_command_line_makes_schema_and_role_and_says_so_once(server: Server) -> None:
    """The administrator's DSN comes by the environment; what is printed is JSON and is all that is printed."""
    async with connected(server.admin) as connection:
        await connection.execute("CREATE DATABASE by_command")
    dsn = server.dsn("by_command")

    async def command(*words: str, admin: str = dsn) -> tuple[int, str, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "switchboard_runtime", *words,
            env={**os.environ, "SWITCHBOARD_ADMIN_DSN": admin},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
        return process.returncode or 0, out.decode(), err.decode()

    migrated = await command("migrate")
    code, out, err = await command("tenant-role", "create", "--tenant", "a")
    made = json.loads(out)
    async with a_store(with_role(dsn, made["role"], made["password"])) as store:
        await store.accept(inbound("SM1"))
    dropped = await command("tenant-role", "drop", "--tenant", "a")
    wrong = await command("migrate", admin=dsn.replace(server.password, "a-wrong-secret"))

    assert migrated == (0, json.dumps({"before": 0, "after": NEWEST}) + "\n", "")
    assert (code, err) == (0, "")
    assert json.loads(dropped[1]) == {"tenant": "a", "dropped": [made["role"]]}
    assert wrong[0] == 78
    assert "InvalidPassword" in wrong[2]
    assert "a-wrong-secret" not in wrong[2]


async def test_two_processes_serve_a_tenant_in_postgresql_and_one_is_killed(tmp_path: Path, dsn_of_world: str) -> None:
    """Signed webhooks to both, one killed with -9 in the middle: each message answered once, by Twilio's count."""
    async with a_world(tmp_path) as world:
        await world.runtime.end(signal.SIGTERM)
        (tmp_path / "credentials" / "sur" / "databaseUrl").write_text(dsn_of_world, encoding="utf-8")
        await world.runtime.start()
        second = Runtime(tmp_path, free_port())
        await second.start()
        try:
            requests = [await world.signed(f"n{number}") for number in range(20)]
            for number, request in enumerate(requests):
                assert await world.deliver(request, to=second if number % 2 else None) == 200
                assert await world.deliver(request) == 200
                if number == 10:
                    await second.end(signal.SIGKILL)
                    second = world.runtime

            async def all_answered() -> bool:
                return len(await world.answers()) >= len(requests)

            await eventually(all_answered, within=60)
            answers = await world.answers()
        finally:
            if second is not world.runtime:
                await second.end(signal.SIGKILL)

    assert answers[0].endswith("Respuesta 0.")
    assert answers[1:] == [f"Respuesta {number}." for number in range(1, 20)]
    assert not list((tmp_path / "data").glob("*.sqlite3-wal"))


@pytest.fixture
async def dsn_of_world(admin: str) -> str:
    """The role of the tenant of ``a_world``."""
    return await tenant_dsn(admin, "uid-1")


def test_every_revision_is_known_to_the_program() -> None:
    """The newest that is brought is the newest that is named."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    from switchboard_runtime.store.postgres.admin import _config  # noqa: PLC0415

    assert ScriptDirectory.from_config(_config()).get_current_head() == f"{NEWEST:04}"


async def test_a_role_above_the_policies_is_refused(server: Server, admin: str) -> None:
    """The superuser, and another tenant's role, cannot serve this tenant by mistake."""
    root = server.root.replace("/postgres?", f"/{admin.rpartition('/')[2]}?")
    other = await tenant_dsn(admin, "b")
    for dsn, problem in ((root, "row-level"), (other, "not this tenant's"), (admin, "InsufficientPrivilege|not this")):
        with pytest.raises(ConfigurationError, match=problem):
            async with a_store(dsn):
                pass


async def test_a_serialisation_failure_is_tried_again(dsn: str) -> None:
    """A few times, and then it is told."""
    database = Database(dsn=lambda: dsn, tenant="a", patience=1.0)
    await database.open()
    tries: list[bool] = []

    async def act(_db: Any, again: bool) -> str:
        tries.append(again)
        if len(tries) < 3:
            raise asyncpg.SerializationError("try again")
        return "done"

    result = await database.run(act)
    await database.close()

    assert result == "done"
    assert tries == [False, True, True]


async def test_a_process_is_woken_when_its_server_goes_away(server: Server, dsn: str) -> None:
    """Its next claim fails then, so it is not ready long before anybody writes to it."""
    woken = asyncio.Event()
    async with a_store(dsn, patience=0.1) as store:
        await store.announce()
        store.listen(woken.set)
        await asyncio.to_thread(server.stop)
        try:
            await asyncio.wait_for(woken.wait(), timeout=20)
            with pytest.raises(StoreUnavailable):
                await store.claim_work(limit=1, held=())
        finally:
            await asyncio.to_thread(server.start)
