"""What goes wrong with PostgreSQL, told without its secrets: a server's DETAIL and a DSN hold data and passwords."""

from __future__ import annotations

import asyncpg  # type: ignore[import-untyped]

from switchboard_runtime.store.postgres.dsn import URL_FORM

__all__ = ["FAILURES", "describe", "is_refused", "is_transient"]

FAILURES = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
    ValueError,
)
"""Everything that asyncpg raises; ValueError among it for a DSN that is none."""

_TRANSIENT = ("08", "40", "53", "55P03", "57P0", "58030")
"""SQLSTATEs of what passes by itself: connections, serialisation, resources, locks, a server that stops or starts."""

_REFUSED = ("28", "3D000", "42501", "3F000", "42P01")
"""SQLSTATEs that a human must cure: no such role, password, database, right or table."""


def describe(error: BaseException) -> str:
    """Kind and code of a failure; never its text, which may quote rows."""
    code = getattr(error, "sqlstate", None)
    if code:
        return f"PostgreSQL says {type(error).__name__} ({code})"
    if isinstance(error, asyncpg.ClientConfigurationError):
        return f"is no URL of a database, or a parameter of it is wrong; write {URL_FORM}"
    reason = getattr(error, "strerror", None)
    return f"PostgreSQL: {type(error).__name__}" + (f" ({reason})" if reason else "")


def is_transient(error: BaseException) -> bool:
    """Whether another try may go well."""
    code = getattr(error, "sqlstate", None)
    if code:
        return str(code).startswith(_TRANSIENT)
    if isinstance(error, ValueError):  # a value that cannot be sent, or a DSN that is none
        return False
    return isinstance(error, (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError))


def is_refused(error: BaseException) -> bool:
    """Whether the server will go on refusing until somebody changes something."""
    return str(getattr(error, "sqlstate", None) or "").startswith(_REFUSED)
