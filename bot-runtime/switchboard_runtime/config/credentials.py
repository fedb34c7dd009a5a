"""A tenant's secrets, one file a key, as a mounted Secret gives them.

Kubernetes swaps a mounted Secret in place, so the folder is read again when it changed: a rotation needs no
restart. Values never appear in a repr or an error.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from switchboard_runtime.errors import ConfigurationError
from switchboard_runtime.telemetry.logs import log_event

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["Credentials", "CredentialsFolder"]

_LOG = logging.getLogger(__name__)
_CHECK_EVERY = 2.0
_REQUIRED = ("accountSid", "authToken", "apiKeySid", "apiKeySecret", "apiToken")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What authenticates Twilio to us, us to Twilio, and callers of the tenant's own HTTP API.

    ``database_url`` is that of the tenant's own PostgreSQL role, when it is kept there.
    """

    account_sid: str
    auth_tokens: tuple[str, ...] = field(repr=False)
    api_key_sid: str
    api_key_secret: str = field(repr=False)
    api_token: str = field(repr=False)
    database_url: str | None = field(default=None, repr=False)


class CredentialsFolder:
    """The credentials in a folder, followed as they change.

    Args:
        folder: holds one file a key.
        now: seconds; the folder is looked at no more often than every two.

    Raises:
        ConfigurationError: a file is missing or empty (at construction; later the last good ones stay).
    """

    def __init__(self, folder: Path, *, now: Callable[[], float]) -> None:
        self._folder = folder
        self._now = now
        self._checked = now()
        self._mark = _mark(folder)
        self._current = _read(folder)
        self._others: dict[str, tuple[float, str | None]] = {}

    def secret(self, name: str) -> str | None:
        """The content of another file of the folder, such as a model's key; None when there is none."""
        now = self._now()
        read_at, value = self._others.get(name, (-_CHECK_EVERY, None))
        if now - read_at >= _CHECK_EVERY:
            value = _value(self._folder / name) or None
            self._others[name] = (now, value)
        return value

    def current(self) -> Credentials:
        """The newest complete credentials."""
        now = self._now()
        if now - self._checked >= _CHECK_EVERY:
            self._checked = now
            self._follow()
        return self._current

    def _follow(self) -> None:
        mark = _mark(self._folder)
        if mark == self._mark:
            return
        try:
            self._current = _read(self._folder)
        except ConfigurationError as error:
            log_event(_LOG, logging.WARNING, "new credentials are incomplete; the old ones stay", error=str(error))
            return
        self._mark = mark
        log_event(_LOG, logging.INFO, "credentials changed", folder=str(self._folder))


def _mark(folder: Path) -> tuple[tuple[str, int, int], ...]:
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file())
        return tuple((path.name, path.stat().st_mtime_ns, path.stat().st_ino) for path in files)
    except OSError:
        return ()


def _read(folder: Path) -> Credentials:
    values = {name: _value(folder / name) for name in (*_REQUIRED, "authTokenSecondary", "databaseUrl")}
    missing = [name for name in _REQUIRED if not values[name]]
    if missing:
        raise ConfigurationError(folder, *(f"{name}: no such file, or empty; put the value there" for name in missing))
    tokens = (values["authToken"], values["authTokenSecondary"])
    return Credentials(
        account_sid=values["accountSid"],
        auth_tokens=tuple(token for token in tokens if token),
        api_key_sid=values["apiKeySid"],
        api_key_secret=values["apiKeySecret"],
        api_token=values["apiToken"],
        database_url=values["databaseUrl"] or None,
    )


def _value(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
