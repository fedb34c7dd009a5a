"""Running other programs: short ones that must succeed, and long ones that tell how long they take."""

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dev.cluster.errors import ClusterError
from dev.cluster.folders import say

_TICK_SECONDS = 10.0
_SHORT_SECONDS = 60.0


def run(*argv: str, stdin: str | None = None) -> str:
    """Run a short command and give its output.

    Raises:
        ClusterError: it failed; the text holds the command and the last line that it wrote.
    """
    answer = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False, timeout=_SHORT_SECONDS)
    if answer.returncode != 0:
        raise ClusterError(f"{' '.join(argv[:4])} failed: {_last_line(answer.stderr or answer.stdout)}")
    return answer.stdout


def run_telling(
    argv: Sequence[str],
    *,
    what: str,
    log: Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    tell: Callable[[str], None] = say,
) -> None:
    """Run a long command with its output in a log, and say every 10 s how long it has taken.

    Raises:
        ClusterError: it failed; the text holds the last line that it wrote and names the log, which is kept.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    tell(f"{what} ...")
    with (
        log.open("wb") as output,
        subprocess.Popen(
            argv,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
        ) as process,
    ):
        while (code := _wait(process)) is None:
            tell(f"{what} ... {time.monotonic() - started:.0f} s")
    if code != 0:
        raise ClusterError(f"{what} failed: {_last_line(log.read_text(errors='replace'))} (whole log: {log})")
    tell(f"{what}: done in {time.monotonic() - started:.1f} s")
    log.unlink()


def _wait(process: subprocess.Popen[bytes]) -> int | None:
    try:
        return process.wait(_TICK_SECONDS)
    except subprocess.TimeoutExpired:
        return None


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it wrote nothing"
