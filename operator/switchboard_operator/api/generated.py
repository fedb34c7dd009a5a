"""Files that are generated into the repository, and whether they are still what their source says."""

import sys
from collections.abc import Mapping
from pathlib import Path

Files = Mapping[str, str]
"""Texts by file name."""


def write(files: Files, folder: Path, *, pattern: str) -> None:
    """Makes `folder` hold exactly `files` among its files that fit `pattern` (a glob)."""
    folder.mkdir(parents=True, exist_ok=True)
    for stale in {path.name for path in folder.glob(pattern)} - files.keys():
        (folder / stale).unlink()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def drift(files: Files, folder: Path, *, pattern: str) -> list[str]:
    """What `write` would change in `folder`, a line a file; empty when nothing."""
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob(pattern)}
    faults = dict.fromkeys(files.keys() - found.keys(), "is missing")
    faults |= dict.fromkeys(found.keys() - files.keys(), "has no source")
    common = files.keys() & found.keys()
    faults |= {name: "differs from its source" for name in common if files[name] != found[name]}
    return [f"{folder / name} {fault}" for name, fault in sorted(faults.items())]


def run(files: Files, folder: Path, *, pattern: str, check: bool) -> int:
    """What a generator's command does: writes, or with `check` names on standard error what is out of date.

    Returns:
        The exit status: 1 when `check` found a difference.
    """
    if not check:
        write(files, folder, pattern=pattern)
        return 0
    lines = drift(files, folder, pattern=pattern)
    sys.stderr.writelines(f"{line}\n" for line in lines)
    return 1 if lines else 0
