"""kubectl as the demo uses it, the same commands that a reader would type."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dev.demo.errors import CommandFailed

_SECONDS = 120.0


@dataclass(frozen=True)
class Kubectl:
    """Runs kubectl on one cluster.

    Attributes:
        program: path of kubectl.
        kubeconfig: which cluster.
        hint: what to type before kubectl's arguments, for messages.
    """

    program: Path
    kubeconfig: str
    hint: str

    def __call__(self, *arguments: str, stdin: str | None = None, seconds: float = _SECONDS) -> str:
        """Run a command and give what it wrote.

        Raises:
            CommandFailed: with the last line that it wrote.
        """
        argv = self.argv(*arguments)
        told = run(argv, stdin=stdin, seconds=seconds)
        if told.returncode != 0:
            raise CommandFailed(
                expected=f"kubectl {' '.join(arguments)} to succeed",
                seen=told.stderr.strip() or told.stdout.strip(),
                look=self.to_type("get pods -A"),
            )
        return told.stdout

    def json(self, *arguments: str) -> Any:
        """Run a command with ``-o json`` and give what it wrote as JSON."""
        return json.loads(self(*arguments, "-o", "json"))

    def items(self, kind: str, *arguments: str) -> list[dict[str, Any]]:
        """Give the objects of a kind."""
        items: list[dict[str, Any]] = self.json("get", kind, *arguments)["items"]
        return items

    def argv(self, *arguments: str) -> list[str]:
        """Give the command line."""
        return [str(self.program), f"--kubeconfig={self.kubeconfig}", *arguments]

    def to_type(self, arguments: str) -> str:
        """Give a kubectl command as a person types it."""
        return self.hint.format(arguments)


def run(
    argv: Sequence[str], *, stdin: str | None = None, seconds: float = _SECONDS, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end.

    Raises:
        CommandFailed: it took too long.
    """
    try:
        return subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False, timeout=seconds, env=env)
    except subprocess.TimeoutExpired as error:
        raise CommandFailed(
            expected=f"{Path(argv[0]).name} {' '.join(argv[2:6])} to end",
            seen=f"it still ran after {seconds:.0f} s",
            look="the cluster may be overloaded or away: run the demo again",
        ) from error
