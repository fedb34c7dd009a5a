"""What a WhatsApp user can send beside text and media, as the admin API's ``/inbound`` takes it."""

# ruff: noqa: ARG001

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FIELDS", "read"]

FIELDS: frozenset[str] = frozenset()
"""Names of the fields of ``/inbound`` that ``read`` reads."""


def read(body: Mapping[str, Any]) -> dict[str, object]:
    """Return what is kept of these fields in ``message.extra``, JSON.

    Args:
        body: the whole body of the call.

    Raises:
        AdminError: a field cannot be used; the text names it.
    """
    return {}
