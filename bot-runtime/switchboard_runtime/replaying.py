"""``switchboard-runtime replay``: what was put aside is tried again, beside the process that serves or without it."""

from __future__ import annotations

import json
import random
import secrets
import sys
from contextlib import AsyncExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING

from switchboard_runtime.app import Ports
from switchboard_runtime.clock import SystemClock
from switchboard_runtime.config import load_directory
from switchboard_runtime.conversation import Policy
from switchboard_runtime.edge.quarantine import replay as replay_quarantine
from switchboard_runtime.opening import open_stores

if TYPE_CHECKING:
    from collections.abc import Iterator

    from switchboard_runtime.config import Settings
    from switchboard_runtime.store import DeadLetter, Quarantined, Store

__all__ = ["replay"]

_MOST = 1000


async def replay(settings: Settings, *, only_list: bool, dead_letters: bool, as_json: bool = False) -> None:
    """Replay every tenant's quarantine, and its dead letters if asked for; or list both.

    Raises:
        ConfigurationError: a document, credential or folder is wrong.
    """
    clock = SystemClock()
    tenants, credentials, data_dir = settings.paths()
    directory = load_directory(tenants, credentials, now=clock.now)
    ports = Ports(clock=clock, new_id=lambda: secrets.token_hex(12), chance=random.random)
    async with AsyncExitStack() as stack:
        stores = await open_stores(stack, directory, data_dir, Policy(), ports)
        for entry in directory.entries:
            store = stores[entry.slug]
            if only_list:
                waiting, letters = await store.quarantined(limit=_MOST), await store.dead_letters(limit=_MOST)
                sys.stdout.writelines((_records if as_json else _listed)(entry.slug, waiting, letters))
                continue
            understood, not_yet = await replay_quarantine(store, entry.document)
            revived = await _revive(store) if dead_letters else 0
            if as_json:
                told = {"tenant": entry.slug, "understood": understood, "notYet": not_yet, "revived": revived}
                sys.stdout.write(json.dumps(told) + "\n")
            else:
                sys.stdout.write(
                    f"{entry.slug}: {understood} understood, {not_yet} not; {revived} dead letters revived\n"
                )


async def _revive(store: Store) -> int:
    return sum([await store.revive(letter) for letter in await store.dead_letters(limit=_MOST)])


def _listed(slug: str, waiting: tuple[Quarantined, ...], letters: tuple[DeadLetter, ...]) -> Iterator[str]:
    """A line each, without what was written in them."""
    for one in waiting:
        yield f"{slug}: quarantine {one.id}, {one.webhook.path.partition('?')[0]}: {one.webhook.reason}\n"
    for letter in letters:
        yield f"{slug}: dead letter {letter.queue} {letter.id}, trace {letter.trace}: {letter.reason}\n"
    yield f"{slug}: {len(waiting)} in quarantine, {len(letters)} dead letters\n"


def _records(slug: str, waiting: tuple[Quarantined, ...], letters: tuple[DeadLetter, ...]) -> Iterator[str]:
    """The same, a JSON object a line."""
    for one in waiting:
        path, reason = one.webhook.path.partition("?")[0], one.webhook.reason
        yield json.dumps({"tenant": slug, "quarantine": one.id, "path": path, "reason": reason}) + "\n"
    for letter in letters:
        yield json.dumps({"tenant": slug, "deadLetter": asdict(letter)}) + "\n"
