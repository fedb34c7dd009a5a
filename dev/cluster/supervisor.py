"""Starting programs that outlive this one, and stopping those and no others.

Each program gets a log and a pid file. The pid file also holds the process's start time and the machine's
boot, so that a pid that was given to another process meanwhile is never taken for ours. It holds a digest of
everything the program was started with too: whoever changes a flag or a configuration file gets the program
restarted by the next ``up``.
"""

import hashlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dev.cluster.state import Cluster

_POLL_SECONDS = 0.02
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Program:
    """A program that runs as long as the cluster does.

    Attributes:
        name: what it is called in ``status``.
        argv: the command line, with the way into the cluster's namespaces in front.
        files: configuration that it reads at its start.
        env: environment variables beside those of this process.
        grace: seconds that it gets to end by itself on SIGTERM.
    """

    name: str
    argv: tuple[str, ...]
    files: tuple[Path, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    grace: float = 2.0


def digest(program: Program, context: str) -> str:
    """Give a digest of all that the program is started with; ``context`` is what it runs in."""
    sums = [hashlib.sha256(path.read_bytes()).hexdigest() for path in program.files]
    return hashlib.sha256(json.dumps([context, program.argv, program.env, sums]).encode()).hexdigest()


def start(cluster: Cluster, program: Program, context: str) -> int:
    """Start the program detached from this process and write its pid file; give the pid."""
    logs = cluster.folder / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    with (logs / f"{program.name}.log").open("ab") as log:
        process = subprocess.Popen(
            program.argv,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env={**os.environ, **dict(program.env)},
            start_new_session=True,
        )
    process.returncode = 0  # it is to outlive us: nobody here waits for it
    record = {"pid": process.pid, "started": start_time(process.pid), "digest": digest(program, context)}
    path = _pid_file(cluster, program.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record) + "\n")
    return process.pid


def running(cluster: Cluster, name: str) -> int | None:
    """Give the pid of the program if the process that was started is still there."""
    record = _record(cluster, name)
    if record is None or record["started"] is None or start_time(record["pid"]) != record["started"]:
        return None
    return int(record["pid"])


def is_current(cluster: Cluster, program: Program, context: str) -> bool:
    """Whether the program runs with what it would be started with now."""
    record = _record(cluster, program.name)
    return (
        record is not None
        and running(cluster, program.name) is not None
        and record["digest"] == digest(program, context)
    )


def stop(cluster: Cluster, name: str, *, grace: float) -> None:
    """End the program, if it runs: SIGTERM, the grace, SIGKILL; return when it is gone."""
    pid = running(cluster, name)
    if pid is not None:
        end([pid], grace=grace)
    _pid_file(cluster, name).unlink(missing_ok=True)


def end(pids: Iterable[int], *, grace: float) -> None:
    """End processes, told by their start times, and return when they are gone."""
    left = {pid: started for pid in pids if (started := start_time(pid)) is not None}
    for number, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, 10.0)):
        if seconds > 0:
            left = _signal_and_wait(left, number, seconds)


def start_time(pid: int) -> str | None:
    """Give the boot and the clock tick at which the process began; nothing for one that ended or is a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else f"{_BOOT_ID.read_text().strip()}/{fields[19]}"


def recorded(cluster: Cluster) -> list[str]:
    """Give the names of all programs that were started."""
    return sorted(path.stem for path in _pid_file(cluster, "any").parent.glob("*.json"))


def _signal_and_wait(left: dict[int, str], number: signal.Signals, seconds: float) -> dict[int, str]:
    for pid, started in left.items():
        if start_time(pid) == started:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
    deadline = time.monotonic() + seconds
    while left and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        left = {pid: started for pid, started in left.items() if start_time(pid) == started}
    return left


def _record(cluster: Cluster, name: str) -> dict[str, Any] | None:
    try:
        record: dict[str, Any] = json.loads(_pid_file(cluster, name).read_text())
    except (OSError, ValueError):
        return None
    return record


def _pid_file(cluster: Cluster, name: str) -> Path:
    return cluster.run / "pids" / f"{name}.json"
