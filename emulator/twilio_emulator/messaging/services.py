"""Messaging Services: what can be set on one, and how it is found.

Its senders are in ``pools``; a campaign, in ``compliance``, lies under it too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_emulator.errors import ApiError

if TYPE_CHECKING:
    from twilio_emulator.core import Core
    from twilio_emulator.models import Record

__all__ = ["DEFAULTS", "SERVICE", "require_service", "text_of"]

SERVICE = "messaging-service"
"""The kind of record that a service is; its data is named as Twilio's properties."""

DEFAULTS: dict[str, object] = {
    "friendly_name": "",
    "inbound_request_url": None,
    "inbound_method": "POST",
    "fallback_url": None,
    "fallback_method": "POST",
    "status_callback": None,
    "sticky_sender": True,
    "mms_converter": True,
    "smart_encoding": True,
    "scan_message_content": "inherit",
    "fallback_to_long_code": True,
    "area_code_geomatch": True,
    "validity_period": 36_000,
    "synchronous_validation": False,
    "usecase": "undeclared",
    "use_inbound_webhook_on_number": False,
}
"""What a new service has."""


def require_service(core: Core, account_sid: str, sid: str) -> Record:
    """Return an account's service.

    Raises:
        ApiError: 404/21701, it has no such service.
    """
    record = core.store.records.find(SERVICE, sid)
    if record is None or record.account_sid != account_sid:
        raise ApiError(status=404, code=21701, message=f"The Messaging Service {sid} does not exist")
    return record


def text_of(service: Record, name: str) -> str:
    """Return a property that is a text, ``""`` when it is not set."""
    return str(service.data.get(name) or "")
