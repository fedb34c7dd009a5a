"""What was erased since a backup is erased again in what was restored of it: ledgers in, contacts gone."""

from __future__ import annotations

import json
import random
from contextlib import AsyncExitStack
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from switchboard_runtime.app import Ports
from switchboard_runtime.backup.format import BrokenFile
from switchboard_runtime.backup.tables import ORDER
from switchboard_runtime.clock import SystemClock
from switchboard_runtime.config.directory import Directory
from switchboard_runtime.conversation import Policy
from switchboard_runtime.ids import Ids
from switchboard_runtime.opening import open_stores
from switchboard_runtime.people import Audit, Erasures, LedgerEntry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from switchboard_runtime.backup.places import Place
    from switchboard_runtime.config import Settings
    from switchboard_runtime.config.directory import TenantEntry

__all__ = ["erase_again", "ledger_of", "read_ledger"]


class _Later:
    """Stands for the provider: what it has is noted, and the runtime that serves next asks it."""

    async def forget(self, sid: str) -> Literal["later"]:
        """Nobody is asked now."""
        del sid
        return "later"


class _Nobody:
    """Stands for an engine: none runs while a tenant is restored."""

    def interrupt(self, conversation_id: int) -> bool:
        """Nothing is in flight."""
        del conversation_id
        return False

    def nudge(self) -> None:
        """Nobody works."""


def read_ledger(path: Path) -> tuple[LedgerEntry, ...]:
    """A ledger as the API answers it.

    Raises:
        BrokenFile: it is none.
    """
    try:
        items = json.loads(path.read_text(encoding="utf-8"))["items"]
        return tuple(
            LedgerEntry(
                id=str(one["id"]),
                at=datetime.fromisoformat(one["at"]).timestamp(),
                actor=str(one["actor"]),
                subjects=tuple(map(str, one["subjects"])),
            )
            for one in items
        )
    except (OSError, ValueError, KeyError, TypeError):
        raise BrokenFile(f"{path}: is no ledger; save the whole answer of GET /api/v1/erasures") from None


async def ledger_of(place: Place) -> tuple[LedgerEntry, ...]:
    """What a store knows of erasures."""
    names = ("id", "at", "actor", "subjects")
    if not set(names) <= set(await place.columns("erasure")):
        return ()
    return tuple(
        [
            LedgerEntry(id=row[0], at=row[1], actor=row[2], subjects=tuple(json.loads(row[3])))
            async for batch in place.rows(ORDER["erasure"], names)
            for row in batch
        ]
    )


async def erase_again(settings: Settings, entry: TenantEntry, ledger: Sequence[LedgerEntry]) -> int:
    """Erase in a restored store what was erased since. Returns how many contacts that were."""
    ports = Ports(clock=SystemClock(), new_id=Ids(), chance=random.random)
    async with AsyncExitStack() as stack:
        stores = await open_stores(stack, Directory([entry]), settings.paths()[2], Policy(), ports)
        store = stores[entry.slug]
        erasures = Erasures(
            store=store,
            tenant=entry.document.tenant.id,
            provider=_Later(),
            engine=_Nobody(),
            audit=Audit(store=store, clock=ports.clock, new_id=ports.new_id),
            clock=ports.clock,
            new_id=ports.new_id,
        )
        return await erasures.reapply(ledger)
