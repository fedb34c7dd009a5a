"""From one JSON document to another."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard_operator.desired.patches import merge_patch, same_value

_leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=4)
_keys = st.sampled_from("abc")
_documents = st.dictionaries(
    _keys,
    st.recursive(
        _leaves.filter(lambda leaf: leaf is not None),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_keys, inner, max_size=3),
        max_leaves=6,
    ),
    max_size=3,
)


def _apply(target: Any, patch: Any) -> Any:
    """RFC 7386, section 2, word for word."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = _apply(result.get(name), value)
    return result


@given(former=_documents, wanted=_documents)
def test_a_merge_patch_leads_from_one_to_the_other(former: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Applied as the RFC says, it gives what is wanted; between equals it is empty."""
    assert _apply(former, merge_patch(former, wanted)) == wanted
    assert merge_patch(wanted, wanted) == {}


@pytest.mark.parametrize(
    ("live", "wanted", "same"),
    [
        ("1", "1000m", True),
        ("1", 1, True),
        ("500m", "0.5", True),
        ("1Gi", "1024Mi", True),
        ("1G", "1Gi", False),
        ("25m", "26m", False),
        ("1", True, False),
        ("text", "text", True),
        ("text", "other", False),
        (None, "1", False),
    ],
)
def test_one_quantity_in_two_spellings_is_the_same(live: object, wanted: object, same: bool) -> None:
    """What the API server normalised is no drift."""
    assert same_value(live, wanted) is same
