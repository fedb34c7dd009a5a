"""XML of a customer's answer, read without ever declaring an entity."""

from __future__ import annotations

from typing import NoReturn
from xml.etree import ElementTree as ET

from twilio_emulator.errors import EmulatorError

__all__ = ["InvalidReply", "parse_xml"]

_NO_XML = 12100


class InvalidReply(EmulatorError):
    """An answer that cannot be acted on.

    Attributes:
        code: Twilio's alert.
    """

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        super().__init__(message)


class _NoDoctype(ET.TreeBuilder):
    """Refuses a document type at its start, whatever the document's encoding."""

    def doctype(self, _name: str, _public: str | None, _system: str | None) -> NoReturn:
        raise InvalidReply(_NO_XML, "a document type is not allowed in TwiML")


def parse_xml(body: bytes) -> ET.Element:
    """Return the root of a document.

    Raises:
        InvalidReply: 12100, it is no XML or has a document type.
    """
    try:
        return ET.fromstring(body, ET.XMLParser(target=_NoDoctype()))  # noqa: S314  # entities are refused
    except (ET.ParseError, LookupError, ValueError) as error:
        raise InvalidReply(_NO_XML, f"the answer is no XML document: {error}") from error
