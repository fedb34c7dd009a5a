"""A stolen credential: whoever has one tenant's role tries everything, and PostgreSQL itself refuses.

The thief speaks SQL; nothing of ours stands between. Rows of the threat table are named where they are met:
T4 (one tenant's request reaches another), T5 (replay), T26 (secrets where they do not belong).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import partial
from typing import TYPE_CHECKING, Any

import asyncpg  # type: ignore[import-untyped]
import pytest

from switchboard_runtime.clock import SystemClock
from switchboard_runtime.config.credentials import Credentials
from switchboard_runtime.errors import ConfigurationError, StoreUnavailable
from switchboard_runtime.store import Inbound, StatusUpdate, Turn, Webhook, texts
from switchboard_runtime.store.postgres.admin import TenantRole
from switchboard_runtime.store.postgres.database import Database
from switchboard_runtime.store.postgres.failures import describe
from switchboard_runtime.store.postgres.store import PostgresStore
from switchboard_runtime.store.postgres.wake import CHANGED
from tests.support.postgres import Server, connected, new_database, running_server, tenant_dsn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

OF_NOBODY = frozenset({"schema_version", "alembic_version"})
"""Relations that say nothing of tenants. Everything else, also what later revisions bring, is tried below."""

SECRET = "the other tenant's customer wrote this"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One server for the module."""
    with running_server() as one:
        yield one


@pytest.fixture
async def admin(server: Server) -> str:
    """A database with two tenants, each with a message, its answer and a callback."""
    admin = await new_database(server)
    for tenant in ("victim", "thief"):
        await fill(tenant, await tenant_dsn(admin, tenant))
    return admin


@pytest.fixture
async def thief(admin: str) -> AsyncIterator[asyncpg.Connection]:
    """A plain connection with the thief's stolen role."""
    async with connected(await tenant_dsn(admin, "thief")) as connection:
        yield connection


async def tables(root: asyncpg.Connection) -> dict[str, list[asyncpg.Record]]:
    """Every relation with rows in the schema, and its columns, as the catalogue has them."""
    rows = await root.fetch(
        "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attgenerated <> '' AS made"
        " FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        " JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " WHERE n.nspname = 'switchboard' AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY c.relname, a.attnum"
    )
    found: dict[str, list[asyncpg.Record]] = {}
    for row in rows:
        if row["relname"] not in OF_NOBODY:
            found.setdefault(row["relname"], []).append(row)
    return found


async def put_rows_everywhere(root: asyncpg.Connection, tenants: tuple[int, ...]) -> None:
    """A row of each tenant in each table, whatever the table is for: keys, checks and triggers are out of the way."""
    await root.execute("SET session_replication_role = replica")
    checks = await root.fetch(
        "SELECT conrelid::regclass AS tab, conname FROM pg_constraint AS k JOIN pg_namespace AS n"
        " ON n.oid = k.connamespace WHERE n.nspname = 'switchboard' AND contype = 'c'"
    )
    for check in checks:
        await root.execute(f'ALTER TABLE {check["tab"]} DROP CONSTRAINT "{check["conname"]}"')
    for table, columns in (await tables(root)).items():
        if table in {"tenant", "tenant_role"}:
            continue
        names = [column["attname"] for column in columns if not column["made"]]
        kinds = {column["attname"]: column["type"] for column in columns}
        for tenant in tenants:
            values = [str(tenant) if name == "tenant_id" else _value(kinds[name], tenant) for name in names]
            await root.execute(
                f"INSERT INTO switchboard.{table} ({', '.join(names)}) OVERRIDING SYSTEM VALUE"
                f" VALUES ({', '.join(values)}) ON CONFLICT DO NOTHING"
            )


def _value(kind: str, tenant: int) -> str:
    """Something of a type, another for each tenant."""
    number = 900_000 + tenant
    plain = {"boolean": "true", "bytea": f"'x{number}'", "jsonb": f"'{number}'", "json": f"'{number}'"}
    if kind.endswith("[]"):
        return "'{}'"
    if kind.startswith(("timestamp", "date")):
        return "now()"
    return plain.get(kind, f"'{number}'")


async def fill(tenant: str, dsn: str) -> None:
    """Something of everything."""
    database = Database(dsn=lambda: dsn, tenant=tenant)
    store = PostgresStore(database=database, clock=SystemClock(), new_id=lambda: "o1", owner="p", lease=20.0)
    await store.open()
    await store.accept(message("SM1"))
    (item,) = (await store.claim_work(limit=1, held=())).items
    await store.finish_work(item, Turn(replies=texts(SECRET), state=item.state, outcome="answered"))
    update = StatusUpdate(
        sid="X1", status="sent", outbox_id="o1", sender="+9", recipient="+1", error_code=None, received_at=1.0
    )
    assert await store.record_status(update)
    webhook = Webhook(
        key="k", path="/p", content_type="text/plain", body=SECRET.encode(), reason="unknown", received_at=1.0
    )
    assert await store.quarantine(webhook)
    await store.close()


def message(sid: str) -> Inbound:
    """A message with the same key in either tenant."""
    return Inbound(
        provider="twilio",
        account="AC",
        sid=sid,
        channel="sms",
        own="+9",
        contact="+1",
        text=SECRET,
        trace="t",
        received_at=SystemClock().now(),
    )


async def victim_id(server: Server, admin: str) -> int:
    """The number of the victim in the tables, as only a superuser sees it."""
    async with connected(server.root_of(admin.rpartition("/")[2])) as root:
        return int(await root.fetchval("SELECT id FROM switchboard.tenant WHERE name = 'victim'"))


async def test_t4_a_stolen_role_reads_its_own_tenant_alone(
    server: Server, admin: str, thief: asyncpg.Connection
) -> None:
    """In every table the other's row is there, and not for it: not by a filter, not by a count, not by a copy."""
    victim = await victim_id(server, admin)
    mine = int(await thief.fetchval("SELECT id FROM switchboard.tenant"))
    async with connected(server.root_of(admin.rpartition("/")[2])) as root:
        await put_rows_everywhere(root, (victim, mine))
        found = await tables(root)
        for table in found:
            key = "id" if table == "tenant" else "tenant_id"
            assert await root.fetchval(f"SELECT count(*) FROM switchboard.{table} WHERE {key} = {victim}"), table
            rows = await thief.fetch(f"SELECT DISTINCT {key} FROM switchboard.{table}")
            copied = await thief.execute(f"CREATE TEMP TABLE stolen AS SELECT * FROM switchboard.{table}")
            others = await thief.fetchval(f"SELECT count(*) FROM stolen WHERE {key} <> {mine}")
            await thief.execute("DROP TABLE stolen")
            assert ([row[0] for row in rows], others) == ([mine], 0), (table, copied)

    assert {"conversation", "message", "work", "outbox", "callback", "quarantine"} <= found.keys()


async def test_t4_a_stolen_role_writes_no_other_tenant(server: Server, admin: str, thief: asyncpg.Connection) -> None:
    """In no table a row under the other's number, a change of its rows, an own row moved to it, anything deleted."""
    victim = await victim_id(server, admin)
    mine = int(await thief.fetchval("SELECT id FROM switchboard.tenant"))
    async with connected(server.root_of(admin.rpartition("/")[2])) as root:
        await put_rows_everywhere(root, (victim, mine))
        found = await tables(root)
        before = {table: await content(root, table) for table in found}
        for table, columns in found.items():
            key, changed = ("id", "name") if table == "tenant" else ("tenant_id", "tenant_id")
            names = ", ".join(one["attname"] for one in columns if one["attname"] != key and not one["made"])
            for statement in (
                f"INSERT INTO switchboard.{table} ({key}, {names}) OVERRIDING SYSTEM VALUE"
                f" SELECT {victim}, {names} FROM switchboard.{table}",
                f"UPDATE switchboard.{table} SET {changed} = '{victim}'",
                f"TRUNCATE switchboard.{table} CASCADE",
            ):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await thief.execute(statement)
            for statement in (
                f"UPDATE switchboard.{table} SET {changed} = {changed} WHERE {key} = {victim}",
                f"DELETE FROM switchboard.{table} WHERE {key} = {victim}",
            ):
                with contextlib.suppress(asyncpg.InsufficientPrivilegeError):
                    assert (await thief.execute(statement)).endswith(" 0"), table
        assert {table: await content(root, table) for table in found} == before


async def content(root: asyncpg.Connection, table: str) -> list[str]:
    """Every row of a table, as text."""
    return [row[0] for row in await root.fetch(f"SELECT t::text FROM switchboard.{table} AS t ORDER BY 1")]


@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE switchboard_owner",
        "SET ROLE platform",
        "SET SESSION AUTHORIZATION platform",
        "ALTER TABLE switchboard.message DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE switchboard.message NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY mine ON switchboard.message",
        "CREATE POLICY all_of_it ON switchboard.message USING (true)",
        "CREATE FUNCTION switchboard.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TABLE switchboard.t (x int)",
        "CREATE TABLE public.t (x int)",
        "ALTER ROLE CURRENT_USER BYPASSRLS",
        "CREATE ROLE another",
        "UPDATE switchboard.tenant_role SET tenant_id = tenant_id",
        "INSERT INTO switchboard.tenant_role (role, tenant_id) VALUES (current_user, 1)",
        "UPDATE switchboard.tenant SET name = 'victim'",
        "UPDATE switchboard.schema_version SET oldest_program = 99",
        "SELECT setval('switchboard.message_id_seq', 1)",
        "COPY switchboard.message TO PROGRAM 'cat'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT rolpassword FROM pg_authid",
    ],
)
async def test_t4_a_stolen_role_cannot_make_itself_more(thief: asyncpg.Connection, statement: str) -> None:
    """Neither another role, nor without policies, nor a place in the schema for its own code."""
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await thief.execute(statement)


@pytest.mark.parametrize(
    "setting",
    [
        "SET row_security = off",
        "SET switchboard.tenant = 'victim'",
        "SET search_path = pg_temp, public",
        "SET ROLE switchboard_tenant",
    ],
)
async def test_t4_no_setting_of_a_session_shows_another_tenant(thief: asyncpg.Connection, setting: str) -> None:
    """Who one is follows from the login alone."""
    await thief.execute(setting)
    try:
        rows = await thief.fetch("SELECT DISTINCT tenant_id FROM switchboard.message")
    except asyncpg.InsufficientPrivilegeError:
        rows = []
    assert len(rows) <= 1


async def test_t4_other_tenants_names_channels_and_roles_stay_theirs(thief: asyncpg.Connection) -> None:
    """The tables of tenants show one; a role's name says nothing; no statement of another is seen."""
    tenants = await thief.fetch("SELECT name, channel FROM switchboard.tenant")
    roles = await thief.fetch("SELECT role, current_user AS me FROM switchboard.tenant_role")
    logins = await thief.fetch("SELECT rolname FROM pg_roles WHERE rolname LIKE 'swb%'")

    assert [row["name"] for row in tenants] == ["thief"]
    assert [row["role"] == row["me"] for row in roles] == [True]
    assert not [row["rolname"] for row in logins if "victim" in row["rolname"]]


async def test_t4_whoever_listens_hears_nothing_of_another_tenant(
    server: Server, admin: str, thief: asyncpg.Connection
) -> None:
    """The victim's channel has a name that cannot be guessed, and what goes over it says of nobody."""
    heard: list[tuple[str, str]] = []
    own = await thief.fetchval("SELECT channel FROM switchboard.tenant")
    for channel in (own, "victim", "switchboard", "swb_1"):
        await thief.add_listener(channel, lambda _c, _pid, name, payload: heard.append((name, payload)))
    dsn = await tenant_dsn(admin, "victim")
    woken = asyncio.Event()
    payloads: list[str] = []
    async with connected(dsn) as eavesdropper:
        channel = await eavesdropper.fetchval("SELECT channel FROM switchboard.tenant")

        def hear(_connection: Any, _pid: int, _name: str, payload: str) -> None:
            payloads.append(payload)
            if payload == CHANGED:
                woken.set()

        await eavesdropper.add_listener(channel, hear)
        store = PostgresStore(
            database=Database(dsn=lambda: dsn, tenant="victim"),
            clock=SystemClock(),
            new_id=lambda: "o2",
            owner="p",
            lease=20.0,
        )
        await store.open()
        await store.accept(message("SM2"))
        (item,) = (await store.claim_work(limit=1, held=())).items
        assert await store.hand_over(item.conversation_id, to="human")
        await store.accept(message("SM3"))
        async with asyncio.timeout(5):
            await woken.wait()
        await store.close()
        await eavesdropper.remove_listener(channel, hear)
    await thief.execute("SELECT 1")

    assert channel != own
    assert len(channel) > 30
    assert set(payloads) <= {"", CHANGED}
    assert heard == []


async def test_t4_every_table_of_the_schema_is_under_its_policy(server: Server, admin: str) -> None:
    """Those of later revisions too; a view asks with the asker's rights; nothing runs with another's."""
    async with connected(server.root_of(admin.rpartition("/")[2])) as root:
        unguarded = await unguarded_relations(root)
        others_rights = await root.fetchval(
            "SELECT count(*) FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace"
            " WHERE n.nspname = 'switchboard' AND p.prosecdef"
        )
        roles = await root.fetch("SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname LIKE 'sw%'")
        owners = await root.fetch(
            "SELECT DISTINCT tableowner, rolcanlogin FROM pg_tables JOIN pg_roles ON rolname = tableowner"
            " WHERE schemaname = 'switchboard'"
        )

    assert unguarded == set()
    assert others_rights == 0
    assert {tuple(row) for row in roles} == {(False, False, False)}
    assert [tuple(row) for row in owners] == [("switchboard_owner", False)]


async def unguarded_relations(root: asyncpg.Connection) -> set[str]:
    """Relations of the schema, but those of nobody, that a tenant's role could read beyond its tenant."""
    rows = await root.fetch(
        """
        SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = 'switchboard' AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT CASE
            WHEN c.relkind IN ('r', 'p') THEN c.relrowsecurity AND c.relforcerowsecurity AND NOT EXISTS (
                SELECT FROM pg_policy AS p JOIN pg_roles AS r ON r.oid = ANY (p.polroles) OR p.polroles = '{0}'
                WHERE p.polrelid = c.oid AND r.rolname <> 'switchboard_owner'
                  AND pg_get_expr(p.polqual, c.oid) NOT LIKE '%CURRENT_USER%')
            WHEN c.relkind = 'v' THEN coalesce('security_invoker=true' = ANY (c.reloptions), false)
            ELSE false END
        """
    )
    return {row["relname"] for row in rows} - OF_NOBODY


@pytest.mark.parametrize(
    "mistake",
    [
        "CREATE TABLE switchboard.forgotten (tenant_id int, x text)",
        "CREATE TABLE switchboard.forgotten (x text)",
        "CREATE TABLE switchboard.forgotten (x text); ALTER TABLE switchboard.forgotten ENABLE ROW LEVEL SECURITY",
        "CREATE TABLE switchboard.forgotten (x text); ALTER TABLE switchboard.forgotten ENABLE ROW LEVEL SECURITY;"
        " ALTER TABLE switchboard.forgotten FORCE ROW LEVEL SECURITY;"
        " CREATE POLICY mine ON switchboard.forgotten TO switchboard_tenant USING (true)",
        "CREATE VIEW switchboard.forgotten AS SELECT * FROM switchboard.message",
        "CREATE MATERIALIZED VIEW switchboard.forgotten AS SELECT * FROM switchboard.message",
    ],
)
async def test_t4_a_table_that_a_revision_forgets_to_guard_is_found(server: Server, admin: str, mistake: str) -> None:
    """Else the test above would mean nothing."""
    async with connected(server.root_of(admin.rpartition("/")[2])) as root:
        await root.execute(mistake)

        assert await unguarded_relations(root) == {"forgotten"}


async def test_t4_the_same_sid_in_two_tenants_is_two_messages(admin: str) -> None:
    """No unique key reaches over a tenant: what one has, another can neither block nor find out."""
    for tenant in ("victim", "thief"):
        dsn = await tenant_dsn(admin, tenant)
        store = PostgresStore(
            database=Database(dsn=partial(str, dsn), tenant=tenant),
            clock=SystemClock(),
            new_id=lambda: "o3",
            owner="p",
            lease=20.0,
        )
        await store.open()
        first, replayed = await store.accept(message("SM3")), await store.accept(message("SM3"))
        await store.close()
        assert (first.duplicate, replayed.duplicate) == (False, True)  # T5: a replay is no second message


async def test_t26_no_password_and_no_text_is_in_an_error_a_repr_or_a_log(
    server: Server, admin: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Not when the login fails, not when a row is refused, not when an object is printed."""
    caplog.set_level(logging.DEBUG)
    dsn = await tenant_dsn(admin, "victim")
    password = dsn.split(":")[2].split("@")[0]
    wrong = dsn.replace(password, "a-wrong-secret")
    store = PostgresStore(
        database=Database(dsn=lambda: wrong, tenant="victim"),
        clock=SystemClock(),
        new_id=lambda: "o1",
        owner="p",
        lease=20.0,
    )
    with pytest.raises(ConfigurationError) as refused:
        await store.open()
    await store.close()
    garbage = Database(dsn=lambda: f"no-url-{password}", tenant="victim", patience=0.2)
    with pytest.raises((ConfigurationError, StoreUnavailable)) as unusable:
        await garbage.open()
    await garbage.close()
    row = asyncpg.UniqueViolationError("duplicate key")
    row.detail = f"Key (text)=({SECRET}) already exists."
    row.sqlstate = "23505"
    made = TenantRole(tenant="t", role="r", password=password)
    credentials = Credentials(
        account_sid="AC", auth_tokens=(), api_key_sid="SK", api_key_secret="s", api_token="t", database_url=dsn
    )
    log = (server.folder / "log").read_text(encoding="utf-8")

    told = "\n".join(
        [str(refused.value), str(unusable.value), describe(row), repr(made), repr(credentials), caplog.text]
    )
    assert "a-wrong-secret" not in told
    assert password not in told + log
    assert SECRET not in told + log
