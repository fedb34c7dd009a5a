"""A call's parameters, read one by one and checked while read.

Twilio ignores names it does not know, and so does this. A value that cannot be used is a 400 that names its
parameter. An empty value is a value: it clears a URL.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from twilio_emulator.errors import invalid
from twilio_emulator.sids import is_sid

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = ["Params", "check_url"]

_INTEGER = re.compile(r"-?[0-9]{1,12}")
_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_BOOLEANS = {"true": True, "false": False}
_VISIBLE_ASCII = re.compile(r"[!-~]+")
_MAX_FIELDS = 1000


class Params:
    """The decoded parameters of one call, in the order they came.

    Args:
        pairs: names and values; a repeated name is a list.
    """

    def __init__(self, pairs: Sequence[tuple[str, str]] = ()) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    @classmethod
    def parse(cls, encoded: bytes | str, *, where: str) -> Params:
        """Read ``a=1&b=2``.

        Args:
            encoded: the form or the query, still percent-encoded.
            where: what it is, for the error: ``request body`` or ``query``.

        Raises:
            ApiError: it is not UTF-8, or has too many fields.
        """
        try:
            text = encoded.decode() if isinstance(encoded, bytes) else encoded
            if text.count("&") >= _MAX_FIELDS:
                raise invalid(where, f"it may have at most {_MAX_FIELDS} fields")
            pairs = parse_qsl(text, keep_blank_values=True, errors="strict")
        except ValueError as error:  # UnicodeDecodeError is one
            raise invalid(where, "it must be form-encoded UTF-8") from error
        return cls(pairs)

    def pairs(self, names: Collection[str]) -> list[tuple[str, str]]:
        """Return those of ``names`` that were given, for links that repeat the filters."""
        return [(name, value) for name in names for value in self._values.get(name, ())]

    def many(self, name: str) -> tuple[str, ...]:
        """All values of a repeatable parameter."""
        return tuple(self._values.get(name, ()))

    def text(self, name: str, *, longest: int | None = None, code: int = 20001) -> str | None:
        """Return the value, ``""`` when it was given empty, None when it was not given."""
        values = self._values.get(name)
        if values is None:
            return None
        value = values[-1]
        if longest is not None and len(value) > longest:
            raise invalid(name, f"it may have at most {longest} characters", code=code)
        return value

    def boolean(self, name: str) -> bool | None:
        """``true`` or ``false`` in any case."""
        value = self.text(name)
        if value is None:
            return None
        if value.lower() not in _BOOLEANS:
            raise invalid(name, "it must be true or false")
        return _BOOLEANS[value.lower()]

    def integer(self, name: str, *, least: int = 0, most: int = 2_147_483_647, code: int = 20001) -> int | None:
        """Return a whole number within bounds."""
        value = self.text(name)
        if value is None:
            return None
        if not _INTEGER.fullmatch(value) or not least <= int(value) <= most:
            raise invalid(name, f"it must be a whole number from {least} to {most}", code=code)
        return int(value)

    def decimal(self, name: str) -> str | None:
        """Return an amount of money as it was written, such as ``0.05``."""
        value = self.text(name)
        if value and not _DECIMAL.fullmatch(value):
            raise invalid(name, "it must be a decimal number such as 0.05")
        return value

    def choice(self, name: str, values: Collection[str], *, code: int = 20001) -> str | None:
        """Return one of ``values``."""
        value = self.text(name)
        if value is not None and value not in values:
            raise invalid(name, f"it must be one of {', '.join(sorted(filter(None, values)))}", code=code)
        return value

    def sid(self, name: str, *prefixes: str, code: int = 20001) -> str | None:
        """Return a SID with one of ``prefixes``, or ``""``."""
        value = self.text(name)
        if value and not is_sid(value, *prefixes):
            raise invalid(name, f"it must be {prefixes[0]} and 32 hexadecimal digits", code=code)
        return value

    def method(self, name: str) -> str | None:
        """``GET`` or ``POST``, in capitals."""
        value = self.text(name)
        if value is None:
            return None
        if value.upper() not in {"GET", "POST"}:
            raise invalid(name, "it must be GET or POST", code=21403)
        return value.upper()

    def url(self, name: str, *, code: int) -> str | None:
        """Return an absolute http or https URL, or ``""``."""
        value = self.text(name, longest=4096, code=code)
        if value:
            check_url(name, value, code=code)
        return value


def check_url(name: str, value: str, *, code: int) -> None:
    """Refuse what Twilio could not call.

    Raises:
        ApiError: ``value`` is no absolute http or https URL of visible ASCII characters.
    """
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not _VISIBLE_ASCII.fullmatch(value):
        raise invalid(name, "it must be an absolute http or https URL", code=code)
