"""Where a tenant's events are told: the endpoints of its outgoing webhooks."""

from __future__ import annotations

from typing import Literal, get_args

from switchboard_runtime.config.fields import HttpUrl, Identifier, Model

__all__ = ["EVENT_TYPES", "EventType", "WebhookEndpoint"]

EventType = Literal[
    "message.received",
    "message.sent",
    "message.delivered",
    "message.failed",
    "conversation.handed_over",
    "conversation.returned",
    "lead.captured",
    "contact.opted_out",
    "contact.opted_in",
    "limit.reached",
    "assistant.failed",
]
"""What can be told."""

EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)


class WebhookEndpoint(Model):
    """One address that events are POSTed to, signed as Standard Webhooks say.

    ``secret`` is the name of a file beside the tenant's other credentials that holds one secret, ``whsec_`` and
    base64, or during a rotation two, a line each. No ``events`` means all. Only with ``texts`` is a message's text
    told.
    """

    name: Identifier
    url: HttpUrl
    secret: Identifier
    events: tuple[EventType, ...] = ()
    texts: bool = False

    def wants(self, event: EventType) -> bool:
        """Whether this endpoint is told of such events."""
        return not self.events or event in self.events
