"""What the emulator keeps: one frozen record a row of the store.

Moments are seconds since the epoch, UTC. ``seq`` grows with every record of a kind; lists go from the
newest down.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Account",
    "AccountStatus",
    "AccountType",
    "Alert",
    "ApiKey",
    "Delivery",
    "Direction",
    "KeyKind",
    "LoggedRequest",
    "Message",
    "MessageStatus",
    "Number",
    "NumberConfig",
    "Record",
    "Stage",
    "Webhook",
    "WebhookKind",
]


class AccountStatus(StrEnum):
    """States of an account; closed is final."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class AccountType(StrEnum):
    """Whether an account pays."""

    FULL = "Full"
    TRIAL = "Trial"


class KeyKind(StrEnum):
    """Kinds of API key; Main keys are seeded, the REST API makes the others."""

    MAIN = "main"
    STANDARD = "standard"
    RESTRICTED = "restricted"


class Direction(StrEnum):
    """Who started a message."""

    INBOUND = "inbound"
    API = "outbound-api"
    REPLY = "outbound-reply"


class MessageStatus(StrEnum):
    """States of a message."""

    ACCEPTED = "accepted"
    SCHEDULED = "scheduled"
    CANCELED = "canceled"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    READ = "read"
    RECEIVED = "received"


class WebhookKind(StrEnum):
    """Why a webhook is called."""

    INBOUND = "inbound"
    STATUS = "status"
    VOICE = "voice"
    VOICE_STATUS = "voice-status"
    RECORDING = "recording"
    SENDER = "sender"
    USAGE = "usage"
    EVENTS = "events"
    REVIEW = "review"


class Stage(StrEnum):
    """Which of a webhook's two URLs is being called."""

    PRIMARY = "primary"
    FALLBACK = "fallback"


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """An account or subaccount; the parent owns itself.

    ``type`` is an ``AccountType``; ``suspended_by`` is ``twilio`` when only Twilio can lift it,
    ``parent`` while the parent is suspended, else ``""``.
    """

    seq: int
    sid: str
    owner_sid: str
    friendly_name: str
    status: str
    auth_token: str
    secondary_token: str | None
    secondary_created: float | None
    created: float
    updated: float
    type: str
    suspended_by: str

    @property
    def is_parent(self) -> bool:
        """Say whether this is the account that owns the others."""
        return self.sid == self.owner_sid


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiKey:
    """An API key; of the secret only a digest is kept.

    ``permissions`` are those of a restricted key; ``alive`` is 0 once it was deleted.
    """

    seq: int
    sid: str
    account_sid: str
    friendly_name: str
    kind: str
    secret_digest: str
    created: float
    updated: float
    permissions: tuple[str, ...]
    alive: int


@dataclass(frozen=True, kw_only=True, slots=True)
class NumberConfig:
    """What a customer can set on a number, named as Twilio's properties; URLs are ``""`` when unset, SIDs None."""

    sms_url: str = ""
    sms_method: str = "POST"
    sms_fallback_url: str = ""
    sms_fallback_method: str = "POST"
    sms_application_sid: str | None = None
    voice_url: str = ""
    voice_method: str = "POST"
    voice_fallback_url: str = ""
    voice_fallback_method: str = "POST"
    voice_application_sid: str | None = None
    voice_caller_id_lookup: bool = False
    voice_receive_mode: str = "voice"
    status_callback: str = ""
    status_callback_method: str = "POST"
    trunk_sid: str | None = None
    address_sid: str | None = None
    identity_sid: str | None = None
    bundle_sid: str | None = None
    emergency_status: str = "Inactive"
    emergency_address_sid: str | None = None

    def as_json(self) -> dict[str, object]:
        """Return the properties by name; ``dataclasses.asdict`` would copy each value deeply."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, kw_only=True, slots=True)
class Number:
    """A phone number that an account owns."""

    seq: int
    sid: str
    account_sid: str
    phone_number: str
    country: str
    kind: str
    friendly_name: str
    config: NumberConfig
    created: float
    updated: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A message, in or out.

    ``next_at`` is when its state moves on, None when it rests; ``extra`` is what only some messages have, JSON.
    """

    seq: int
    sid: str
    account_sid: str
    direction: str
    sender: str
    recipient: str
    body: str
    status: str
    num_segments: int
    media: tuple[str, ...]
    status_callback: str
    profile_name: str | None
    price: str | None
    created: float
    sent: float | None
    updated: float
    next_at: float | None
    service_sid: str | None
    error_code: int | None
    extra: Mapping[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A resource of which there are few; ``data`` is what its kind keeps of it, JSON.

    ``parent_sid`` is the resource it lies under and ``key`` what it is also found by, ``""`` for none; ``next_at`` is
    when its timer fires, None for never.
    """

    seq: int
    kind: str
    sid: str
    account_sid: str
    parent_sid: str
    key: str
    status: str
    data: Mapping[str, object]
    created: float
    updated: float
    next_at: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    """A call to a customer's URL that is not finished.

    ``attempts`` counts the calls of the present ``stage``; ``error_code`` is why the primary URL failed. Webhooks of
    one ``lane`` are called one after another. ``body`` is a JSON document that is sent instead of ``params``. A copy
    was ordered as a fault: the webhook is called once more than it should be.
    """

    seq: int
    kind: str
    account_sid: str
    resource_sid: str
    lane: str
    url: str
    method: str
    fallback_url: str
    fallback_method: str
    params: tuple[tuple[str, str], ...]
    body: str
    token: str
    stage: str
    attempts: int
    error_code: int | None
    created: float
    not_before: float
    is_copy: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One attempt to call a customer's URL; ``status`` is None when no answer came, ``duration`` is in seconds."""

    seq: int
    kind: str
    account_sid: str
    resource_sid: str
    url: str
    attempt: int
    status: int | None
    error_code: int | None
    error: str | None
    at: float
    duration: float
    request_method: str
    request_headers: Mapping[str, str]
    request_body: str
    response_headers: Mapping[str, str]
    response_body: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """A monitor alert: what went wrong with a customer's webhook; texts are ``""`` where there was no request."""

    seq: int
    sid: str
    account_sid: str
    resource_sid: str
    error_code: int
    log_level: str
    text: str
    request_method: str
    request_url: str
    request_headers: Mapping[str, str]
    request_variables: str
    response_headers: Mapping[str, str]
    response_body: str
    created: float


@dataclass(frozen=True, kw_only=True, slots=True)
class LoggedRequest:
    """One API call served; ``status`` is None when the connection was dropped on demand.

    ``milliseconds`` is how long it took, ``code`` Twilio's error code in the answer, ``fault`` what was ordered and
    struck, such as ``status 3``.
    """

    seq: int
    method: str
    path: str
    status: int | None
    account_sid: str | None
    write: bool
    at: float
    milliseconds: float = 0.0
    code: int | None = None
    fault: str | None = None
