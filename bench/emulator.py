"""How fast the Twilio emulator is, beside a plain aiohttp handler that does nothing.

    python -m bench.emulator [--output json] [--requests 2000] [--rounds 5] [--accounts 5000]

Both run as processes of their own; the load comes from this one. Rounds are interleaved, so that what else the machine
does hits both. Printed are the medians over the rounds, the spread (lowest to highest), and the ratio of the emulator
to the peer: of requests a second (higher is better) and of the 99th percentile of latency (lower is better). Then how
many phones a second a bot answers: each message in, its webhook signed and called, the answer out and delivered; how
long it takes to list many subaccounts by pages of 1,000 with the official SDK; and the emulator's memory.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from aiohttp import ClientSession, web

from bench.load import run_load
from dev.ports import free_port
from twilio_emulator.client import AdminClient
from twilio_emulator.sdk import sdk_client
from twilio_emulator.testing import ACCOUNT_SID, AUTH_TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench.load import Load, Request

_START = 30.0
_PHONE = "+5491155550100"
_BASIC = base64.b64encode(f"{ACCOUNT_SID}:{AUTH_TOKEN}".encode()).decode()
_API = f"/api/2010-04-01/Accounts/{ACCOUNT_SID}"
_AREA = 305


@dataclass(frozen=True, kw_only=True)
class Case:
    """One operation: what it is called, what it answers with, and its n-th request."""

    name: str
    status: int
    make: Request


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What came of one operation over all rounds: requests a second, and p99 in milliseconds, of both."""

    name: str
    rates: Sequence[float]
    p99s: Sequence[float]
    peer_rates: Sequence[float]
    peer_p99s: Sequence[float]

    def as_json(self) -> dict[str, object]:
        """Return the figures as they are printed for programs."""
        rate, peer_rate = statistics.median(self.rates), statistics.median(self.peer_rates)
        p99, peer_p99 = statistics.median(self.p99s), statistics.median(self.peer_p99s)
        return {
            "operation": self.name,
            "requestsPerSecond": round(rate),
            "requestsPerSecondSpread": [round(min(self.rates)), round(max(self.rates))],
            "p99Milliseconds": round(p99, 2),
            "p99MillisecondsSpread": [round(min(self.p99s), 2), round(max(self.p99s), 2)],
            "peerRequestsPerSecond": round(peer_rate),
            "peerP99Milliseconds": round(peer_p99, 2),
            "rateRatio": round(rate / peer_rate, 3),
            "p99Ratio": round(p99 / peer_p99, 2),
        }


def main() -> int:
    """Measure and print; 1 when an operation was answered otherwise than it should."""
    parser = argparse.ArgumentParser(prog="bench.emulator", description="How fast the Twilio emulator is.")
    parser.add_argument("--requests", type=int, default=2000, help="of each operation in each round (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds (%(default)s)")
    parser.add_argument("--connections", type=int, default=32, help="requests under way at once (%(default)s)")
    parser.add_argument("--accounts", type=int, default=5000, help="subaccounts that are listed (%(default)s)")
    parser.add_argument("--output", choices=["text", "json"], default="text")
    parser.add_argument("--bot", type=int, metavar="PORT", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.bot:
        _serve_bot(given.bot)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        results = asyncio.run(_measure(given, Path(folder)))
    print(json.dumps(results) if given.output == "json" else _table(results))
    return 0


async def _measure(given: argparse.Namespace, folder: Path) -> dict[str, object]:
    with _emulator(folder) as (port, pid), _nothing() as peer, _bot() as bot:
        _progress(given, "emulator and peer answer")
        idle = _resident(pid)
        _prepare(port)
        figures = [await _case(case, port, peer, given) for case in _cases()]
        _progress(given, "a bot answers")
        answered = [await _conversations(port, bot, number, given.requests) for number in range(given.rounds)]
        await _fill(port, given)
        _progress(given, f"listing {given.accounts} subaccounts")
        seconds = await asyncio.to_thread(_list_accounts, port, given.accounts)
        return {
            "operations": [figure.as_json() for figure in figures],
            "connections": given.connections,
            "answeredPerSecond": round(statistics.median(answered)),
            "answeredPerSecondSpread": [round(min(answered)), round(max(answered))],
            "listing": {"accounts": given.accounts, "pageSize": 1000, "seconds": round(seconds, 3)},
            "memoryMiB": {"idle": round(idle, 1), "after": round(_resident(pid), 1)},
        }


def _cases() -> list[Case]:
    def form(path: str, **fields: str) -> bytes:
        return _request("POST", path, "application/x-www-form-urlencoded", urlencode(fields).encode())

    def inbound(number: int) -> bytes:
        body = {"from": _PHONE, "to": _number(0), "body": f"Hola {number}", "deliver": True}
        return _request("POST", "/emulator/v1/inbound", "application/json", json.dumps(body).encode())

    return [
        Case(
            name="create-subaccount",
            status=201,
            make=lambda n: form("/api/2010-04-01/Accounts.json", FriendlyName=f"bench-{n}"),
        ),
        Case(
            name="search",
            status=200,
            make=lambda _: _request("GET", f"{_API}/AvailablePhoneNumbers/US/Local.json?AreaCode={_AREA}&PageSize=20"),
        ),
        Case(
            name="buy", status=201, make=lambda n: form(f"{_API}/IncomingPhoneNumbers.json", PhoneNumber=_number(n + 1))
        ),
        Case(
            name="send",
            status=201,
            make=lambda n: form(f"{_API}/Messages.json", To=_PHONE, From=_number(0), Body=f"Hola {n}"),
        ),
        Case(name="inbound", status=201, make=inbound),
    ]


async def _case(case: Case, port: int, peer: int, given: argparse.Namespace) -> Figure:
    loads: list[Load] = []
    peers: list[Load] = []
    for number in range(given.rounds):
        _progress(given, f"{case.name}: round {number + 1} of {given.rounds}")
        first = number * given.requests
        more = {"first": first, "count": given.requests, "connections": given.connections}
        peers.append(await run_load(peer, case.make, **more))
        loads.append(await run_load(port, case.make, **more))
        if set(loads[-1].statuses) != {case.status}:
            sys.exit(f"{case.name}: expected status {case.status}, got {loads[-1].statuses}")
    return Figure(
        name=case.name,
        rates=[load.rate for load in loads],
        p99s=[load.quantile(0.99) * 1000 for load in loads],
        peer_rates=[load.rate for load in peers],
        peer_p99s=[load.quantile(0.99) * 1000 for load in peers],
    )


async def _conversations(port: int, bot: int, number: int, count: int) -> float:
    """Return how many phones a second are answered, counted until the last webhook was acted on."""
    ours = _number(5_000_000 + number)
    client = sdk_client(f"http://127.0.0.1:{port}", ACCOUNT_SID, AUTH_TOKEN)
    client.incoming_phone_numbers.create(phone_number=ours, sms_url=f"http://127.0.0.1:{bot}/")
    client.http_client.close()

    def inbound(phone: int) -> bytes:
        body = {"from": f"+54911{phone:08d}", "to": ours, "body": "Hola"}
        return _request("POST", "/emulator/v1/inbound", "application/json", json.dumps(body).encode())

    started = time.perf_counter()
    await run_load(port, inbound, first=0, count=count, connections=32)
    await run_load(port, lambda _: _request("GET", "/emulator/v1/idle?wait=60"), first=0, count=1, connections=1)
    seconds = time.perf_counter() - started
    async with ClientSession() as session:
        heard = await AdminClient(session, f"http://127.0.0.1:{port}").messages(from_=ours, last=1000)
    if len(heard) != min(count, 1000):
        sys.exit(f"conversations: {len(heard)} answers, not {min(count, 1000)}")
    return count / seconds


def _serve_bot(port: int) -> None:
    """Serve a bot that answers every message, until ended."""

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(text="<Response><Message>Hola!</Message></Response>", content_type="text/xml")

    app = web.Application()
    app.router.add_post("/", answer)
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=None)


def _prepare(port: int) -> None:
    """Buy the number that sends and receives; it has no webhook."""
    client = sdk_client(f"http://127.0.0.1:{port}", ACCOUNT_SID, AUTH_TOKEN)
    client.incoming_phone_numbers.create(phone_number=_number(0))
    client.http_client.close()


async def _fill(port: int, given: argparse.Namespace) -> None:
    """Make subaccounts up to the number that is listed."""
    made = given.rounds * given.requests
    missing = max(0, given.accounts - made)
    if missing:
        await run_load(port, _cases()[0].make, first=made, count=missing, connections=given.connections)


def _list_accounts(port: int, most: int) -> float:
    """Return how long the SDK takes to list ``most`` accounts by pages of 1,000."""
    client = sdk_client(f"http://127.0.0.1:{port}", ACCOUNT_SID, AUTH_TOKEN, timeout=60.0)
    started = time.perf_counter()
    found = client.api.v2010.accounts.list(limit=most, page_size=1000)
    seconds = time.perf_counter() - started
    client.http_client.close()
    if len({account.sid for account in found}) != most:
        sys.exit(f"listing: {len(found)} subaccounts came, not {most}")
    return seconds


def _number(number: int) -> str:
    """Return the n-th number of an area code; beyond its eight million the next one begins."""
    return f"+1{_AREA}{2_000_000 + number:07d}"


def _request(method: str, path: str, content_type: str = "", body: bytes = b"") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {_BASIC}\r\n"
    if body:
        head += f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}\r\n".encode() + body


@contextmanager
def _emulator(folder: Path) -> Iterator[tuple[int, int]]:
    port = free_port()
    command = [sys.executable, "-m", "twilio_emulator", "serve", "--port", str(port), "--account-sid", ACCOUNT_SID]
    command += ["--state", str(folder / "state.sqlite3"), "--max-subaccounts", "1000000"]
    with _process(command, port, env={**os.environ, "TWILIO_EMULATOR_AUTH_TOKEN": AUTH_TOKEN}) as pid:
        yield port, pid


@contextmanager
def _nothing() -> Iterator[int]:
    port = free_port()
    with _process([sys.executable, "-m", "bench.nothing", str(port)], port):
        yield port


@contextmanager
def _bot() -> Iterator[int]:
    port = free_port()
    with _process([sys.executable, "-m", "bench.emulator", "--bot", str(port)], port):
        yield port


@contextmanager
def _process(command: list[str], port: int, **options: Any) -> Iterator[int]:
    """Run a server until the block ends; give its process id once it listens."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    try:
        _await(lambda: _listens(port), process)
        yield process.pid
    finally:
        process.terminate()
        process.wait(10)


def _await(ready: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"{' '.join(map(str, process.args))} did not start")  # type: ignore[arg-type]
        time.sleep(0.05)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _resident(pid: int) -> float:
    """Return a process's resident memory in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def _progress(given: argparse.Namespace, text: str) -> None:
    if given.output == "text":
        print(f"  {text}", file=sys.stderr)


def _table(results: dict[str, Any]) -> str:
    lines = [
        f"{results['connections']} connections; the peer is a plain aiohttp handler that does nothing",
        "",
        f"{'operation':<18} {'req/s':>7} {'spread':>15} {'p99 ms':>7} {'spread':>15}"
        f" {'peer':>7} {'ratio':>6} {'p99 x':>6}",
    ]
    for row in results["operations"]:
        low, high = row["requestsPerSecondSpread"]
        fast, slow = row["p99MillisecondsSpread"]
        lines.append(
            f"{row['operation']:<18} {row['requestsPerSecond']:>7} {f'{low}-{high}':>15} {row['p99Milliseconds']:>7}"
            f" {f'{fast}-{slow}':>15} {row['peerRequestsPerSecond']:>7} {row['rateRatio']:>6} {row['p99Ratio']:>6}"
        )
    low, high = results["answeredPerSecondSpread"]
    listing, memory = results["listing"], results["memoryMiB"]
    lines += [
        "",
        f"phones answered by a bot: {results['answeredPerSecond']} a second ({low}-{high})",
        f"{listing['accounts']} subaccounts listed by pages of {listing['pageSize']}: {listing['seconds']} s",
        f"memory: {memory['idle']} MiB idle, {memory['after']} MiB after all of this",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
