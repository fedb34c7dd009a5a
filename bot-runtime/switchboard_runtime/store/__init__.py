"""The inbox/outbox store: what was received, what is to be done, what is to be sent, each exactly once."""

from switchboard_runtime.store.base import Store
from switchboard_runtime.store.owners import OwnerLock
from switchboard_runtime.store.records import (
    Accepted,
    Claim,
    ConversationState,
    DeadLetter,
    Inbound,
    OutboxItem,
    Quarantined,
    Queue,
    StatusUpdate,
    Turn,
    Webhook,
    WorkItem,
)
from switchboard_runtime.store.sqlite import SqliteStore
from switchboard_runtime.store.writer import Writer

__all__ = [
    "Accepted",
    "Claim",
    "ConversationState",
    "DeadLetter",
    "Inbound",
    "OutboxItem",
    "OwnerLock",
    "Quarantined",
    "Queue",
    "SqliteStore",
    "StatusUpdate",
    "Store",
    "Turn",
    "Webhook",
    "WorkItem",
    "Writer",
]
