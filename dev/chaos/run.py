"""One run: everything starts, everything goes wrong, everything is left alone, and then it is counted."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from dev.chaos.disk import a_disk
from dev.chaos.fleet import a_fleet, free_ports
from dev.chaos.senders import Senders
from dev.chaos.tenant import answered_numbers, set_up
from dev.chaos.verdict import Verdict, judge
from twilio_emulator.testing import running_emulator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dev.chaos.fleet import Fleet
    from twilio_emulator.testing import RunningEmulator

__all__ = ["Plan", "Result", "run"]

_MESSAGES = r"/Messages\.json"
_FAULTS: tuple[dict[str, object], ...] = (
    {"method": "POST", "path": _MESSAGES, "kind": "drop", "when": "after", "probability": 0.04},
    {"method": "POST", "path": _MESSAGES, "kind": "drop", "when": "before", "probability": 0.01},
    {"method": "POST", "path": _MESSAGES, "kind": "status", "status": 429, "probability": 0.04},
    {"method": "POST", "path": _MESSAGES, "kind": "status", "status": 500, "when": "after", "probability": 0.02},
    {"method": "POST", "path": _MESSAGES, "kind": "half-body", "probability": 0.02},
    {"method": "GET", "path": _MESSAGES, "kind": "status", "status": 503, "probability": 0.05},
    {"method": "POST", "path": _MESSAGES, "kind": "list-lag", "seconds": 1, "probability": 0.2},
    {"method": "POST", "path": _MESSAGES, "kind": "latency", "minSeconds": 0.2, "maxSeconds": 1.0, "probability": 0.1},
    {"target": "webhook", "webhook": "status", "kind": "duplicate", "probability": 0.1},
    {"target": "webhook", "webhook": "status", "kind": "reorder", "seconds": 1, "probability": 0.1},
    {"target": "webhook", "webhook": "status", "kind": "lose", "probability": 0.1},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much, and what is taken out.

    Attributes:
        conversations: phones that write.
        messages: of each.
        pause: seconds between two of a phone, at most.
        kill_every: seconds between two kills.
        full: seconds for which the disk is full.
        lease: the runtime's, short so that leases run out under way.
        grace: the runtime's, for what Twilio does not list.
        patience: seconds at the end for what is not answered yet.
        mount: whether a small disk may be mounted.
        without: a safety to take out.
        seed: of all that is left to chance here.
    """

    conversations: int = 300
    messages: int = 10
    pause: float = 6.0
    kill_every: float = 3.0
    full: float = 3.0
    lease: float = 0.5
    grace: float = 12.0
    patience: float = 150.0
    mount: bool = True
    without: str | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a run, and what it went through."""

    verdict: Verdict
    settled: bool
    seconds: float
    kills: int
    fills: int
    disk: str
    webhooks: Mapping[str, int] = field(default_factory=dict)
    faults: Mapping[str, int] = field(default_factory=dict)

    @property
    def tried(self) -> bool:
        """Whether enough went wrong to prove anything."""
        return (
            self.kills > 0 and self.fills > 0 and self.webhooks.get("answered 503", 0) > 0 and any(self.faults.values())
        )


async def run(plan: Plan) -> Result:
    """Do it all in a folder of its own, gone at the end."""
    began = time.monotonic()
    chance = random.Random(plan.seed)  # noqa: S311  # chance, not secrecy
    async with AsyncExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        disk = stack.enter_context(a_disk(root / "data", mount=plan.mount))
        emulator = await stack.enter_async_context(running_emulator(seed=plan.seed))
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        ports = free_ports(2)
        tenant = await set_up(emulator, session, root, url=f"http://127.0.0.1:{ports[0]}", numbers=plan.messages)
        settings = {
            "SWITCHBOARD_TENANTS_DIR": str(root / "tenants"),
            "SWITCHBOARD_CREDENTIALS_DIR": str(root / "credentials"),
            "SWITCHBOARD_DATA_DIR": str(disk.folder),
            "SWITCHBOARD_LEASE_SECONDS": str(plan.lease),
            "SWITCHBOARD_LOOK_GRACE_SECONDS": str(plan.grace),
        }
        fleet = await stack.enter_async_context(
            a_fleet(root, ports, session, disk, without=plan.without, settings=settings)
        )
        for number, order in enumerate(_FAULTS):
            await emulator.admin.add_fault(**order, seed=plan.seed + number, count=None)
        senders = Senders(
            emulator=emulator,
            session=session,
            tenant=tenant,
            processes=fleet.processes,
            chance=chance,
            pause=plan.pause,
        )
        await _storm(plan, fleet, senders, chance)
        settled = await _settle(disk.folder, plan.patience)
        hits: Counter[str] = Counter()
        for fault in await emulator.admin.faults():
            hits[fault["kind"]] += fault["hits"]
        return Result(
            verdict=judge(senders.deliveries, await _answers(emulator)),
            settled=settled,
            seconds=time.monotonic() - began,
            kills=fleet.kills,
            fills=fleet.fills,
            disk=disk.kind,
            webhooks=senders.seen,
            faults=hits,
        )


async def _storm(plan: Plan, fleet: Fleet, senders: Senders, chance: random.Random) -> None:
    """Everybody writes while processes die and the disk fills; over when all is acknowledged."""
    phones = [f"+54911{50_000_000 + number}" for number in range(plan.conversations)]
    writing = asyncio.gather(*(senders.write(phone, plan.messages) for phone in phones))
    dying = asyncio.create_task(_die(plan, fleet, chance))
    try:
        await writing
        await senders.finished()
    finally:
        dying.cancel()
        ended = await asyncio.gather(dying, return_exceptions=True)
    if not dying.cancelled():
        raise RuntimeError("the killer stopped") from ended[0]
    await fleet.revive()


async def _die(plan: Plan, fleet: Fleet, chance: random.Random) -> None:
    while True:
        await asyncio.sleep(plan.kill_every * (0.5 + chance.random()))
        await fleet.kill(chance)
        if fleet.fills < 1 or chance.random() < 0.1:
            await asyncio.shield(fleet.fill_the_disk(plan.full))


async def _settle(data: Path, patience: float) -> bool:
    """Wait until nothing waits any more; whether it came to that."""
    deadline = time.monotonic() + patience
    quiet = 0
    while quiet < 3 and time.monotonic() < deadline:
        await asyncio.sleep(0.5)
        quiet = quiet + 1 if _waiting(data) == 0 else 0
    return quiet >= 3


def _waiting(data: Path) -> int:
    [file] = data.glob("*.sqlite3")
    db = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5)
    try:
        row = db.execute(
            "SELECT (SELECT count(*) FROM work WHERE state = 'pending')"
            " + (SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending'))"
        ).fetchone()
        return int(row[0])
    finally:
        db.close()


async def _answers(emulator: RunningEmulator) -> dict[str, list[int]]:
    """What each phone has got, oldest first."""
    answers: dict[str, list[int]] = {}
    after = 0
    while page := await emulator.admin.messages(direction="outbound-api", after=after):
        after = page[-1]["seq"]
        for message in page:
            answers.setdefault(message["to"], []).extend(answered_numbers(message["body"]))
    return answers
