"""What the demo writes: numbered steps with their times, lines below them, conversations as bubbles."""

import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from typing import TextIO

_INDENT = "   "
_BUBBLE_WIDTH = 62
_SHIFT = 14


@dataclass
class Console:
    """Writes to one stream and keeps how long each step took.

    Attributes:
        stream: where to write.
        steps: how many there will be.
        seconds: of each finished step, by its title.
        current: the step that runs, for the message of a failure.
    """

    stream: TextIO
    steps: int
    seconds: dict[str, float] = field(default_factory=dict)
    current: str = ""
    _started: float = 0.0

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Show a step and, when it is over, how long it took. What is printed meanwhile is shown below it."""
        self.current = title
        self._started = time.monotonic()
        self._write(f"\n{len(self.seconds) + 1}/{self.steps} {title}")
        with redirect_stdout(_Below(self)):
            yield
        self.seconds[title] = time.monotonic() - self._started
        self.line(f"({self.seconds[title]:.1f} s)")

    def line(self, text: str = "") -> None:
        """Write a line below the step."""
        self._write(f"{_INDENT}{text}".rstrip())

    def timed(self, text: str) -> None:
        """Write a line with the seconds since the step began."""
        self.line(f"{time.monotonic() - self._started:6.1f} s  {text}")

    def block(self, text: str) -> None:
        """Write lines as they are, each below the step."""
        for line in text.rstrip().splitlines():
            self.line(line)

    def plain(self, text: str = "") -> None:
        """Write a line at the margin."""
        self._write(text)

    def message(self, text: str, *, by: str) -> None:
        """Write what a phone says as a bubble on the left."""
        self.block("\n".join(bubble_lines(text, by=by, shift=0)))

    def reply(self, text: str, *, by: str, seconds: float, pod: str) -> None:
        """Write what a bot says as a bubble on the right, with its time and its pod."""
        self.block("\n".join(bubble_lines(text, by=by, shift=_SHIFT)))
        self.line(f"{'':{_SHIFT}}{seconds:.2f} s, by pod {pod}")

    def _write(self, text: str) -> None:
        self.stream.write(text + "\n")
        self.stream.flush()


def bubble_lines(text: str, *, by: str, shift: int) -> Sequence[str]:
    """Give the lines of a bubble, with the writer's name in its upper edge."""
    lines = [part for line in text.splitlines() or [""] for part in textwrap.wrap(line, _BUBBLE_WIDTH) or [""]]
    width = max(len(by) + 2, *map(len, lines))
    edge = " " * shift
    return [
        f"{edge}╭─ {by} {'─' * (width - len(by) - 1)}╮",
        *(f"{edge}│ {line:{width}} │" for line in lines),
        f"{edge}╰{'─' * (width + 2)}╯",
    ]


class _Below:
    """A text stream that puts whole lines below the current step."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._rest = ""

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._console.line(line)
        return len(text)

    def flush(self) -> None:
        """Nothing is held back but the beginning of a line."""
