"""What the runtime's benchmarks start: the runtime with its tenants, its peers, and what the system says of them."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from dev.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["ACCOUNT", "Process", "Tenant", "a_peer", "a_runtime", "cores", "signed_message"]

ACCOUNT = "AC00000000000000000000000000000001"
PATH = "/bot/twilio/webhook"
_TOKEN = "0123456789abcdef0123456789abcdef"
_START = 60.0
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """One bot: number ``index``, whose replies go to ``endpoint``, kept in ``database_url`` or in a file."""

    index: int = 0
    status: str = "Suspended"
    endpoint: str = "http://127.0.0.1:9"
    database_url: str = ""

    @property
    def slug(self) -> str:
        """Its name."""
        return f"bench-{self.index}"

    @property
    def url(self) -> str:
        """What Twilio is told."""
        return f"https://{self.slug}.example.com"

    @property
    def number(self) -> str:
        """Its phone number."""
        return f"+1305{5_000_000 + self.index:07d}"

    def write(self, root: Path) -> None:
        """Put its document and credentials where the runtime reads them."""
        identity = {"id": self.slug, "namespace": "bench", "name": self.slug, "slug": self.slug}
        content = {
            "schema": "runtime.switchboard.dev/v1",
            "tenant": {**identity, "displayName": "Bench", "status": self.status},
            "url": self.url,
            "twilio": {"endpoint": self.endpoint, "accountSid": ACCOUNT},
            "languages": ["en"],
            "defaultAssistant": "echo",
            "numbers": [{"name": "n", "phoneNumber": self.number}],
            "assistants": [{"name": "echo", "script": {"rules": [], "otherwise": {"en": "Thank you."}}}],
        }
        secrets = {"accountSid": ACCOUNT, "authToken": _TOKEN, "apiKeySid": "SK1", "apiKeySecret": "s", "apiToken": "t"}
        folder = root / "credentials" / self.slug
        folder.mkdir(parents=True, exist_ok=True)
        for name, value in {**secrets, "databaseUrl": self.database_url}.items():
            if value:
                (folder / name).write_text(value, encoding="utf-8")
        (root / "tenants").mkdir(exist_ok=True)
        (root / "tenants" / f"{self.slug}.json").write_text(json.dumps(content), encoding="utf-8")


@dataclass(frozen=True, kw_only=True)
class Process:
    """A server that listens.

    Attributes:
        port: where.
        pid: its number.
        ready_after: seconds from its start until it answered.
    """

    port: int
    pid: int
    ready_after: float

    def cpu(self) -> float:
        """Seconds of processor time it has used, all threads, in user and kernel."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    def resident(self) -> float:
        """MiB of memory it holds."""
        lines = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines()
        [line] = [line for line in lines if line.startswith("VmRSS:")]
        return int(line.split()[1]) / 1024


def cores() -> tuple[int, int]:
    """One for the server whose turn it is, one for the load; the same where there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[-1]


def signed_message(tenant: Tenant, number: int) -> bytes:
    """A message with this number, from one of 1,000 phones, whole, as it goes over the wire."""
    form = {
        "ToCountry": "US",
        "MessageSid": f"SM{number:032x}",
        "SmsMessageSid": f"SM{number:032x}",
        "SmsStatus": "received",
        "NumMedia": "0",
        "NumSegments": "1",
        "Body": f"hello {number}",
        "From": f"+1415{5_000_000 + number % 1000:07d}",
        "To": tenant.number,
        "AccountSid": ACCOUNT,
        "ApiVersion": "2010-04-01",
    }
    body = urlencode(form)
    signature = RequestValidator(_TOKEN).compute_signature(tenant.url + PATH, form)
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: {tenant.url.removeprefix('https://')}\r\nX-Twilio-Signature: {signature}\r\n"
        "Content-Type: application/x-www-form-urlencoded; charset=UTF-8\r\n"
        f"User-Agent: TwilioProxy/1.1\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return (head + body).encode()


@contextmanager
def a_runtime(root: Path, tenants: Sequence[Tenant], *, core: int | None) -> Iterator[Process]:
    """The runtime with these tenants, kept below ``root``, on one core if one is named; ready when it says so."""
    root.mkdir(exist_ok=True)
    for tenant in tenants:
        tenant.write(root)
    port = free_port()
    command = ["switchboard_runtime", "serve", "--listen", f"127.0.0.1:{port}"]
    command += [f"--{name}-dir={root / name}" for name in ("tenants", "credentials", "data")]
    with _process(command, port, core) as process:
        yield process


@contextmanager
def a_peer(tenant: Tenant, *, core: int, checked: bool, loop: str) -> Iterator[Process]:
    """Plain aiohttp on a loop (``uvloop`` or ``asyncio``), with the validator or without, storing nothing."""
    port = free_port()
    command = ["bench.runtime_peer", str(port), tenant.url, _TOKEN if checked else "", loop]
    with _process(command, port, core) as process:
        yield process


@contextmanager
def _process(command: list[str], port: int, core: int | None) -> Iterator[Process]:
    """Run a module until the block ends."""
    began = time.perf_counter()
    running = subprocess.Popen([sys.executable, "-m", *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if core is not None:
        os.sched_setaffinity(running.pid, {core})
    try:
        while not _ready(port):
            if running.poll() is not None or time.perf_counter() - began > _START:
                sys.exit(f"{' '.join(command)} did not start")
            time.sleep(0.005)
        yield Process(port=port, pid=running.pid, ready_after=time.perf_counter() - began)
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(30)


def _ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5.0)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
