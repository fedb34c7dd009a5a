"""Holds a model's reply to what is known: no price, stock, share or address that nobody gave it, no secret of ours.

For: catalogue answers that are never invented, and instructions that stay inside, whatever the model was told to say.
Assumes: products and texts of the tenant's document, and what tools returned in this turn, are true.
Refuses: rather too much than too little; what is refused is said in the catalogue's own words instead.
"""

from __future__ import annotations

import base64
import codecs
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from switchboard_runtime.assistants.amounts import amounts, free_words, number, plain, spelled_out
from switchboard_runtime.assistants.words import contains, forms, words

if TYPE_CHECKING:
    from switchboard_runtime.assistants.amounts import Amount
    from switchboard_runtime.config import Product

__all__ = ["Known", "Secrets", "claims_of", "violations"]

_LARGE = 100
_FEW = 12
_ANY = frozenset({"money", "stock", "percent", "number"})
_SHINGLE = 20
_URL = re.compile(
    r"(?:https?://|www\.)([^\s/<>()\[\]\"']+)|\b((?:[a-z0-9-]+\.)+(?:com|net|org|io|dev|app|info|me|ly|co|ar|br|mx|cl|es|pt|uk))\b"
)
_MAIL = re.compile(r"[^\s@]+@([^\s@,;]+)")
_CODE_LIKE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{6,}[A-Za-z0-9]")
_IN_STOCK = re.compile(r"\b(in stock|en stock|em estoque|hay stock|tenemos stock|hay existencias?|we have it)\b")
_NO_STOCK = re.compile(
    r"\b(out of stock|sold out|sin stock|agotad[oa]s?|se agot(?:o|aron)|esgotad[oa]s?|esgotou|sem estoque|no stock"
    r"|no hay stock|(?:ya )?no (?:queda|hay)n?|nao (?:temos|tem) mais|no longer available|not available|unavailable"
    r"|no (?:esta |estan )?disponibles?|indisponive(?:l|is))\b"
)
_PERHAPS_IN_STOCK = re.compile(r"\b(disponibles?|disponive(?:l|is)|available|quedan?|restam?)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a reply may rest on.

    Attributes:
        products: Active ones of the document.
        returned: those that a tool returned in this turn.
        texts: what the tenant wrote, and what its tools and knowledge returned.
        heard: what the contact said; it proves nothing about money or stock, but may be repeated.
    """

    products: tuple[Product, ...] = ()
    returned: tuple[Product, ...] = ()
    texts: tuple[str, ...] = ()
    heard: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Secrets:
    """What must not leave, from the instructions and a mark that only the instructions hold."""

    instructions: str
    mark: str
    _codes: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        codes = [self.mark, *(one for one in _CODE_LIKE.findall(self.instructions) if _mixed(one))]
        object.__setattr__(self, "_codes", tuple(_squeeze(code) for code in codes))

    def leak(self, reply: str) -> bool:
        """Whether the reply gives away a code-like word or a long stretch of the instructions, also in disguise."""
        squeezed = [_squeeze(text) for text in (reply, codecs.encode(reply, "rot13"), *_decoded(reply))]
        if any(code in text or code in text[::-1] for code in self._codes for text in squeezed):
            return True
        said, inside = words(reply), words(self.instructions)
        stretches = {inside[start : start + _SHINGLE] for start in range(len(inside) - _SHINGLE + 1)}
        return any(said[start : start + _SHINGLE] in stretches for start in range(len(said) - _SHINGLE + 1))


def violations(reply: str, known: Known) -> tuple[str, ...]:
    """What the reply says that nobody knows; empty when it may go out."""
    found = [*_untold_words(reply, known), *_untold_addresses(reply, known)]
    for sentence in _sentences(reply):
        named = _named(sentence, known.products)
        found.extend(_untold_stock(sentence, named, known))
        untold = (amount for amount in amounts(sentence) if not _told(amount, named, known))
        found.extend(f"{amount.kind} {amount.value}" for amount in untold)
    return tuple(dict.fromkeys(found))


def claims_of(text: str) -> tuple[Amount, ...]:
    """The amounts of a text that speak of money, stock or a share."""
    return tuple(amount for amount in amounts(text) if amount.kind != "number")


def _told(amount: Amount, named: tuple[Product, ...], known: Known) -> bool:
    match amount.kind:
        case "money":
            return _price_told(amount, named, known)
        case "stock":
            return any(product.stock == amount.value for product in named or known.returned) or (
                not named and _in_texts(amount, known.texts, kinds={"stock"})
            )
        case "percent":
            return _in_texts(amount, known.texts, kinds={"percent"})
        case _ if named:
            return _named_number_told(amount, named, known)
        case _:
            return amount.value < _LARGE or _number_told(amount, known)


def _price_told(amount: Amount, named: tuple[Product, ...], known: Known) -> bool:
    """A named product's own price; else one that a tool returned or the tenant wrote, in no other currency."""
    for product in named or known.returned or known.products:
        if product.price is not None and number(product.price) == amount.value:
            return not amount.currencies or product.currency is None or product.currency in amount.currencies
    return not named and _in_texts(amount, known.texts, kinds={"money", "number"})


def _named_number_told(amount: Amount, named: tuple[Product, ...], known: Known) -> bool:
    """A bare number beside a product's name reads as its price, unless it counts something."""
    own = {number(product.price) for product in named if product.price} | {product.stock for product in named}
    described = tuple(text for product in named for text in (product.name, product.description or ""))
    if amount.value in own or _in_texts(amount, (*known.texts, *described), kinds=_ANY):
        return True
    return amount.counts and (amount.value <= _FEW or _in_texts(amount, known.heard, kinds=_ANY))


def _number_told(amount: Amount, known: Known) -> bool:
    values = {number(product.price) for product in known.products if product.price} | {
        product.stock for product in known.products
    }
    if amount.value in values:
        return True
    named = [text for product in known.products for text in (product.name, product.description or "")]
    return _in_texts(amount, (*known.texts, *known.heard, *named), kinds=_ANY)


def _in_texts(amount: Amount, texts: tuple[str, ...], *, kinds: frozenset[str] | set[str]) -> bool:
    return any(
        one.value == amount.value
        and one.kind in kinds
        and (not amount.currencies or not one.currencies or bool(amount.currencies & one.currencies))
        for text in texts
        for one in amounts(text)
    )


def _untold_words(reply: str, known: Known) -> list[str]:
    told = frozenset[str]().union(*(free_words(text) for text in known.texts)) if known.texts else frozenset[str]()
    described = [
        free_words(f"{product.name} {product.description or ''} {product.price or ''}") for product in known.products
    ]
    free = [] if free_words(reply) <= told.union(*described) else ["something free"]
    return [*free, *(["an amount in words"] if spelled_out(reply) else [])]


def _untold_stock(sentence: str, named: tuple[Product, ...], known: Known) -> list[str]:
    line = plain(sentence)
    negative = bool(_NO_STOCK.search(line))
    positive = bool(_IN_STOCK.search(_NO_STOCK.sub(" ", line)))
    about = named or known.returned
    if negative and not (about and all(product.stock == 0 for product in named) and any(p.stock == 0 for p in about)):
        return ["a lack of stock"]
    zero = [amount for amount in amounts(sentence) if amount.kind == "stock" and amount.value == 0]
    perhaps = bool(_PERHAPS_IN_STOCK.search(_NO_STOCK.sub(" ", line)))
    if perhaps and named and not zero and all(product.stock == 0 for product in named):
        return ["stock"]
    if positive and not any(product.stock for product in about):
        return [] if zero and any(product.stock == 0 for product in about) else ["stock"]
    return []


def _untold_addresses(reply: str, known: Known) -> list[str]:
    descriptions = [product.description or "" for product in known.products]
    told = {host for text in (*known.texts, *known.heard, *descriptions) for host in _hosts(text)}
    return [f"address {host}" for host in sorted(_hosts(reply) - told)]


def _hosts(text: str) -> frozenset[str]:
    line = plain(text)
    found = [one for pair in _URL.findall(line) for one in pair if one] + _MAIL.findall(line)
    return frozenset(host.rpartition("@")[2].removeprefix("www.").rstrip(".,;:!?") for host in found)


def _sentences(reply: str) -> list[str]:
    return [part for part in re.split(r"(?<=[.!?])\s+|\n+|;", reply) if part.strip()]


def _named(sentence: str, products: tuple[Product, ...]) -> tuple[Product, ...]:
    """Products whose whole name, or an alias that is nobody else's, stands in the sentence; longer names go first."""
    said = tuple(min(forms(word)) for word in words(sentence))
    full = [product for product in products if contains(said, _singular(product.name))]
    if full:
        inside = [
            p for p in full if not any(p is not o and contains(_singular(o.name), _singular(p.name)) for o in full)
        ]
        return tuple(inside)
    return tuple(product for product in products if any(contains(said, _singular(alias)) for alias in product.aliases))


def _singular(name: str) -> tuple[str, ...]:
    return tuple(min(forms(word)) for word in words(name))


def _squeeze(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", plain(text))


def _mixed(word: str) -> bool:
    return any(letter.isdigit() for letter in word) and any(letter.isalpha() for letter in word)


def _decoded(reply: str) -> list[str]:
    """What stretches of the reply say in base64 and in hexadecimal."""
    found = []
    for run in re.findall(r"[A-Za-z0-9+/_-]{12,}={0,2}", reply):
        padded = run.rstrip("=").translate(str.maketrans("-_", "+/"))
        padded += "=" * (-len(padded) % 4)
        try:
            found.append(base64.b64decode(padded, validate=True).decode("utf-8", "ignore"))
        except ValueError:
            continue
    for run in re.findall(r"(?:[0-9a-fA-F]{2}[\s:]?){8,}", reply):
        digits = re.sub(r"[\s:]", "", run)
        found.append(bytes.fromhex(digits[: len(digits) // 2 * 2]).decode("utf-8", "ignore"))
    return found
