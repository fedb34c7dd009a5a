"""Whether a contact is a machine that answers our answers: two of them talk for ever, and each message costs.

Pure: from what the contact wrote lately. A person neither writes twenty times a minute for long, nor the same long
sentence six times, nor that nobody reads this.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from switchboard_runtime.assistants.words import contains, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from switchboard_runtime.config.limits import LoopBreaker

__all__ = ["silence_of", "why_a_machine"]

_DAY = 86_400.0
_SHORT = 6
"""Letters up to which a text may be said again and again: a digit of a menu, yes, no."""

_AUTOMATIC = tuple(
    words(phrase)
    for phrase in (
        "automatic reply",
        "automated message",
        "auto reply",
        "autoreply",
        "do not reply to this message",
        "out of office",
        "this mailbox is not monitored",
        "mensaje automático",
        "respuesta automática",
        "no responda a este mensaje",
        "no respondas a este mensaje",
        "fuera de la oficina",
        "mensagem automática",
        "resposta automática",
        "não responda a esta mensagem",
    )
)
_AUTOMATIC_IN_A_ROW = 3


def why_a_machine(heard: Sequence[tuple[float, str]], breaker: LoopBreaker) -> str | None:
    """What gives a machine away, in a word, or None.

    Args:
        heard: when and what the contact wrote, oldest first.
        breaker: the numbers.
    """
    if not heard:
        return None
    last = heard[-1][0]
    quick = [text for at, text in heard if at > last - breaker.within_seconds]
    if len(quick) >= breaker.exchanges:
        return "fast"
    lately = [text for at, text in heard if at > last - 10 * breaker.within_seconds]
    tail = {_folded(text) for text in lately[-breaker.repeats :]}
    if len(lately) >= breaker.repeats and len(tail) == 1 and len(min(tail)) > _SHORT:
        return "repeats"
    row = lately[-_AUTOMATIC_IN_A_ROW:]
    if len(row) == _AUTOMATIC_IN_A_ROW and all(_says_so(text) for text in row):
        return "says so"
    return None


def silence_of(breaker: LoopBreaker, *, times: int) -> float:
    """Seconds of silence after it was found ``times`` times before."""
    return min(_DAY, breaker.silence_seconds * 2.0 ** min(times, 20))


def _says_so(text: str) -> bool:
    said = words(text)
    return any(contains(said, phrase) for phrase in _AUTOMATIC)


def _folded(text: str) -> str:
    return " ".join(re.sub(r"\d+", "#", text.casefold()).split())
