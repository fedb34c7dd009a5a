"""Text as it is searched: without case and accents, the same in SQLite as PostgreSQL's function of this name."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["folded"]

_ACCENTS = re.compile("[\u0300-\u036f]")


def folded(written: str) -> str:
    """The text in lower case, letters without their accents; ``Ñandú`` gives ``nandu``."""
    if written.isascii():
        return written.lower()
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", written).lower())
