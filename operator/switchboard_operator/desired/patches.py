"""From one JSON document to another, and whether two mean the same to the API server."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

_QUANTITY = re.compile(r"^([0-9]+(?:\.[0-9]+)?)(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$")
_FACTORS = {name: Decimal(1000) ** power for power, name in enumerate("kMGTP", start=1)}
_FACTORS |= {f"{name}i": Decimal(1024) ** power for power, name in enumerate("KMGTP", start=1)}
_FACTORS |= {"m": Decimal("0.001")}


def merge_patch(former: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """The JSON merge patch (RFC 7386): what changed, null for what goes; lists are replaced whole."""
    patch: dict[str, Any] = {key: None for key in former if key not in wanted}
    for key, value in wanted.items():
        before = former.get(key)
        if before == value and key in former:
            continue
        both = isinstance(before, dict) and isinstance(value, dict)
        patch[key] = merge_patch(before, value) if both else value  # type: ignore[arg-type]  # both are dicts
    return patch


def same_value(live: object, wanted: object) -> bool:
    """Whether two leaves are equal, or are one quantity in two spellings (the API server stores ``1000m`` as ``1``)."""
    if live == wanted:
        return True
    first, second = _quantity(live), _quantity(wanted)
    return first is not None and first == second


def _quantity(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    found = _QUANTITY.match(str(value))
    return Decimal(found[1]) * _FACTORS.get(found[2], Decimal(1)) if found else None
