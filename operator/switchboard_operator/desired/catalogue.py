"""A tenant's catalogue: products read from a ConfigMap's data and checked row by row.

Accepts one key, ``catalogue.yaml``, ``catalogue.json`` (a list of products) or ``catalogue.csv`` (a header row).
Refuses: a product without name, a price that is no number, an unknown status or field, two of a name that a contact
could not tell apart. The error names the row.
Numbers are taken as they are written (``1200.50`` stays ``1200.50``, a product may be called ``no``), and YAML's
merge keys are not followed: a tenant's file of a few lines must not grow in our memory.
"""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import yaml

from switchboard_operator import reasons
from switchboard_operator.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

KEYS = ("catalogue.yaml", "catalogue.json", "catalogue.csv")
STATUSES = ("Active", "Draft", "Discontinued")
_FIELDS = frozenset({"name", "price", "currency", "stock", "status", "aliases", "description"})
_DIGITS = 15
_DECIMALS = 6
_SHOWN = 40


class _Loader(yaml.SafeLoader):
    """YAML whose plain scalars are text, but for null."""

    yaml_implicit_resolvers = {  # noqa: RUF012  # PyYAML's way
        first: [(tag, pattern) for tag, pattern in resolvers if tag == "tag:yaml.org,2002:null"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        _once([str(key.value) for key, _ in node.value])
        return super().construct_mapping(node, deep)


def parse_catalogue(name: str, data: Mapping[str, str]) -> list[dict[str, Any]]:
    """The products of a ConfigMap.

    Args:
        name: the ConfigMap's name, for error texts.
        data: the ConfigMap's data.

    Raises:
        Invalid: CatalogueInvalid, with key, row, field and cure.
    """
    key = next((key for key in KEYS if key in data), None)
    if key is None:
        raise Invalid(reasons.CATALOGUE_INVALID, f"ConfigMap {name}: has none of the keys {', '.join(KEYS)}; add one")
    rows = _rows(f"ConfigMap {name}, {key}", key, data[key])
    products = [_product(f"ConfigMap {name}, {key}, row {n}", row) for n, row in enumerate(rows, start=1)]
    _check_names(f"ConfigMap {name}, {key}", products)
    return products


def _check_names(where: str, products: list[dict[str, Any]]) -> None:
    """Two Active products of one name and currency are one to whoever asks for it."""
    seen: dict[tuple[str, str | None], int] = {}
    for n, product in enumerate(products, start=1):
        if product["status"] != "Active":
            continue
        first = seen.setdefault((product["name"].casefold(), product["currency"]), n)
        if first != n:
            cure = "give it a name of its own, or the status Draft"
            raise _invalid(f"{where}, row {n}", "name", f"{_shown(product['name'])} is that of row {first}; {cure}")


def _rows(where: str, key: str, text: str) -> list[Mapping[str, Any]]:
    kind = key.rpartition(".")[2].upper()
    try:
        rows = {"CSV": _from_csv, "JSON": _from_json, "YAML": _from_yaml}[kind](text.removeprefix("\ufeff"))
    except RecursionError as error:
        raise Invalid(reasons.CATALOGUE_INVALID, f"{where}: is no {kind}: it is nested too deeply") from error
    except (csv.Error, yaml.YAMLError, ValueError) as error:
        raise Invalid(reasons.CATALOGUE_INVALID, f"{where}: is no {kind}: {_first_line(error)}") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Invalid(reasons.CATALOGUE_INVALID, f"{where}: must be a list of products, each with a name")
    return rows


def _from_csv(text: str) -> Any:
    reader = csv.DictReader(io.StringIO(text, newline=None))
    _once(reader.fieldnames or ())
    return list(reader)


def _from_json(text: str) -> Any:
    return json.loads(text, parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_mapping)


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    _once([field for field, _ in pairs])
    return dict(pairs)


def _once(fields: Sequence[str]) -> None:
    """Refuse a field that is there twice, of which the last would be taken without a word."""
    twice = next((field for n, field in enumerate(fields) if field in fields[:n]), None)
    if twice is not None:
        raise ValueError(f"{_shown(twice)} is there twice; remove one")


def _from_yaml(text: str) -> Any:
    return yaml.load(text, _Loader)  # noqa: S506  # a SafeLoader


def _product(where: str, row: Mapping[Any, Any]) -> dict[str, Any]:
    if None in row:  # where DictReader puts what is too much
        raise Invalid(reasons.CATALOGUE_INVALID, f"{where}: has more cells than the header; quote cells with commas")
    unknown = sorted(str(field)[:_SHOWN] for field in row if field not in _FIELDS)
    if unknown:
        raise _invalid(where, unknown[0], f"is unknown; use {', '.join(sorted(_FIELDS))}")
    name = _text(where, row, "name")
    if name is None:
        raise _invalid(where, "name", "is missing; every product needs one")
    if not _has_word(name):
        raise _invalid(where, "name", f"{_shown(name)} has no word in it; write letters or digits")
    status = _text(where, row, "status") or "Active"
    if status not in STATUSES:
        raise _invalid(where, "status", f"is {_shown(status)}; use {', '.join(STATUSES)}")
    return {
        "name": name,
        "price": _price(where, _text(where, row, "price")),
        "currency": _text(where, row, "currency"),
        "stock": _stock(where, _text(where, row, "stock")),
        "status": status,
        "aliases": _aliases(where, row),
        "description": _text(where, row, "description"),
    }


def _text(where: str, row: Mapping[str, Any], field: str) -> str | None:
    """A field's text without outer blanks; None when it is empty or absent."""
    value = row.get(field)
    if value is None:
        return None
    if not isinstance(value, str):
        raise _invalid(where, field, "must be a text or number")
    return _whole(where, field, value).strip() or None


def _whole(where: str, field: str, text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _invalid(where, field, "holds half a character (an escape \\ud800 to \\udfff); write it whole") from error
    return text


def _price(where: str, text: str | None) -> str | None:
    if text is None:
        return None
    try:
        price = Decimal(text)
    except InvalidOperation:
        price = Decimal("NaN")
    if not _is_price(price):
        raise _invalid(where, "price", f"is {_shown(text)}; write a number such as 1200.50")
    return format(price, "f")


def _is_price(price: Decimal) -> bool:
    """Not negative, and of a size that can be written out."""
    if not price.is_finite() or price.is_signed() or price.adjusted() > _DIGITS:
        return False
    exponent = price.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -_DECIMALS


def _stock(where: str, text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise _invalid(where, "stock", f"is {_shown(text)}; write a whole number")
    return int(text)


def _aliases(where: str, row: Mapping[str, Any]) -> list[str]:
    value = row.get("aliases") or []
    items = value.split("|") if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise _invalid(where, "aliases", "must be a list of words, in CSV separated by |")
    found = [text for item in items if (text := _whole(where, "aliases", item).strip())]
    wordless = next((text for text in found if not _has_word(text)), None)
    if wordless is not None:
        raise _invalid(where, "aliases", f"{_shown(wordless)} has no word in it; write letters or digits")
    return found


def _has_word(text: str) -> bool:
    """Whether it can be found in what people write, which is compared by letters and digits."""
    return any(letter.isalnum() for letter in text)


def _invalid(where: str, field: str, problem: str) -> Invalid:
    return Invalid(reasons.CATALOGUE_INVALID, f"{where}: {field} {problem}")


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]
