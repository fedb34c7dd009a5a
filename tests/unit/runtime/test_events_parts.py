"""When a delivery is tried again, how it is signed, and which secrets are refused."""

from __future__ import annotations

import base64
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from switchboard_runtime.config import TenantDocument
from switchboard_runtime.errors import ConfigurationError
from switchboard_runtime.events import check_secrets
from switchboard_runtime.events.schedule import ATTEMPTS, Answered, Dead, Delivered, Ended, Later, Passed, Step, decide
from switchboard_runtime.events.signing import keys_of, signed_headers
from tests.unit.runtime.kit import document

NOW = 1_700_000_000.0
DAY = 86400.0
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(40, 72))).decode()


@given(status=st.integers(200, 299), attempts=st.integers(1, ATTEMPTS))
def test_any_2xx_is_told(status: int, attempts: int) -> None:
    """However often it failed before."""
    assert isinstance(
        decide(Answered(status=status), attempts=attempts, failing_since=NOW, now=NOW, chance=0.5), Delivered
    )


NOT_NOW = {408, 425, 429}
FAILURES = st.one_of(
    st.none(), st.integers(100, 199), st.integers(300, 399), st.integers(500, 599), st.sampled_from(sorted(NOT_NOW))
)
REFUSALS = st.integers(400, 499).filter(lambda status: status not in {*NOT_NOW, 410})


@given(
    status=FAILURES,
    attempts=st.integers(1, ATTEMPTS - 1),
    wish=st.one_of(st.none(), st.floats(0, 1e9)),
    chance=st.floats(0, 1),
    refused=st.integers(0, 20),
)
def test_what_failed_is_tried_later_within_a_day_and_a_tenth(
    status: int | None, attempts: int, wish: float | None, chance: float, refused: int
) -> None:
    """Whatever the endpoint asks for, and nothing before it; a redirect is a failure too."""
    answer = Answered(status=status, problem=None if status else "no answer", retry_after=wish)

    step = decide(answer, attempts=attempts, failing_since=None, now=NOW, chance=chance, refused=refused)

    assert isinstance(step, Later)
    assert NOW + 5 <= step.due <= NOW + 1.1 * DAY
    assert step.due >= NOW + min(wish or 0, DAY)


@given(status=REFUSALS, attempts=st.integers(1, ATTEMPTS - 1), wish=st.one_of(st.none(), st.floats(0, 1e9)))
def test_what_is_refused_is_tried_in_its_own_time_and_lets_others_pass(
    status: int, attempts: int, wish: float | None
) -> None:
    """At the times at which it would be tried anyhow."""
    answer = Answered(status=status, retry_after=wish)

    step = decide(answer, attempts=attempts, failing_since=None, now=NOW, chance=0.0)
    held = decide(Answered(status=500, retry_after=wish), attempts=attempts, failing_since=None, now=NOW, chance=0.0)

    assert isinstance(step, Passed)
    assert isinstance(held, Later)
    assert (step.due, step.pause) == (held.due, None)


@given(status=REFUSALS, refused=st.integers(1, 40))
def test_an_endpoint_that_refuses_one_event_after_the_other_is_left_alone_longer_and_longer(
    status: int, refused: int
) -> None:
    """It is not the events then: the address, the secret, a rule in front of it."""
    pauses = [
        decide(Answered(status=status), attempts=1, failing_since=NOW, now=NOW, chance=0.0, refused=times)
        for times in (refused, refused + 1)
    ]

    shorter, longer = [step.pause for step in pauses if isinstance(step, Passed) and step.pause is not None]
    assert NOW + 5 <= shorter <= longer <= NOW + DAY
    assert shorter < longer or longer == NOW + DAY


@given(status=st.one_of(FAILURES, REFUSALS), attempts=st.integers(2, ATTEMPTS - 1), refused=st.integers(0, 20))
def test_what_was_passed_once_never_holds_up_anything(status: int | None, attempts: int, refused: int) -> None:
    """Whatever it meets when it is tried again: those after it do not wait for it any more."""
    step = decide(
        Answered(status=status), attempts=attempts, failing_since=NOW, now=NOW, chance=0.0, passed=True, refused=refused
    )

    assert isinstance(step, Passed)
    assert step.pause is None


def test_a_delivery_is_given_up_after_three_days_of_attempts() -> None:
    """The schedule that the standard recommends."""
    at, attempts = NOW, 0
    steps: list[Step] = []
    while not steps or isinstance(steps[-1], Later):
        attempts += 1
        steps.append(decide(Answered(status=500), attempts=attempts, failing_since=NOW, now=at, chance=0.0))
        at = steps[-1].due if isinstance(steps[-1], Later) else at

    assert isinstance(steps[-1], Dead)
    assert len(steps) == 10
    assert 3 * DAY < at - NOW < 4 * DAY


def test_an_endpoint_ends_after_five_days_without_a_success() -> None:
    """And not an hour sooner."""
    late = decide(Answered(status=500), attempts=2, failing_since=NOW, now=NOW + 5 * DAY, chance=0.0)
    sooner = decide(Answered(status=500), attempts=2, failing_since=NOW, now=NOW + 5 * DAY - 3600, chance=0.0)

    assert isinstance(late, Ended)
    assert "5 days" in late.reason
    assert isinstance(sooner, Later)


def test_an_endpoint_that_is_gone_ends_at_once() -> None:
    """As the standard says of 410."""
    assert isinstance(decide(Answered(status=410), attempts=1, failing_since=None, now=NOW, chance=0.0), Ended)


@given(body=st.dictionaries(st.text(), st.text()))
def test_the_standards_own_library_accepts_the_signature(body: dict[str, str]) -> None:
    """Of any JSON."""
    raw = json.dumps(body).encode()

    headers = signed_headers(keys_of(SECRET), event_id="msg_1", body=raw, now=time.time())

    assert Webhook(SECRET).verify(raw, dict(headers)) == body


def test_both_secrets_of_a_rotation_verify_and_no_third() -> None:
    """So the receiver changes when it likes."""
    headers = dict(signed_headers(keys_of(f"{SECRET}\n{OTHER}\n"), event_id="msg_1", body=b"{}", now=time.time()))

    assert Webhook(SECRET).verify(b"{}", headers) == {}
    assert Webhook(OTHER).verify(b"{}", headers) == {}
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + base64.b64encode(bytes(24)).decode()).verify(b"{}", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(b"{} ", headers)


@pytest.mark.parametrize(
    "content",
    ["", "hunter2", "whsec_", "whsec_c2hvcnQ=", "whsec_not base64", "whsec_!!!!", f"{SECRET} {SECRET} {SECRET}"],
)
def test_what_is_no_secret_is_refused_by_name_and_not_shown(content: str) -> None:
    """A tenant whose endpoint cannot be signed for is not served."""
    endpoint = {"name": "crm", "url": "https://crm.example.com/hook", "secret": "crmSecret"}
    tenant = TenantDocument.model_validate_json(json.dumps(document(webhooks=[endpoint])))

    with pytest.raises(ConfigurationError) as refused:
        check_secrets(tenant, secret=lambda name: content if name == "crmSecret" else None)

    assert "webhooks[crm].secret: credentials file 'crmSecret'" in str(refused.value)
    assert "whsec_ and the base64" in str(refused.value) or "secrets; put one there" in str(refused.value)
    assert len(content) <= len("whsec_") or content not in str(refused.value)


def test_two_endpoints_of_one_name_are_refused() -> None:
    """Their deliveries could not be told apart."""
    endpoint = {"name": "crm", "url": "https://crm.example.com/hook", "secret": "crmSecret"}

    with pytest.raises(ValueError, match="webhooks: 'crm' is there twice"):
        TenantDocument.model_validate_json(json.dumps(document(webhooks=[endpoint, endpoint])))
