"""Content templates, and their review by WhatsApp.

    unsubmitted ── submitted ──► received ──► pending ──► approved | rejected

Each step takes ``review_delay``. A template is rejected when a placeholder has no sample among ``variables``, or when
its numbers leave one out; the admin API may decide otherwise, also ``paused`` and ``disabled``.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

from twilio_emulator.content.types import BY_CHANNEL, texts_of
from twilio_emulator.errors import ApiError, invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from twilio_emulator.core import Core
    from twilio_emulator.models import Record

__all__ = [
    "CATEGORIES",
    "CONTENT",
    "Approval",
    "approval_of",
    "check_unsubmitted",
    "decide",
    "is_approved",
    "placeholders",
    "step",
    "submit",
]

CONTENT = "content"
"""The kind of record; its data has friendly_name, language, variables and types as Twilio names them, and approval."""
CATEGORIES = ("UTILITY", "MARKETING", "AUTHENTICATION")

PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")
_SESSION_ONLY = frozenset({"twilio/list-picker"})
"""Kinds that WhatsApp does not approve."""
_TEMPLATE_NAME = re.compile(r"[a-z0-9_]{1,512}")


class Approval(StrEnum):
    """States of a template's review."""

    UNSUBMITTED = "unsubmitted"
    RECEIVED = "received"
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    PAUSED = "paused"
    DISABLED = "disabled"


_NONE = {
    "name": "",
    "category": "",
    "content_type": "",
    "status": Approval.UNSUBMITTED,
    "rejection_reason": "",
    "allow_category_change": True,
}


def approval_of(content: Record) -> dict[str, object]:
    """Return a template's approval request, named as Twilio's properties."""
    approval = content.data.get("approval")
    return {**_NONE, **(approval if isinstance(approval, dict) else {})}


def is_approved(content: Record) -> bool:
    """Say whether WhatsApp takes it at any time."""
    return approval_of(content)["status"] == Approval.APPROVED


def check_unsubmitted(content: Record) -> None:
    """Refuse to change a template that WhatsApp is asked about or has approved.

    Raises:
        ApiError: 400.
    """
    status = approval_of(content)["status"]
    if status not in {Approval.UNSUBMITTED, Approval.REJECTED}:
        message = f"Content {content.sid}: its WhatsApp approval request is {status}, make another template"
        raise ApiError(status=400, code=20001, message=message)


def submit(core: Core, content: Record, *, name: str, category: str, now: float) -> Record:
    """Ask WhatsApp to approve a template.

    Raises:
        ApiError: it was asked already, the name cannot be used, or WhatsApp approves no such content.
    """
    check_unsubmitted(content)
    if not _TEMPLATE_NAME.fullmatch(name):
        raise invalid("name", "it must have lower-case letters, digits and underscores only")
    kind = next((kind for kind in BY_CHANNEL["whatsapp"] if kind in _types(content)), "")
    if kind in _SESSION_ONLY:
        raise invalid("types", f"{kind} cannot be submitted to WhatsApp: it is for answers within 24 hours")
    approval = {"name": name, "category": category, "content_type": kind, "status": Approval.RECEIVED}
    return core.store.records.change(
        content, data={"approval": approval}, now=now, next_at=now + core.settings.review_delay
    )


def step(core: Core, content: Record, now: float) -> None:
    """Move a review on when its timer fires."""
    status = approval_of(content)["status"]
    if status == Approval.RECEIVED:
        changed = decide(core, content, Approval.PENDING, now=now)
        core.store.records.change(changed, next_at=now + core.settings.review_delay)
    elif status == Approval.PENDING:
        flaw = _flaw(content)
        decide(core, content, Approval.REJECTED if flaw else Approval.APPROVED, reason=flaw, now=now)


def decide(core: Core, content: Record, status: Approval, *, reason: str = "", now: float) -> Record:
    """Put a review into a state, for good unless something else is decided."""
    approval = {**approval_of(content), "status": status, "rejection_reason": reason}
    return core.store.records.change(content, data={"approval": approval}, now=now, next_at=None)


def placeholders(values: Iterable[str]) -> set[str]:
    """Return the names of the variables that texts mention."""
    return {name for text in values for name in PLACEHOLDER.findall(text)}


def _flaw(content: Record) -> str:
    """Return why WhatsApp rejects a template, ``""`` when it does not."""
    used = placeholders(texts_of(_types(content)))
    samples = content.data.get("variables")
    missing = sorted(used - set(samples if isinstance(samples, dict) else ()))
    if missing:
        return f"INVALID_FORMAT. The variable {missing[0]} is missing an example"
    numbers = {int(name) for name in used if name.isdecimal()}
    if numbers and numbers != set(range(1, len(numbers) + 1)):
        return "INVALID_FORMAT. Variables must be numbered from 1 without gaps"
    return ""


def _types(content: Record) -> Mapping[str, object]:
    types = content.data["types"]
    return types if isinstance(types, dict) else {}
