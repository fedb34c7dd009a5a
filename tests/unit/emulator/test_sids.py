"""The grammar of SIDs, tokens and secrets."""

from __future__ import annotations

import re
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from twilio_emulator.sids import SidFactory, is_sid

PREFIXES = st.sampled_from(["AC", "PN", "SK", "SM", "MM"])


@given(seed=st.integers(), prefix=PREFIXES)
def test_a_made_sid_is_one_of_its_kind_only(seed: int, prefix: str) -> None:
    """Two letters and 32 hexadecimal digits; another prefix does not take it."""
    sid = SidFactory(Random(seed)).sid(prefix)

    assert re.fullmatch(f"{prefix}[0-9a-f]{{32}}", sid)
    assert is_sid(sid, prefix)
    assert not is_sid(sid, "XX")


@given(text=st.text())
def test_what_is_no_sid_is_not_taken_for_one(text: str) -> None:
    """Whatever the text, the answer is that of the documents' pattern."""
    assert is_sid(text, "AC") == bool(re.fullmatch(r"AC[0-9a-fA-F]{32}", text))


@given(seed=st.integers())
def test_one_seed_makes_one_sequence(seed: int) -> None:
    """Identifiers are repeatable for who gives the randomness."""
    first, second = SidFactory(Random(seed)), SidFactory(Random(seed))

    assert [first.token(), first.secret(), first.sid("AC")] == [second.token(), second.secret(), second.sid("AC")]


def test_without_a_seed_nothing_repeats() -> None:
    """Tokens, secrets and SIDs are the operating system's randomness."""
    made = [SidFactory().token() for _ in range(1000)]

    assert len(set(made)) == 1000
    assert re.fullmatch("[0-9A-Za-z]{32}", SidFactory().secret())
