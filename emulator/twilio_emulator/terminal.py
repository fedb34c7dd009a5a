"""Where the commands print: the only place of the package that does."""

from __future__ import annotations

import sys

__all__ = ["complain", "tell"]


def tell(line: str) -> None:
    """Print a line of the command's result, at once."""
    print(line, flush=True)  # noqa: T201


def complain(line: str) -> None:
    """Print why the command has no result."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201
