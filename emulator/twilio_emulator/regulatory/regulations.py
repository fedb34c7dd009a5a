"""What each country's law asks of the owners of a kind of number, as far as Twilio collects it in bundles.

One regulation for every kind of number of the plan that needs a bundle, and for each kind of end user. The
countries' own regulations differ in their documents; here all ask for the same ones: who it is, proof of it, and
proof of an address.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from twilio_emulator.errors import invalid
from twilio_emulator.numbering.plan import COUNTRIES

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "DOCUMENT_TYPES",
    "END_USER_TYPES",
    "DocumentType",
    "Field",
    "Proof",
    "Regulation",
    "all_regulations",
    "find_regulation",
    "number_type_of",
    "regulation_for",
]

END_USER_TYPES = ("individual", "business")
_NUMBER_TYPES: Mapping[str, str] = {
    "local": "local",
    "mobile": "mobile",
    "national": "national",
    "toll-free": "toll_free",
    "tollfree": "toll_free",
}
"""How bundles name the kinds of number; the documents spell the last one in both ways."""


@dataclass(frozen=True, slots=True)
class Field:
    """Something that must be told, in the attributes of an end user or a document."""

    name: str
    label: str


ADDRESS_SIDS = Field("address_sids", "Address sid(s)")
_BUSINESS_NAME = Field("business_name", "Business Name")
_FIRST_NAME = Field("first_name", "First Name")
_LAST_NAME = Field("last_name", "Last Name")
_DOCUMENT_NUMBER = Field("document_number", "Document Number")


@dataclass(frozen=True, slots=True)
class DocumentType:
    """A kind of document that proves something."""

    name: str
    label: str
    fields: tuple[Field, ...]


_EXCERPT = DocumentType(
    "commercial_registrar_excerpt", "Excerpt from the commercial register", (_BUSINESS_NAME, _DOCUMENT_NUMBER)
)
_REGISTRATION = DocumentType("business_registration", "Business registration", (_BUSINESS_NAME,))
_BUSINESS_ADDRESS = DocumentType("business_address", "Proof of business address", (ADDRESS_SIDS,))
_ID_CARD = DocumentType("government_issued_document", "Government-issued ID", (_FIRST_NAME, _LAST_NAME))
_PASSPORT = DocumentType("passport", "Passport", (_FIRST_NAME, _LAST_NAME))
_INDIVIDUAL_ADDRESS = DocumentType("individual_address", "Proof of address", (ADDRESS_SIDS,))
_UTILITY_BILL = DocumentType("utility_bill", "Utility bill", (ADDRESS_SIDS,))

DOCUMENT_TYPES: Mapping[str, DocumentType] = {
    kind.name: kind
    for kind in (
        _EXCERPT,
        _REGISTRATION,
        _BUSINESS_ADDRESS,
        _ID_CARD,
        _PASSPORT,
        _INDIVIDUAL_ADDRESS,
        _UTILITY_BILL,
    )
}


@dataclass(frozen=True, slots=True)
class Proof:
    """One thing to be proved, by any of the accepted documents."""

    name: str
    label: str
    accepted: tuple[DocumentType, ...]


_END_USER_FIELDS: Mapping[str, tuple[Field, ...]] = {
    "business": (_BUSINESS_NAME,),
    "individual": (_FIRST_NAME, _LAST_NAME),
}
_PROOFS: Mapping[str, tuple[Proof, ...]] = {
    "business": (
        Proof("business_name_info", "Business Name", (_REGISTRATION, _EXCERPT)),
        Proof("business_address_proof_info", "Business Address", (_BUSINESS_ADDRESS, _UTILITY_BILL)),
    ),
    "individual": (
        Proof("name_info", "Name", (_ID_CARD, _PASSPORT)),
        Proof("proof_of_address", "Address", (_INDIVIDUAL_ADDRESS, _UTILITY_BILL)),
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Regulation:
    """What an end user of one kind must show for a kind of number in a country.

    Attributes:
        sid: the same in every emulator.
        country: ISO code; ``country_name`` for people.
        kind: as the numbering plan names it, such as ``toll_free``.
        end_user_type: ``individual`` or ``business``.
    """

    sid: str
    country: str
    country_name: str
    kind: str
    end_user_type: str

    @property
    def number_type(self) -> str:
        """The kind as bundles name it."""
        return self.kind.replace("_", "-")

    @property
    def friendly_name(self) -> str:
        """Such as ``Spain: Local - Business``."""
        return f"{self.country_name}: {self.number_type.title()} - {self.end_user_type.title()}"

    @property
    def fields(self) -> tuple[Field, ...]:
        """What the end user must tell."""
        return _END_USER_FIELDS[self.end_user_type]

    @property
    def proofs(self) -> tuple[Proof, ...]:
        """What must be proved by documents."""
        return _PROOFS[self.end_user_type]


@lru_cache(maxsize=1)
def all_regulations() -> tuple[Regulation, ...]:
    """Return the regulations, by country, kind of number and end user."""
    return tuple(
        Regulation(
            sid=_sid(country.code, kind.kind, end_user),
            country=country.code,
            country_name=country.name,
            kind=kind.kind,
            end_user_type=end_user,
        )
        for country in COUNTRIES.values()
        for kind in country.types
        if kind.needs_bundle
        for end_user in END_USER_TYPES
    )


def find_regulation(sid: str) -> Regulation | None:
    """Return the regulation with this SID, or None."""
    return next((found for found in all_regulations() if found.sid == sid), None)


def regulation_for(country: str, kind: str, end_user_type: str) -> Regulation | None:
    """Return the regulation for these, or None when nothing is regulated."""
    wanted = (country, kind, end_user_type)
    return next(
        (found for found in all_regulations() if (found.country, found.kind, found.end_user_type) == wanted), None
    )


def number_type_of(text: str) -> str:
    """Return the plan's name of a kind of number that a caller named.

    Raises:
        ApiError: 22200, there is no such kind.
    """
    if text not in _NUMBER_TYPES:
        raise invalid("NumberType", f"it must be one of {', '.join(sorted(_NUMBER_TYPES))}", code=22200)
    return _NUMBER_TYPES[text]


def _sid(*parts: str) -> str:
    return "RN" + hashlib.sha256(":".join(parts).encode()).hexdigest()[:32]
