"""The engine's machines, of arrivals, losses, deaths and claims, on PostgreSQL: the same promises, another store."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import HealthCheck, settings

from switchboard_runtime.store.postgres.database import Database
from switchboard_runtime.store.postgres.store import PostgresStore
from tests.support.postgres import Server, new_database, running_server, tenant_dsn
from tests.unit.runtime import test_engine as engine
from tests.unit.runtime import test_engine_bubbles as bubbles
from tests.unit.runtime import test_engine_claims as claims
from tests.unit.runtime import test_engine_people as people

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator

    from switchboard_runtime.clock import Clock
    from switchboard_runtime.store import SqliteStore

TENANTS = itertools.count()
STATE = {"admin": ""}


@pytest.fixture(scope="module", autouse=True)
def server() -> Iterator[Server]:
    """A server for all examples; each has a tenant of its own."""
    with running_server() as one:
        yield one
        STATE["admin"] = ""


@pytest.fixture(autouse=True)
async def database(server: Server) -> None:
    """One database for the module."""
    if not STATE["admin"]:
        STATE["admin"] = await new_database(server)


class Connections:
    """Stands where the file's writer does in the machines: what a dying process lets go of."""

    def __init__(self, loop: asyncio.AbstractEventLoop, database: Database, store: PostgresStore) -> None:
        self._loop = loop
        self._database = database
        self._store = store

    def close(self) -> None:
        """The kernel closes the sockets of the dead."""
        self._loop.run_until_complete(self._store.close())


def new_tenant(loop: asyncio.AbstractEventLoop) -> tuple[str, str]:
    """A tenant's id and the DSN of its role."""
    tenant = f"tenant-{next(TENANTS)}"
    return tenant, loop.run_until_complete(tenant_dsn(STATE["admin"], tenant))


def new_store(
    loop: asyncio.AbstractEventLoop,
    where: tuple[str, str],
    clock: Clock,
    new_id: Callable[[], str],
    owner: str,
    lease: float,
    *,
    bubble_wait: float = 0.0,
) -> tuple[PostgresStore, Connections]:
    """A process's store."""

    async def make() -> tuple[PostgresStore, Database]:
        database = Database(dsn=lambda: where[1], tenant=where[0], size=1)
        await database.open()
        store = PostgresStore(
            database=database, clock=clock, new_id=new_id, owner=owner, lease=lease, bubble_wait=bubble_wait
        )
        return store, database

    store, database = loop.run_until_complete(make())
    return store, Connections(loop, database, store)


class Process(engine.Process):
    """A runtime on the tenant's role."""

    def __init__(self, machine: engine.Engine, where: tuple[str, str], *, bubble_wait: float = 0.0) -> None:
        super().__init__(
            machine.path,
            machine.clock,
            machine.provider,
            f"p{next(machine.names)}",
            lambda: f"o{next(machine.names)}",
            **machine.of_a_process(),
        )
        self.writer.close()
        name = f"p{next(machine.names)}"
        store, connections = new_store(
            machine.loop,
            where,
            machine.clock,
            lambda: f"o{next(machine.names)}",
            name,
            engine.POLICY.lease,
            bubble_wait=bubble_wait,
        )
        self.writer = cast("engine.InlineWriter", connections)
        self.store = cast("SqliteStore", store)
        self.answerer._store = store
        self.deliverer._store = store


class PostgresEngine(engine.Engine):
    """Arrivals, workers, senders, deaths and time, in any order."""

    where: tuple[str, str] | None = None

    def born(self) -> engine.Process:
        """A new process under a new name."""
        self.where = self.where or new_tenant(self.loop)
        return Process(self, self.where)


class PostgresPeople(people.People):
    """The same, with people who interfere; half of the examples wait for more of a burst."""

    where: tuple[str, str] | None = None

    def born(self) -> engine.Process:
        """A new process under a new name."""
        self.where = self.where or new_tenant(self.loop)
        return Process(self, self.where)


class PostgresBubbles(bubbles.Bubbles):
    """The same, with callbacks that replies wait for."""

    where: tuple[str, str] | None = None

    def born(self) -> engine.Process:
        """A new process under a new name."""
        self.where = self.where or new_tenant(self.loop)
        return Process(self, self.where, bubble_wait=bubbles.WAIT)


class PostgresClaims(claims.Claims):
    """A store and a model, told the same."""

    begins = False

    where: tuple[str, str] | None = None

    def born(self) -> None:
        """A process under a new name."""
        self.where = self.where or new_tenant(self.loop)
        store, connections = new_store(
            self.loop, self.where, self.clock, lambda: f"o{next(self.names)}", f"p{next(self.names)}", claims.LEASE
        )
        self.writers.append(cast("engine.InlineWriter", connections))
        self.stores.append(cast("SqliteStore", store))


EFFORT = settings(
    max_examples=20,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
TestEngine = PostgresEngine.TestCase
TestEngine.settings = EFFORT
TestBubbles = PostgresBubbles.TestCase
TestBubbles.settings = EFFORT
TestPeople = PostgresPeople.TestCase
TestPeople.settings = EFFORT
TestClaims = PostgresClaims.TestCase
TestClaims.settings = EFFORT
