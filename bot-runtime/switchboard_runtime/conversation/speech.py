"""Texts for the ear: what people read on a screen, made into what a voice can say."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["speakable"]

_LONGEST = 3000
"""Characters of one answer, some three minutes; Twilio says 4,096 at once at most."""

_LINK = re.compile(r"\[([^\]\n]+)\]\([^)\s]*\)")
_BULLET = re.compile(r"^\s*(?:[-*•·]|#{1,6})\s+", re.MULTILINE)
_MARKS = re.compile(r"[*`~#]{1,3}")
_PICTOGRAMS = 0x2000
"""Below it, symbols such as ° and © have names that voices know."""


def speakable(text: str, *, longest: int = _LONGEST) -> str:
    """The text on one line without markup, pictograms and what XML cannot carry, cut between words.

    Lines become sentences. Doing it twice changes nothing.
    """
    while (spoken := _read_once(text)) != text:
        text = spoken
    return _cut(text, longest)


def _read_once(text: str) -> str:
    plain = _MARKS.sub("", _BULLET.sub("", _LINK.sub(r"\1", text)))
    lines = (" ".join("".join(map(_heard, line)).split()) for line in plain.splitlines())
    spoken = ""
    for line in filter(None, lines):
        pause = "" if not spoken else " " if spoken[-1] in ".!?:;,…" else ". "
        spoken += pause + line
    return spoken


def _heard(character: str) -> str:
    """A character as it is said: nothing for pictograms and joiners, a space for control characters."""
    category = unicodedata.category(character)
    if category in {"Cf", "Mn"} and ord(character) >= _PICTOGRAMS:
        return ""
    if category[0] == "C":
        return " "
    return "" if category in {"So", "Sk"} and ord(character) >= _PICTOGRAMS else character


def _cut(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    window = text[: longest + 1]
    end = max(window.rfind(mark) for mark in (". ", "! ", "? ")) + 1 or window.rfind(" ")
    return window[: end if end > 0 else longest].rstrip()
