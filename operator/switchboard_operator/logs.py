"""JSON logs on standard output, with a filter that lets no token through."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime

_ALONE = r"(?:(?<![0-9A-Za-z])|(?<=\\[nrt]))"
_SECRETS = re.compile(
    "|".join(
        (
            r"(?i:\b(?:basic|bearer)\s+)(?-i:\S{16,})",
            r"eyJ[\w-]+\.[\w-]+\.[\w-]*",  # a service account's token
            # Twilio's tokens and key secrets are 32 bare characters; SIDs carry two letters in front and pass.
            _ALONE + r"[0-9A-Za-z]{32}(?![0-9A-Za-z])",
            # Our bearer tokens: 32 bytes in URL-safe base 64. Names have no capitals.
            r"(?:(?<![\w-])|(?<=[_=])|(?<=\\[nrt]))(?=[\w-]{0,42}[A-Z])[\w-]{43}(?![\w-])",
            # The same in a Secret's data, in base 64.
            r"(?<![0-9A-Za-z+/])[0-9A-Za-z+/]{42,}={1,2}",
        )
    )
)


def redact(text: str) -> str:
    """The text with everything that could be a token replaced."""
    return _SECRETS.sub("<redacted>", text)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and the exception if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """Render a record."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        if record.exc_info:
            line["exception"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def configure(level: str) -> None:
    """Send all logs to standard output as JSON. Kopf's own are kept to warnings: its DEBUG prints whole objects."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("kopf", "asyncio", "aiohttp", "switchboard_twilio"):
        logging.getLogger(name).setLevel(logging.WARNING)
