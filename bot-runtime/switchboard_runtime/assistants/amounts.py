"""Reads amounts as people write them: ``$ 120.000``, ``1.299,50 EUR``, ``120 mil pesos``, ``5 unidades``.

For: telling which numbers of a text speak of money, of stock, or of a share (percent).
Refuses: to be fooled by how digits are written: full-width and other scripts' digits, invisible letters between them.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

__all__ = ["Amount", "amounts", "free_words", "number", "plain", "spelled_out"]


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SYMBOLS = {
    "us$": frozenset({"USD"}),
    "u$s": frozenset({"USD"}),
    "u$d": frozenset({"USD"}),
    "ar$": frozenset({"ARS"}),
    "mx$": frozenset({"MXN"}),
    "r$": frozenset({"BRL"}),
    "s/": frozenset({"PEN"}),
    "€": frozenset({"EUR"}),
    "£": frozenset({"GBP"}),
    "¥": frozenset({"JPY", "CNY"}),
    "₹": frozenset({"INR"}),
    "₲": frozenset({"PYG"}),
    "$": frozenset({"ARS", "AUD", "CAD", "CLP", "COP", "MXN", "NZD", "USD", "UYU", "DOP", "SGD", "HKD", "BRL", "CRC"}),
}
_WORDS = {
    "pesos": frozenset({"ARS", "CLP", "COP", "MXN", "UYU", "DOP", "PHP"}),
    "peso": frozenset({"ARS", "CLP", "COP", "MXN", "UYU", "DOP", "PHP"}),
    "dolares": frozenset({"USD"}),
    "dolar": frozenset({"USD"}),
    "dollars": frozenset({"USD", "AUD", "CAD", "NZD", "SGD", "HKD"}),
    "dollar": frozenset({"USD", "AUD", "CAD", "NZD", "SGD", "HKD"}),
    "bucks": frozenset({"USD", "AUD", "CAD", "NZD"}),
    "cents": frozenset({"USD", "EUR", "AUD", "CAD"}),
    "centavos": frozenset({"ARS", "BRL", "MXN", "COP"}),
    "euros": frozenset({"EUR"}),
    "euro": frozenset({"EUR"}),
    "reais": frozenset({"BRL"}),
    "real": frozenset({"BRL"}),
    "soles": frozenset({"PEN"}),
    "guaranies": frozenset({"PYG"}),
    "bolivianos": frozenset({"BOB"}),
    "bolivares": frozenset({"VES"}),
    "pounds": frozenset({"GBP"}),
    "libras": frozenset({"GBP"}),
    "lucas": frozenset({"ARS", "CLP", "COP"}),
    "mangos": frozenset({"ARS"}),
}
_CODES = _set(
    "AED ARS AUD BOB BRL CAD CHF CLP CNY COP CRC CZK DKK DOP EUR GBP GTQ HKD HNL HUF IDR ILS INR JPY KRW MXN MYR NIO "
    "NOK NZD PAB PEN PHP PLN PYG RON RUB SAR SEK SGD THB TRY TWD UAH USD UYU VES VND ZAR"
)
_MULTIPLIERS = {
    "k": 1000,
    "mil": 1000,
    "thousand": 1000,
    "miles": 1000,
    "lucas": 1000,
    "m": 1_000_000,
    "millon": 1_000_000,
    "millones": 1_000_000,
    "milhao": 1_000_000,
    "milhoes": 1_000_000,
    "million": 1_000_000,
    "millions": 1_000_000,
}
_PRICE_WORDS = _set(
    "precio precios price prices priced preco precos cuesta cuestan costs cost costo custa custam sale salen vale "
    "valen valor oferta total pagas pagar pay desde from apenas solo only por for cobramos charge charges"
)
_STOCK_WORDS = _set(
    "stock unidades unidad units unit estoque existencia existencias unidade disponibles disponiveis available left "
    "quedan queda restan restam remaining pieces piezas pecas inventario inventory sobran"
)
_COSTS = _set("cuesta cuestan costs cost costo custa custam sale salen vale valen only apenas solo")
_ARTICLES = _set("un uno una one medio half")
_ADJECTIVES = _set("us american canadian australian")
_FREE = _set(
    "gratis gratuito gratuita gratuitos gratuitas free regalo bonificado complimentary descuento descuentos discount "
    "discounts desconto descontos promo promocion promotion promocao oferta ofertas"
)
_LESS = re.compile(r"\b(half price|half off|mitad de precio|metade do preco|[2-9] ?x ?[1-9]|dos por uno|two for one)\b")
_SPELLED = _set(
    "un uno una one dos two dois duas tres three cuatro four quatro cinco five seis six siete seven sete ocho "
    "eight oito nueve nine nove diez ten dez once doce quince veinte twenty vinte treinta thirty trinta cuarenta "
    "forty quarenta cincuenta fifty cinquenta sesenta sixty sessenta setenta seventy ochenta eighty oitenta "
    "noventa ninety cien cem hundred ciento cientos doscientos trescientos cuatrocientos quinientos seiscientos "
    "setecientos ochocientos novecientos duzentos trezentos quinhentos mil thousand millon million milhao "
    "millones medio half"
)
_NUMBER = re.compile(r"\d{1,3}(?:[.,'\u2019 ]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d+)?")
_BEFORE = re.compile(r"(?:(us\$|u\$s|u\$d|ar\$|mx\$|r\$|s/|[€£¥₹₲$])|\b([a-z]{3}))\s*[.:]?\s*[-\u2013]?\s*$")
_UNIT = r"us\$|u\$s|u\$d|ar\$|r\$|[€£¥₹₲$%]|[^\W\d_]+"
_AFTER = re.compile(rf"^\s*({_UNIT})?(?:\s+(?:de\s+)?({_UNIT}))?")
_WINDOW = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A number of a text.

    Attributes:
        kind: what it speaks of, as far as the words around tell.
        currencies: what it may be in; empty when the text does not say.
        counts: a word stands right after it, as in "2 tables".
    """

    value: Decimal
    kind: Literal["money", "stock", "percent", "number"]
    currencies: frozenset[str]
    counts: bool


def plain(text: str) -> str:
    """The text as it is read: one way to write each letter and digit, small, nothing invisible, no accents."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    seen = (letter for letter in folded if not unicodedata.combining(letter) and unicodedata.category(letter) != "Cf")
    return "".join(" " if letter in "\u00a0\u202f" else _digit(letter) for letter in seen)


def number(text: str) -> Decimal | None:
    """The first number of a text, such as a price as the document writes it."""
    found = _NUMBER.search(plain(text))
    return _value(found[0]) if found else None


def amounts(text: str) -> tuple[Amount, ...]:
    """Every number of the text, in order, and what it speaks of."""
    line = plain(text)
    return tuple(_amount(line, found) for found in _NUMBER.finditer(line))


def spelled_out(text: str) -> bool:
    """Whether money or stock is told in words, which nobody can check: ``one hundred dollars``."""
    said = re.findall(r"[^\W_]+|[€£$]", plain(text))
    units = {
        *_WORDS,
        *(code.casefold() for code in _CODES),
        "unidades",
        "units",
        "unidade",
        "unidad",
        "stock",
        "estoque",
    }
    return any(
        word in _SPELLED
        and not before.isdecimal()
        and (
            before in units
            or after in units
            or (after == "de" and later in units)
            or (word not in _ARTICLES and (before in _COSTS or (before in _SPELLED - _ARTICLES)))
        )
        for before, word, after, later in zip(["", *said], said, [*said[1:], ""], [*said[2:], "", ""], strict=False)
    )


def free_words(text: str) -> frozenset[str]:
    """Words by which the text says that something costs nothing, or less than it does."""
    line = plain(text)
    return frozenset(re.findall(r"[^\W\d_]+", line)) & _FREE | frozenset(_LESS.findall(line))


def _digit(letter: str) -> str:
    return str(unicodedata.digit(letter)) if letter.isdecimal() else letter


def _value(written: str) -> Decimal:
    """The number that these digits and marks stand for; three digits after a mark are thousands, but not after 0."""
    marks = re.findall(r"[.,'\u2019 ]", written)
    tail = re.split(r"[.,'\u2019 ]", written)[-1]
    digits = re.sub(r"[.,'\u2019 ]", "", written)
    if not marks:
        return Decimal(digits)
    grouped = len(tail) == 3 and not written.startswith("0") and len(set(marks)) == 1
    if grouped:
        return Decimal(digits)
    return Decimal(f"{digits[: -len(tail)]}.{tail}")


def _amount(line: str, found: re.Match[str]) -> Amount:
    value = _value(found[0])
    head, rest = line[max(0, found.start() - _WINDOW) : found.start()], line[found.end() : found.end() + _WINDOW]
    before = _BEFORE.search(head)
    after = _AFTER.match(rest)
    near = [word for word in (after[1], after[2]) if word] if after else []
    counts = bool(near) and near[0].isalpha()
    if near and near[0] in _MULTIPLIERS and (near[0] != "m" or not rest.startswith(" ")):
        value *= _MULTIPLIERS[near[0]]
        near = near if near[0] == "lucas" else near[1:]
    elif near and near[0] not in _ADJECTIVES:
        near = near[:1]
    marks = [mark for mark in (*(before.groups() if before else ()), *near[:2]) if mark]
    currencies = [known for mark in marks if (known := _currencies(mark))]
    kind = _kind(line, found, marks, money=bool(currencies))
    return Amount(
        value=value,
        kind=kind,
        currencies=frozenset.intersection(*currencies) if currencies else frozenset(),
        counts=counts,
    )


def _currencies(mark: str) -> frozenset[str]:
    if mark.upper() in _CODES:
        return frozenset({mark.upper()})
    return _SYMBOLS.get(mark) or _WORDS.get(mark) or frozenset()


def _kind(
    line: str, found: re.Match[str], marks: list[str], *, money: bool
) -> Literal["money", "stock", "percent", "number"]:
    if money:
        return "money"
    if "%" in marks[-2:] or re.match(r"\s*(%|por ?cien|per ?cent|off\b)", line[found.end() :]):
        return "percent"
    clause_start = max(line.rfind(mark, 0, found.start()) for mark in ";!?\n•") + 1
    head = re.findall(r"[^\W\d_]+", line[max(clause_start, found.start() - _WINDOW) : found.start()])[-4:]
    tail = re.findall(r"[^\W\d_]+", re.split(r"[.;!?\n]", line[found.end() : found.end() + _WINDOW])[0])[:3]
    if _STOCK_WORDS & {*head[-3:], *tail}:
        return "stock"
    return "money" if _PRICE_WORDS & set(head) else "number"
