"""Forms are read as the standard library reads them."""

from __future__ import annotations

from urllib.parse import parse_qsl

from hypothesis import example, given
from hypothesis import strategies as st

from switchboard_runtime.edge.body import form_pairs

MOST = 500
PIECES = st.sampled_from(
    ["&", "=", "+", "%", "%2B", "%C3%A9", "%c3", "%A9", "%26", "%3d", "%zz", "a", "To", "é", "😀", " "]
)


@given(st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=60))
@example("")
@example("&")
@example("=")
@example("a=1&&b=2&a=3&c&=d")
@example("é=%C3%A9+%")
def test_a_form_is_what_parse_qsl_says(text: str) -> None:
    """Fields in order, blank ones kept; none at all, or an escape that is no UTF-8, is no form."""
    try:
        expected = parse_qsl(text, keep_blank_values=True, errors="strict") or None
    except ValueError:
        expected = None

    assert form_pairs(text.encode("utf-8", "surrogatepass")) == (expected if _encodable(text) else None)


@given(st.binary(max_size=40))
def test_any_bytes_are_a_form_or_none(body: bytes) -> None:
    """Never an error."""
    pairs = form_pairs(body)

    assert pairs is None or all(isinstance(part, str) for pair in pairs for part in pair)


def test_a_form_of_more_fields_than_any_of_twilios_is_none() -> None:
    """As in the library, separators count."""
    assert len(form_pairs(b"&".join([b"a=1"] * MOST)) or []) == MOST
    assert form_pairs(b"&".join([b"a=1"] * (MOST + 1))) is None


def _encodable(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)
