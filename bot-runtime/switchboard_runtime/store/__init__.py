"""The inbox/outbox store: what was received, what is to be done, what is to be sent, each exactly once."""

from switchboard_runtime.store.base import Store
from switchboard_runtime.store.owners import OwnerLock
from switchboard_runtime.store.records import (
    Accepted,
    Claim,
    ConversationState,
    Inbound,
    OutboxItem,
    Queue,
    StatusUpdate,
    Turn,
    WorkItem,
)
from switchboard_runtime.store.sqlite import SqliteStore
from switchboard_runtime.store.writer import Writer

__all__ = [
    "Accepted",
    "Claim",
    "ConversationState",
    "Inbound",
    "OutboxItem",
    "OwnerLock",
    "Queue",
    "SqliteStore",
    "StatusUpdate",
    "Store",
    "Turn",
    "WorkItem",
    "Writer",
]
