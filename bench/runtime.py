"""How fast the runtime takes webhooks in: signature checked and durably stored, beside plain aiohttp with no storage.

Three servers, one core each time it is their turn (the load has another, where there is one), in turns: the runtime
with its SQLite file, aiohttp with Twilio's validator, aiohttp alone. The tenant is suspended, so that its messages are
stored, worked on and not answered: what is measured is the intake and the turn, not Twilio.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from bench.load import run_load

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.load import Load

_ACCOUNT = "AC00000000000000000000000000000001"
_TOKEN = "0123456789abcdef0123456789abcdef"
_NUMBER = "+13055550123"
_URL = "https://bench.example.com"
_PATH = "/bot/twilio/webhook"
_START = 20.0


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="the runtime's intake beside plain aiohttp")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=5_000, help="of each round")
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--output", choices=["text", "json"], default="text")
    given = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        started = time.perf_counter()
        runtime = stack.enter_context(_runtime(root, cores[0]))
        cold = time.perf_counter() - started
        ports = {
            "runtime, stored": runtime,
            "aiohttp + validator": stack.enter_context(_peer(_TOKEN, cores[0])),
            "aiohttp": stack.enter_context(_peer("", cores[0])),
        }
        os.sched_setaffinity(0, {cores[-1]})
        loads = asyncio.run(_measure(ports, given))
    rows = [_row(name, results) for name, results in loads.items()]
    figures = {"connections": given.connections, "coldStartSeconds": round(cold, 2), "servers": rows}
    print(json.dumps(figures) if given.output == "json" else _table(figures, rows))
    return 0


async def _measure(ports: dict[str, int], given: argparse.Namespace) -> dict[str, list[Load]]:
    loads: dict[str, list[Load]] = {name: [] for name in ports}
    for number in range(given.rounds):
        requests = [_request(number * given.requests + index) for index in range(given.requests)]
        for name, port in ports.items():
            load = await run_load(
                port, requests.__getitem__, first=0, count=given.requests, connections=given.connections
            )
            if set(load.statuses) != {200}:
                sys.exit(f"{name}: expected 200, got {load.statuses}")
            loads[name].append(load)
            await asyncio.sleep(1.0)  # what was stored is worked on; the next server has the core to itself
    return loads


def _row(name: str, loads: Sequence[Load]) -> dict[str, object]:
    rates = sorted(load.rate for load in loads)
    p99s = sorted(load.quantile(0.99) * 1000 for load in loads)
    return {
        "server": name,
        "requestsPerSecond": round(statistics.median(rates)),
        "requestsPerSecondSpread": [round(rates[0]), round(rates[-1])],
        "p99Milliseconds": round(statistics.median(p99s), 1),
        "p99MillisecondsSpread": [round(p99s[0], 1), round(p99s[-1], 1)],
    }


def _table(figures: dict[str, object], rows: Sequence[dict[str, object]]) -> str:
    lines = [f"{'server':<22} {'req/s':>7} {'min-max':>13} {'p99 ms':>8} {'min-max':>13}"]
    for row in rows:
        rates, p99s = row["requestsPerSecondSpread"], row["p99MillisecondsSpread"]
        lines.append(
            f"{row['server']:<22} {row['requestsPerSecond']:>7} {str(rates)[1:-1]:>13}"
            f" {row['p99Milliseconds']:>8} {str(p99s)[1:-1]:>13}"
        )
    lines.append(f"{figures['connections']} connections, one core a server; cold start {figures['coldStartSeconds']} s")
    return "\n".join(lines)


def _request(number: int) -> bytes:
    """A signed message, whole, as it goes over the wire."""
    form = {
        "ToCountry": "US",
        "MessageSid": f"SM{number:032x}",
        "SmsMessageSid": f"SM{number:032x}",
        "SmsStatus": "received",
        "NumMedia": "0",
        "NumSegments": "1",
        "Body": f"hello {number}",
        "From": f"+1415{5_000_000 + number % 1000:07d}",
        "To": _NUMBER,
        "AccountSid": _ACCOUNT,
        "ApiVersion": "2010-04-01",
    }
    body = urlencode(form)
    signature = RequestValidator(_TOKEN).compute_signature(_URL + _PATH, form)
    head = (
        f"POST {_PATH} HTTP/1.1\r\nHost: {_URL.removeprefix('https://')}\r\nX-Twilio-Signature: {signature}\r\n"
        "Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n"
        f"User-Agent: TwilioProxy/1.1\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return (head + body).encode()


@contextmanager
def _runtime(root: Path, core: int) -> Iterator[int]:
    content = {
        "schema": "runtime.switchboard.dev/v1",
        "tenant": {
            "id": "bench-1",
            "namespace": "bench",
            "name": "bench",
            "slug": "bench",
            "displayName": "Bench",
            "status": "Suspended",
        },
        "url": _URL,
        "twilio": {"endpoint": "http://127.0.0.1:9", "accountSid": _ACCOUNT},
        "numbers": [{"name": "n", "phoneNumber": _NUMBER}],
    }
    folder = root / "credentials" / "bench"
    folder.mkdir(parents=True)
    secrets = {"accountSid": _ACCOUNT, "authToken": _TOKEN, "apiKeySid": "SK1", "apiKeySecret": "s", "apiToken": "t"}
    for name, value in secrets.items():
        (folder / name).write_text(value, encoding="utf-8")
    (root / "tenants").mkdir()
    (root / "tenants" / "bench.json").write_text(json.dumps(content), encoding="utf-8")
    port = _free_port()
    command = ["switchboard_runtime", "serve", "--listen", f"127.0.0.1:{port}"]
    command += [f"--{name}-dir={root / name}" for name in ("tenants", "credentials", "data")]
    with _process(command, port, core):
        yield port


@contextmanager
def _peer(token: str, core: int) -> Iterator[int]:
    port = _free_port()
    with _process(["bench.runtime_peer", str(port), _URL, token], port, core):
        yield port


@contextmanager
def _process(command: list[str], port: int, core: int) -> Iterator[None]:
    """Run a module on one core until the block ends."""
    run = [sys.executable, "-m", *command]
    process = subprocess.Popen(run, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.sched_setaffinity(process.pid, {core})
    try:
        deadline = time.monotonic() + _START
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{' '.join(command)} did not start")
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.wait(15)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
