"""What a reply may say: prices, stock and addresses that somebody gave, and nothing of the instructions."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from switchboard_runtime.assistants import Answer, Question
from switchboard_runtime.assistants.amounts import amounts, number, plain
from switchboard_runtime.assistants.egress import Egress
from switchboard_runtime.assistants.factory import Assistants
from switchboard_runtime.assistants.guard import Known, Secrets, violations
from switchboard_runtime.config import Assistant, Product
from tests.support.llm_server import Says, llm_server
from tests.unit.runtime.kit import TurnedClock

TABLE = Product(name="Mesa Pampa", price="120000", currency="ARS", stock=4, aliases=("mesa",))
CHAIR = Product(name="Silla Nórdica", price="1.299,50", currency="ARS", stock=0)
LAMP = Product(name="Lamp 200", price="35", currency="USD", stock=None)
PRODUCTS = (TABLE, CHAIR, LAMP)
KNOWN = Known(
    products=PRODUCTS,
    returned=(TABLE,),
    texts=("El envío cuesta 5000 ARS. Abrimos de 9 a 18. Hay 10% con transferencia. https://acme.example/ayuda",),
    heard=("¿me la dejás en 777 pesos? mi pedido es el 98765",),
)


@pytest.mark.parametrize(
    "reply",
    [
        "La Mesa Pampa cuesta 120000 ARS.",
        "La Mesa Pampa cuesta $120.000 y quedan 4 unidades.",
        "Mesa Pampa: 120,000 pesos",
        "La Mesa Pampa sale 120 mil pesos.",
        "Mesa Pampa: $ 120k",
        "Silla Nórdica: 1299,50 ARS, sin stock.",
        "La silla nórdica está agotada.",
        "The Lamp 200 costs 35 dollars.",
        "The Lamp 200 costs US$ 35.00.",
        "Sí, hay stock de la Mesa Pampa.",
        "Quedan 4.",
        "El envío cuesta 5000 ARS.",
        "Abrimos de 9 a 18.",
        "Con transferencia hay 10% menos.",
        "Tu pedido es el 98765.",
        "Mirá https://acme.example/ayuda.",
        "Tenemos 2 opciones para vos.",
        "¿Querés 2 Mesa Pampa?",
        "Mesa Pampa: 120000",
        "Silla Nórdica: quedan 0.",
        "La Mesa Pampa está disponible.",
        "¡Hola! ¿En qué te ayudo?",
        "Estoy disponible para ayudarte.",
    ],
)
def test_what_is_known_may_be_said(reply: str) -> None:
    """In the ways that people write it."""
    assert violations(reply, KNOWN) == ()


@pytest.mark.parametrize(
    "reply",
    [
        "La Mesa Pampa cuesta 777 pesos.",
        "Te la dejo en 777 pesos.",
        "La Mesa Pampa cuesta 120000 USD.",
        "La Mesa Pampa cuesta 35 USD.",
        "La Mesa Pampa cuesta 12.000 ARS.",
        "Silla Nórdica: 120000 ARS.",
        "Silla Nórdica: 129950 ARS.",
        "The Lamp 200 costs 200 dollars.",
        "Quedan 9 unidades de la Mesa Pampa.",
        "La Silla Nórdica está en stock.",
        "The Lamp 200 is in stock.",
        "The Lamp 200 is sold out.",
        "La Mesa Pampa está agotada.",
        "El envío es gratis.",
        "Hay 50% de descuento.",
        "Sale mil pesos.",
        "It is yours for fifty dollars.",
        "Cuesta \u0661\u0662 ARS.",
        "Cuesta 1\u200b2\u200b3 ARS.",
        "Cuesta 1 2 3 ARS.",
        "El código es 445566.",
        "Pagá en https://evil.example/x",
        "Pagá en evil-shop.com hoy",
        "Escribí a pagos@evil.example",
        "La Mesa Pampa cuesta 120000 ARS; antes 240000.",
        "Mesa Pampa: 20",
        "Mesa Pampa, 777.",
        "La Mesa Pampa cuesta cien.",
        "It costs fifty.",
        "La Mesa Pampa: noventa mil.",
        "ARS ninety",
        "Mesa Pampa a mitad de precio.",
        "Hoy 2x1.",
        "Hay una oferta.",
        "U$D 50",
        "Se agotó la Mesa Pampa.",
        "Ya no queda ninguna Mesa Pampa.",
        "Nos quedan muchas Silla Nórdica.",
        "La Silla Nórdica está disponible.",
    ],
)
def test_what_nobody_said_is_held_back(reply: str) -> None:
    """Whatever the contact claimed before, and however the digits are written."""
    assert violations(reply, KNOWN) != ()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("120000", "120000"),
        ("120.000", "120000"),
        ("120,000", "120000"),
        ("1.299,50", "1299.50"),
        ("1,299.50", "1299.50"),
        ("12 500", "12500"),
        ("12\u00a0500,5", "12500.5"),
        ("0.125", "0.125"),
        ("35.00", "35"),
        ("1'000'000", "1000000"),
        ("\uff11\uff12", "12"),
        ("from $ 80", "80"),
    ],
)
def test_a_number_is_read_as_people_write_it(text: str, value: str) -> None:
    """Three digits after a mark are thousands, fewer are cents."""
    assert str(number(text)) in {value, f"{value}.00"}


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    """No text makes the guard fail, and none without digits has an amount."""
    violations(text, KNOWN)

    assert bool(amounts(text)) == any(letter in "0123456789" for letter in plain(text))


FORMS = (
    "The {name} costs {v} USD.",
    "{name}: ${v}",
    "{name} - US$ {v}",
    "USD {v} for the {name}",
    "only {v} dollars!",
    "{name}: {v}.00 USD",
    "price {v}",
    "La {name} cuesta {v}",
    "el precio es {v} dólares",
    "preço: {v}",
    "We have {v} units left of the {name}.",
    "{name}: {v} in stock",
    "quedan {v} unidades",
    "you save {v}%",
    "{name}: {v}",
    "the {name}, {v}!",
)
DISGUISES = ("{}", "\u200b", "wide", "grouped")
figures = st.integers(2, 999_999)


def disguised(value: int, how: str) -> str:
    """The same number, written otherwise."""
    digits = str(value)
    if how == "wide":
        return "".join(chr(ord(digit) + 0xFEE0) for digit in digits)
    if how == "grouped":
        return f"{value:,}"
    return how.join(digits) if how == "\u200b" else digits


@given(figures, figures, st.integers(0, 500), st.sampled_from(FORMS), st.sampled_from(DISGUISES))
def test_no_other_figure_passes_for_a_price_or_a_stock(lie: int, price: int, stock: int, form: str, how: str) -> None:
    """In any of the forms and scripts; the true one passes in the forms that fit it."""
    product = Product(name="oak table", price=str(price), currency="USD", stock=stock)
    known = Known(products=(product,), returned=(product,))
    reply = form.format(name="oak table", v=disguised(lie, how))

    assert bool(violations(reply, known)) or lie in {price, stock}


@given(figures, st.sampled_from(FORMS[:9]), st.sampled_from(DISGUISES))
def test_the_true_price_passes_in_every_form(price: int, form: str, how: str) -> None:
    """Else the guard would silence honest models."""
    product = Product(name="oak table", price=str(price), currency="USD", stock=1)
    reply = form.format(name="oak table", v=disguised(price, how))

    assert violations(reply, Known(products=(product,), returned=(product,))) == ()


async def _reply_of_a_liar(lie: str, price: int, stock: int) -> Answer:
    """One turn against a server that insists on a lie."""
    async with llm_server() as server:
        server.will(Says(calls=(("search_catalogue", {"query": "oak table"}),)), Says(text=lie, repeat=True))
        choice = {"provider": "openai", "model": "liar", "baseUrl": server.base_url("openai")}
        product = {"name": "oak table", "price": str(price), "currency": "USD", "stock": stock}
        content = {"name": "a", "products": [product], "model": {"choices": [choice]}}
        egress = Egress(allowed=frozenset({urlsplit(server.url).netloc}))
        assistants = Assistants(clock=TurnedClock(), secret=lambda _: None, knowledge=Path(), egress=egress)
        question = Question(text="how much is it?", language="en", languages=("en",), display_name="Acme")
        answer = await assistants(Assistant.model_validate_json(json.dumps(content))).answer(question)
        await assistants.close()
    assert isinstance(answer, Answer)
    return answer


@settings(max_examples=25, deadline=None)
@given(figures, figures, st.integers(0, 500), st.sampled_from(FORMS), st.sampled_from(DISGUISES))
def test_a_server_that_lies_changes_no_price(lie: int, price: int, stock: int, form: str, how: str) -> None:
    """Every figure that reaches the contact is the document's."""
    answer = asyncio.run(_reply_of_a_liar(form.format(name="oak table", v=disguised(lie, how)), price, stock))

    figures_said = {int(run.replace(",", "")) for run in re.findall(r"[0-9][0-9,]*", plain(answer.text))}
    assert figures_said <= {price, stock, 0}
    assert answer.outcome == "catalogue" or lie in {price, stock}


SECRETS = Secrets(
    "You sell tables. Supplier code SUP-99-ALPHA. " + " ".join(f"word{'abcdefghij'[n % 10]} thing" for n in range(40)),
    "deadbeef00112233",
)


@pytest.mark.parametrize(
    "reply",
    [
        "it says deadbeef00112233",
        "DEADBEEF-0011-2233",
        "3322 1100 feebdaed",
        "The code is sup99alpha.",
        " ".join(f"word{'abcdefghij'[n % 10]} thing" for n in range(12)),
    ],
)
def test_the_instructions_do_not_leave(reply: str) -> None:
    """Neither codes nor long stretches."""
    assert SECRETS.leak(reply)


@given(st.text(max_size=300))
def test_any_reply_can_be_looked_at(reply: str) -> None:
    """And ordinary ones leak nothing."""
    assert SECRETS.leak(reply) <= ("sup" in reply.lower() or "dead" in reply.lower() or len(reply) > 10)
    assert not SECRETS.leak("You sell tables. We sell tables too.")
