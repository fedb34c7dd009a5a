"""A disk that can be filled and freed: a small tmpfs where one may be mounted, else a limit on the size of files."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Disk", "a_disk"]

_SIZE = 64
_BLOCK = bytes(65_536)


class Disk:
    """The folder of the runtime's data."""

    def __init__(self, folder: Path, kind: Literal["tmpfs", "limit"]) -> None:
        self.folder = folder
        self.kind = kind
        self._filler = folder / "filler"
        self._full = False

    def fill(self, processes: list[int]) -> None:
        """From now on nothing can be written."""
        self._full = True
        if self.kind == "limit":
            for process in processes:
                self.limit(process)
            return
        with contextlib.suppress(OSError), self._filler.open("wb", buffering=0) as file:
            while file.write(_BLOCK):
                pass

    def free(self, processes: list[int]) -> None:
        """There is room again."""
        self._full = False
        self._filler.unlink(missing_ok=True)
        for process in processes:
            self.limit(process)

    def limit(self, process: int) -> None:
        """Give a process the limit that holds just now."""
        if self.kind == "limit":
            with contextlib.suppress(ProcessLookupError):
                most = 0 if self._full else resource.RLIM_INFINITY
                resource.prlimit(process, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


@contextmanager
def a_disk(folder: Path, *, mount: bool) -> Iterator[Disk]:
    """A disk at ``folder``, gone at the end; mounted if asked for and possible."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}m", "tmpfs", str(folder)]
    mounted = mount and os.geteuid() == 0 and not subprocess.run(command, capture_output=True, check=False).returncode
    try:
        yield Disk(folder, "tmpfs" if mounted else "limit")
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=False)
