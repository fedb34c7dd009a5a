"""What becomes of a bundle that was submitted: the machine's check at once, then the review, state by state.

Each step takes ``review_delay``. A compliant bundle is approved, one made with ``IsTest`` is rejected, and the admin
API decides otherwise at any time (``decide``). The status callback tells every change but the one into
``in-review``, which Twilio keeps to itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.dates import iso8601
from twilio_emulator.errors import ApiError, invalid
from twilio_emulator.models import WebhookKind
from twilio_emulator.regulatory.bundles import APPROVED, BUNDLE, DOCUMENT, BundleStatus, items_of
from twilio_emulator.regulatory.evaluation import evaluate, first_failure
from twilio_emulator.webhooks.queue import enqueue

if TYPE_CHECKING:
    from twilio_emulator.core import Core
    from twilio_emulator.models import Record

__all__ = ["VERDICTS", "decide", "move_on", "set_status"]

VERDICTS = (BundleStatus.APPROVED, BundleStatus.REJECTED, BundleStatus.PROVISIONAL)
"""What a review can end with."""

_BY_OWNER = {
    BundleStatus.DRAFT: {BundleStatus.PENDING},
    BundleStatus.PENDING: {BundleStatus.DRAFT},
    BundleStatus.REJECTED: {BundleStatus.DRAFT, BundleStatus.PENDING},
}
"""Changes of state that the bundle's owner may order."""

_DOCUMENT_STATES = {
    BundleStatus.DRAFT: "draft",
    BundleStatus.PENDING: "pending-review",
    BundleStatus.REJECTED: "rejected",
    BundleStatus.APPROVED: "approved",
    BundleStatus.PROVISIONAL: "provisionally-approved",
}
_TEST_BUNDLE = "This is a test bundle"
_EXPIRED = "The compliance information was not updated before the date that it was valid until"


def set_status(core: Core, bundle: Record, status: str, *, now: float) -> Record:
    """Submit a bundle for review, or take it back.

    Raises:
        ApiError: the owner may not set that status, or the bundle is not compliant: then the code is that of what is
            missing first (22214 to 22219).
    """
    if status not in _BY_OWNER.get(BundleStatus(bundle.status), set()):
        raise invalid("Status", f"a bundle cannot be changed from {bundle.status} to {status}")
    if status == BundleStatus.DRAFT:
        return _change(core, bundle, BundleStatus.DRAFT, next_at=None, now=now)
    failure = first_failure(evaluate(core, bundle))
    if failure:
        code, why = failure
        raise ApiError(status=400, code=code, message=f"Status: bundle {bundle.sid} is noncompliant. {why}")
    return _change(core, bundle, BundleStatus.PENDING, next_at=now + core.settings.review_delay, now=now)


def move_on(core: Core, bundle: Record, now: float) -> None:
    """Take a bundle to its next state; an approved one has expired."""
    if bundle.status == BundleStatus.PENDING:
        core.store.records.change(
            bundle, status=BundleStatus.IN_REVIEW, next_at=now + core.settings.review_delay, now=now
        )
    elif bundle.status == BundleStatus.IN_REVIEW and bundle.data["is_test"]:
        _change(core, bundle, BundleStatus.REJECTED, reason=_TEST_BUNDLE, next_at=None, now=now)
    elif bundle.status == BundleStatus.IN_REVIEW:
        _change(core, bundle, BundleStatus.APPROVED, next_at=None, now=now)
    elif bundle.status in APPROVED:
        _change(core, bundle, BundleStatus.REJECTED, reason=_EXPIRED, next_at=None, now=now)


def decide(
    core: Core, bundle_sid: str, status: str, reason: str = "", *, valid_until: float | None = None, now: float
) -> Record:
    """Decide on a bundle as Twilio's reviewers do; an approval may be taken back.

    Args:
        core: the emulator.
        bundle_sid: the bundle.
        status: one of ``VERDICTS``.
        reason: why it was rejected.
        valid_until: when an approval ends, None for never.
        now: the moment.

    Raises:
        LookupError: there is no such bundle.
        ValueError: it is a draft, so nobody asked for a decision.
    """
    bundle = core.store.records.find(BUNDLE, bundle_sid)
    if bundle is None:
        raise LookupError(f"there is no bundle {bundle_sid}")
    if bundle.status == BundleStatus.DRAFT:
        raise ValueError(f"bundle {bundle_sid} is a draft; submit it first")
    core.store.records.change(bundle, data={"valid_until": valid_until})
    return _change(core, bundle, BundleStatus(status), reason=reason, next_at=valid_until, now=now)


def _change(
    core: Core, bundle: Record, status: BundleStatus, *, reason: str = "", next_at: float | None, now: float
) -> Record:
    """Set a bundle's state, that of its documents, and tell its owner."""
    rejected = status == BundleStatus.REJECTED
    changed = core.store.records.change(
        bundle, status=status, data={"failure_reason": reason}, next_at=next_at, now=now
    )
    for item in items_of(core, changed):
        if item.kind == DOCUMENT:
            why = {"failure_reason": (reason or None) if rejected else None}
            core.store.records.change(item, status=_DOCUMENT_STATES[status], data=why, now=now)
    _tell(core, changed, reason=reason, now=now)
    return changed


def _tell(core: Core, bundle: Record, *, reason: str, now: float) -> None:
    url = str(bundle.data["status_callback"])
    if not url:
        return
    valid_until = bundle.data["valid_until"]
    enqueue(
        core,
        kind=WebhookKind.REVIEW,
        account_sid=bundle.account_sid,
        resource_sid=bundle.sid,
        url=url,
        params=[
            ("AccountSid", bundle.account_sid),
            ("BundleSid", bundle.sid),
            ("Status", bundle.status),
            ("FailureReason", reason),
            ("ValidUntil", iso8601(valid_until) if isinstance(valid_until, int | float) else ""),
            ("Email", str(bundle.data["email"])),
        ],
        now=now,
    )
