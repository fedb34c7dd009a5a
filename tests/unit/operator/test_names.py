"""Names and labels that the operator writes."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard_operator.api import grammar
from switchboard_operator.desired import names

DNS_1035 = re.compile(r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$")
DNS_1123 = re.compile(r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")
TENANT_NAMES = st.from_regex(grammar.SLUG, fullmatch=True)
OBJECT_NAMES = st.from_regex(grammar.OBJECT_NAME, fullmatch=True).filter(lambda text: len(text) <= 63)
REVISIONS = st.from_regex("[0-9a-f]{16}", fullmatch=True)


@given(text=st.text(max_size=100))
def test_names_of_objects_are_dns_labels(text: str) -> None:
    """Whatever a tenant is called, the names of its objects are DNS-1035 labels of at most 63 characters."""
    made = (names.runtime_name(text), names.data_name(text), names.config_name(text, "0123456789abcdef"))

    assert all(DNS_1035.match(name) for name in made), made


@given(text=st.text(max_size=100))
def test_label_values_are_labels(text: str) -> None:
    """Whatever a tenant is called, it can be selected by a label."""
    assert DNS_1123.match(names.label(text))
    assert DNS_1123.match(names.secret_name(text))


@given(first=OBJECT_NAMES, second=OBJECT_NAMES)
@pytest.mark.parametrize("make", [names.runtime_name, names.data_name, names.secret_name, names.label])
def test_distinct_names_stay_distinct(make: Callable[[str], str], first: str, second: str) -> None:
    """Two resources never share an object."""
    assert (make(first) == make(second)) is (first == second)


@pytest.mark.parametrize(
    ("first", "second"),
    [("a.b", "a-b"), ("a" * 63, "a" * 62 + "b"), ("A", "a"), ("muebles.sur", "muebles-sur")],
)
def test_what_is_cut_or_changed_gets_a_hash(first: str, second: str) -> None:
    """Names that would be the same after cleaning or cutting are told apart."""
    assert names.runtime_name(first) != names.runtime_name(second)


@given(tenant=TENANT_NAMES, revision=REVISIONS)
def test_config_name_carries_its_revision(tenant: str, revision: str) -> None:
    """A revision can be told from a ConfigMap's name, however long the tenant's is."""
    assert names.config_name(tenant, revision).endswith(f"-{revision[:10]}")


def test_plain_names_are_kept() -> None:
    """People find a tenant's objects by its name."""
    assert names.runtime_name("muebles-sur") == "bot-muebles-sur"
    assert names.data_name("muebles-sur") == "bot-muebles-sur-data"
    assert names.secret_name("muebles-sur") == "muebles-sur-twilio"


@given(tenant=st.text(max_size=80))
def test_every_object_can_be_selected_by_the_selector(tenant: str) -> None:
    """The labels of objects hold the selector's labels, so that a Deployment selects its own pods."""
    assert names.selector_labels(tenant).items() <= names.object_labels(tenant).items()


def test_digest_does_not_depend_on_the_order_of_keys() -> None:
    """The same content has the same hash, another content another."""
    assert names.digest({"a": 1, "b": [1, 2]}) == names.digest({"b": [1, 2], "a": 1})
    assert names.digest({"a": [1, 2]}) != names.digest({"a": [2, 1]})
