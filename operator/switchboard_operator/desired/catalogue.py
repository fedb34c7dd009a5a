"""A tenant's catalogue: products read from a ConfigMap's data and checked row by row.

Accepts one key, ``catalogue.yaml``, ``catalogue.json`` (a list of products) or ``catalogue.csv`` (a header row).
Refuses: a product without name, a price that is no number, an unknown status or field. The error names the row.
"""

from __future__ import annotations

import csv
import io
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import yaml

from switchboard_operator import reasons
from switchboard_operator.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

KEYS = ("catalogue.yaml", "catalogue.json", "catalogue.csv")
STATUSES = ("Active", "Draft", "Discontinued")
_FIELDS = frozenset({"name", "price", "currency", "stock", "status", "aliases", "description"})


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
    return [_product(f"ConfigMap {name}, {key}, row {n}", row) for n, row in enumerate(rows, start=1)]


def _rows(where: str, key: str, text: str) -> list[Mapping[str, Any]]:
    if key.endswith(".csv"):
        return list(csv.DictReader(io.StringIO(text)))
    try:
        rows = yaml.safe_load(text)  # JSON is YAML
    except yaml.YAMLError as error:
        raise Invalid(reasons.CATALOGUE_INVALID, f"{where}: is no YAML: {_first_line(error)}") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Invalid(reasons.CATALOGUE_INVALID, f"{where}: must be a list of products, each with a name")
    return rows


def _product(where: str, row: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(str(field) for field in row if field not in _FIELDS)
    if unknown:
        raise _invalid(where, unknown[0], f"is unknown; use {', '.join(sorted(_FIELDS))}")
    name = str(row.get("name") or "").strip()
    if not name:
        raise _invalid(where, "name", "is missing; every product needs one")
    status = str(row.get("status") or "Active")
    if status not in STATUSES:
        raise _invalid(where, "status", f"is {status!r}; use {', '.join(STATUSES)}")
    return {
        "name": name,
        "price": _price(where, row.get("price")),
        "currency": str(row["currency"]).strip() if row.get("currency") else None,
        "stock": _stock(where, row.get("stock")),
        "status": status,
        "aliases": _aliases(row.get("aliases")),
        "description": str(row["description"]).strip() if row.get("description") else None,
    }


def _price(where: str, value: object) -> str | None:
    if value is None or value == "":
        return None
    try:
        price = Decimal(str(value))
    except InvalidOperation as error:
        raise _invalid(where, "price", f"is {value!r}; write a number such as 1200.50") from error
    if not price.is_finite() or price < 0:
        raise _invalid(where, "price", f"is {value!r}; write a number such as 1200.50")
    return format(price, "f")


def _stock(where: str, value: object) -> int | None:
    if value is None or value == "":
        return None
    text = str(value).strip()
    if not text.isdigit():
        raise _invalid(where, "stock", f"is {value!r}; write a whole number")
    return int(text)


def _aliases(value: object) -> list[str]:
    items = value if isinstance(value, list) else str(value or "").split("|")
    return [text for item in items if (text := str(item).strip())]


def _invalid(where: str, field: str, problem: str) -> Invalid:
    return Invalid(reasons.CATALOGUE_INVALID, f"{where}: {field} {problem}")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
