"""Bundles and what is in them: their states, their items, and their copies in other accounts."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from twilio_emulator.errors import ApiError, invalid
from twilio_emulator.models import AccountStatus
from twilio_emulator.regulatory.addresses import ADDRESS, find_address
from twilio_emulator.regulatory.regulations import Regulation, find_regulation

if TYPE_CHECKING:
    from twilio_emulator.core import Core
    from twilio_emulator.models import Account, Record

__all__ = [
    "ASSIGNMENT",
    "BUNDLE",
    "DOCUMENT",
    "END_USER",
    "EVALUATION",
    "BundleStatus",
    "assign",
    "clone",
    "items_of",
    "refuse_change",
    "refuse_delete",
    "refuse_item_change",
    "regulation_of",
]

BUNDLE = "bundle"
ASSIGNMENT = "bundle_item"
EVALUATION = "bundle_evaluation"
END_USER = "end_user"
DOCUMENT = "supporting_document"

_ITEM_KINDS = {"IT": END_USER, "RD": DOCUMENT}


class BundleStatus(StrEnum):
    """States of a bundle, of which its owner sets the first two only."""

    DRAFT = "draft"
    PENDING = "pending-review"
    IN_REVIEW = "in-review"
    REJECTED = "twilio-rejected"
    APPROVED = "twilio-approved"
    PROVISIONAL = "provisionally-approved"


APPROVED = frozenset({BundleStatus.APPROVED, BundleStatus.PROVISIONAL})
"""States in which a bundle is good for a number."""

_EDITABLE = frozenset({BundleStatus.DRAFT, BundleStatus.REJECTED})


def regulation_of(bundle: Record) -> Regulation:
    """Return what a bundle is to comply with."""
    regulation = find_regulation(str(bundle.data["regulation_sid"]))
    if regulation is None:
        raise LookupError(f"the regulation of {bundle.sid} is gone")
    return regulation


def items_of(core: Core, bundle: Record) -> list[Record]:
    """Return the end users and documents assigned to a bundle, in the order they were."""
    assignments = core.store.records.where(ASSIGNMENT, parent_sid=bundle.sid)
    found = (core.store.records.find(_ITEM_KINDS[item.key[:2]], item.key) for item in assignments)
    return [item for item in found if item]


def assign(core: Core, bundle: Record, object_sid: str, *, now: float) -> Record:
    """Put an end user or a document into a bundle and return the assignment.

    Raises:
        ApiError: 22206 for another kind of object, 22205 for one that is absent or another account's.
    """
    refuse_change(bundle, "its items cannot change")
    kind = _ITEM_KINDS.get(object_sid[:2])
    if kind is None:
        raise invalid("ObjectSid", "give the SID of an end user or a supporting document", code=22206)
    item = core.store.records.find(kind, object_sid)
    if item is None or item.account_sid != bundle.account_sid:
        raise invalid("ObjectSid", f"there is no {object_sid} in account {bundle.account_sid}", code=22205)
    if core.store.records.first(ASSIGNMENT, parent_sid=bundle.sid, key=object_sid):
        raise invalid("ObjectSid", f"{object_sid} is in {bundle.sid} already", code=22205)
    return core.store.records.add(
        ASSIGNMENT,
        sid=core.sids.sid("BV"),
        account_sid=bundle.account_sid,
        parent_sid=bundle.sid,
        key=object_sid,
        now=now,
    )


def refuse_change(bundle: Record, why: str) -> None:
    """Refuse to touch a bundle that is, or was, in Twilio's hands.

    Raises:
        ApiError: 400 that names the status.
    """
    if bundle.status not in _EDITABLE:
        raise invalid("Status", f"bundle {bundle.sid} is {bundle.status}; {why}")


def refuse_item_change(core: Core, item: Record) -> None:
    """Refuse to change or delete an end user or document while a bundle under review, or approved, has it."""
    for assignment in core.store.records.where(ASSIGNMENT, key=item.sid):
        bundle = core.store.records.find(BUNDLE, assignment.parent_sid)
        if bundle:
            refuse_change(bundle, f"{item.sid} in it cannot change")


def refuse_delete(core: Core, bundle: Record) -> None:
    """Refuse to delete a bundle that is no draft any more.

    Raises:
        ApiError: 21648 when a number names it, else 400 that names the status.
    """
    users = core.store.numbers.with_config(bundle.account_sid, ("bundle_sid",), bundle.sid)
    if users:
        message = f"Bundle {bundle.sid} cannot be deleted, {len(users)} phone numbers are assigned to it"
        raise ApiError(status=400, code=21648, message=message)
    if bundle.status != BundleStatus.DRAFT:
        raise invalid("Status", f"bundle {bundle.sid} is {bundle.status}; only a draft can be deleted")


def clone(
    core: Core, bundle: Record, *, target: Account | None, name: str | None, to_draft: bool, now: float
) -> Record:
    """Copy an approved bundle with all that is in it into a related account.

    Args:
        core: the emulator.
        bundle: what to copy.
        target: the account, None when there is none such.
        name: of the copy; None takes the bundle's.
        to_draft: whether the copy begins anew.
        now: the moment.

    Raises:
        ApiError: the bundle is not approved, or the account is not active and of the same family.
    """
    owner = core.store.accounts.require(bundle.account_sid)
    if target is None or target.owner_sid != owner.owner_sid:
        raise invalid("TargetAccountSid", f"it must be related to account {owner.sid}")
    if target.status != AccountStatus.ACTIVE:
        raise invalid("TargetAccountSid", f"account {target.sid} is {target.status}")
    if bundle.status != BundleStatus.APPROVED:
        raise invalid("BundleSid", f"bundle {bundle.sid} is {bundle.status}; only a twilio-approved one can be cloned")
    status = BundleStatus.DRAFT if to_draft else BundleStatus.APPROVED
    copy = core.store.records.add(
        BUNDLE,
        sid=core.sids.sid("BU"),
        account_sid=target.sid,
        key=name or bundle.key,
        status=status,
        data={**bundle.data, "friendly_name": name or bundle.key},
        next_at=None if to_draft else bundle.next_at,
        now=now,
    )
    for item in items_of(core, bundle):
        _copy_item(core, item, copy, now=now)
    return copy


def _copy_item(core: Core, item: Record, bundle: Record, *, now: float) -> None:
    """Copy an end user or document into the account of a bundle, and assign it there."""
    copy = core.store.records.add(
        item.kind,
        sid=core.sids.sid(item.sid[:2]),
        account_sid=bundle.account_sid,
        status=("draft" if bundle.status == BundleStatus.DRAFT else "approved") if item.kind == DOCUMENT else "",
        data={**item.data, "attributes": _moved(core, item, bundle.account_sid, now=now)},
        now=now,
    )
    core.store.records.add(
        ASSIGNMENT,
        sid=core.sids.sid("BV"),
        account_sid=bundle.account_sid,
        parent_sid=bundle.sid,
        key=copy.sid,
        now=now,
    )


def _moved(core: Core, item: Record, account_sid: str, *, now: float) -> object:
    """Return an item's attributes for another account: the addresses they name are copied there."""
    attributes = item.data["attributes"]
    if not isinstance(attributes, dict) or not isinstance(attributes.get("address_sids"), list):
        return attributes
    sids = []
    for sid in attributes["address_sids"]:
        address = find_address(core, item.account_sid, str(sid))
        if address:
            copy = core.store.records.add(
                ADDRESS, sid=core.sids.sid("AD"), account_sid=account_sid, data=address.data, now=now
            )
            sids.append(copy.sid)
    return {**attributes, "address_sids": sids}
