"""Tenants in PostgreSQL, on a real API server and a real server: the operator makes the role that serves them."""

from __future__ import annotations

import base64
from functools import partial
from typing import TYPE_CHECKING, Any

import asyncpg  # type: ignore[import-untyped]
import pytest

from switchboard_runtime.store.postgres.admin import migrate
from tests.support.postgres import Server, connected, new_database, running_server
from tests.support.world import SYSTEM, assistant, number, tenant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.world import World

KEPT: dict[str, Any] = {"storage": {"postgres": {}}}
SECRET = "bot-sur-database"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A PostgreSQL server."""
    with running_server() as running:
        yield running


@pytest.fixture
async def dsn(server: Server, world: World) -> str:
    """The admin's DSN to an empty database of the test's own, which the operator is told of."""
    found = await new_database(server, to=0)
    await admins_secret(world, found)
    world.migrate = partial(migrate, found)
    return found


async def admins_secret(world: World, url: str) -> None:
    """The Secret that names the platform's database."""
    data = {"url": base64.b64encode(url.encode()).decode()}
    meta = {"name": "postgres-admin", "namespace": SYSTEM}
    await world.apply({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": data})


async def roles(dsn: str) -> list[str]:
    """The roles on record for tenants."""
    async with connected(dsn) as connection:
        await connection.execute("SET ROLE switchboard_owner")
        return [row["role"] for row in await connection.fetch("SELECT role::text FROM switchboard.tenant_role")]


async def serve(world: World) -> None:
    """A tenant in PostgreSQL, Ready."""
    await world.start_operator(database_secret="postgres-admin")
    await world.apply(assistant(), tenant("sur", runtime=KEPT), number("ventas", "sur"))
    await world.condition("Tenant", "sur", status="True", reason="Succeeded")


async def test_the_role_in_the_secret_logs_in_and_goes_with_the_tenant(world: World, dsn: str) -> None:
    """Migrated, one role, its URL works; settled it costs no write; after the tenant's end it logs in no more."""
    await serve(world)
    url = (await world.tenant_secret(SECRET))["databaseUrl"]
    async with connected(url) as connection:
        seen = await connection.fetchval("SELECT name FROM switchboard.tenant")
    made = await world.get("Tenant", "sur")
    before = await roles(dsn)
    await world.quiet()
    writes = world.operator_writes()
    await world.stop_operator()
    await world.start_operator()
    await world.quiet()
    after_restart = world.operator_writes()
    await world.delete("Tenant", "sur")

    async def gone() -> bool:
        return await world.get("Tenant", "sur") is None

    await world.until(gone)

    assert made is not None
    assert seen == made["metadata"]["uid"]
    assert len(before) == 1
    assert after_restart == writes
    assert await roles(dsn) == []
    with pytest.raises(asyncpg.PostgresError):
        await asyncpg.connect(url)


async def test_an_operator_killed_between_secret_and_role_goes_on(world: World, dsn: str, server: Server) -> None:
    """The server is away when the Secret is there already: the next life makes the very role that it names."""
    await world.start_operator(database_secret="postgres-admin")
    await world.apply(assistant(), tenant("warm", runtime=KEPT))
    await world.condition("Tenant", "warm", "DatabaseReady", status="True")
    server.stop()
    try:
        await world.apply(tenant("sur", runtime=KEPT), number("ventas", "sur"))
        await world.condition("Tenant", "sur", "DatabaseReady", status="False", reason="DatabaseUnavailable")
        promised = await world.tenant_secret(SECRET)
        await world.kill_operator()
    finally:
        server.start()
    await world.start_operator()
    await world.condition("Tenant", "sur", status="True", reason="Succeeded")

    assert await world.tenant_secret(SECRET) == promised
    assert len(await roles(dsn)) == 2


async def test_the_admin_is_told_what_is_missing(world: World, dsn: str) -> None:
    """A wrong password: Stalled, until the Secret is right; then at once."""
    await admins_secret(world, dsn.replace(":", ":wr0ng", 2).replace("postgresql:wr0ng", "postgresql:"))
    await world.start_operator(database_secret="postgres-admin")
    await world.apply(assistant(), tenant("sur", runtime=KEPT), number("ventas", "sur"))
    told = await world.condition("Tenant", "sur", "DatabaseReady", status="False", reason="DatabaseRefused")
    await admins_secret(world, dsn)
    await world.condition("Tenant", "sur", status="True", reason="Succeeded")

    assert "wr0ng" not in told["message"]
