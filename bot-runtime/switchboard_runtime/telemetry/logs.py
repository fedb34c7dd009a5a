"""One JSON object a line on stdout, with one trace id from webhook to send.

For: machines first; ``jq`` makes it readable.
Refuses: message texts, tokens and request bodies; callers pass ids, counts and codes only.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

__all__ = ["configure_logging", "log_event"]

_FIELDS = "switchboard_fields"


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        line.update(getattr(record, _FIELDS, {}))
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def configure_logging(*, level: str, stream: TextIO | None = None) -> None:
    """Send all logs of the process to ``stream`` (default stdout) as JSON lines."""
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(_JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    logging.getLogger("twilio").setLevel(logging.WARNING)


def log_event(logger: logging.Logger, level: int, event: str, /, **fields: object) -> None:
    """Log ``event`` with named facts.

    Args:
        logger: the module's logger.
        level: a level of :mod:`logging`.
        event: what happened, a fixed short text; what varies goes into the fields.
        fields: facts without secrets and without message texts; None is left out. ``failure`` is an exception
            whose traceback helps.
    """
    if logger.isEnabledFor(level):
        failure = fields.pop("failure", None)
        facts = {name: value for name, value in fields.items() if value is not None}
        exc_info = failure if isinstance(failure, BaseException) else None
        logger.log(level, event, extra={_FIELDS: facts}, exc_info=exc_info)
