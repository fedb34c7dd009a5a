"""Products found by the words people use, and spoken of only with what the document says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from switchboard_runtime.assistants.words import contains, forms, words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from switchboard_runtime.config import Product

__all__ = ["describe", "find_products", "list_products"]

_LIST_LENGTH = 5
_SHORTEST_HINT = 4
_PLACEHOLDER = re.compile(r"\{(name|price|currency|stock|status|description)\}")

_UNKNOWN: Mapping[str, str] = {
    "es": "a consultar",
    "en": "on request",
    "pt": "a consultar",
    "fr": "sur demande",
    "it": "su richiesta",
    "de": "auf Anfrage",
}
_ACTIVE: Mapping[str, str] = {
    "es": "disponible",
    "en": "available",
    "pt": "disponível",
    "fr": "disponible",
    "it": "disponibile",
    "de": "verfügbar",
}
_SEVERAL: Mapping[str, str] = {
    "es": "Encontré estas opciones:",
    "en": "I found these:",
    "pt": "Encontrei estas opções:",
    "fr": "J'ai trouvé :",
    "it": "Ho trovato:",
    "de": "Ich habe gefunden:",
}


def find_products(text: str, products: tuple[Product, ...]) -> tuple[Product, ...]:
    """Active products that ``text`` names best, in the document's order; none when it names none.

    A whole name or alias counts its words and a bit; a part of a name counts the words that were said.
    """
    said = words(text)
    scored = [(_score(said, product), product) for product in products if product.status == "Active"]
    best = max((score for score, _ in scored), default=0.0)
    return tuple(product for score, product in scored if score == best) if best else ()


def describe(template: str, product: Product, *, language: str) -> str:
    """Fill a reply's placeholders from the product; what it does not say is "on request", never invented."""
    base = language.split("-", maxsplit=1)[0]
    unknown = _UNKNOWN.get(base, _UNKNOWN["en"])
    values = {
        "name": product.name,
        "price": product.price,
        "currency": product.currency if product.price is not None else "",
        "stock": None if product.stock is None else str(product.stock),
        "status": _ACTIVE.get(base, _ACTIVE["en"]),
        "description": product.description or "",
    }

    def value(found: re.Match[str]) -> str:
        text = values[found[1]]
        return unknown if text is None else text

    return re.sub(r" +([,.;:!?]|$)", r"\1", _PLACEHOLDER.sub(value, template))


def list_products(products: tuple[Product, ...], *, language: str) -> str:
    """A short list to choose from: names and prices."""
    lines = [
        describe("• {name}: {price} {currency}", product, language=language) for product in products[:_LIST_LENGTH]
    ]
    more = ["…"] if len(products) > _LIST_LENGTH else []
    return "\n".join([_SEVERAL.get(language.split("-", maxsplit=1)[0], _SEVERAL["en"]), *lines, *more])


def _score(said: tuple[str, ...], product: Product) -> float:
    return max(_match(said, words(name)) for name in (product.name, *product.aliases))


def _match(said: tuple[str, ...], name: tuple[str, ...]) -> float:
    folded = tuple(forms(word) for word in said)
    if contains(said, name) or _plural_contains(folded, name):
        return len(name) + 0.5
    hints = [word for word in name if len(word) >= _SHORTEST_HINT]
    return float(sum(any(forms(word) & spoken for spoken in folded) for word in hints))


def _plural_contains(said: tuple[frozenset[str], ...], name: tuple[str, ...]) -> bool:
    wanted = tuple(forms(word) for word in name)
    length = len(wanted)
    return length > 0 and any(
        all(a & b for a, b in zip(said[start : start + length], wanted, strict=True))
        for start in range(len(said) - length + 1)
    )
