"""Twilio's error codes about messages, and what is done about each: one table for refusals and status callbacks.

Source: Twilio's pages of errors (docs/api/errors), on 2026-11-26. A code that is not here ends its reply when a POST
is refused with it, and is only counted when a callback brings it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CODES", "WINDOW_CLOSED", "Code", "Treatment", "meaning_of", "treatment_of"]

Treatment = Literal["later", "pause", "fail", "opt out", "template", "words"]
"""What is done: try the reply again later; let its sender pause, and try again; end it; end it and silence the
conversation; send the reopening template in its place; send its words, with links, in place of its media."""

WINDOW_CLOSED = 63016
"""No free text on WhatsApp more than 24 hours after the contact wrote."""


@dataclass(frozen=True, slots=True)
class Code:
    """A code's treatment, and its meaning in a few words for logs and the reply's record."""

    treatment: Treatment
    meaning: str


CODES: Mapping[int, Code] = {
    14107: Code("later", "too many messages between two numbers"),
    20001: Code("later", "too many requests just now"),
    20429: Code("later", "too many requests just now"),
    21211: Code("fail", "no number of a phone"),
    21408: Code("fail", "country not permitted"),
    21606: Code("fail", "sender cannot send this"),
    21608: Code("fail", "trial account, recipient not verified"),
    21610: Code("opt out", "recipient opted out"),
    21611: Code("pause", "sender's queue is full"),
    21612: Code("fail", "recipient cannot be reached from this sender"),
    21614: Code("fail", "no mobile number"),
    21617: Code("fail", "text too long"),
    21620: Code("words", "media address not valid"),
    21623: Code("words", "too many media"),
    21655: Code("fail", "no such template"),
    21656: Code("fail", "template variables not valid"),
    30001: Code("pause", "sender's queue is full"),
    30003: Code("fail", "phone cannot be reached"),
    30004: Code("fail", "blocked by recipient or carrier"),
    30005: Code("fail", "unknown phone"),
    30006: Code("fail", "landline, or carrier not reachable"),
    30007: Code("fail", "filtered"),
    30008: Code("fail", "unknown error of the carrier"),
    30022: Code("pause", "sender's limit is reached"),
    30032: Code("fail", "toll-free number not verified"),
    30034: Code("fail", "number not registered for A2P"),
    63003: Code("fail", "recipient not found on the channel"),
    63005: Code("words", "channel does not accept the content"),
    63007: Code("pause", "sender is not online"),
    63015: Code("fail", "recipient has not joined the sandbox"),
    63016: Code("template", "window closed"),
    63018: Code("pause", "sender's rate limit"),
    63019: Code("words", "media cannot be fetched"),
    63021: Code("words", "media not valid for the channel"),
    63024: Code("fail", "recipient not valid"),
    63051: Code("fail", "WhatsApp account is locked"),
}


def treatment_of(code: int | None) -> Treatment | None:
    """What is done about a code; None when the table does not know it."""
    known = CODES.get(code) if code is not None else None
    return known.treatment if known else None


def meaning_of(code: int | None, *, otherwise: str) -> str:
    """A code's meaning."""
    known = CODES.get(code) if code is not None else None
    return known.meaning if known else otherwise
