"""The event types that the emulator emits, and the schemas of their data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ERROR_LOGGED", "EVENT_TYPES", "INBOUND_RECEIVED", "SCHEMAS", "EventType", "schema_url"]

ERROR_LOGGED = "com.twilio.error-logs.error.logged"
INBOUND_RECEIVED = "com.twilio.messaging.inbound-message.received"


@dataclass(frozen=True, kw_only=True, slots=True)
class EventType:
    """A kind of event.

    Attributes:
        name: such as ``com.twilio.messaging.message.sent``.
        schema: the schema of its data.
        description: for people.
    """

    name: str
    schema: str
    description: str


SCHEMAS: Mapping[str, int] = {
    "ErrorLogs.Error": 2,
    "Messaging.InboundMessageV1": 6,
    "Messaging.MessageStatus": 7,
    "Voice.WebhookEvent": 2,
}
"""The latest version of each schema; the earlier ones, from 1, can be subscribed to as well."""

EVENT_TYPES: Mapping[str, EventType] = {
    found.name: found
    for found in (
        EventType(name=ERROR_LOGGED, schema="ErrorLogs.Error", description="Error Logs - error logged"),
        EventType(
            name=INBOUND_RECEIVED,
            schema="Messaging.InboundMessageV1",
            description="Messaging - inbound message received",
        ),
        *(
            EventType(
                name=f"com.twilio.messaging.message.{status}",
                schema="Messaging.MessageStatus",
                description=f"Messaging - {status} message",
            )
            for status in ("delivered", "failed", "queued", "read", "sent", "undelivered")
        ),
        *(
            EventType(
                name=f"com.twilio.voice.status-callback.call.{event}",
                schema="Voice.WebhookEvent",
                description=f"Voice - call {event}",
            )
            for event in ("answered", "completed", "initiated", "ringing")
        ),
    )
}
"""By name, in the order of the list."""


def schema_url(schema: str, version: int) -> str:
    """Return where the text of a schema is."""
    return f"https://events-schemas.twilio.com/{schema}/{version}"
