"""The roles of tenants at PostgreSQL, over asyncpg.

The same statements as the runtime's own ``tenant-role`` (``switchboard_runtime.store.postgres.admin``), since either
may look after a database; a contract test holds the two equal. What differs: the caller chose role and password and
wrote them down before, so that everything here may be repeated and a lost answer makes no second role.

Assumes: the schema is there (``switchboard-runtime migrate``), and the administrator may create roles; no superuser.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import secrets
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import asyncpg  # type: ignore[import-untyped]

from switchboard_operator import reasons
from switchboard_operator.errors import NotReady, Stalled, Upstream, Waiting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from switchboard_operator.ports import DatabaseServer, Login

_OWNER = "switchboard_owner"
_GROUP = "switchboard_tenant"
_LOCK = 0x5357_4254
_LOCK_TIMEOUT = "3s"
_BETWEEN_TRIES = 0.5
_CONNECTIONS_OF_A_ROLE = 50
_ROUNDS = 4096
_RECHECK = 60.0
_SOON = 2.0
_FAILURES = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
    ValueError,
)
_NO_SCHEMA = ("3F000", "42P01", "42704", "22023")
"""No such schema or table; no such role to be a member of, or to become."""

_TRANSIENT = ("08", "40", "53", "55P03", "57P0", "58030")
_NOT_LET_IN = ("28", "42501", "3F000", "42P01")


class PostgresDatabase:
    """Implements ``ports.Database``.

    Args:
        deadline: seconds for a connection, and for what is done on it.
    """

    def __init__(self, *, deadline: float = 10.0) -> None:
        self._deadline = deadline
        self._one_at_a_time = asyncio.Lock()  # all wait for the same advisory lock; better here than there

    async def logs_in(self, server: DatabaseServer, tenant: str, login: Login) -> bool:
        """Log in as the tenant does, and ask whom it sees."""
        try:
            async with asyncio.timeout(self._deadline):
                connection = await _connect(server, user=login.role, password=login.password)
                try:
                    seen = await connection.fetch("SELECT name FROM switchboard.tenant")
                finally:
                    await connection.close(timeout=2.0)
        except _FAILURES as error:
            if str(getattr(error, "sqlstate", None) or "").startswith(_NOT_LET_IN):
                return False
            raise _sorted(error) from None
        return [row["name"] for row in seen] == [tenant]

    async def make_role(self, server: DatabaseServer, tenant: str, login: Login) -> None:
        """Make the role true in one transaction."""
        role = _checked(login.role)
        access = f"CONNECTION LIMIT {_CONNECTIONS_OF_A_ROLE} PASSWORD '{verifier(login.password)}'"
        async with self._administration(server) as connection, connection.transaction():
            if await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1::text::name", role):
                await connection.execute(f"ALTER ROLE {role} LOGIN {access}")
                await connection.execute(f"GRANT {_GROUP} TO {role}")
            else:
                never = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION"
                await connection.execute(f"CREATE ROLE {role} LOGIN {never} {access} IN ROLE {_GROUP}")
            await connection.execute(f"ALTER ROLE {role} SET search_path = switchboard, pg_temp")
            await _register(connection, role, tenant)

    async def drop_roles(self, server: DatabaseServer, tenant: str, *, keep: str | None = None) -> Sequence[str]:
        """Drop the roles that the database has on record for the tenant."""
        async with self._administration(server) as connection, connection.transaction():
            await connection.execute(f"SET LOCAL ROLE {_OWNER}")
            gone = await connection.fetch(
                "DELETE FROM switchboard.tenant_role AS r USING switchboard.tenant AS t"
                " WHERE t.id = r.tenant_id AND t.name = $1 AND r.role <> $2::text::name RETURNING r.role::text AS role",
                tenant,
                keep or "",
            )
            await connection.execute("RESET ROLE")
            for row in gone:
                role = _checked(row["role"])
                await connection.execute(f"GRANT {role} TO CURRENT_USER")
                await connection.execute(f"ALTER ROLE {role} NOLOGIN")
                await connection.execute(
                    "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE usename = $1::text::name",
                    role,
                )
                await connection.execute(f"DROP ROLE {role}")
        return tuple(row["role"] for row in gone)

    @asynccontextmanager
    async def _administration(self, server: DatabaseServer) -> AsyncIterator[asyncpg.Connection]:
        """A connection of the administrator for one task."""
        try:
            async with self._one_at_a_time, asyncio.timeout(self._deadline * 3):
                connection = await _connect(server, server_settings={"search_path": "pg_catalog"})
                try:
                    await connection.execute(f"SET lock_timeout = '{_LOCK_TIMEOUT}'")
                    while not await connection.fetchval(f"SELECT pg_try_advisory_lock({_LOCK})"):  # noqa: ASYNC110  # polled
                        await asyncio.sleep(_BETWEEN_TRIES)  # as the runtime does: an index is built beside
                    yield connection
                finally:
                    await connection.close(timeout=2.0)
        except _FAILURES as error:
            raise _sorted(error) from None


async def _connect(server: DatabaseServer, **more: Any) -> asyncpg.Connection:
    if server.authority is not None:
        more["ssl"] = ssl.create_default_context(cadata=server.authority)
    return await asyncpg.connect(server.dsn, timeout=10.0, **more)


async def _register(connection: asyncpg.Connection, role: str, tenant: str) -> None:
    """Put tenant and role on record.

    Raises:
        Stalled: the role is on record as another tenant's, and stays that one's.
    """
    await connection.execute(f"SET LOCAL ROLE {_OWNER}")
    await connection.execute(
        "INSERT INTO switchboard.tenant (name, channel) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
        tenant,
        f"swb_{secrets.token_hex(16)}",
    )
    await connection.execute(
        "INSERT INTO switchboard.tenant_role (role, tenant_id)"
        " SELECT $1::text::name, id FROM switchboard.tenant WHERE name = $2 ON CONFLICT (role) DO NOTHING",
        role,
        tenant,
    )
    of = await connection.fetchval(
        "SELECT t.name FROM switchboard.tenant AS t JOIN switchboard.tenant_role AS r ON r.tenant_id = t.id"
        " WHERE r.role = $1::text::name",
        role,
    )
    if of != tenant:
        raise Stalled(
            reasons.DATABASE_REFUSED, f"the role {role} is on record as another tenant's; drop it there", after=_RECHECK
        )


def verifier(password: str) -> str:
    """What the server keeps instead of a password (RFC 5803), so that the password is in no statement and no log."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ROUNDS)
    client, server = (hmac.digest(salted, what, "sha256") for what in (b"Client Key", b"Server Key"))
    stored = hashlib.sha256(client).digest()
    salt64, stored64, server64 = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return f"SCRAM-SHA-256${_ROUNDS}:{salt64}${stored64}:{server64}"


def _checked(role: str) -> str:
    """A name that may stand in a statement as it is; ours are no other."""
    if not (role.isascii() and role.replace("_", "").isalnum() and role == role.lower() and role.startswith("swb_")):
        raise Stalled(reasons.DATABASE_REFUSED, "a role on record has a name that is none of ours", after=_RECHECK)
    return role


def _sorted(error: BaseException) -> NotReady:
    """What a failure means; of its text only the code, since a server's words may quote rows and passwords."""
    code = str(getattr(error, "sqlstate", None) or "")
    what = f"PostgreSQL says {type(error).__name__} ({code})" if code else f"PostgreSQL: {type(error).__name__}"
    if code.startswith(_NO_SCHEMA):
        return Waiting(reasons.SCHEMA_MISSING, f"{what}: the schema switchboard is missing", after=_SOON)
    if code.startswith(_TRANSIENT) or (not code and not isinstance(error, ValueError)):
        return Upstream(reasons.DATABASE_UNAVAILABLE, what)
    return Stalled(reasons.DATABASE_REFUSED, f"{what}; correct the administrator's DSN or its rights", after=_RECHECK)
