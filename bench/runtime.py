"""How fast the runtime takes webhooks in, how soon it answers, what a tenant costs and how long it takes to start.

    python -m bench.runtime [--only intake latency memory start] [--output json]

*Intake*: servers on one core each, in turns, so that what else the machine does hits all: the runtime (signature
checked, durably stored, its turn kept) on SQLite and on PostgreSQL, aiohttp with Twilio's validator and aiohttp alone,
both without storage, both on uvloop, as the runtime is, and on asyncio. The tenant is suspended: its messages are
stored, worked on and not answered: Twilio is no part of it. The runtime stores a burst first and works on it then:
``all done/s`` counts the messages over the time until nothing of them was left to do. Beside what a second brings
stands the processor time of a request, the turn with it (of the server's process; PostgreSQL's own is not in it): it
says the same on a busy machine.
*Latency*: from a webhook to the POST of its answer, one message at a time, beside one durable write of the disk.
*Memory*: of a process with 1, 100 and 500 idle tenants. *Start*: from the command to ready, with one tenant.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import uvloop

from bench.load import run_load
from bench.runtime_latency import added_latency, disk_latency
from bench.runtime_servers import Tenant, a_peer, a_runtime, cores, signed_message
from dev.postgres import new_database, running_server, tenant_dsn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench.load import Load
    from bench.runtime_servers import Process
    from dev.postgres import Server

_BASE = "aiohttp + validator, uvloop"
_ON_ONE_CORE = {"intake", "latency"}
_TENANTS = (1, 100, 500)
_SETTLED = 3.0
_LOOK, _IDLE, _REST = 0.05, 0.01, 0.5
"""Seconds: between two looks; processor time between them that is nothing; how long nothing must be done."""
Row = dict[str, object]


class Run(NamedTuple):
    """A load, the seconds until all of it was done, and the seconds of processor time that a request took."""

    load: Load
    seconds: float
    processor: float


def main() -> int:
    """Measure and print."""
    given = _parser().parse_args()
    parts: dict[str, Callable[[argparse.Namespace, Path], list[Row]]] = {
        "intake": _intake,
        "latency": _latency,
        "memory": _memory,
        "start": _start,
    }
    figures: dict[str, list[Row]] = {}
    allowed = os.sched_getaffinity(0)
    given.core, rest = cores()
    for name in given.only:
        os.sched_setaffinity(0, {rest} if name in _ON_ONE_CORE else allowed)  # and all that is started from here on
        with tempfile.TemporaryDirectory(prefix="bench-") as root:
            figures[name] = parts[name](given, Path(root))
        if given.output == "text":
            print(_table(name, figures[name]), flush=True)
    if given.output == "json":
        print(json.dumps(figures))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="the runtime beside plain aiohttp, and what it costs")
    names = ["intake", "latency", "memory", "start"]
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=4_000, help="of each round")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--messages", type=int, default=500, help="whose latency is measured")
    parser.add_argument("--output", choices=["text", "json"], default="text")
    return parser


@contextmanager
def _database(tenant: Tenant) -> Iterator[str]:
    """A PostgreSQL server while the block lasts; the DSN of the tenant's role."""

    async def made(server: Server) -> str:
        return await tenant_dsn(await new_database(server), tenant.slug)

    with running_server() as server:
        yield asyncio.run(made(server))


def _intake(given: argparse.Namespace, root: Path) -> list[Row]:
    tenant = Tenant()
    with ExitStack() as stack:
        in_database = Tenant(database_url=stack.enter_context(_database(tenant)))
        servers = {
            "runtime, SQLite": stack.enter_context(a_runtime(root / "file", [tenant], core=given.core)),
            "runtime, PostgreSQL": stack.enter_context(a_runtime(root / "server", [in_database], core=given.core)),
        }
        for loop in ("uvloop", "asyncio"):
            for name, checked in (("aiohttp + validator", True), ("aiohttp", False)):
                peer = a_peer(tenant, core=given.core, checked=checked, loop=loop)
                servers[f"{name}, {loop}"] = stack.enter_context(peer)
        results = uvloop.run(_measure(servers, tenant, given))
    base = statistics.median(run.load.rate for run in results[_BASE])
    return [_row(name, results[name], base) for name in servers]


async def _measure(servers: dict[str, Process], tenant: Tenant, given: argparse.Namespace) -> dict[str, list[Run]]:
    """Each server's runs, in turns."""
    results: dict[str, list[Run]] = {name: [] for name in servers}
    for number in range(given.rounds):
        requests = [signed_message(tenant, number * given.requests + index) for index in range(given.requests)]
        for name, server in servers.items():
            before = server.cpu()
            load = await run_load(
                server.port, requests.__getitem__, first=0, count=given.requests, connections=given.connections
            )
            if set(load.statuses) != {200}:
                sys.exit(f"{name}: expected 200, got {load.statuses}")
            spent, later = await _at_rest(server, before)  # the next server has the core to itself
            results[name].append(Run(load, load.seconds + later, spent / given.requests))
    return results


async def _at_rest(server: Process, before: float) -> tuple[float, float]:
    """Wait until a server does nothing any more: the processor time it took, and after how many seconds it was done."""
    began = time.perf_counter()
    spent, done = server.cpu() - before, 0.0
    while (now := time.perf_counter() - began) < done + _REST:
        await asyncio.sleep(_LOOK)
        if server.cpu() - before > spent + _IDLE:
            spent, done = server.cpu() - before, now
    return server.cpu() - before, done


def _row(name: str, runs: Sequence[Run], base: float) -> Row:
    rates = [run.load.rate for run in runs]
    return {
        "server": name,
        **_spread("requests/s", rates),
        f"of {_BASE}": round(statistics.median(rates) / base, 2),
        **_spread("p99 ms", [run.load.quantile(0.99) * 1000 for run in runs], digits=1),
        "all done/s": int(statistics.median(len(run.load.latencies) / run.seconds for run in runs)),
        **_spread("processor us", [run.processor * 1e6 for run in runs]),
    }


def _latency(given: argparse.Namespace, root: Path) -> list[Row]:
    rows = [_latency_row("one write of 4 KiB made durable", disk_latency())]
    rows.append(_latency_row("runtime, SQLite", _added(root / "file", "", given)))
    with _database(Tenant()) as url:
        rows.append(_latency_row("runtime, PostgreSQL", _added(root / "server", url, given)))
    return rows


def _added(root: Path, url: str, given: argparse.Namespace) -> list[float]:
    return added_latency(root, database_url=url, core=given.core, messages=given.messages)


def _latency_row(name: str, seconds: Sequence[float]) -> Row:
    ranked = sorted(seconds)
    return {
        "from webhook to POST": name,
        "median ms": round(statistics.median(ranked) * 1000, 2),
        "p99 ms": round(ranked[int(0.99 * len(ranked))] * 1000, 2),
        "least ms": round(ranked[0] * 1000, 2),
    }


def _memory(_given: argparse.Namespace, root: Path) -> list[Row]:
    """Of a start that finds its files; the one before makes them."""
    rows: list[Row] = []
    for count in _TENANTS:
        tenants = [Tenant(index=index) for index in range(count)]
        with a_runtime(root / str(count), tenants, core=None) as process:
            made = process.ready_after
        with a_runtime(root / str(count), tenants, core=None) as process:
            resident = uvloop.run(_settled(process))
            seconds = {"ready after s": round(process.ready_after, 2), "with files to make s": round(made, 2)}
            rows.append({"idle tenants": count, "MiB": round(resident, 1), **seconds})
    first, last = rows[0], rows[-1]
    each = (float(str(last["MiB"])) - float(str(first["MiB"]))) / (_TENANTS[-1] - _TENANTS[0])
    rows.append({"idle tenants": "each more", "MiB": round(each, 3)})
    return rows


async def _settled(process: Process) -> float:
    """What it holds once it has been left alone for a while."""
    await asyncio.sleep(_SETTLED)
    return process.resident()


def _start(given: argparse.Namespace, root: Path) -> list[Row]:
    """The first start makes the file; the others find it, as after a roll-out."""
    seconds, processor = [], []
    for _ in range(given.rounds + 1):
        with a_runtime(root, [Tenant()], core=None) as process:
            seconds.append(process.ready_after)
            processor.append(process.cpu())
    return [
        {
            "start": "from the command to ready",
            **_spread("s", seconds[1:], digits=2),
            **_spread("processor s", processor[1:], digits=2),
        }
    ]


def _spread(name: str, values: Sequence[float], *, digits: int = 0) -> Row:
    """The median and the least to the greatest."""
    least, most = round(min(values), digits), round(max(values), digits)
    middle = round(statistics.median(values), digits)
    if not digits:
        least, most, middle = int(least), int(most), int(middle)
    return {name: middle, f"{name} min-max": f"{least}-{most}"}


def _table(name: str, rows: Sequence[Row]) -> str:
    """Rows of one part under one another."""
    names = list(rows[0])
    cells = [names, *([str(row.get(name, "")) for name in names] for row in rows)]
    widths = [max(len(row[index]) for row in cells) for index in range(len(names))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join([f"== {name}", *lines])


if __name__ == "__main__":
    sys.exit(main())
