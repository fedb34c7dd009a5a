"""What each refusal of Twilio means, and who must act."""

import pytest

from switchboard_operator import reasons
from switchboard_operator.adapters import twilio_errors
from switchboard_operator.adapters.twilio_errors import sort_out
from switchboard_operator.errors import Invalid, NotReady, Stalled, Upstream, Waiting
from switchboard_twilio import TwilioRefused, TwilioThrottled, TwilioUnavailable

TABLE: dict[int, tuple[type[NotReady], str]] = {
    10001: (Waiting, "AccountNotReady"),
    20003: (Stalled, "CredentialsRejected"),
    20005: (Waiting, "AccountNotReady"),
    20409: (Upstream, "TwilioUnavailable"),
    21402: (Invalid, "InvalidWebhook"),
    21405: (Invalid, "InvalidWebhook"),
    21406: (Invalid, "InvalidWebhook"),
    21421: (Invalid, "NumberUnavailable"),
    21422: (Stalled, "NumberUnavailable"),
    21451: (Invalid, "NoInventory"),
    21452: (Stalled, "NoInventory"),
    21457: (Invalid, "NoInventory"),
    21476: (Waiting, "AccountNotReady"),
    21478: (Stalled, "SuspendedByTwilio"),
    21479: (Stalled, "SubaccountClosed"),
    21480: (Stalled, "QuotaExceeded"),
    21502: (Invalid, "InvalidWebhook"),
    21613: (Invalid, "AddressRequired"),
    21615: (Invalid, "AddressRequired"),
    21631: (Invalid, "AddressRequired"),
    21649: (Invalid, "BundleRequired"),
    21650: (Invalid, "BundleRequired"),
    21651: (Invalid, "BundleRequired"),
}


def refused(*, status: int = 400, code: int | None = None) -> NotReady:
    """What a refusal becomes."""
    return sort_out(TwilioRefused(method="POST", path="/api/x", message="no", status=status, code=code))


@pytest.mark.parametrize(("code", "meaning"), TABLE.items())
def test_each_code_has_its_meaning(code: int, meaning: tuple[type[NotReady], str]) -> None:
    """Class, reason and Twilio's own words reach the condition."""
    problem = refused(code=code)

    assert (type(problem), problem.reason) == meaning
    assert f"error {code}" in problem.message
    assert "no" in problem.message


def test_the_table_is_whole() -> None:
    """A code that is added there is stated here."""
    assert twilio_errors._BY_CODE.keys() == TABLE.keys()


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (401, Stalled, reasons.CREDENTIALS_REJECTED),
        (400, Stalled, reasons.TWILIO_REFUSED),
        (403, Stalled, "TwilioRefused"),
    ],
)
def test_an_unknown_refusal_waits_for_a_human(status: int, kind: type[NotReady], reason: str) -> None:
    """What nobody foresaw is shown and tried again slowly; 401 is about credentials, whatever its code."""
    problem = refused(status=status, code=99999)

    assert (type(problem), problem.reason) == (kind, reason)
    assert problem.after
    assert problem.after >= 60


def test_a_throttle_waits_as_long_as_twilio_says() -> None:
    """Nothing was done, and it may be sent again."""
    problem = sort_out(TwilioThrottled(method="POST", path="/api/x", message="slow", status=429, retry_after=7.0))

    assert isinstance(problem, Upstream)
    assert (problem.reason, problem.after, problem.outcome_unknown) == (reasons.THROTTLED, 7.0, False)


@pytest.mark.parametrize("unknown", [True, False])
def test_a_lost_answer_says_whether_it_may_have_acted(*, unknown: bool) -> None:
    """The caller looks up before it repeats, but only where it must."""
    problem = sort_out(TwilioUnavailable(method="POST", path="/api/x", message="timed out", outcome_unknown=unknown))

    assert isinstance(problem, Upstream)
    assert (problem.reason, problem.outcome_unknown) == (reasons.TWILIO_UNAVAILABLE, unknown)
