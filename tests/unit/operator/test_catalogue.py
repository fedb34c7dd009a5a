"""Catalogues: three formats, one meaning; every refusal says where and what to do."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard_operator import reasons
from switchboard_operator.desired.catalogue import KEYS, STATUSES, parse_catalogue
from switchboard_operator.errors import Invalid

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
ROWS = st.dictionaries(
    st.sampled_from(["name", "price", "currency", "stock", "status", "aliases", "description", "colour"]),
    SCALARS | st.lists(SCALARS, max_size=3),
)
WHOLE = {
    "name": "Mesa Pampa",
    "price": "120000.50",
    "currency": "ARS",
    "stock": 4,
    "status": "Active",
    "aliases": ["mesa", "tabla"],
    "description": "De roble",
}
YAML = """
- name: Mesa Pampa
  price: 120000.50
  currency: ARS
  stock: 4
  aliases: [mesa, tabla]
  description: De roble
"""
CSV = """name,price,currency,stock,status,aliases,description
Mesa Pampa,120000.50,ARS,4,Active,mesa|tabla,De roble
"""


def one(key: str, text: str) -> Any:
    """The only product of a catalogue."""
    products = parse_catalogue("menu", {key: text})
    assert len(products) == 1
    return products[0]


def refused(key: str, text: str) -> str:
    """The text of the refusal."""
    with pytest.raises(Invalid) as refusal:
        parse_catalogue("menu", {key: text})
    assert refusal.value.reason == reasons.CATALOGUE_INVALID
    return refusal.value.message


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("catalogue.yaml", YAML),
        ("catalogue.json", json.dumps([WHOLE])),
        ("catalogue.csv", CSV),
        ("catalogue.csv", "\ufeff" + CSV),
        ("catalogue.csv", CSV.replace("\n", "\r\n")),
        ("catalogue.csv", CSV.replace("\n", "\r")),
    ],
)
def test_formats_mean_the_same(key: str, text: str) -> None:
    """YAML, JSON and CSV, from whatever system, give the same product."""
    product = one(key, text)

    assert product == WHOLE


@pytest.mark.parametrize("name", ["no", "2026", "1.10", "2026-01-01", "yes", "0x10"])
def test_names_are_taken_as_written(name: str) -> None:
    """YAML's guesses do not rename a product."""
    assert one("catalogue.yaml", f"- name: {name}")["name"] == name


@pytest.mark.parametrize("more", ["currency: ARS", "status: Draft", "status: Discontinued"])
def test_a_name_may_be_there_twice_where_it_can_be_told_apart(more: str) -> None:
    """In another currency, or when only one of them is spoken of."""
    assert len(parse_catalogue("menu", {"catalogue.yaml": f"- {{name: a}}\n- {{name: a, {more}}}"})) == 2


def test_only_the_name_is_needed() -> None:
    """What is not said is absent; a product is Active unless it says otherwise."""
    absent = dict.fromkeys(("price", "currency", "stock", "description"))
    expected: dict[str, Any] = {"name": "Mesa", "status": "Active", "aliases": [], **absent}

    assert one("catalogue.yaml", "- name: Mesa") == expected
    assert one("catalogue.csv", "name,price,stock\nMesa,,\n") == expected


def test_json_escapes_of_emoji_are_read() -> None:
    """``json.dumps`` writes an emoji as two escapes; they are one character."""
    assert one("catalogue.json", json.dumps([{"name": "Café ☕ 🛋"}]))["name"] == "Café ☕ 🛋"


@pytest.mark.parametrize(
    ("written", "read"),
    [("1200.50", "1200.50"), ("0", "0"), ("1e3", "1000"), ('"12"', "12"), ("1_000", "1000"), ("0.10", "0.10")],
)
def test_prices_are_plain_decimals(written: str, read: str) -> None:
    """A price is said to people as it was written, never as a float."""
    assert one("catalogue.yaml", f"- {{name: Mesa, price: {written}}}")["price"] == read


@pytest.mark.parametrize(
    ("key", "text", "parts"),
    [
        ("menu.yaml", "- name: a", ["catalogue.yaml", "catalogue.json", "catalogue.csv", "add one"]),
        ("catalogue.yaml", "- [", ["catalogue.yaml", "is no YAML"]),
        ("catalogue.yaml", "- !!timestamp 2001-99-99", ["catalogue.yaml", "is no YAML"]),
        ("catalogue.yaml", "- !!python/object:os.system x", ["catalogue.yaml", "is no YAML"]),
        ("catalogue.yaml", "- &a {name: b}\n- {<<: *a}", ["row 2", "<<", "is unknown"]),
        ("catalogue.yaml", "[" * 2000, ["catalogue.yaml", "is no YAML"]),
        ("catalogue.yaml", "name: Mesa", ["must be a list of products"]),
        ("catalogue.yaml", "- Mesa", ["must be a list of products"]),
        ("catalogue.json", "{", ["catalogue.json", "is no JSON"]),
        ("catalogue.json", "[" * 100_000, ["catalogue.json", "is no JSON"]),
        ("catalogue.csv", 'name\n"' + "x" * 200_000, ["catalogue.csv", "is no CSV"]),
        ("catalogue.yaml", "- {name: a}\n- {price: 1}", ["row 2", "name", "is missing"]),
        ("catalogue.yaml", "- {name: [a]}", ["row 1", "name", "text or number"]),
        ("catalogue.yaml", "- {name: a, description: {b: c}}", ["row 1", "description", "text or number"]),
        ("catalogue.yaml", "- {name: a, aliases: [[b]]}", ["row 1", "aliases", "list of words"]),
        ("catalogue.yaml", "- {name: a, aliases: {b: c}}", ["row 1", "aliases", "list of words"]),
        ("catalogue.json", '[{"name": "\\ud800"}]', ["row 1", "name", "half a character"]),
        ("catalogue.yaml", "- {name: a, colour: red}", ["row 1", "colour", "is unknown", "use aliases, currency"]),
        ("catalogue.yaml", "- {name: a, status: Sold}", ["row 1", "status", "'Sold'", "use Active, Draft"]),
        ("catalogue.yaml", "- {name: a, price: cheap}", ["row 1", "price", "'cheap'", "such as 1200.50"]),
        ("catalogue.yaml", "- {name: a, price: -1}", ["row 1", "price", "such as 1200.50"]),
        ("catalogue.yaml", "- {name: a, price: .nan}", ["row 1", "price", "such as 1200.50"]),
        ("catalogue.yaml", "- {name: a, price: '1e99999999'}", ["row 1", "price", "such as 1200.50"]),
        ("catalogue.yaml", "- {name: a, price: '1e-99999999'}", ["row 1", "price", "such as 1200.50"]),
        ("catalogue.yaml", "- {name: a, stock: some}", ["row 1", "stock", "'some'", "a whole number"]),
        ("catalogue.yaml", "- {name: a, stock: '²'}", ["row 1", "stock", "a whole number"]),
        ("catalogue.yaml", "- {name: a, stock: -1}", ["row 1", "stock", "a whole number"]),
        ("catalogue.yaml", f"- {{name: a, stock: '{'9' * 5000}'}}", ["row 1", "stock", "a whole number"]),
        ("catalogue.csv", "name,price\na,1,2\n", ["row 1", "more cells than the header"]),
        ("catalogue.csv", "name,price\na,x\n", ["row 1", "price", "'x'"]),
        ("catalogue.yaml", "- {name: a, price: -0}", ["row 1", "price", "such as 1200.50"]),
        ("catalogue.yaml", "- {name: '?!'}", ["row 1", "name", "'?!'", "no word in it"]),
        ("catalogue.yaml", "- {name: a, aliases: [b, '?!']}", ["row 1", "aliases", "'?!'", "no word in it"]),
        ("catalogue.yaml", "- {name: a}\n- {name: A}", ["row 2", "name", "'A'", "row 1", "a name of its own"]),
        ("catalogue.csv", "name,price,price\na,1,2\n", ["catalogue.csv", "'price' is there twice; remove one"]),
        ("catalogue.json", '[{"name": "a", "name": "b"}]', ["catalogue.json", "'name' is there twice; remove one"]),
        ("catalogue.yaml", "- {name: a, name: b}", ["catalogue.yaml", "'name' is there twice; remove one"]),
    ],
)
def test_refusal_says_where_and_what_to_do(key: str, text: str, parts: list[str]) -> None:
    """The ConfigMap, the row, the field and the cure stand in the message, and it stays short."""
    message = refused(key, text)

    assert message.startswith("ConfigMap menu")
    assert all(part in message for part in parts), message
    assert len(message) < 400


def test_many_aliases_of_one_anchor_do_not_grow() -> None:
    """A few lines of YAML anchors are refused, not expanded."""
    lines = ["- &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"- &{b} [{', '.join([f'*{a}'] * 10)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]

    assert "list of products" in refused("catalogue.yaml", "\n".join(lines))
    assert "aliases" in refused(
        "catalogue.yaml",
        "- name: x\n  aliases:\n" + "\n".join(f"  {line}" for line in lines),
    )


@settings(max_examples=200, deadline=None)
@given(key=st.sampled_from(KEYS), text=st.text(max_size=200) | st.text("[]{}:-&*!'\",\\\r\n\tnameu0d8 ", max_size=60))
def test_any_text_is_read_or_refused(key: str, text: str) -> None:
    """No text in a tenant's ConfigMap breaks a pass."""
    try:
        products = parse_catalogue("menu", {key: text})
    except Invalid as refusal:
        products = []
        told = refusal.message
    else:
        told = "ConfigMap menu"

    assert isinstance(products, list)
    assert told.startswith("ConfigMap menu")


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(ROWS, max_size=3))
def test_what_is_read_is_clean(rows: list[dict[str, Any]]) -> None:
    """Every product that comes out has a name, a known status, and only JSON that can be written."""
    try:
        products = parse_catalogue("menu", {"catalogue.json": json.dumps(rows)})
    except Invalid:
        return
    assert all(product["name"].strip() and product["status"] in STATUSES for product in products)
    assert all(alias for product in products for alias in product["aliases"])
    assert json.dumps(products, ensure_ascii=False).encode()
