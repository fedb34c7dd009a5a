"""Where a tenant's events are told: the endpoints of its outgoing webhooks."""

from typing import Annotated, Literal

from pydantic import Field

from switchboard_operator.api import grammar
from switchboard_operator.api.fields import ObjectName, ServiceURL
from switchboard_operator.api.model import ApiModel
from switchboard_operator.api.rules import ListSet, matches

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


class SecretKeyRef(ApiModel):
    """A key of a Secret of the same namespace."""

    name: ObjectName
    """Name of the Secret."""

    key: Annotated[
        str,
        Field(max_length=63),
        matches(grammar.KEY_NAME, "is no key: letters, digits, '-', '_' and '.', first a letter or a digit"),
    ]
    """The key in it."""


class WebhookEndpoint(ApiModel):
    """One address that events are POSTed to, signed as Standard Webhooks say."""

    name: Annotated[
        str,
        Field(max_length=63),
        matches(grammar.LABEL_NAME, "is no name of an endpoint: lower-case letters, digits and '-', as in crm"),
    ]
    """Its name in the API, in metrics and in logs."""

    url: ServiceURL
    """Where events go. One inside of the cluster must be in the administrator's list of hosts."""

    events: Annotated[list[EventType], Field(max_length=16), ListSet()] | None = None
    """Which are told. Default: all."""

    texts: bool = False
    """Whether what people wrote is told too."""

    secret_ref: SecretKeyRef
    """What events are signed with: `whsec_` and the base64 of 24 to 64 random bytes; two lines during a rotation."""
