"""The commands of ``twilio-emulator``, one module each: its ``add`` enters it with its flags.

To add a command: write a module with ``add(commands)`` and name it in ``_MODULES``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from twilio_emulator.commands import (
    advance_clock,
    call,
    fault,
    messages,
    record,
    reset,
    say,
    serve,
    state,
)

if TYPE_CHECKING:
    from twilio_emulator.commands.flags import Commands

__all__ = ["add_commands"]


class _Module(Protocol):
    def add(self, commands: Commands) -> None: ...


_MODULES: tuple[_Module, ...] = (serve, say, call, messages, fault, state, advance_clock, reset, record)


def add_commands(commands: Commands) -> None:
    """Enter every command, in the order of the help."""
    for module in _MODULES:
        module.add(commands)
