"""Who is alive among the processes that share a data folder: each holds a lock that dies with it.

For: taking over a killed process's leases at once, instead of when they run out.
Assumes: file locks reach all who share the folder. Where they do not, a living process may be taken for dead;
the fences keep its work from being done twice, and a reply it is sending is looked for before it is sent again.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

__all__ = ["OwnerLock"]

_FOLDER = ".owners"


class OwnerLock:
    """This process's sign of life, from entry to exit.

    Args:
        data_dir: the shared folder.
        owner: this process's name in leases; made of letters and digits.
    """

    def __init__(self, data_dir: Path, owner: str) -> None:
        self._folder = data_dir / _FOLDER
        self._path = self._folder / owner
        self._descriptor = -1

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def dead(self) -> tuple[str, ...]:
        """Names of processes that ended without leaving; each is told once all who ask have seen it."""
        return tuple(path.name for path in sorted(self._folder.iterdir()) if path != self._path and _is_free(path))

    def living(self) -> tuple[str, ...]:
        """Names of other processes that are alive."""
        return tuple(path.name for path in sorted(self._folder.iterdir()) if path != self._path and not _is_free(path))

    def forget(self, owner: str) -> None:
        """Remove a dead process's sign, after its leases were released."""
        (self._folder / owner).unlink(missing_ok=True)


def _is_free(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    with contextlib.closing(os.fdopen(descriptor, "rb+")):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
