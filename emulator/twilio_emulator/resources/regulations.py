"""What countries ask of the owners of numbers: ``numbers.twilio.com/v2/RegulatoryCompliance/Regulations``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.calls import Answer, Call, Json, Route
from twilio_emulator.paging import meta_page, window_of
from twilio_emulator.regulatory.regulations import (
    END_USER_TYPES,
    all_regulations,
    find_regulation,
    number_type_of,
)
from twilio_emulator.store.window import Slice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twilio_emulator.regulatory.regulations import DocumentType, Field, Proof, Regulation

__all__ = ["ROUTES"]

_FILTERS = ("EndUserType", "IsoCountry", "NumberType")
_ROOT = "/v2/RegulatoryCompliance"


def list_(call: Call) -> Answer:
    """List the regulations for a country, kind of number and end user."""
    window = window_of(call.params)
    call.params.boolean("IncludeConstraints")
    end_user = call.params.choice("EndUserType", END_USER_TYPES, code=22200)
    country = call.params.text("IsoCountry")
    number_type = call.params.text("NumberType")
    kind = number_type_of(number_type) if number_type else None
    found = [
        regulation
        for regulation in all_regulations()
        if end_user in {None, regulation.end_user_type}
        and (not country or country == regulation.country)
        and kind in {None, regulation.kind}
    ]
    return Answer(body=meta_page(call, "results", Slice.of(found, window), window, _render, filters=_FILTERS))


def fetch(call: Call) -> Answer:
    """Return one regulation."""
    call.params.boolean("IncludeConstraints")
    regulation = find_regulation(call.ids["Sid"])
    if regulation is None:
        raise call.not_found()
    return Answer(body=_render(regulation))


def _render(regulation: Regulation) -> Json:
    return {
        "sid": regulation.sid,
        "friendly_name": regulation.friendly_name,
        "iso_country": regulation.country,
        "number_type": regulation.number_type,
        "end_user_type": regulation.end_user_type,
        "requirements": {
            "end_user": [_end_user(regulation)],
            "supporting_document": [[_proof(proof) for proof in regulation.proofs]],
        },
        "url": f"https://numbers.twilio.com{_ROOT}/Regulations/{regulation.sid}",
    }


def _end_user(regulation: Regulation) -> Json:
    kind = regulation.end_user_type
    return {
        "name": kind.title(),
        "type": kind,
        "requirement_name": f"{kind}_info",
        "url": f"https://numbers.twilio.com{_ROOT}/Regulations/{kind}",
        **_fields(regulation.fields, kind),
    }


def _proof(proof: Proof) -> Json:
    return {
        "name": proof.label,
        "type": "document",
        "requirement_name": proof.name,
        "description": f"Proof of {proof.label}",
        "accepted_documents": [_document(kind) for kind in proof.accepted],
    }


def _document(kind: DocumentType) -> Json:
    return {
        "name": kind.label,
        "type": kind.name,
        "url": f"https://numbers.twilio.com{_ROOT}/DocumentTypes/{kind.name}",
        **_fields(kind.fields, kind.label),
    }


def _fields(fields: Sequence[Field], whose: str) -> dict[str, object]:
    return {
        "fields": [field.name for field in fields],
        "detailed_fields": [
            {
                "machine_name": field.name,
                "friendly_name": field.label,
                "description": f"{field.label} of the {whose}",
            }
            for field in fields
        ],
    }


ROUTES: tuple[Route, ...] = (
    Route("GET", "numbers", f"{_ROOT}/Regulations", list_),
    Route("GET", "numbers", f"{_ROOT}/Regulations/{{Sid}}", fetch),
)
