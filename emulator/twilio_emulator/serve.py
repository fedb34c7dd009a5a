"""The emulator as a process: listens, says so in one line, and ends on SIGTERM or SIGINT.

Standard output has the one line; standard error has the access log, one JSON object a line.
"""

from __future__ import annotations

import asyncio
import fcntl
import gc
import json
import logging
import signal
import ssl
import time
from contextlib import contextmanager
from functools import lru_cache
from typing import IO, TYPE_CHECKING

from aiohttp import web

from twilio_emulator.app import build_app
from twilio_emulator.errors import SettingsError, StateError
from twilio_emulator.terminal import tell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twilio_emulator.settings import Settings

__all__ = ["listening_url", "serve", "server_tls"]

_GRACE = 0.5
"""Seconds that calls in progress get when the process is told to end."""


async def serve(settings: Settings, *, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
    """Serve until told to end, and return the exit status.

    Raises:
        SettingsError: the address cannot be listened on, or a file cannot be read.
        StateError: the state file cannot be used.
    """
    with _alone(settings.state):
        return await _serve(settings, host, port, tls)


async def _serve(settings: Settings, host: str, port: int, tls: ssl.SSLContext | None) -> int:
    _log_as_json()
    told_to_end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told_to_end.set)
    app = build_app(settings)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_GRACE, handle_signals=False)
    await runner.setup()
    try:
        await _listen(runner, host, port, tls)
        gc.freeze()  # what is there now stays; looking through it again and again costs a tenth of the speed
        bound = runner.addresses[0][1]
        url = listening_url(host, bound, secure=tls is not None)
        tell(f"twilio-emulator listens on {url} for {settings.account_sid}")
        await told_to_end.wait()
    finally:
        await runner.cleanup()
    return 0


def listening_url(host: str, port: int, *, secure: bool) -> str:
    """Return the URL of an address that is listened on; an IPv6 one stands in brackets."""
    return f"{'https' if secure else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


@contextmanager
def _alone(state: Path | None) -> Iterator[None]:
    """Keep other emulators off a state file: two would both send its webhooks. A killed one keeps nobody off."""
    if state is None:
        yield
        return
    with _lock_of(state) as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StateError(f"--state {state}: another emulator works on it; end that one or name another") from error
        yield


def _lock_of(state: Path) -> IO[str]:
    try:
        real = state.resolve()  # a link to a state file is that file
        return real.with_name(f"{real.name}.lock").open("w", encoding="utf-8")
    except (OSError, RuntimeError) as error:  # links may lead to one another
        reason = getattr(error, "strerror", None) or error
        raise StateError(f"--state {state}: give a writable file of this emulator ({reason})") from error


def server_tls(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """Return how https is served.

    Args:
        certificate: PEM file with the chain, and the private key when ``key`` is None.
        key: PEM file of the private key.

    Raises:
        SettingsError: a file cannot be read, or they do not belong together.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"--tls-cert {certificate}: give readable PEM files of a certificate and its own key ({error})"
        ) from error
    return context


async def _listen(runner: web.AppRunner, host: str, port: int, tls: ssl.SSLContext | None) -> None:
    try:
        await web.TCPSite(runner, host, port, ssl_context=tls).start()
    except OSError as error:
        reason = error.strerror or str(error)
        raise SettingsError(f"--host {host} --port {port}: choose another address or port ({reason})") from error


class _JsonFormatter(logging.Formatter):
    """One JSON object a line; a record whose text is one already gives its fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        moment = _second(int(record.created))
        line: dict[str, object] = {
            "time": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        fields = getattr(record, "fields", None)
        line |= fields if isinstance(fields, dict) else {"message": record.getMessage()}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


@lru_cache(maxsize=2)
def _second(moment: int) -> str:
    """Return a second in ISO form; thousands of lines share one."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment))


def _log_as_json() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(_JsonFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("twilio_emulator").setLevel(logging.INFO)
