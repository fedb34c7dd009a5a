"""Ready means that messages can be stored: on both stores, and with a disk that fills under a real process."""

from __future__ import annotations

import sqlite3
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING

import pytest

from dev.chaos.disk import Disk
from switchboard_runtime.clock import SystemClock
from switchboard_runtime.errors import StoreUnavailable
from switchboard_runtime.store import SqliteStore, Writer
from switchboard_runtime.store.postgres.database import Database
from switchboard_runtime.store.postgres.store import PostgresStore
from tests.contract.runtime_kit import a_world, eventually
from tests.contract.store_kit import inbound
from tests.support.postgres import Server, connected, new_database, running_server, tenant_dsn
from tests.unit.runtime.kit import TurnedClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from switchboard_runtime.clock import Clock
    from switchboard_runtime.store import Store
    from tests.contract.runtime_kit import World

    Harm = Callable[[], AbstractAsyncContextManager[None]]

_PATIENCE = 0.2
_FULL = """
CREATE FUNCTION public.full() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER full_one BEFORE INSERT ON switchboard.message FOR EACH ROW EXECUTE FUNCTION public.full();
CREATE TRIGGER full_too BEFORE INSERT ON switchboard.api_request FOR EACH ROW EXECUTE FUNCTION public.full();
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One server for the module."""
    with running_server() as one:
        yield one


@asynccontextmanager
async def a_locked_file(folder: Path, clock: Clock) -> AsyncIterator[tuple[Store, Harm]]:
    """A store in a file, and another program that holds it."""
    writer, path = Writer(busy_timeout=_PATIENCE), folder / "t.sqlite3"

    @asynccontextmanager
    async def harm() -> AsyncIterator[None]:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield

    yield SqliteStore(path=path, writer=writer, clock=clock, new_id=lambda: "o", owner="p", lease=20.0), harm
    await writer.close()


@asynccontextmanager
async def a_database(server: Server, ill: str, clock: Clock) -> AsyncIterator[tuple[Store, Harm]]:
    """A store in a database that becomes a standby's, or full."""
    admin = await new_database(server)
    dsn = await tenant_dsn(admin, "a")
    name = admin.rpartition("/")[2]
    begin, end = {
        "read-only": (
            f"ALTER DATABASE {name} SET default_transaction_read_only = on",
            f"ALTER DATABASE {name} RESET ALL",
        ),
        "full": (_FULL, "DROP FUNCTION public.full() CASCADE"),
    }[ill]

    @asynccontextmanager
    async def harm() -> AsyncIterator[None]:
        async with connected(server.root_of(name)) as root:
            await root.execute(begin)
            await _hang_up(root, name)
            yield
            await root.execute("SET default_transaction_read_only = off")
            await root.execute(end)
            await _hang_up(root, name)

    database = Database(dsn=lambda: dsn, tenant="a", patience=_PATIENCE)
    store = PostgresStore(database=database, clock=clock, new_id=lambda: "o", owner="p", lease=20.0)
    await store.open()
    yield store, harm
    await store.close()


async def _hang_up(root: object, name: str) -> None:
    """What holds of a database holds for new connections."""
    await root.execute(  # type: ignore[attr-defined]
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()", name
    )


@pytest.mark.parametrize("ill", ["locked", "read-only", "full"])
async def test_a_store_that_takes_no_writes_says_so_until_it_takes_one_again(
    ill: str, tmp_path: Path, server: Server
) -> None:
    """It finds that out by itself: nobody writes any more to what is not ready."""
    clock = TurnedClock(SystemClock().now())
    opened = a_locked_file(tmp_path, clock) if ill == "locked" else a_database(server, ill, clock)
    async with opened as (store, harm):
        await store.accept(inbound("SM1", now=clock.now()))
        well = await store.writes.ask()
        async with harm():
            with pytest.raises(StoreUnavailable) as refused:
                await store.accept(inbound("SM2", now=clock.now()))
            for _ in range(3):
                assert await store.writes.ask() is not None
                clock.turn(1.0)

        async def again() -> bool:
            clock.turn(1.0)
            return await store.writes.ask() is None

        await eventually(again)
        taken = await store.accept(inbound("SM2", now=clock.now()))

    reasons = {"locked": "database is locked", "read-only": "25006", "full": "53100"}
    assert well is None
    assert reasons[ill] in str(refused.value)
    assert not taken.duplicate


async def test_a_standby_is_not_ready_though_nobody_writes(server: Server) -> None:
    """To look for work is to write, for PostgreSQL."""
    async with a_database(server, "read-only", SystemClock()) as (store, harm), harm():
        with pytest.raises(StoreUnavailable):
            await store.claim_work(limit=1, held=())
        assert "25006" in str(await store.writes.ask())


async def test_a_runtime_on_a_full_disk_is_not_ready_until_there_is_room(tmp_path: Path) -> None:
    """Each webhook got 503; no further one is needed to find the room."""
    async with a_world(tmp_path) as world:
        disk = Disk(tmp_path / "data", "limit")
        request = await world.signed("mesa")
        assert world.runtime.process is not None
        processes = [world.runtime.process.pid]
        disk.fill(processes)
        refused = await world.deliver(request)
        told = [await _told(world) for _ in range(3)]
        disk.free(processes)

        async def ready() -> bool:
            return await _told(world) == (200, "ok\n")

        await eventually(ready)
        stored = await world.deliver(request)

    assert (refused, stored) == (503, 200)
    assert {status for status, _ in told} == {503}
    assert all("sur: the store takes no writes: sur.uid-1.sqlite3: " in text for _, text in told)


async def _told(world: World) -> tuple[int, str]:
    async with world.session.get(f"{world.runtime.url}/readyz", headers={"Host": "10.0.0.7"}) as reply:
        return reply.status, await reply.text()
