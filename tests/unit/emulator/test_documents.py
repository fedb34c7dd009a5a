"""JSON bodies read field by field: what is given comes back, what cannot be used is named, nothing else happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twilio_emulator.content.types import read_types, texts_of
from twilio_emulator.documents import Document
from twilio_emulator.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable

TEXTS = st.text(alphabet=st.characters(), max_size=20)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
READERS: dict[str, Callable[[Document], Any]] = {
    "text": lambda document: document.text("field"),
    "texts": lambda document: document.texts("field"),
    "choice": lambda document: document.choice("field", ["a", "b"]),
    "url": lambda document: document.url("field"),
    "flag": lambda document: document.flag("field"),
    "number": lambda document: document.number("field", least=-1, most=1),
    "part": lambda document: document.part("field").names(),
    "parts": lambda document: document.parts("field"),
}


def refusal_of(read: Callable[[Document], Any], document: Document) -> ApiError | None:
    """Return why a document cannot be read, None when it can."""
    try:
        read(document)
    except ApiError as refused:
        return refused
    return None


@pytest.mark.parametrize("reader", READERS)
@given(value=ANYTHING)
def test_whatever_is_given_is_read_or_refused_by_name(reader: str, value: object) -> None:
    """With the code that the document was given."""
    refused = refusal_of(READERS[reader], Document({"field": value}, path="body", code=63100))
    if refused:
        assert (refused.status, refused.code) == (400, 63100)
        assert "body.field" in refused.message


@pytest.mark.parametrize("reader", READERS)
def test_null_is_not_given(reader: str) -> None:
    """The SDK writes null for whatever it has no value for."""
    assert not READERS[reader](Document({"field": None}))
    assert not READERS[reader](Document({}))
    assert "field" not in Document({"field": None})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400, -(10**400), True, "1"])
def test_a_number_is_finite(value: object) -> None:
    """And no truth and no text."""
    with pytest.raises(ApiError, match="field"):
        Document({"field": value}).number("field")


def test_the_place_of_a_refusal_is_told_in_full() -> None:
    """Through objects and lists."""
    document = Document({"a": {"b": [{"c": 1}]}})
    (item,) = document.part("a").parts("b") or []

    with pytest.raises(ApiError, match=r"Invalid a\.b\[0\]\.c"):
        item.text("c")


def test_a_list_too_long_is_refused() -> None:
    """Before its items are looked at."""
    with pytest.raises(ApiError, match="at most 100"):
        Document({"field": ["x"] * 101}).texts("field")


KINDS = st.sampled_from(["twilio/text", "twilio/card", "twilio/list-picker", "twilio/flows", "whatsapp/card", "other"])


@given(types=st.dictionaries(KINDS, st.dictionaries(st.sampled_from(["body", "actions", "items", "media"]), ANYTHING)))
def test_any_types_are_read_or_refused(types: dict[str, object]) -> None:
    """A template's texts can be listed whatever it is made of."""
    refused = refusal_of(read_types, Document(types, path="types"))
    if refused:
        assert (refused.status, refused.code) == (400, 20001)
        assert "types." in refused.message
    else:
        assert all(isinstance(text, str) for text in texts_of(types))
