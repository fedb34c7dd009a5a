"""Reading one element of TwiML strictly: unknown attributes and values out of range are alerts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from twilio_emulator.voice.verbs import RecordingCallback
from twilio_emulator.webhooks.xml import InvalidReply

if TYPE_CHECKING:
    from collections.abc import Collection
    from xml.etree import ElementTree as ET

__all__ = ["INVALID_URL", "SCHEMA", "Attributes", "check_url"]

SCHEMA = 12200
INVALID_URL = 11100
_DIGITS = re.compile(r"[0-9]{1,6}")
_RECORDING_EVENTS = ("in-progress", "completed", "absent")


class Attributes:
    """The attributes of one element.

    Args:
        element: the element.
        codes: Twilio's alert by attribute, where it has one of its own; the others are schema alerts.

    Every reader returns ``default`` when the attribute is missing and raises ``InvalidReply`` when it is wrong.
    """

    def __init__(self, element: ET.Element, codes: dict[str, int] | None = None) -> None:
        self._element = element
        self._codes = codes or {}

    def allow(self, names: Collection[str]) -> None:
        """Refuse attributes that Twilio's schema does not have."""
        for name in self._element.keys():  # noqa: SIM118  # an element iterates over its children
            if name not in names:
                raise InvalidReply(SCHEMA, f"<{self._element.tag}> has no attribute {name}")

    def text(self, name: str, default: str = "") -> str:
        """Return a value of any form."""
        return self._element.get(name, default)

    def matching(self, name: str, pattern: str, default: str = "") -> str:
        """Return a value that matches a regular expression as a whole."""
        value = self._element.get(name)
        if value is not None and not re.fullmatch(pattern, value):
            raise self._wrong(name, value)
        return default if value is None else value

    def integer(self, name: str, default: int, *, least: int = 1) -> int:
        """Return a whole number that is not below ``least``."""
        value = self._element.get(name)
        if value is None:
            return default
        if not _DIGITS.fullmatch(value) or int(value) < least:
            raise self._wrong(name, value)
        return int(value)

    def boolean(self, name: str, *, default: bool) -> bool:
        """Return ``true`` or ``false``."""
        return self.choice(name, ("true", "false"), "true" if default else "false") == "true"

    def choice(self, name: str, choices: Collection[str], default: str) -> str:
        """Return one of ``choices``."""
        value = self._element.get(name, default)
        if value not in choices:
            raise self._wrong(name, value)
        return value

    def words(self, name: str, choices: Collection[str], default: tuple[str, ...]) -> tuple[str, ...]:
        """Return some of ``choices``, which are separated by spaces."""
        value = self._element.get(name)
        if value is None:
            return default
        found = tuple(value.split())
        if not found or not set(found) <= set(choices):
            raise self._wrong(name, value)
        return found

    def method(self, name: str = "method") -> str:
        """Return GET or POST, which may be written in small letters."""
        value = self._element.get(name, "POST")
        if value.upper() not in {"GET", "POST"}:
            raise self._wrong(name, value)
        return value.upper()

    def url(self, name: str) -> str | None:
        """Return a URL, absolute or relative, or None when the attribute is missing."""
        value = self._element.get(name)
        return None if value is None else check_url(value)

    def recording_callback(self) -> RecordingCallback | None:
        """Return whom Record and Dial tell about their recordings."""
        method = self.method("recordingStatusCallbackMethod")
        events = self.words("recordingStatusCallbackEvent", _RECORDING_EVENTS, ("completed",))
        url = self.url("recordingStatusCallback")
        return RecordingCallback(url=url, method=method, events=events) if url else None

    def _wrong(self, name: str, value: str) -> InvalidReply:
        tag = self._element.tag
        return InvalidReply(self._codes.get(name, SCHEMA), f"{tag}: invalid {name} value {value[:64]!r}")


def check_url(url: str) -> str:
    """Return a URL without the space around it.

    Raises:
        InvalidReply: it is neither relative nor one of HTTP.
    """
    found = url.strip()
    try:
        scheme = urlsplit(found).scheme
    except ValueError as error:
        raise InvalidReply(INVALID_URL, f"{found[:64]!r} is no URL: {error}") from error
    if scheme not in {"", "http", "https"}:
        raise InvalidReply(INVALID_URL, f"{found[:64]!r} is not a URL of HTTP")
    return found
