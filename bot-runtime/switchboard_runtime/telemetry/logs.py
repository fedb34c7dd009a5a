"""One JSON object a line on stdout, with one trace id from webhook to send.

For: machines first; ``jq`` makes it readable.
Assumes: what is logged within one pass of the event loop may be written together, at its end; a warning, and what
other threads log, is written at once.
Refuses: message texts, tokens and request bodies; callers pass ids, counts and codes only.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from datetime import UTC, datetime
from typing import TextIO

import msgspec

__all__ = ["configure_logging", "log_event"]

_FIELDS = "switchboard_fields"
_ENCODER = msgspec.json.Encoder(enc_hook=str)


_QUIET = {logging.DEBUG: "debug", logging.INFO: "info"}

_UNSAID = vars(logging.makeLogRecord({}))
"""What other handlers may ask a record for, such as pytest's."""


class _Event(logging.LogRecord):
    """A record without what costs most and no line shows: the caller's place, the thread, the process and the task."""

    def __init__(
        self, name: str, level: int, event: str, facts: dict[str, object], failure: BaseException | None
    ) -> None:
        created = time.time()
        self.__dict__ = {
            **_UNSAID,
            "name": name,
            "levelno": level,
            "levelname": logging.getLevelName(level),
            "msg": event,
            "created": created,
            "msecs": created % 1 * 1000,
            "exc_info": (type(failure), failure, failure.__traceback__) if failure else None,
            _FIELDS: facts,
        }


class _JsonFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__()
        self._second, self._time = -1.0, ""

    def format(self, record: logging.LogRecord) -> str:
        facts = getattr(record, _FIELDS, {})
        if record.exc_info:
            facts = {**facts, "exception": self.formatException(record.exc_info)}
        return self.line(record.created, record.levelname.lower(), record.name, record.getMessage(), facts)

    def line(self, created: float, level: str, logger: str, event: str, facts: dict[str, object]) -> str:
        """One line, without its end."""
        line = {"time": self._moment(created), "level": level, "logger": logger, "event": event, **facts}
        try:
            return _ENCODER.encode(line).decode()
        except UnicodeEncodeError:  # half of a surrogate pair, which JSON from outside may hold
            return json.dumps(line, default=str)

    def _moment(self, created: float) -> str:
        """RFC 3339 with milliseconds; the part before them is made once a second."""
        second, rest = divmod(created, 1)
        if second != self._second:
            self._second, self._time = second, datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{self._time}.{int(rest * 1000):03d}+00:00"


class _LineHandler(logging.StreamHandler[TextIO]):
    """Writes all lines of one pass of the event loop with one call."""

    def __init__(self, stream: TextIO, formatter: _JsonFormatter) -> None:
        super().__init__(stream)
        self.setFormatter(formatter)
        self._formatter = formatter
        self._lines: list[str] = []
        self._flushing: asyncio.AbstractEventLoop | None = None

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._put(self.format(record), at_once=record.levelno >= logging.WARNING)
        except Exception:  # noqa: BLE001  # as logging's own handlers do: no log stops what is logged
            self.handleError(record)

    def tell(self, level: str, logger: str, event: str, facts: dict[str, object]) -> None:
        """Write a line below a warning, as :meth:`emit` does with a record of it."""
        self.acquire()
        try:
            self._put(self._formatter.line(time.time(), level, logger, event, facts), at_once=False)
        except Exception:  # noqa: BLE001  # as above
            self.handleError(logging.makeLogRecord({"msg": event}))
        finally:
            self.release()

    def _put(self, line: str, *, at_once: bool) -> None:
        self._lines.append(line + self.terminator)
        if at_once or not self._flushes_soon():
            self.flush()

    def flush(self) -> None:
        self.acquire()
        try:
            lines, self._lines, self._flushing = self._lines, [], None
            if lines:
                self.stream.write("".join(lines))
            super().flush()
        finally:
            self.release()

    def _flushes_soon(self) -> bool:
        """Whether this thread has an event loop, which then writes what waits at the end of its pass."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return False
        if self._flushing is not loop:
            self._flushing = loop
            loop.call_soon(self._flush_or_tell)
        return True

    def _flush_or_tell(self) -> None:
        try:
            self.flush()
        except Exception:  # noqa: BLE001  # as above
            self.handleError(logging.makeLogRecord({"msg": "a log line could not be written"}))


def configure_logging(*, level: str, stream: TextIO | None = None) -> None:
    """Send all logs of the process to ``stream`` (default stdout) as JSON lines."""
    handler = _LineHandler(stream or sys.stdout, _JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    logging.getLogger("twilio").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)


def log_event(logger: logging.Logger, level: int, event: str, /, **fields: object) -> None:
    """Log ``event`` with named facts.

    Args:
        logger: the module's logger.
        level: a level of :mod:`logging`.
        event: what happened, a fixed short text; what varies goes into the fields.
        fields: facts without secrets and without message texts; None is left out. ``failure`` is an exception
            whose traceback helps.
    """
    if not logger.isEnabledFor(level):
        return
    failure = fields.pop("failure", None)
    facts = {name: value for name, value in fields.items() if value is not None}
    if failure is None and level in _QUIET:
        handlers = logging.root.handlers
        if len(handlers) == 1 and type(handlers[0]) is _LineHandler:  # nobody else listens: no record is needed
            handlers[0].tell(_QUIET[level], logger.name, event, facts)
            return
    logger.handle(_Event(logger.name, level, event, facts, failure if isinstance(failure, BaseException) else None))
