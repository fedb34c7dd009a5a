"""One run: everything starts, everything goes wrong, everything is left alone, and then it is counted."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from dev.chaos.fleet import a_fleet
from dev.chaos.senders import Senders
from dev.chaos.stores import a_store
from dev.chaos.storm import Storm, answers
from dev.chaos.tenant import TENANT, set_up
from dev.chaos.verdict import Verdict, judge
from dev.ports import free_ports
from twilio_emulator.testing import running_emulator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dev.chaos.stores import Store
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
    """How much, where, and what is taken out.

    Attributes:
        store: ``sqlite`` or ``postgres``.
        conversations: phones that write.
        messages: of each.
        pause: seconds between two of a phone, at most.
        kill_every: seconds between two kills.
        harm_every: seconds between two harms of the store; None for what suits it.
        away: seconds for which the disk is full, or the server away at most.
        lease: the runtime's, short so that leases run out under way.
        grace: the runtime's, for what Twilio does not list.
        patience: seconds at the end without any progress.
        burst: seconds for which a message waits for more; both processes then answer line by line.
        mount: whether a small disk may be mounted.
        without: a safety to take out; the run ends as soon as that shows.
        seed: of all that is left to chance here.
    """

    store: str = "sqlite"
    conversations: int = 300
    messages: int = 10
    pause: float = 6.0
    kill_every: float = 3.0
    harm_every: float | None = None
    away: float = 7.0
    lease: float = 2.0
    grace: float = 12.0
    patience: float = 60.0
    burst: float = 0.0
    mount: bool = True
    without: str | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of a run, and what it went through."""

    store: str
    verdict: Verdict
    settled: bool
    seconds: float
    kills: int
    harms: Mapping[str, int] = field(default_factory=dict)
    webhooks: Mapping[str, int] = field(default_factory=dict)
    faults: Mapping[str, int] = field(default_factory=dict)

    @property
    def tried(self) -> bool:
        """Whether enough went wrong to prove anything.

        A full disk must have been felt; a server that is back within the runtime's patience is waited for.
        """
        harmed = self.kills > 0 and all(self.harms.values()) and any(self.faults.values())
        return harmed and (self.store == "postgres" or self.webhooks.get("answered 503", 0) > 0)


async def run(plan: Plan) -> Result:
    """Do it all in a folder of its own, gone at the end."""
    began = time.monotonic()
    chance = random.Random(plan.seed)  # noqa: S311  # chance, not secrecy
    async with AsyncExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        store = await stack.enter_async_context(
            a_store(plan.store, root, tenant=TENANT, mount=plan.mount, away=plan.away, chance=chance)
        )
        emulator = await stack.enter_async_context(running_emulator(seed=plan.seed))
        storm = await _prepare(stack, plan, root, store, emulator, chance)
        await storm.rage()
        settled = not storm.seen and await _settle(store, plan.patience)
        hits: Counter[str] = Counter()
        for fault in await emulator.admin.faults():
            hits[fault["kind"]] += fault["hits"]
        return Result(
            store=plan.store,
            verdict=storm.seen or judge(storm.senders.deliveries, await answers(emulator), storm.senders.promises),
            settled=settled,
            seconds=time.monotonic() - began,
            kills=storm.fleet.kills,
            harms=store.harms,
            webhooks=storm.senders.seen,
            faults=hits,
        )


async def _prepare(
    stack: AsyncExitStack, plan: Plan, root: Path, store: Store, emulator: RunningEmulator, chance: random.Random
) -> Storm:
    """The tenant, the processes, the faults at Twilio and the phones."""
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
    ports = free_ports(2)
    url = f"http://127.0.0.1:{ports[0]}"
    numbers = plan.messages + 1
    tenant = await set_up(emulator, session, root, url=url, numbers=numbers, burst=plan.burst, secrets=store.secrets)
    settings = {
        "SWITCHBOARD_TENANTS_DIR": str(root / "tenants"),
        "SWITCHBOARD_CREDENTIALS_DIR": str(root / "credentials"),
        "SWITCHBOARD_DATA_DIR": str(store.folder),
        "SWITCHBOARD_LEASE_SECONDS": str(plan.lease),
        "SWITCHBOARD_LOOK_GRACE_SECONDS": str(plan.grace),
    }
    changes = [*(["lines"] if plan.burst else []), *([plan.without] if plan.without else [])]
    fleet = await stack.enter_async_context(a_fleet(root, ports, session, store, changes=changes, settings=settings))
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
    return Storm(
        fleet=fleet,
        store=store,
        senders=senders,
        emulator=emulator,
        chance=chance,
        kill_every=plan.kill_every,
        harm_every=plan.harm_every or store.every,
        phones=plan.conversations,
        messages=plan.messages,
        watching=plan.without is not None,
    )


async def _settle(store: Store, patience: float) -> bool:
    """Wait until nothing waits any more; whether it came to that; ``patience`` is how long without any progress."""
    deadline = time.monotonic() + patience
    least, quiet = await store.waiting(), 0
    while quiet < 3 and time.monotonic() < deadline:
        await asyncio.sleep(0.5)
        waiting = await store.waiting()
        quiet = quiet + 1 if waiting == 0 else 0
        if waiting < least:
            least, deadline = waiting, time.monotonic() + patience
    return quiet >= 3
