"""What an administrator does to the database: the schema, and a role for each tenant.

Assumes: the DSN's role may create roles, and owns the database or may create schemas in it; no superuser is needed.
The tables belong to ``switchboard_owner``, that nobody logs in as; tenants' roles are members of
``switchboard_tenant``, that has the rights and sees nothing by itself.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import secrets
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg  # type: ignore[import-untyped]

from switchboard_runtime.errors import ConfigurationError
from switchboard_runtime.store.postgres.dsn import checked
from switchboard_runtime.store.postgres.failures import FAILURES, describe
from switchboard_runtime.store.postgres.versions import NEWEST

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from alembic.config import Config

__all__ = ["TenantRole", "administration", "as_owner", "create_role", "drop_roles", "migrate"]

_OWNER = "switchboard_owner"
_GROUP = "switchboard_tenant"
_LOCK = 0x5357_4254
_LOCK_TIMEOUT = "3s"
_TRIES = 20
_BETWEEN_TRIES = 0.5
_CONNECTIONS_OF_A_ROLE = 50
_ROUNDS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantRole:
    """A role that reads and writes one tenant."""

    tenant: str
    role: str
    password: str = field(repr=False)


async def migrate(admin_dsn: str, *, to: int | None = None) -> tuple[int, int]:
    """Bring the schema forward, beside programs that use it.

    Each revision waits three seconds for a lock and then steps aside and tries again, so that nobody queues behind it.

    Returns:
        The revision before and after.

    Raises:
        ConfigurationError: no connection, no right, locks were never free, or the schema is newer than this program.
    """
    async with administration(admin_dsn) as connection:
        await _prepare(connection)
        before = await _revision(connection)
        if before > NEWEST:
            raise ConfigurationError("schema", f"is {before}, this program knows {NEWEST}; upgrade the program")
        wanted = NEWEST if to is None else to
        for revision in range(before + 1, wanted + 1):
            await _patiently(connection, _statements(revision - 1, revision))
        return before, max(before, wanted)


async def create_role(admin_dsn: str, tenant: str) -> TenantRole:
    """Make one more role for a tenant, with a random password; the roles it has stay, so that a change overlaps."""
    stem = hashlib.sha256(tenant.encode()).hexdigest()[:16]
    role, password = f"swb_{stem}_{secrets.token_hex(4)}", secrets.token_urlsafe(32)
    async with administration(admin_dsn) as connection, connection.transaction():
        await connection.execute(
            f"CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION"
            f" CONNECTION LIMIT {_CONNECTIONS_OF_A_ROLE} PASSWORD '{_verifier(password)}' IN ROLE {_GROUP}"
        )
        await connection.execute(f"ALTER ROLE {role} SET search_path = switchboard, pg_temp")
        await connection.execute(f"SET LOCAL ROLE {_OWNER}")
        await connection.execute(
            "INSERT INTO switchboard.tenant (name, channel) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
            tenant,
            f"swb_{secrets.token_hex(16)}",
        )
        await connection.execute(
            "INSERT INTO switchboard.tenant_role (role, tenant_id)"
            " SELECT $1::text::name, id FROM switchboard.tenant WHERE name = $2",
            role,
            tenant,
        )
    return TenantRole(tenant=tenant, role=role, password=password)


async def drop_roles(admin_dsn: str, tenant: str, *, keep: str | None = None) -> tuple[str, ...]:
    """End a tenant's roles but ``keep``, and their sessions. The tenant's rows stay.

    Returns:
        The roles that were dropped.
    """
    async with administration(admin_dsn) as connection, connection.transaction():
        await connection.execute(f"SET LOCAL ROLE {_OWNER}")
        gone = await connection.fetch(
            "DELETE FROM switchboard.tenant_role AS r USING switchboard.tenant AS t"
            " WHERE t.id = r.tenant_id AND t.name = $1 AND r.role <> $2::text::name RETURNING r.role::text AS role",
            tenant,
            keep or "",
        )
        await connection.execute("RESET ROLE")
        for row in gone:
            await connection.execute(f"GRANT {row['role']} TO CURRENT_USER")
            await connection.execute(f"ALTER ROLE {row['role']} NOLOGIN")
            await connection.execute(
                "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE usename = $1::text::name",
                row["role"],
            )
            await connection.execute(f"DROP ROLE {row['role']}")
    return tuple(row["role"] for row in gone)


@asynccontextmanager
async def administration(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection for one task; what goes wrong on it is told without its secrets."""
    url = checked("admin DSN", dsn)
    try:
        connection = await asyncpg.connect(url, timeout=10.0, server_settings={"search_path": "pg_catalog"})
        try:
            await connection.execute(f"SET lock_timeout = '{_LOCK_TIMEOUT}'")
            while not await connection.fetchval(f"SELECT pg_try_advisory_lock({_LOCK})"):  # noqa: ASYNC110  # polled
                await asyncio.sleep(_BETWEEN_TRIES)  # never waiting inside: an index built beside would wait for us
            yield connection
        finally:
            await connection.close(timeout=5.0)
    except FAILURES as error:
        said = f": {error.args[0]}" if isinstance(error, asyncpg.PostgresError) else ""  # of DDL, not of rows
        raise ConfigurationError("admin DSN", describe(error) + said) from None


@asynccontextmanager
async def as_owner(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """Act as the role that the tables belong to."""
    await connection.execute(f"SET ROLE {_OWNER}")
    try:
        yield
    finally:
        await connection.execute("RESET ROLE")


async def _prepare(connection: asyncpg.Connection) -> None:
    """The roles and the empty schema, unless they are there."""
    async with connection.transaction():
        for role in (_OWNER, _GROUP):
            if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1::text::name", role):
                await connection.execute(f"CREATE ROLE {role} NOLOGIN")
        await connection.execute(f"GRANT {_OWNER} TO CURRENT_USER")
        if not await connection.fetchval("SELECT 1 FROM pg_namespace WHERE nspname = 'switchboard'"):
            await connection.execute(f"CREATE SCHEMA switchboard AUTHORIZATION {_OWNER}")
            await connection.execute(f"SET LOCAL ROLE {_OWNER}")
            await connection.execute(f"GRANT USAGE ON SCHEMA switchboard TO {_GROUP}")


async def _revision(connection: asyncpg.Connection) -> int:
    if not await connection.fetchval("SELECT to_regclass('switchboard.alembic_version')"):
        return 0
    await connection.execute(f"SET ROLE {_OWNER}")
    revision = await connection.fetchval("SELECT version_num FROM switchboard.alembic_version")
    await connection.execute("RESET ROLE")
    return int(revision or 0)


async def _patiently(connection: asyncpg.Connection, statements: list[str]) -> None:
    """Run a revision; whatever it could not lock in time it undoes and tries again."""
    await connection.execute(f"SET ROLE {_OWNER}")
    for left in reversed(range(_TRIES)):
        try:
            for statement in statements:
                await connection.execute(statement)
            break
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            await connection.execute("ROLLBACK")
            if not left:
                raise
            await asyncio.sleep(_BETWEEN_TRIES)
    await connection.execute("RESET ROLE")


class _Statements(list[str]):
    """What alembic would print as a script, a statement each."""

    def write(self, text: str) -> None:
        """Take one statement; a comment alone is none."""
        if text.strip().strip(";") and not text.startswith("--"):
            self.append(text.strip())

    def flush(self) -> None:
        """Nothing waits."""


def _statements(before: int, after: int) -> list[str]:
    """The SQL of the revisions between two, as alembic writes it; it runs on asyncpg, without a second driver."""
    from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415  # only the administrator needs it
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = _config()
    script = ScriptDirectory.from_config(config)
    statements = _Statements()
    start = f"{before:04}" if before else "base"
    with EnvironmentContext(
        config,
        script,
        fn=lambda revision, _context: script._upgrade_revs(f"{after:04}", revision),  # noqa: SLF001  # as alembic's own command does
        as_sql=True,
        starting_rev=start,
        destination_rev=f"{after:04}",
    ) as environment:
        environment.configure(
            dialect_name="postgresql",
            output_buffer=statements,  # type: ignore[arg-type]  # it writes and flushes, no more
            transactional_ddl=True,
            transaction_per_migration=True,
            version_table_schema="switchboard",
        )
        with environment.begin_transaction():
            environment.run_migrations()
    return list(statements)


def _config() -> Config:
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def _verifier(password: str) -> str:
    """What the server keeps instead of a password (RFC 5803), so that the password is in no statement and no log."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ROUNDS)
    client, server = (hmac.digest(salted, what, "sha256") for what in (b"Client Key", b"Server Key"))
    stored = hashlib.sha256(client).digest()
    salt64, stored64, server64 = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return f"SCRAM-SHA-256${_ROUNDS}:{salt64}${stored64}:{server64}"
