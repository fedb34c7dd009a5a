"""The runtime answering calls that the emulator places: one process, the emulator's loop, its clock for the calls."""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dev.ports import free_port
from switchboard_runtime.app import Ports, build_app, serve
from switchboard_runtime.clock import SystemClock
from switchboard_runtime.config import load_directory
from switchboard_runtime.conversation import Policy
from tests.contract.emulator_sync import NUMBER
from tests.unit.runtime.kit import document, write_tenant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aiohttp import web

    from tests.contract.emulator_sync import SyncWorld
    from tests.contract.emulator_voice import Phone
    from tests.unit.runtime.voice_kit import Assistant

__all__ = ["PERSON", "Bot", "a_bot"]

PERSON = "+5491155550300"
"""Who is called when the bot cannot help."""

_IDS = itertools.count(1)


@dataclass
class Bot:
    """A tenant's runtime, with the tenant's number at the emulator pointing to it."""

    world: SyncWorld
    root: Path
    url: str

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the tenant's file says."""
        [file] = (self.root / "data").glob("*.sqlite3")
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
            return db.execute(query).fetchall()

    @property
    def kept(self) -> list[tuple[str, str]]:
        """Kind and text of the stored messages, in order."""
        return self.rows("SELECT kind, text FROM message ORDER BY id")

    @property
    def said(self) -> list[str]:
        """What the conversation says that was said to the caller, in order."""
        return [text for (text,) in self.rows("SELECT text FROM outbox ORDER BY seq")]

    def until(self, phone: Phone, kind: str) -> None:
        """Let time pass until a call waits for something, two minutes at most."""
        for _ in range(120):
            if phone.waits_for == kind:
                return
            self.world.advance(1)
        raise AssertionError(f"the call waits for {phone.waits_for!r}: {phone.state['transcript']}")

    @contextmanager
    def store_held(self) -> Iterator[None]:
        """Have another process write to the tenant's file, and not end."""
        [file] = (self.root / "data").glob("*.sqlite3")
        with closing(sqlite3.connect(file, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")
            yield
            db.execute("ROLLBACK")

    def declare(self, phone: str, answers: str) -> None:
        """Say how a phone behaves that is called."""
        self.world.raw("PUT", f"/emulator/v1/phones/{phone}", json={"answers": answers}).raise_for_status()

    def alerts(self) -> list[int]:
        """Codes of what Twilio found wrong with our documents, or with fetching them."""
        return [int(alert.error_code) for alert in self.world.sub.monitor.v1.alerts.list()]


@contextmanager
def a_bot(
    world: SyncWorld, root: Path, *, assistant: Assistant | None = None, patience: float = 5.0, **changes: Any
) -> Iterator[Bot]:
    """Serve a tenant whose number is configured as the operator does it.

    Args:
        world: the emulator.
        root: an empty folder.
        assistant: answers in place of the tenant's own.
        patience: seconds until a caller is asked to wait.
        **changes: to the example document; ``voice`` among them.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    account = {"endpoint": world.emulator.base_url, "accountSid": world.sub_sid}
    write_tenant(root, document(url=url, twilio=account, **changes), authToken=world.sub_token)
    hooks = f"{url}/bot/twilio"
    world.buy(
        NUMBER,
        voice_url=f"{hooks}/voice",
        voice_fallback_url=f"{hooks}/fallback",
        status_callback=f"{hooks}/status",
    )
    runner = world.emulator.run(
        _serve(root, port, assistant, Policy(call_patience=patience, drain=0.5, store_patience=0.1))
    )
    try:
        yield Bot(world, root, url)
    finally:
        world.emulator.run(runner.cleanup())


async def _serve(root: Path, port: int, assistant: Assistant | None, policy: Policy) -> web.AppRunner:
    clock = SystemClock()
    (root / "data").mkdir(exist_ok=True)
    app = build_app(
        directory=load_directory(root / "tenants", root / "credentials", now=clock.now),
        data_dir=root / "data",
        policy=policy,
        ports=Ports(clock=clock, new_id=lambda: f"id{next(_IDS)}", chance=lambda: 1.0, answering=assistant),
    )
    return await serve(app, host="127.0.0.1", port=port)
