"""From what a pass found to the status that is written."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard_operator import reasons
from switchboard_operator.api.conditions import STATUS_DEFAULT
from switchboard_operator.desired.names import REQUESTED_AT
from switchboard_operator.desired.patches import merge_patch
from switchboard_operator.errors import Invalid, NotReady, Stalled, Upstream, Waiting
from switchboard_operator.reconcile.draft import Draft, Finding, summarise
from tests.support.ports import EPOCH
from tests.support.smallworld import resource

SPEC = {"accountRef": {"name": "main"}}
FAILURES: tuple[type[NotReady], ...] = (Invalid, Stalled, Waiting, Upstream)
LATER = EPOCH + timedelta(hours=1)
CONDITIONS = st.sampled_from(["Synced", "CredentialsReady"])
FINDINGS = st.builds(
    Finding, st.sampled_from(["True", "False"]), st.sampled_from(["Succeeded", "Throttled"]), st.text(max_size=20)
)
DRAFTS = st.builds(
    lambda findings, fields: Draft(findings=findings, fields=fields),
    st.dictionaries(CONDITIONS, FINDINGS),
    st.fixed_dictionaries({}, optional={"sid": st.none() | st.just("AC1"), "secretName": st.just("a")}),
)
PROBLEMS = st.none() | st.builds(
    lambda kind, text: kind(reasons.THROTTLED, text), st.sampled_from(FAILURES), st.text(max_size=20)
)


def sub(status: dict[str, Any] | None = None, **meta: Any) -> Any:
    """A TwilioSubaccount with a status."""
    return resource("TwilioSubaccount", "acme", SPEC, status=status or {}, **meta)


def types(status: Any) -> dict[str, str]:
    """Conditions by type."""
    return {condition.type: condition.status for condition in status.conditions}


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (None, {"Ready": "True"}),
        (Waiting("ProgressingX", "wait"), {"Ready": "False", "Reconciling": "True"}),
        (Upstream("Throttled", "busy"), {"Ready": "False", "Reconciling": "True"}),
        (Stalled("QuotaExceeded", "full"), {"Ready": "False", "Stalled": "True"}),
        (Invalid("CatalogueInvalid", "row 2"), {"Ready": "False", "Stalled": "True"}),
    ],
)
def test_kstatus_reads_the_truth(problem: NotReady | None, expected: dict[str, str]) -> None:
    """Ready is always there; Reconciling and Stalled only while true; reason and message are the problem's."""
    status = summarise(sub(), Draft(), problem, now=EPOCH)

    assert types(status) == expected
    if problem is not None:
        assert {(c.reason, c.message) for c in status.conditions} == {(problem.reason, problem.message)}


def test_a_problem_that_is_over_leaves_nothing_behind() -> None:
    """Stalled and Reconciling go when the pass succeeds."""
    stalled = summarise(sub(), Draft(), Stalled("QuotaExceeded", "full"), now=EPOCH)

    assert types(summarise(sub(stalled.manifest()), Draft(), None, now=LATER)) == {"Ready": "True"}


def test_the_default_status_is_replaced() -> None:
    """What the CRD says before the operator came is gone after the first pass."""
    status = summarise(sub(STATUS_DEFAULT), Draft(), None, now=EPOCH)

    assert status.observed_generation == 1
    assert types(status) == {"Ready": "True"}


@given(draft=DRAFTS, problem=PROBLEMS, generation=st.integers(1, 5))
def test_every_pass_tells_what_it_saw(draft: Draft, problem: NotReady | None, generation: int) -> None:
    """Ready stands first, every condition and the status name the generation that was looked at, failures too."""
    status = summarise(sub(generation=generation), draft, problem, now=EPOCH)

    assert status.conditions[0].type == "Ready"
    assert {status.observed_generation, *(c.observed_generation for c in status.conditions)} == {generation}


@given(draft=DRAFTS, problem=PROBLEMS)
def test_an_unchanged_pass_writes_nothing(draft: Draft, problem: NotReady | None) -> None:
    """The same findings an hour later give an equal status and an empty patch."""
    first = summarise(sub(), draft, problem, now=EPOCH)
    second = summarise(sub(first.manifest()), draft, problem, now=LATER)

    assert second == first
    assert merge_patch(first.manifest(), second.manifest()) == {}


@given(first=PROBLEMS, second=PROBLEMS)
def test_transition_time_is_the_time_of_the_change(first: NotReady | None, second: NotReady | None) -> None:
    """``lastTransitionTime`` moves exactly when ``status`` does, not with reason or message."""
    before = summarise(sub(), Draft(), first, now=EPOCH).condition("Ready")
    former = summarise(sub(), Draft(), first, now=EPOCH)
    after = summarise(sub(former.manifest()), Draft(), second, now=LATER).condition("Ready")

    assert before is not None
    assert after is not None
    assert after.last_transition_time == (EPOCH if before.status == after.status else LATER)


def test_what_was_not_looked_at_is_kept() -> None:
    """A pass that stops early does not forget what a former one found."""
    found = Draft(findings={"CredentialsReady": Finding("True", reasons.SUCCEEDED)}, fields={"secretName": "a"})
    former = summarise(sub(), found, None, now=EPOCH)
    status = summarise(sub(former.manifest()), Draft(), Upstream("Throttled", "busy"), now=LATER)

    assert types(status)["CredentialsReady"] == "True"
    assert status.secret_name == "a"


def test_a_field_can_be_taken_back() -> None:
    """None removes a field from the status."""
    former = summarise(sub(), Draft(fields={"secretName": "a"}), None, now=EPOCH)

    assert summarise(sub(former.manifest()), Draft(fields={"secretName": None}), None, now=EPOCH).secret_name is None


def test_a_step_is_true_or_the_problem_that_stopped_it() -> None:
    """A condition says of its step what happened in it, and the problem goes on."""
    draft = Draft()
    with draft.step("Synced", "done"):
        pass
    with pytest.raises(Stalled), draft.step("CredentialsReady"):
        raise Stalled("SecretConflict", "taken")

    assert draft.findings == {
        "Synced": Finding("True", reasons.SUCCEEDED, "done"),
        "CredentialsReady": Finding("False", "SecretConflict", "taken"),
    }


@pytest.mark.parametrize("token", ["now", "x" * 5000])
def test_a_request_to_look_is_answered_whatever_its_token(token: str) -> None:
    """``lastHandledReconcileAt`` answers the annotation; a token too long for the status breaks nothing."""
    status = summarise(sub(annotations={REQUESTED_AT: token}), Draft(), None, now=EPOCH)

    assert status.last_handled_reconcile_at == token[:256]


@given(text=st.text(max_size=6000))
def test_a_long_message_is_cut(text: str) -> None:
    """No text of Twilio's makes a status that the API server refuses."""
    status = summarise(sub(), Draft(), Stalled("TwilioRefused", text), now=EPOCH)

    assert all(len(condition.message) <= 1024 for condition in status.conditions)


VALUES = st.dictionaries(st.sampled_from("abc"), st.integers(0, 3) | st.lists(st.integers(0, 3), max_size=2))


@given(former=VALUES, wanted=VALUES)
def test_a_status_patch_leads_from_one_to_the_other(former: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Applied as a merge patch, the former status becomes the wanted one; equal ones need no patch."""
    patch = merge_patch(former, wanted)
    applied = {key: value for key, value in (former | patch).items() if value is not None}

    assert applied == wanted
    assert (patch == {}) is (former == wanted)
