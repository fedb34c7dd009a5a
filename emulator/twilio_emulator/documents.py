"""A call's JSON body, read field by field and checked while read, as ``params`` does for forms.

Names that nobody reads are ignored, as Twilio does; null is the same as not given, since the SDK writes null for
whatever it has no value for. A value that cannot be used is a 400 that names its field: ``webhook.callback_url``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from twilio_emulator.errors import invalid
from twilio_emulator.params import check_url

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

__all__ = ["Document"]

_LONGEST = 4096
_MOST_ITEMS = 100


class Document:
    """A JSON object of a call.

    Args:
        values: the object.
        path: where it stands in the body, such as ``webhook``; ``""`` for the body itself.
        code: Twilio's error code for a value that cannot be used.
    """

    def __init__(self, values: Mapping[str, object], *, path: str = "", code: int = 20001) -> None:
        self._values = {name: value for name, value in values.items() if value is not None}
        self._path = path
        self._code = code

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def names(self) -> list[str]:
        """Return the names of what is given."""
        return list(self._values)

    def where(self, name: str) -> str:
        """Return a field's place in the body, for an error."""
        return f"{self._path}.{name}" if self._path else name

    def require(self, *names: str) -> None:
        """Refuse the body when one of these is not given.

        Raises:
            ApiError: 400, it names the first that is missing.
        """
        for name in names:
            if name not in self._values:
                raise invalid(self.where(name), "it is required", code=self._code)

    def refuse_others(self, known: Collection[str]) -> None:
        """Refuse a name that is none of these.

        Raises:
            ApiError: 400, it names the first.
        """
        for name in self._values:
            if name not in known:
                why = f"it is unknown here; the known ones are {', '.join(sorted(known))}"
                raise invalid(self.where(_printable(name)), why, code=self._code)

    def text(self, name: str, *, longest: int = _LONGEST) -> str | None:
        """Return a text, ``""`` when it was given empty, None when it was not given."""
        value = self._values.get(name)
        return None if value is None else self._checked_text(self.where(name), value, longest)

    def texts(self, name: str, *, longest: int = _LONGEST) -> list[str] | None:
        """Return a list of texts."""
        values = self._list(name)
        if values is None:
            return None
        return [
            self._checked_text(f"{self.where(name)}[{index}]", value, longest) for index, value in enumerate(values)
        ]

    def is_list_of(self, name: str, kind: type) -> bool:
        """Say whether a field is a list all of whose items are of a kind."""
        value = self._values.get(name)
        return isinstance(value, list) and all(isinstance(item, kind) for item in value)

    def choice(self, name: str, values: Collection[str]) -> str | None:
        """Return one of ``values``."""
        value = self.text(name)
        if value is not None and value not in values:
            raise invalid(self.where(name), f"it must be one of {', '.join(sorted(values))}", code=self._code)
        return value

    def url(self, name: str) -> str | None:
        """Return an absolute http or https URL, or ``""``."""
        value = self.text(name)
        if value:
            check_url(self.where(name), value, code=self._code)
        return value

    def flag(self, name: str) -> bool | None:
        """Return a boolean."""
        value = self._values.get(name)
        if value is not None and not isinstance(value, bool):
            raise invalid(self.where(name), "it must be true or false", code=self._code)
        return value

    def number(self, name: str, *, least: float = -math.inf, most: float = math.inf) -> float | None:
        """Return a finite number within bounds."""
        value = self._values.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not _within(value, least, most):
            bounds = f" from {least:g} to {most:g}" if math.isfinite(most) else ""
            raise invalid(self.where(name), f"it must be a number{bounds}", code=self._code)
        return value

    def part(self, name: str) -> Document:
        """Return an object within; an empty one when it is not given."""
        value = self._values.get(name, {})
        if not isinstance(value, dict):
            raise invalid(self.where(name), "it must be a JSON object", code=self._code)
        return Document(value, path=self.where(name), code=self._code)

    def parts(self, name: str, *, most: int = _MOST_ITEMS) -> list[Document] | None:
        """Return a list of objects."""
        values = self._list(name)
        if values is None:
            return None
        if len(values) > most:
            raise invalid(self.where(name), f"it may have at most {most} items", code=self._code)
        return list(self._objects(self.where(name), values))

    def _objects(self, where: str, values: Sequence[object]) -> Iterator[Document]:
        for index, value in enumerate(values):
            if not isinstance(value, dict):
                raise invalid(f"{where}[{index}]", "it must be a JSON object", code=self._code)
            yield Document(value, path=f"{where}[{index}]", code=self._code)

    def _list(self, name: str) -> list[object] | None:
        value = self._values.get(name)
        if value is not None and (not isinstance(value, list) or len(value) > _MOST_ITEMS):
            raise invalid(self.where(name), f"it must be a list of at most {_MOST_ITEMS}", code=self._code)
        return value

    def _checked_text(self, where: str, value: object, longest: int) -> str:
        if not isinstance(value, str):
            raise invalid(where, "it must be a text", code=self._code)
        if len(value) > longest:
            raise invalid(where, f"it may have at most {longest} characters", code=self._code)
        if _printable(value) != value:
            raise invalid(where, "it has half a surrogate pair", code=self._code)
        return value


def _within(value: float, least: float, most: float) -> bool:
    try:
        return math.isfinite(value) and least <= value <= most
    except OverflowError:  # a whole number beyond all floating-point numbers
        return False


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
