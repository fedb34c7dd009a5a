"""The decision about a thing at Twilio: a table read from top to bottom, and what never happens."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard_operator.reconcile.decide import Seen, Step, decide
from switchboard_operator.reconcile.intents import Intent
from tests.support.ports import EPOCH

FRESH = Intent(at=EPOCH, subject="", fresh=True)
USED = Intent(at=EPOCH, subject="", fresh=False)


@pytest.mark.parametrize(
    ("seen", "step"),
    [
        (Seen(sid=None, observed=None, intent=None), Step.INTEND),
        (Seen(sid=None, observed=None, intent=None, matches=[]), Step.INTEND),
        (Seen(sid=None, observed=None, intent=None, matches=["a"]), Step.ADOPT),
        (Seen(sid=None, observed=None, intent=None, matches=["a", "b"]), Step.AMBIGUOUS),
        (Seen(sid=None, observed=None, intent=FRESH), Step.CREATE),
        (Seen(sid=None, observed=None, intent=FRESH, grace_left=5), Step.CREATE),
        (Seen(sid=None, observed=None, intent=USED), Step.LOOK_UP),
        (Seen(sid=None, observed=None, intent=USED, grace_left=5), Step.LOOK_UP),
        (Seen(sid=None, observed=None, intent=USED, matches=[], grace_left=5), Step.WAIT),
        (Seen(sid=None, observed=None, intent=USED, matches=[], grace_left=0), Step.INTEND),
        (Seen(sid=None, observed=None, intent=USED, matches=[], grace_left=-5), Step.INTEND),
        (Seen(sid=None, observed=None, intent=USED, matches=["a"]), Step.ADOPT),
        (Seen(sid=None, observed=None, intent=USED, matches=["a", "b"]), Step.AMBIGUOUS),
        (Seen(sid="S", observed="a", intent=None), Step.KEEP),
        (Seen(sid="S", observed="a", intent=USED), Step.KEEP),
        (Seen(sid="S", observed=None, intent=None), Step.MISSING),
        (Seen(sid="S", observed=None, intent=USED), Step.MISSING),
    ],
)
def test_table(seen: Seen[str], step: Step) -> None:
    """Each situation has one next step."""
    assert decide(seen) is step


INTENTS = st.none() | st.builds(
    Intent,
    at=st.timedeltas(timedelta(), timedelta(days=1)).map(lambda age: EPOCH - age),
    subject=st.just(""),
    fresh=st.booleans(),
)
SEEN = st.builds(
    Seen,
    sid=st.none() | st.just("S"),
    observed=st.none() | st.just("a"),
    intent=INTENTS,
    matches=st.none() | st.lists(st.sampled_from("abc"), max_size=3),
    grace_left=st.floats(-100, 100),
)


@given(seen=SEEN)
def test_nothing_is_made_twice(seen: Seen[str]) -> None:
    """A create needs a fresh intent; what is recorded is never created; of two matches none is chosen."""
    step = decide(seen)

    assert step is not Step.CREATE or (seen.intent is not None and seen.intent.fresh and not seen.matches)
    assert seen.sid is None or step in {Step.KEEP, Step.MISSING}
    assert step is not Step.ADOPT or len(seen.matches or ()) == 1
    if seen.sid is None and len(seen.matches or ()) > 1:
        assert step is Step.AMBIGUOUS


@given(seen=SEEN)
def test_an_intent_of_unknown_outcome_is_looked_up_before_another(seen: Seen[str]) -> None:
    """A second intent follows a look-up that found nothing and the grace time, never a guess."""
    if seen.intent is not None and decide(seen) is Step.INTEND:
        assert not seen.intent.fresh
        assert seen.matches == []
        assert seen.grace_left <= 0
