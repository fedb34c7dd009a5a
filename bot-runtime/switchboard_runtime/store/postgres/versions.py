"""Which schema this program needs, and what a database says about itself.

A migration that only adds leaves ``oldest_program`` alone, so that programs before it go on; one that takes away
raises it. So a roll-out is: migrate, then the new programs, and a later release takes the old away.
"""

from __future__ import annotations

__all__ = ["NEEDED", "NEWEST", "refusal"]

NEWEST = 11
"""The newest revision that this program brings."""

NEEDED = 11
"""The oldest revision that it can work with."""


def refusal(version: int, oldest_program: int) -> str | None:
    """Why a program does not work on a schema, with the cure; None when it does."""
    if oldest_program > NEWEST:
        return f"the schema ({version}) is newer than this program ({NEWEST}); upgrade the program"
    if version < NEEDED:
        return f"the schema ({version}) is older than this program needs ({NEEDED}); run switchboard-runtime migrate"
    return None
