"""Finds the passage that answers: BM25 over a tenant's own texts, in memory, the same result always.

For: some hundred pages in Spanish, English or Portuguese; words are folded (case, accents, plurals, common endings).
Refuses: to guess; a question with no word in common with a text finds nothing.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from switchboard_runtime.assistants.words import words

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Library", "Passage", "stem"]

_K1 = 1.2
_B = 0.75
_LONGEST = 600
_SHORTEST_STEM = 4
_COMMON = (
    "a al and are as at be by com como con cual da das de del do dos e el en es esta for from ha hay i in is it la las "
    "lo los me mi na no nos o of on or os para pelo pero por que quero quiero se si sim su te the they tiene to um uma "
    "un una with y you your"
)
_STOP = frozenset(_COMMON.split())
_ENDINGS = (
    *("aciones", "amientos", "imientos", "amiento", "imiento", "acion", "iciones", "icion", "ciones", "cion"),
    *("acoes", "acao", "coes", "cao", "mente", "ments", "ment", "tions", "tion"),
    *("aremos", "eremos", "iremos", "amos", "emos", "imos", "ando", "endo", "iendo", "adas", "ados", "idas", "idos"),
    *("ada", "ado", "ida", "ido", "ing", "ies", "ed", "es", "ar", "er", "ir", "am", "em", "an", "en"),
    *("as", "os", "a", "o", "e", "s", "y"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A part of a text. ``source`` is the text's name and the part's place in it, as in ``returns#2``."""

    source: str
    text: str


class Library:
    """Passages to search.

    Args:
        texts: name to text.
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._passages = tuple(
            Passage(source=f"{name}#{place}", text=part)
            for name, text in texts.items()
            for place, part in enumerate(_parts(text), 1)
        )
        self._counts = [Counter(_terms(passage.text)) for passage in self._passages]
        self._lengths = [sum(counts.values()) for counts in self._counts]
        self._found_in = Counter(term for counts in self._counts for term in counts)
        self._mean = sum(self._lengths) / len(self._lengths) if self._lengths else 1.0

    def __len__(self) -> int:
        return len(self._passages)

    def search(self, query: str, *, most: int = 3) -> tuple[Passage, ...]:
        """The passages that fit best, best first; among equals the earlier."""
        terms = dict.fromkeys(_terms(query))
        scored = [(self._score(terms, place), -place) for place in range(len(self._passages))]
        best = sorted((one for one in scored if one[0] > 0), reverse=True)[:most]
        return tuple(self._passages[-place] for _, place in best)

    def _score(self, terms: Mapping[str, None], place: int) -> float:
        counts, length = self._counts[place], self._lengths[place]
        return sum(self._weight(term, counts[term], length) for term in terms if counts[term])

    def _weight(self, term: str, count: int, length: int) -> float:
        here = self._found_in[term]
        rarity = math.log(1 + (len(self._passages) - here + 0.5) / (here + 0.5))
        return rarity * count * (_K1 + 1) / (count + _K1 * (1 - _B + _B * length / self._mean))


def stem(word: str) -> str:
    """A folded word without its commonest endings: ``enviamos``, ``envios`` and ``envio`` give ``envi``."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word[: -len(ending)]
    return word


def _terms(text: str) -> list[str]:
    return [stem(word) for word in words(text) if word not in _STOP]


def _parts(text: str) -> list[str]:
    """Paragraphs; a heading goes with what follows, a long one is cut between sentences."""
    parts: list[str] = []
    heading = ""
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n")):
        plain = block.strip()
        if not plain:
            continue
        if plain.startswith("#") and "\n" not in plain:
            heading = plain.lstrip("# ")
            continue
        parts.extend(f"{heading}: {piece}" if heading else piece for piece in _pieces(plain))
    return parts or ([heading] if heading else [])


def _pieces(block: str) -> list[str]:
    pieces = [""]
    for sentence in re.split(r"(?<=[.!?])\s+|\n", block):
        for start in range(0, len(sentence), _LONGEST):
            cut = sentence[start : start + _LONGEST]
            if pieces[-1] and len(pieces[-1]) + len(cut) > _LONGEST:
                pieces.append("")
            pieces[-1] = f"{pieces[-1]} {cut}".strip()
    return [piece for piece in pieces if piece]
