"""Which numbers are offered: the same ones for the same seed, without a list of them.

Every well-formed number of a plan is for sale until somebody owns it. A search builds numbers instead of
scanning them: the pattern is laid over each area's prefix at each place it fits, and the free digits are
filled in an order that the seed decides. So a pattern that leaves no digit free finds its one number at
once.
"""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from twilio_emulator.numbering.plan import Area, Country, NumberType, well_formed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Offer", "Search", "is_pattern", "search"]

_PATTERN = re.compile(r"\+?[0-9A-Za-z*]{2,16}")
_KEYPAD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")
_ANY = "*"
_MOST_TRIED = 20_000
"""Numbers a search looks at before it gives up."""

_EARTH_RADIUS_MILES = 3958.8


@dataclass(frozen=True, kw_only=True, slots=True)
class Search:
    """What is looked for.

    Attributes:
        pattern: digits, letters of the keypad, ``*`` for any digit; with ``+`` it starts at the country code.
        area_code: national prefix.
        region: exactly that region; likewise ``locality``, ``postal_code``, ``rate_center``, ``lata``.
        near: latitude and longitude.
        distance: miles from ``near``.
    """

    pattern: str = ""
    area_code: str = ""
    region: str = ""
    locality: str = ""
    postal_code: str = ""
    rate_center: str = ""
    lata: str = ""
    near: tuple[float, float] | None = None
    distance: int = 25

    def covers(self, area: Area) -> bool:
        """Say whether numbers of an area can be meant."""
        wanted = (
            (self.region, area.region),
            (self.locality, area.locality),
            (self.postal_code, area.postal_code),
            (self.rate_center, area.rate_center),
            (self.lata, area.lata),
        )
        if any(want and want.lower() != (have or "").lower() for want, have in wanted):
            return False
        if not area.prefix.startswith(self.area_code):
            return False
        return self.near is None or _miles(self.near, area) <= self.distance


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """A number that can be bought."""

    phone_number: str
    country: Country
    type: NumberType
    area: Area


def is_pattern(text: str) -> bool:
    """Say whether ``text`` can be a search's pattern."""
    return bool(_PATTERN.fullmatch(text))


def search(
    *,
    country: Country,
    type_: NumberType,
    wanted: Search,
    seed: int,
    most: int,
    is_free: Callable[[str], bool],
) -> list[Offer]:
    """Return up to ``most`` numbers that can be bought, always in the same order.

    Args:
        country: whose numbers.
        type_: which of its kinds.
        wanted: what to look for.
        seed: decides which numbers come first.
        most: how many at most.
        is_free: says whether a number is still for sale.
    """
    streams = [
        _fill(template, area, seed)
        for area in type_.areas
        if wanted.covers(area)
        for template in _templates(country, type_, area, wanted.pattern)
    ]
    found: list[Offer] = []
    seen: set[str] = set()
    for digits, area in islice(_in_turn(streams), _MOST_TRIED):
        if len(found) == most:
            break
        number = f"+{digits}"
        if number in seen or not well_formed(country, digits.removeprefix(country.calling_code)):
            continue
        seen.add(number)
        if is_free(number):
            found.append(Offer(phone_number=number, country=country, type=type_, area=area))
    return found


def _templates(country: Country, type_: NumberType, area: Area, pattern: str) -> Iterator[str]:
    """Yield each way the pattern fits over the area's numbers; ``*`` is a digit still free.

    A pattern as long as a number without its country code is such a number: it fits nowhere else.
    """
    known = country.calling_code + area.prefix
    blank = known + _ANY * (type_.length - len(area.prefix))
    digits = pattern.removeprefix("+").upper().translate(_KEYPAD)
    last_start = 0 if not digits or pattern.startswith("+") else len(blank) - len(digits)
    first_start = last_start if len(digits) >= type_.length else 0
    for start in range(first_start, last_start + 1):
        end = start + len(digits)
        merged = [_merge(have, want) for have, want in zip(blank[start:end], digits, strict=False)]
        if len(merged) == len(digits) and all(merged):
            yield blank[:start] + "".join(merged) + blank[end:]


def _merge(have: str, want: str) -> str:
    """Return the digit both agree on, ``""`` when they differ."""
    if have == _ANY:
        return want
    return have if want in {_ANY, have} else ""


def _fill(template: str, area: Area, seed: int) -> Iterator[tuple[str, Area]]:
    """Yield every number a template stands for, once each, in the seed's order."""
    free = template.count(_ANY)
    total = 10**free
    hashed = int.from_bytes(hashlib.sha256(f"{seed}:{template}".encode()).digest()[:16])
    start, step = hashed % total, (hashed >> 64) % total | 1
    while math.gcd(step, total) != 1:
        step += 2
    for turn in range(total):
        digits = iter(f"{(start + turn * step) % total:0{free}d}" if free else "")
        yield "".join(next(digits) if char == _ANY else char for char in template), area


def _in_turn(streams: list[Iterator[tuple[str, Area]]]) -> Iterator[tuple[str, Area]]:
    """Take one number of each stream by turns, until all are empty."""
    while streams:
        alive = []
        for stream in streams:
            number = next(stream, None)
            if number is not None:
                alive.append(stream)
                yield number
        streams = alive


def _miles(origin: tuple[float, float], area: Area) -> float:
    """Distance over the globe; infinite for an area without a place."""
    if area.latitude is None or area.longitude is None:
        return math.inf
    lat1, lon1, lat2, lon2 = map(math.radians, (*origin, area.latitude, area.longitude))
    a = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * _EARTH_RADIUS_MILES * math.asin(math.sqrt(a))
