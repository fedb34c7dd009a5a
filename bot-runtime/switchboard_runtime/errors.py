"""What can go wrong in the runtime.

    RuntimeFailure
    ├── ConfigurationError   a file is wrong; the pod must not start, a human must act
    ├── StoreUnavailable     nothing was stored; the caller answers 5xx and Twilio tries again
    ├── LeaseLost            another worker owns the item now; drop what you hold
    ├── LookUpFailed         Twilio could not be asked what it has sent; ask again later
    ├── InvalidRequest       what was asked for makes no sense; names the field and the cure
    ├── NotFound             there is no such thing
    └── Conflict             it cannot be done as things stand; says how they stand

No message holds a secret or the text of a message.
"""

from __future__ import annotations

__all__ = [
    "ConfigurationError",
    "Conflict",
    "InvalidRequest",
    "LeaseLost",
    "LookUpFailed",
    "NotFound",
    "RuntimeFailure",
    "StoreUnavailable",
]


class RuntimeFailure(Exception):
    """Base of the runtime's own failures."""


class ConfigurationError(RuntimeFailure):
    """A setting, document or credential cannot be used.

    Args:
        where: the file, or the setting's name.
        problem: what is wrong and what to do, one line each.
    """

    def __init__(self, where: object, *problem: str) -> None:
        self.where = str(where)
        self.problems = problem
        super().__init__("\n".join(f"{where}: {line}" for line in problem))


class StoreUnavailable(RuntimeFailure):
    """The store did not take a write: busy, full, read-only or closed. Nothing of it was kept."""


class LeaseLost(RuntimeFailure):
    """The item was taken over, or finished, by another worker."""


class LookUpFailed(RuntimeFailure):
    """The provider could not say which messages exist; their absence is not known."""


class InvalidRequest(RuntimeFailure):
    """Somebody asked for what makes no sense.

    Args:
        field: where it stands.
        problem: what is wrong and what to do.
    """

    def __init__(self, field: str, problem: str) -> None:
        self.field = field
        self.problem = problem
        super().__init__(f"{field}: {problem}")


class NotFound(RuntimeFailure):
    """There is no such conversation, contact or thing."""


class Conflict(RuntimeFailure):
    """It cannot be done as things stand."""
