"""Whether a bundle has what its regulation asks for: Twilio's own machine check, before any person looks.

A document's address must be one of the account's. Nothing is read in the documents themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.regulatory.addresses import find_address
from twilio_emulator.regulatory.bundles import DOCUMENT, END_USER, items_of, regulation_of
from twilio_emulator.regulatory.regulations import ADDRESS_SIDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from twilio_emulator.core import Core
    from twilio_emulator.models import Record
    from twilio_emulator.regulatory.regulations import Field, Proof, Regulation

__all__ = ["evaluate", "first_failure"]

_NO_END_USER = 22214
_NO_END_USER_FIELD = 22215
_NO_DOCUMENT = 22216
_NO_DOCUMENT_FIELD = 22217
_NO_ADDRESS = 22219

Result = dict[str, object]


def evaluate(core: Core, bundle: Record) -> list[Result]:
    """Return what was looked for and found, one result a requirement, as Twilio's evaluations have them."""
    regulation, items = regulation_of(bundle), items_of(core, bundle)

    def told(item: Record | None, field: Field) -> bool:
        attributes = item.data["attributes"] if item else None
        value = attributes.get(field.name) if isinstance(attributes, dict) else None
        if field != ADDRESS_SIDS:
            return bool(value)
        sids = value if isinstance(value, list) else [value]
        return bool(sids) and all(find_address(core, bundle.account_sid, str(sid)) for sid in sids)

    return [_end_user(regulation, items, told), *(_proof(proof, items, told) for proof in regulation.proofs)]


def first_failure(results: Sequence[Mapping[str, object]]) -> tuple[int, str] | None:
    """Return code and text of the first thing that is missing, None for a compliant bundle."""
    for result in results:
        for part in (result, *_invalid_parts(result)):
            code, why = part["error_code"], part["failure_reason"]
            if isinstance(code, int):
                return code, str(why)
    return None


def _invalid_parts(result: Mapping[str, object]) -> Sequence[Mapping[str, object]]:
    parts = result["invalid"]
    return parts if isinstance(parts, list) else ()


def _end_user(regulation: Regulation, items: Sequence[Record], told: Callable[[Record | None, Field], bool]) -> Result:
    kind = regulation.end_user_type
    found = next((item for item in items if item.kind == END_USER and item.data["type"] == kind), None)
    missing = f"A {kind.title()} End-User is missing. Please add one to the regulatory bundle."
    return _result(
        label=kind.title(),
        object_type=kind,
        item=found,
        fields=regulation.fields,
        told=told,
        absence=(_NO_END_USER, missing),
        field_code=_NO_END_USER_FIELD,
        requirement=(f"{kind}_info", kind.title()),
    )


def _proof(proof: Proof, items: Sequence[Record], told: Callable[[Record | None, Field], bool]) -> Result:
    kinds = {kind.name: kind for kind in proof.accepted}
    found = next((item for item in items if item.kind == DOCUMENT and item.data["type"] in kinds), None)
    kind = kinds[str(found.data["type"])] if found else proof.accepted[0]
    missing = f"A {kind.label} is missing. Please add one to the regulatory bundle."
    return _result(
        label=kind.label,
        object_type=kind.name,
        item=found,
        fields=kind.fields,
        told=told,
        absence=(_NO_DOCUMENT, missing),
        field_code=_NO_DOCUMENT_FIELD,
        requirement=(proof.name, proof.label),
    )


def _result(
    *,
    label: str,
    object_type: str,
    item: Record | None,
    fields: Sequence[Field],
    told: Callable[[Record | None, Field], bool],
    absence: tuple[int, str],
    field_code: int,
    requirement: tuple[str, str],
) -> Result:
    invalid = [_invalid(field, label, field_code) for field in fields if not told(item, field)]
    valid = [{"friendly_name": field.label, "object_field": field.name} for field in fields if told(item, field)]
    code, why = (None, None) if item else absence
    return {
        "friendly_name": label,
        "object_type": object_type,
        "passed": item is not None and not invalid,
        "failure_reason": why,
        "error_code": code,
        "valid": valid,
        "invalid": invalid,
        "requirement_friendly_name": requirement[1],
        "requirement_name": requirement[0],
    }


def _invalid(field: Field, label: str, code: int) -> Result:
    return {
        "friendly_name": field.label,
        "object_field": field.name,
        "failure_reason": f"The {field.label} is missing. Please enter in the {field.label} of the {label}.",
        "error_code": _NO_ADDRESS if field == ADDRESS_SIDS else code,
    }
