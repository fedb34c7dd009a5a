"""What a stolen credential of one tenant can do to what is kept of people: see its own, not change what was done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg  # type: ignore[import-untyped]
import pytest

from switchboard_runtime.clock import SystemClock
from switchboard_runtime.ids import Ids
from switchboard_runtime.store import statement
from switchboard_runtime.store.postgres.database import Database
from switchboard_runtime.store.postgres.store import PostgresStore
from tests.contract.test_runtime_people_erasure import House
from tests.support.postgres import Server, connected, new_database, running_server, tenant_dsn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator, Iterator

    from switchboard_runtime.store import Rows, Statement

TABLES = (
    "contact",
    "identity",
    "contact_tag",
    "contact_note",
    "lead",
    "attendance",
    "absence",
    "audit",
    "audit_head",
    "erasure",
)

UNDOINGS = (
    "UPDATE switchboard.audit SET actor = 'nobody'",
    "DELETE FROM switchboard.audit",
    "TRUNCATE switchboard.audit",
    "DELETE FROM switchboard.audit_head",
    "DELETE FROM switchboard.erasure",
    "DELETE FROM switchboard.conversation",
    "UPDATE switchboard.message SET sid = 'x'",
    "UPDATE switchboard.message SET conversation_id = 1",
    "UPDATE switchboard.reservation SET tokens = 0",
)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One server for the module."""
    with running_server() as one:
        yield one


@pytest.fixture
async def thief(server: Server) -> AsyncIterator[asyncpg.Connection]:
    """The credential of one tenant, in a database with another that has a row in every table."""
    admin = await new_database(server)
    victim, own = await tenant_dsn(admin, "victim"), await tenant_dsn(admin, "own")
    for name, dsn in (("victim", victim), ("own", own)):
        store = PostgresStore(
            database=Database(dsn=lambda dsn=dsn: dsn, tenant=name),  # type: ignore[misc]
            clock=SystemClock(),
            new_id=Ids(),
            owner=f"p-{name}",
            lease=20.0,
        )
        await store.open()
        await filled(House(store, SystemClock()))  # type: ignore[arg-type]
        await store.close()
    async with connected(own) as connection:
        yield connection


async def filled(house: House) -> None:
    """A row in every table."""
    item = await house.lived_in()
    await house.people.erasures.erase(await house.known(), actor="Bea")
    again = await house.hold("SM9", "again")
    await house.store.finish_work(again, house.turn(again))
    contact = await house.known()
    await house.people.contacts.update(contact, actor="Bea", add_tags=["a"])
    await house.people.contacts.note(contact, "noted", actor="Bea")
    await house.people.conversations.take_over(again.conversation_id, actor="Bea")

    def more() -> Generator[Statement, Rows, None]:
        yield statement("INSERT INTO absence VALUES (:tenant, :id, 0)", id=item.conversation_id)
        yield statement(
            "INSERT INTO lead (tenant_id, id, contact_id, conversation_id, at, interest, trace)"
            " VALUES (:tenant, 'l', :contact, 1, 0, 'x', 't')",
            contact=contact,
        )

    await house.store.transact(more)


async def test_t4_a_stolen_role_sees_and_changes_no_other_tenants_people(thief: asyncpg.Connection) -> None:
    """In no table: its own rows are there, the other's are not for it."""
    for table in TABLES:
        seen = await thief.fetch(f"SELECT DISTINCT tenant_id FROM switchboard.{table}")
        assert len(seen) == 1, table
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await thief.execute(
                f"INSERT INTO switchboard.{table} SELECT (jsonb_populate_record(t, '{{\"tenant_id\": 0}}')).*"
                f" FROM switchboard.{table} AS t"
            )


async def test_t4_what_was_done_cannot_be_undone_by_a_stolen_role(thief: asyncpg.Connection) -> None:
    """Not its own, either."""
    for sql in UNDOINGS:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await thief.execute(sql)
