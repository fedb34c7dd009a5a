"""The operator's roles at a real PostgreSQL: equal to the runtime's own, and as narrow.

The statements stand twice, since operator and runtime are strangers; this holds the two equal.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from typing import TYPE_CHECKING, Any

import pytest

from switchboard_operator.adapters import postgres as adapter
from switchboard_operator.adapters.postgres import PostgresDatabase
from switchboard_operator.desired.database import new_login, reach_of
from switchboard_operator.desired.migration import end_of
from switchboard_operator.errors import Stalled, Upstream, Waiting
from switchboard_operator.ports import DatabaseServer, Login
from switchboard_runtime.__main__ import main as runtime
from switchboard_runtime.store.postgres import admin
from tests.support.postgres import Server, connected, new_database, running_server, with_role
from tests.support.smallworld import database_secret

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROLE = """
    SELECT r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin, r.rolreplication, r.rolbypassrls,
           r.rolconnlimit, r.rolvaliduntil, r.rolconfig,
           ARRAY(SELECT m.roleid::regrole::text FROM pg_auth_members AS m WHERE m.member = r.oid ORDER BY 1) AS groups,
           (SELECT regexp_replace(a.rolpassword, '[$:][A-Za-z0-9+/=]{20,}', '', 'g') FROM pg_authid AS a
             WHERE a.oid = r.oid) AS verifier
      FROM pg_roles AS r WHERE r.rolname = $1::text::name
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A PostgreSQL server."""
    with running_server() as running:
        yield running


@pytest.fixture
async def dsn(server: Server) -> str:
    """The administrator's DSN to a migrated database of the test's own."""
    return await new_database(server)


def login(tenant: str) -> Login:
    """A login as the operator makes one."""
    return new_login(tenant, token=secrets.token_hex, password=lambda: secrets.token_urlsafe(32))


async def catalogue(server: Server, dsn: str, role: str) -> dict[str, Any]:
    """All that the server has on record of a role, but for what is random."""
    async with connected(server.root) as connection:
        (row,) = await connection.fetch(_ROLE, role)
    root = server.root.replace("/postgres?", f"/{dsn.rpartition('/')[2]}?")
    async with connected(root) as connection:
        (on_record,) = await connection.fetch(
            "SELECT t.name, t.channel FROM switchboard.tenant_role AS r JOIN switchboard.tenant AS t"
            " ON t.id = r.tenant_id WHERE r.role = $1::text::name",
            role,
        )
    shape = re.sub(r"[0-9a-f]{32}", "<random>", on_record["channel"])
    return {**dict(row), "tenant": on_record["name"], "channel": shape}


async def test_the_operators_role_is_the_runtimes(server: Server, dsn: str) -> None:
    """Attributes, settings, memberships, the form of the verifier and what stands on record: nothing differs."""
    made = await admin.create_role(dsn, "one")
    mine = login("one")
    await PostgresDatabase().make_role(DatabaseServer(dsn), "one", mine)

    assert await catalogue(server, dsn, mine.role) == await catalogue(server, dsn, made.role)
    assert re.sub(r"[0-9a-f]{8}$", "", mine.role) == re.sub(r"[0-9a-f]{8}$", "", made.role)
    assert adapter._LOCK == admin._LOCK


async def test_a_repaired_role_is_a_new_one(server: Server, dsn: str) -> None:
    """Whatever was done to it: no login, no membership, another password, no search path."""
    database, where = PostgresDatabase(), DatabaseServer(dsn)
    good, bad = login("one"), login("one")
    await database.make_role(where, "one", good)
    await database.make_role(where, "one", bad)
    async with connected(server.root) as connection:
        await connection.execute(f"ALTER ROLE {bad.role} NOLOGIN CONNECTION LIMIT 0 PASSWORD 'x'")
        await connection.execute(f"ALTER ROLE {bad.role} RESET ALL")
        await connection.execute(f"REVOKE switchboard_tenant FROM {bad.role}")
    broken = await database.logs_in(where, "one", bad)
    await database.make_role(where, "one", bad)

    assert not broken
    assert await database.logs_in(where, "one", bad)
    assert await catalogue(server, dsn, bad.role) == await catalogue(server, dsn, good.role)


async def test_making_is_repeatable_and_concurrent(server: Server, dsn: str) -> None:
    """A lost answer, two operators, the runtime's command beside: each role is there once."""
    where, mine = DatabaseServer(dsn), login("one")
    await asyncio.gather(
        *(PostgresDatabase().make_role(where, "one", mine) for _ in range(4)), admin.create_role(dsn, "one")
    )
    async with connected(dsn) as connection:
        await connection.execute("SET ROLE switchboard_owner")
        count = await connection.fetchval("SELECT count(*) FROM switchboard.tenant_role")

    assert count == 2
    assert await PostgresDatabase().logs_in(where, "one", mine)


async def test_a_login_is_right_only_for_its_own_tenant(server: Server, dsn: str) -> None:
    """Another tenant's role, a wrong password and a role that is not there do not pass."""
    database, where = PostgresDatabase(), DatabaseServer(dsn)
    one, two = login("one"), login("two")
    await database.make_role(where, "one", one)
    await database.make_role(where, "two", two)

    assert await database.logs_in(where, "one", one)
    assert not await database.logs_in(where, "two", one)
    assert not await database.logs_in(where, "one", Login(one.role, two.password))
    assert not await database.logs_in(where, "one", login("one"))


async def test_another_tenants_role_is_never_taken_over(server: Server, dsn: str) -> None:
    """Its password and its tenant stay, whatever name the operator is given."""
    database, where = PostgresDatabase(), DatabaseServer(dsn)
    one = login("one")
    await database.make_role(where, "one", one)

    with pytest.raises(Stalled, match="another tenant's"):
        await database.make_role(where, "two", Login(one.role, "stolen"))
    assert await database.logs_in(where, "one", one)


async def test_either_drops_what_the_other_made(server: Server, dsn: str) -> None:
    """With open sessions; the rows of the tenant stay, and so do other tenants."""
    database, where = PostgresDatabase(), DatabaseServer(dsn)
    one, other = login("one"), login("other")
    made = await admin.create_role(dsn, "one")
    await database.make_role(where, "one", one)
    await database.make_role(where, "other", other)
    async with connected(with_role(dsn, made.role, made.password)):
        first = await database.drop_roles(where, "one", keep=one.role)
    again = await database.drop_roles(where, "one", keep=one.role)
    last = await admin.drop_roles(dsn, "one")
    async with connected(dsn) as connection:
        await connection.execute("SET ROLE switchboard_owner")
        tenants = await connection.fetch("SELECT name FROM switchboard.tenant ORDER BY name")

    assert (list(first), list(again), list(last)) == ([made.role], [], [one.role])
    assert [row["name"] for row in tenants] == ["one", "other"]
    assert await database.logs_in(where, "other", other)


async def test_what_the_operator_writes_into_the_secret_is_a_url_to_the_tenant(server: Server, dsn: str) -> None:
    """Built from the admin's DSN, with another user."""
    reach, mine = reach_of("Secret", database_secret(dsn + "?sslmode=prefer")), login("one")
    await PostgresDatabase().make_role(reach.server, "one", mine)
    async with connected(reach.url(mine, authority_file="")) as connection:
        seen = await connection.fetch("SELECT current_user::text AS me, name FROM switchboard.tenant")

    assert [(row["me"], row["name"]) for row in seen] == [(mine.role, "one")]


async def test_a_database_without_the_schema_is_told_apart(server: Server) -> None:
    """So that the operator migrates, and does not blame a human."""
    async with connected(server.admin) as connection:
        await connection.execute("CREATE DATABASE empty")
    where = DatabaseServer(server.dsn("empty"))

    for act in (
        PostgresDatabase().make_role(where, "one", login("one")),
        PostgresDatabase().drop_roles(where, "one"),
    ):
        with pytest.raises(Waiting) as told:
            await act
        assert told.value.reason == "SchemaMissing"


async def test_failures_are_sorted_and_say_no_secret(server: Server, dsn: str) -> None:
    """A wrong password, no such database, a role without rights: a human; nobody there: back-off."""
    database, mine = PostgresDatabase(deadline=2.0), login("one")
    made = await admin.create_role(dsn, "one")
    wrong = dsn.replace(server.password, "wr0ng")
    for refused in (wrong, server.dsn("nowhere"), with_role(dsn, made.role, made.password)):
        with pytest.raises(Stalled) as told:
            await database.make_role(DatabaseServer(refused), "one", mine)
        assert told.value.reason == "DatabaseRefused"
        assert not {"wr0ng", server.password, made.password} & set(re.split(r"[\s:@/]", told.value.message))
    away = dsn.replace(f":{server.port}/", ":1/")
    for act in (database.logs_in(DatabaseServer(away), "one", mine), database.drop_roles(DatabaseServer(away), "one")):
        with pytest.raises(Upstream) as failed:
            await act
        assert failed.value.reason == "DatabaseUnavailable"


async def test_the_migrations_last_words_are_understood(
    dsn: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The runtime's program on a schema from the future says what the operator reads in its pod."""
    async with connected(dsn) as connection:
        await connection.execute("SET ROLE switchboard_owner")
        await connection.execute("UPDATE switchboard.alembic_version SET version_num = '0099'")
    monkeypatch.setenv("SWITCHBOARD_ADMIN_DSN", dsn)
    code = await asyncio.to_thread(runtime, ["migrate"])
    words = capsys.readouterr().err
    terminated = {"terminated": {"exitCode": code, "message": words}}
    ended = end_of({"status": {"phase": "Failed", "containerStatuses": [{"state": terminated}]}})

    assert code == 78
    assert ended is not None
    assert (ended.well, ended.newer) == (False, True)
    assert ended.words.startswith("schema: is 99")
