"""A template with its variables filled in."""

# ruff: noqa: ARG001

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twilio_emulator.errors import invalid

if TYPE_CHECKING:
    from twilio_emulator.core import Core
    from twilio_emulator.models import Account

__all__ = ["Rendered", "render"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """What a template says.

    Attributes:
        body: the text.
        media: URLs.
        is_approved: whether WhatsApp takes it outside of the 24-hour window.
    """

    body: str
    media: tuple[str, ...]
    is_approved: bool


def render(core: Core, account: Account, content_sid: str, variables: str, *, channel: str) -> Rendered:
    """Return a template of the account with its variables.

    Args:
        core: the emulator.
        account: who sends.
        content_sid: the template.
        variables: a JSON object of texts by name, ``""`` for none.
        channel: ``whatsapp``, or ``""`` for SMS.

    Raises:
        ApiError: no such template, or variables that do not fit it.
    """
    raise invalid("ContentSid", "the emulator does not have it yet")
