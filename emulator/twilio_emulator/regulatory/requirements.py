"""Whether an account may own a number: what local law asks for, checked when it is bought, changed or moved.

Twilio refuses in three stages and each hides the next (docs/emulator/numbers.md): no address (21631), one that is not
local (21615), no bundle (21649). What was given though nothing asks for it must still be the account's own.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from twilio_emulator.errors import ApiError
from twilio_emulator.regulatory.addresses import find_address, satisfies
from twilio_emulator.regulatory.bundles import APPROVED, BUNDLE, regulation_of

if TYPE_CHECKING:
    from twilio_emulator.core import Core
    from twilio_emulator.models import NumberConfig
    from twilio_emulator.numbering.plan import Place

__all__ = ["IDENTITY", "IdentityStatus", "check_requirements"]

IDENTITY = "identity"
"""The kind of record: an identity document. Twilio takes them in its Console only, the emulator by its admin API."""


class IdentityStatus(StrEnum):
    """States of an identity document."""

    PENDING = "pending"
    PASSED = "passed"
    FAILED = "failed"


def check_requirements(
    core: Core, account_sid: str, place: Place, config: NumberConfig, *, transfer: bool = False
) -> None:
    """Refuse an owner of whom the law asks more.

    Args:
        core: the emulator.
        account_sid: who is to own the number.
        place: where the number belongs.
        config: what the number is to have.
        transfer: whether it comes from another account.

    Raises:
        ApiError: 21613 (transfer) or 21631 without address, 21615 when it is not the right one, 21649 without an
            approved bundle of the right kind, 21650 without a verified identity, 21651 when it is not the account's.
    """
    _check_address(core, account_sid, place, config.address_sid, transfer=transfer)
    _check_bundle(core, account_sid, place, config.bundle_sid)
    _check_identity(core, account_sid, place, config.identity_sid)


def _check_address(core: Core, account_sid: str, place: Place, sid: str | None, *, transfer: bool) -> None:
    asked = place.type.address
    if sid is None and asked == "none":
        return
    if sid is None and transfer:
        raise _refused(21613, f"PhoneNumber Requires an Address: AddressSid must be one of account {account_sid}")
    if sid is None:
        raise _refused(21631, "Phone Number Requires an Address but the 'AddressSid' parameter was empty.")
    address = find_address(core, account_sid, sid)
    wanted = f"to satisfy {asked.title()} Address requirement (AddressSid)"
    if address is None:
        raise _refused(21631, f"Could not find Address with sid {sid} for account {account_sid} {wanted}")
    if not satisfies(address, place):
        town = place.area.locality or place.country.name
        raise _refused(21615, f"No valid address created for: {town}. {sid} is not one {wanted}")


def _check_bundle(core: Core, account_sid: str, place: Place, sid: str | None) -> None:
    kind = f"country: [{place.country.code}] and numberType: [{place.type.kind.upper().replace('_', '-')}]"
    if sid is None and place.type.needs_bundle:
        raise _refused(21649, f"Bundle required and not provided for {kind} (BundleSid)")
    if sid is None:
        return
    bundle = core.store.records.find(BUNDLE, sid)
    if bundle is None or bundle.account_sid != account_sid:
        raise _refused(21649, f"BundleSid: there is no bundle {sid} in account {account_sid}")
    if bundle.status not in APPROVED:
        raise _refused(21649, f"BundleSid: bundle {sid} is {bundle.status}, not twilio-approved")
    regulation = regulation_of(bundle)
    if place.type.needs_bundle and (regulation.country, regulation.kind) != (place.country.code, place.type.kind):
        raise _refused(21649, f"BundleSid: bundle {sid} is for {regulation.friendly_name}, not for {kind}")


def _check_identity(core: Core, account_sid: str, place: Place, sid: str | None) -> None:
    if sid is None and place.type.needs_identity:
        raise _refused(21650, "Phone Number Requires a Verified Identity Document: give IdentitySid")
    if sid is None:
        return
    identity = core.store.records.find(IDENTITY, sid)
    if identity is None or identity.account_sid != account_sid:
        raise _refused(21651, f"IdentitySid: there is no identity document {sid} in account {account_sid}")
    if place.type.needs_identity and identity.data["country"] != place.country.code:
        wanted = f"not of {place.country.code}"
        raise _refused(21651, f"IdentitySid: document {sid} is of {identity.data['country']}, {wanted}")
    if identity.status != IdentityStatus.PASSED:
        raise _refused(21650, f"IdentitySid: the verification of document {sid} is {identity.status}")


def _refused(code: int, message: str) -> ApiError:
    return ApiError(status=400, code=code, message=message)
