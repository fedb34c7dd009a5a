"""What the script assistant says, and what it never says."""

from __future__ import annotations

import json
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from switchboard_runtime.assistants import Question
from switchboard_runtime.assistants.catalogue import find_products
from switchboard_runtime.assistants.languages import choose_language
from switchboard_runtime.assistants.script import answer_by_script
from switchboard_runtime.assistants.words import words
from switchboard_runtime.config import Assistant, Product

PRODUCTS = (
    Product(name="Mesa Pampa", price="120000", currency="ARS", stock=4, aliases=("mesa",)),
    Product(name="Mesa Andes", price="98000", currency="ARS", stock=0, aliases=("mesa",)),
    Product(name="Sillón Río", price="250000", currency="ARS", stock=2),
    Product(name="Silla Nórdica", price=None, stock=None),
    Product(name="Cama Queen", price="400000", currency="ARS", status="Draft"),
    Product(name="Mesa Vieja", price="1", currency="ARS", status="Discontinued"),
)

SCRIPT: dict[str, Any] = {
    "name": "ventas",
    "products": [],
    "script": {
        "rules": [
            {"when": {"matches": ["hola", "buenas tardes"]}, "reply": {"es": "¡Hola!", "en": "Hello!"}},
            {"when": {"matches": ["envío"]}, "reply": {"es": "Enviamos a todo el país."}},
            {
                "when": {"catalogue": True},
                "reply": {"es": "{name}: {price} {currency}, {stock} en stock, {status}."},
            },
        ],
        "otherwise": {"es": "No entendí.", "en": "I did not understand."},
    },
}


def ask(text: str, *, language: str = "es", products: tuple[Product, ...] = PRODUCTS) -> str | None:
    """The script's answer."""
    assistant = Assistant.model_validate_json(json.dumps(SCRIPT)).model_copy(update={"products": products})
    question = Question(text=text, language=language, languages=("es", "en"), display_name="Sur")
    said = answer_by_script(assistant, question)
    return said.text if said else None


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("hola", "¡Hola!"),
        ("HOLA!!!", "¡Hola!"),
        ("hólà, ¿qué tal?", "¡Hola!"),
        ("buenas, tardes", "¡Hola!"),
        ("buenas", "No entendí."),
        ("cholas", "No entendí."),
        ("¿hacen ENVIO?", "Enviamos a todo el país."),
        ("hola, ¿hacen envíos?", "¡Hola!"),
        ("mesa pampa?", "Mesa Pampa: 120000 ARS, 4 en stock, disponible."),
        ("cuánto sale la MÉSA ANDES", "Mesa Andes: 98000 ARS, 0 en stock, disponible."),
        ("busco un sillon", "Sillón Río: 250000 ARS, 2 en stock, disponible."),
        ("¿tienen sillones?", "Sillón Río: 250000 ARS, 2 en stock, disponible."),
        ("silla nordica", "Silla Nórdica: a consultar, a consultar en stock, disponible."),
        ("mesas", "Encontré estas opciones:\n• Mesa Pampa: 120000 ARS\n• Mesa Andes: 98000 ARS"),
        ("¿tienen camas queen?", "No entendí."),
        ("la mesa vieja", "Encontré estas opciones:\n• Mesa Pampa: 120000 ARS\n• Mesa Andes: 98000 ARS"),
        ("", "No entendí."),
        ("😀", "No entendí."),
    ],
)
def test_the_first_rule_that_applies_answers(text: str, answer: str) -> None:
    """Whole words, without case, accents and plurals of products; only Active ones."""
    assert ask(text) == answer


def test_a_reply_falls_back_along_the_tenants_languages() -> None:
    """A text that is missing in the contact's language is said in the tenant's first."""
    assert (ask("hola", language="en"), ask("envio", language="en")) == ("Hello!", "Enviamos a todo el país.")


def test_a_long_list_is_cut() -> None:
    """Five, and a sign that there are more."""
    many = tuple(Product(name=f"Vaso {letter}", price="1", currency="ARS") for letter in "abcdefgh")
    answer = ask("vaso", products=many) or ""

    assert answer.count("•") == 5
    assert answer.endswith("…")


prices = st.integers(1, 10**6).map(str)
labels = st.text(string.ascii_lowercase, min_size=4, max_size=10)
catalogues = st.lists(
    st.builds(
        Product,
        name=labels,
        price=prices | st.none(),
        currency=st.just("ARS"),
        stock=st.integers(0, 999) | st.none(),
        status=st.sampled_from(["Active", "Draft", "Discontinued"]),
    ),
    max_size=6,
    unique_by=lambda product: product.name,
).map(tuple)


@given(catalogues, st.data())
def test_no_number_is_said_that_is_not_in_the_document(products: tuple[Product, ...], data: st.DataObject) -> None:
    """Prices and stock come from Active products, whatever is asked."""
    named = data.draw(st.sampled_from([product.name for product in products]) | labels if products else labels)
    answer = ask(f"precio de {named}?", products=products) or ""
    active = [product for product in products if product.status == "Active"]
    known = {str(value) for product in active for value in (product.price, product.stock)}

    assert {word for word in words(answer) if word.isdigit()} <= known


@given(catalogues, st.text(max_size=60))
def test_only_active_products_are_ever_found(products: tuple[Product, ...], text: str) -> None:
    """And any text at all is looked at without failing."""
    assert all(product.status == "Active" for product in find_products(text, products))


@given(catalogues)
def test_an_active_product_is_found_by_its_name(products: tuple[Product, ...]) -> None:
    """Among the found at least; another may be called alike."""
    for product in products:
        found = find_products(f"¿{product.name.upper()}?", products)
        assert (product in found) == (product.status == "Active")


@pytest.mark.parametrize(
    ("text", "current", "language"),
    [
        ("hello, how much is it?", None, "en"),
        ("hola, ¿cuánto sale?", None, "es"),
        ("hello", "es", "en"),
        ("ok", "en", "en"),
        ("ok", None, "es"),
        ("Guten Tag, was kostet das", None, "es"),
        ("ok", "fr", "es"),
    ],
)
def test_the_language_changes_only_on_a_clear_sign(text: str, current: str | None, language: str) -> None:
    """Only to one of the tenant's; the first is the default."""
    assert choose_language(text, current=current, languages=("es", "en")) == language
