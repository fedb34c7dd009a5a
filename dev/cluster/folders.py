"""Where things live on the machine: built things in the cache, a cluster's own things in the state folder."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]

_LOCK_POLL_SECONDS = 0.2
_TICK_SECONDS = 10.0


def cache_folder(env: Mapping[str, str] = os.environ) -> Path:
    """The folder of what can be built again: programs and image layers. A fresh clone finds them there."""
    return _home(env, "XDG_CACHE_HOME", ".cache")


def state_folder(env: Mapping[str, str] = os.environ) -> Path:
    """The folder of the clusters: etcd's and containerd's data, certificates, logs, kubeconfigs."""
    return _home(env, "XDG_STATE_HOME", ".local/state")


def say(text: str) -> None:
    """Print a line of progress at once, on standard output."""
    print(text, flush=True)


def write_text(path: Path, text: str, *, mode: int = 0o644) -> Path:
    """Write a file unless it holds the text already; give its path."""
    if not path.exists() or path.read_text() != text:
        path.touch(mode=mode)
        path.write_text(text)
    return path


@contextmanager
def locked(path: Path, *, waiting_for: str, tell: Callable[[str], None] = say) -> Iterator[None]:
    """Hold an exclusive lock that the kernel drops with the process; tell every 10 s while waiting."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        started = time.monotonic()
        told = started - _TICK_SECONDS
        while not _try_lock(handle.fileno()):
            now = time.monotonic()
            if now - told >= _TICK_SECONDS:
                tell(f"waiting for another process: {waiting_for} ({now - started:.0f} s)")
                told = now
            time.sleep(_LOCK_POLL_SECONDS)
        yield


def _home(env: Mapping[str, str], variable: str, default: str) -> Path:
    base = env.get(variable) or str(Path(env.get("HOME") or "~").expanduser() / default)
    return Path(base) / "switchboard"


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
