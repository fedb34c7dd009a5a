"""Twilio's refusals, sorted by who must act (the table of Twilio's error codes that concern us)."""

from __future__ import annotations

from switchboard_operator import reasons
from switchboard_operator.errors import Invalid, NotReady, Stalled, Upstream, Waiting
from switchboard_twilio import TwilioError, TwilioThrottled, TwilioUnavailable

_SLOW = 300.0

_BY_CODE: dict[int, tuple[type[NotReady], str, float | None]] = {
    20003: (Stalled, reasons.CREDENTIALS_REJECTED, _SLOW),
    20005: (Waiting, reasons.ACCOUNT_NOT_READY, _SLOW),
    10001: (Waiting, reasons.ACCOUNT_NOT_READY, _SLOW),
    20409: (Upstream, reasons.TWILIO_UNAVAILABLE, None),
    21421: (Invalid, reasons.NUMBER_UNAVAILABLE, None),
    21422: (Stalled, reasons.NUMBER_UNAVAILABLE, _SLOW),
    21451: (Invalid, reasons.NO_INVENTORY, None),
    21452: (Stalled, reasons.NO_INVENTORY, _SLOW),
    21457: (Invalid, reasons.NO_INVENTORY, None),
    21615: (Invalid, reasons.ADDRESS_REQUIRED, None),
    21631: (Invalid, reasons.ADDRESS_REQUIRED, None),
    21613: (Invalid, reasons.ADDRESS_REQUIRED, None),
    21649: (Invalid, reasons.BUNDLE_REQUIRED, None),
    21650: (Invalid, reasons.BUNDLE_REQUIRED, None),
    21651: (Invalid, reasons.BUNDLE_REQUIRED, None),
    21402: (Invalid, reasons.INVALID_WEBHOOK, None),
    21405: (Invalid, reasons.INVALID_WEBHOOK, None),
    21406: (Invalid, reasons.INVALID_WEBHOOK, None),
    21502: (Invalid, reasons.INVALID_WEBHOOK, None),
    21476: (Waiting, reasons.ACCOUNT_NOT_READY, _SLOW),
    21478: (Stalled, reasons.SUSPENDED_BY_TWILIO, _SLOW),
    21479: (Stalled, reasons.SUBACCOUNT_CLOSED, None),
    21480: (Stalled, reasons.QUOTA_EXCEEDED, _SLOW),
}


def sort_out(error: TwilioError) -> NotReady:
    """What a failed call means for the resource it was made for."""
    text = f"Twilio: {error}"
    if isinstance(error, TwilioThrottled):
        return Upstream(reasons.THROTTLED, text, after=error.retry_after)
    if isinstance(error, TwilioUnavailable):
        return Upstream(reasons.TWILIO_UNAVAILABLE, text, outcome_unknown=error.outcome_unknown)
    known = _BY_CODE.get(error.code or 0)
    if known is None and error.status == 401:
        known = _BY_CODE[20003]
    if known is None:
        return Stalled(reasons.TWILIO_REFUSED, text, after=_SLOW)
    kind, reason, after = known
    return kind(reason, text, after=after)
