"""Ownership marks: whose a thing at Twilio is."""

from hypothesis import given
from hypothesis import strategies as st

from switchboard_operator.desired.marks import (
    FRIENDLY_NAME_LENGTH,
    Kinship,
    Mark,
    friendly_name,
    mark_of,
    parse_mark,
)

LABELS = st.text(max_size=200)
WORDS = st.text(st.characters(codec="ascii", categories=("Ll", "Nd")), min_size=1, max_size=12)


def mark(
    *, installation: str = "one", kind: str = "BotNumber", namespace: str = "acme", name: str = "a", uid: str = "u"
) -> Mark:
    """A mark, of which a test changes one part."""
    return mark_of(installation=installation, kind=kind, namespace=namespace, name=name, uid=uid)


@given(label=LABELS, uid=WORDS)
def test_name_fits_twilio_and_keeps_the_mark(label: str, uid: str) -> None:
    """Whatever the label, the FriendlyName has at most 64 characters, no outer blanks, and reads back."""
    name = friendly_name(label, mark(uid=uid))

    assert len(name) <= FRIENDLY_NAME_LENGTH
    assert name == name.strip()
    assert parse_mark(name) == mark(uid=uid)
    assert mark(uid=uid).kinship(name) is Kinship.OURS


@given(label=LABELS, first=WORDS, second=WORDS)
def test_another_uid_is_an_earlier_life(label: str, first: str, second: str) -> None:
    """The same name under another UID is kin, and not ours."""
    kinship = mark(uid=first).kinship(friendly_name(label, mark(uid=second)))

    assert kinship is (Kinship.OURS if first == second else Kinship.EARLIER_LIFE)


@given(part=st.sampled_from(["installation", "kind", "namespace", "name"]), value=WORDS)
def test_another_place_is_foreign(part: str, value: str) -> None:
    """Another installation, kind, namespace or name is somebody else, even under the same UID."""
    other = mark(**{part: f"{value}-other"})

    assert mark().kinship(friendly_name("acme/a", other)) is Kinship.FOREIGN


@given(text=LABELS)
def test_a_name_without_a_mark_is_foreign(text: str) -> None:
    """What people write in Twilio's Console is never taken for ours."""
    assert mark().kinship(text) is Kinship.FOREIGN


def test_a_mark_counts_at_the_end_only() -> None:
    """Who quotes our mark in the middle of a name does not own what we own."""
    ours = friendly_name("acme/a", mark())

    assert parse_mark(f"{ours} (copy)") is None
    assert parse_mark(f"x{ours.split()[-1]}") is None


def test_parts_of_a_mark_do_not_run_into_one_another() -> None:
    """``ab``/``c`` and ``a``/``bc`` are two resources."""
    assert mark(namespace="ab", name="c") != mark(namespace="a", name="bc")
