"""How many turns a second of one tenant with limits come through PostgreSQL, beside turns that nobody counts.

A turn is what the engine does around an assistant that answers at once: the limits' question, then the turn kept
with what it took. All turns are of different contacts, so that the tenant's own sums are all that they share. The
server is a temporary one on this machine; a wire with a delay stands for a network, since what is locked is locked
over round trips.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import multiprocessing
import statistics
import time
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from dev.postgres import new_database, running_server, tenant_dsn
from switchboard_runtime.assistants import Answer, Usage
from switchboard_runtime.clock import SystemClock
from switchboard_runtime.config import TenantDocument
from switchboard_runtime.conversation.turn import Ask, begin_turn
from switchboard_runtime.limits import LimitsHook
from switchboard_runtime.store import Inbound, Turn, WorkItem, texts
from switchboard_runtime.store.postgres.database import Database
from switchboard_runtime.store.postgres.store import PostgresStore
from switchboard_runtime.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from multiprocessing.connection import Connection

    from dev.postgres import Server

Kind = Literal["counted", "not counted"]

_TENANT = "bench"
_IDS = itertools.count()
_PRICE = {"validFrom": "2020-01-01", "input": "1", "output": "1"}
_CHOICE = {"provider": "openai", "model": "m", "apiKey": "k", "prices": [_PRICE]}
_DOCUMENT = {
    "schema": "runtime.switchboard.dev/v1",
    "tenant": {
        "id": _TENANT, "namespace": "bench", "name": _TENANT, "slug": _TENANT, "displayName": "Bench",
        "status": "Active",
    },
    "url": "https://bench.example.com",
    "twilio": {"endpoint": "http://127.0.0.1:9", "accountSid": "AC00000000000000000000000000000001"},
    "languages": ["en"],
    "defaultAssistant": "model",
    "numbers": [{"name": "n", "phoneNumber": "+13055550123"}],
    "assistants": [{"name": "model", "model": {"choices": [_CHOICE], "historyTokens": 0}}],
    "limits": {
        "tenant": {"messagesPerMinute": 100_000, "tokensPerMonth": 10**9, "spendPerMonth": "1000000"},
        "loop": {"enabled": False},
    },
}  # fmt: skip
_SAID = Answer(
    text="Thank you.",
    usage=Usage(input_tokens=60, output_tokens=40, requests=1, cost=Decimal("0.0001"), currency="USD"),
    model="openai/m",
)


@dataclass(frozen=True, slots=True)
class _Seen:
    """Turns a second, and the seconds of each turn."""

    rate: float
    times: list[float]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="turns a second of one tenant with limits, on PostgreSQL")
    parser.add_argument("--at-once", type=int, default=16, help="turns, each with a connection")
    parser.add_argument("--pods", type=int, default=4, help="among which they are divided")
    parser.add_argument("--turns", type=int, default=800, help="of a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--delay", type=float, default=0.0, help="milliseconds that the wire adds to a round trip")
    given = parser.parse_args()
    print(f"{'turns':>12} {'a second':>9} {'p50 ms':>8} {'p99 ms':>8}")
    with running_server() as server:
        rounds = asyncio.run(_measure(server, given))
    for kind, seen in rounds.items():
        times = sorted(one * 1000 for round_ in seen for one in round_.times)
        rate = statistics.median(one.rate for one in seen)
        print(f"{kind:>12} {rate:>9.0f} {_of(times, 0.5):>8.1f} {_of(times, 0.99):>8.1f}")
    return 0


async def _measure(server: Server, given: argparse.Namespace) -> dict[Kind, list[_Seen]]:
    seen: dict[Kind, list[_Seen]] = {"counted": [], "not counted": []}
    dsn = await tenant_dsn(await new_database(server), _TENANT)
    with _wire(server.port, given.delay / 1000) as through:
        far = dsn.replace(f":{server.port}/", f":{through}/")
        async with AsyncExitStack() as stack:
            each = given.at_once // given.pods
            pods = [await stack.enter_async_context(_pod(far, each)) for _ in range(given.pods)]
            for _ in range(given.rounds):
                for kind, rounds in seen.items():
                    rounds.append(await _round(pods, kind, given.turns, each))
    return seen


@asynccontextmanager
async def _pod(dsn: str, connections: int) -> AsyncIterator[PostgresStore]:
    database = Database(dsn=lambda: dsn, tenant=_TENANT, size=connections, patience=30.0)
    store = PostgresStore(
        database=database, clock=SystemClock(), new_id=lambda: f"o{next(_IDS)}", owner=f"p{next(_IDS)}", lease=600.0
    )
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def _round(pods: list[PostgresStore], kind: Kind, turns: int, each: int) -> _Seen:
    """Work on so many messages that wait, ``each`` at once in each pod."""
    document = TenantDocument.model_validate_json(json.dumps(_DOCUMENT))
    await asyncio.gather(*(pods[0].accept(_message()) for _ in range(turns)))
    items = list((await pods[0].claim_work(limit=turns, held=())).items)
    times: list[float] = []

    async def work(store: PostgresStore, hook: LimitsHook | None) -> None:
        while items:
            item = items.pop()
            started = time.perf_counter()
            await _turn(store, document, item, hook)
            times.append(time.perf_counter() - started)

    hooks = [LimitsHook(document=document, store=store, clock=SystemClock(), metrics=Metrics()) for store in pods]
    counting = kind == "counted"
    started = time.perf_counter()
    await asyncio.gather(
        *(work(store, hook if counting else None) for store, hook in zip(pods, hooks, strict=True) for _ in range(each))
    )
    return _Seen(len(times) / (time.perf_counter() - started), times)


async def _turn(store: PostgresStore, document: TenantDocument, item: WorkItem, hook: LimitsHook | None) -> None:
    turn = Turn(replies=texts(_SAID.text), state=replace(item.state, contacted=True), outcome="answered")
    if hook is not None:
        ask = begin_turn(document, item.state, item.message)
        assert isinstance(ask, Ask)
        assert isinstance(await hook.before(item, ask), Ask)
        turn = hook.after(item, turn, _SAID)
    await store.finish_work(item, turn)


def _message() -> Inbound:
    number = next(_IDS)
    return Inbound(
        provider="twilio",
        account="AC",
        sid=f"SM{number}",
        channel="sms",
        own="+13055550123",
        contact=f"+1{number}",
        text="hello",
        trace="t",
        received_at=SystemClock().now(),
    )


@contextmanager
def _wire(port: int, delay: float) -> Iterator[int]:
    """The port of a wire to the server that is so long, in a process of its own."""
    if not delay:
        yield port
        return
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_carry, args=(port, delay, there), daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        process.terminate()
        process.join()


def _carry(port: int, delay: float, ready: Connection) -> None:
    asyncio.run(_carrying(port, delay / 2, ready))


async def _carrying(port: int, delay: float, ready: Connection) -> None:
    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_delayed(reader, there_writer, delay), _delayed(there_reader, writer, delay))

    server = await asyncio.start_server(carry, "127.0.0.1", 0)
    ready.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


async def _delayed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    loop = asyncio.get_running_loop()
    while data := await reader.read(65_536):
        loop.call_later(delay, writer.write, data)
    loop.call_later(delay, writer.close)


def _of(times: list[float], share: float) -> float:
    return times[min(len(times) - 1, int(len(times) * share))]


if __name__ == "__main__":
    raise SystemExit(main())
