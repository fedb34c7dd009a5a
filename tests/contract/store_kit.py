"""Both stores behind one door, for tests of what must be the same in either."""

from __future__ import annotations

import itertools
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Literal

from switchboard_runtime.store import Inbound, SqliteStore, Writer
from switchboard_runtime.store.postgres.database import Database
from switchboard_runtime.store.postgres.store import PostgresStore
from tests.support.postgres import new_database, tenant_dsn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from switchboard_runtime.clock import Clock
    from switchboard_runtime.store import Store
    from tests.support.postgres import Server

__all__ = ["KINDS", "Kind", "inbound", "open_store"]

Kind = Literal["sqlite", "postgres"]
KINDS: tuple[Kind, ...] = ("sqlite", "postgres")

_LEASE = 20.0
_IDS = itertools.count(1)


@asynccontextmanager
async def open_store(
    kind: Kind, *, clock: Clock, folder: Path, server: Server, bubble_wait: float = 0.0
) -> AsyncIterator[Store]:
    """An empty store of tenant ``a``; PostgreSQL's needs a clock that tells the real time."""
    if kind == "sqlite":
        writer = Writer()
        try:
            yield SqliteStore(
                path=folder / f"tenant-{next(_IDS)}.sqlite3",
                writer=writer,
                clock=clock,
                new_id=lambda: f"o{next(_IDS)}",
                owner=f"p{next(_IDS)}",
                lease=_LEASE,
                bubble_wait=bubble_wait,
            )
        finally:
            await writer.close()
        return
    dsn = await tenant_dsn(await new_database(server), "a")
    store = PostgresStore(
        database=Database(dsn=lambda: dsn, tenant="a"),
        clock=clock,
        new_id=lambda: f"o{next(_IDS)}",
        owner=f"p{next(_IDS)}",
        lease=_LEASE,
        bubble_wait=bubble_wait,
    )
    try:
        await store.open()
        yield store
    finally:
        await store.close()


def inbound(sid: str, *, now: float, contact: str = "+1", text: str = "hello", channel: str = "sms") -> Inbound:
    """A message of a contact."""
    return Inbound(
        provider="twilio",
        account="AC",
        sid=sid,
        channel=channel,
        own="+9",
        contact=contact,
        text=text,
        fields=(("Body", text),),
        trace=f"t-{sid}",
        received_at=now,
    )
