"""Words compared as people mean them: without case, accents and punctuation."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["contains", "forms", "words"]

_WORD = re.compile(r"\w+")


def words(text: str) -> tuple[str, ...]:
    """The words of a text, folded: ``"¿Cuánto SALE?"`` gives ``("cuanto", "sale")``."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return tuple(_WORD.findall(plain.replace("_", " ")))


def contains(text: tuple[str, ...], phrase: tuple[str, ...]) -> bool:
    """Whether ``phrase`` stands in ``text`` as whole words, one after the other."""
    length = len(phrase)
    return length > 0 and any(text[start : start + length] == phrase for start in range(len(text) - length + 1))


def forms(word: str) -> frozenset[str]:
    """A word and what it may be the plural of: ``sillones`` gives ``sillones, sillone, sillon``."""
    found = {word}
    if len(word) > 3 and word.endswith("s"):
        found.add(word[:-1])
        if len(word) > 4 and word.endswith("es"):
            found.add(word[:-2])
    return frozenset(found)
