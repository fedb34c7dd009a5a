"""The inbox/outbox store: what was received, what is to be done, what is to be sent, each exactly once."""

from switchboard_runtime.store.base import Flights, Store
from switchboard_runtime.store.owners import OwnerLock
from switchboard_runtime.store.records import (
    Accepted,
    Claim,
    Content,
    ConversationState,
    DeadLetter,
    Inbound,
    OutboxItem,
    Quarantined,
    Queue,
    Reply,
    StatusUpdate,
    Turn,
    Webhook,
    WorkItem,
    texts,
)
from switchboard_runtime.store.sqlite import SqliteStore
from switchboard_runtime.store.statements import Also, Around, Job, Row, Rows, Statement, alone, statement
from switchboard_runtime.store.suppressing import Lane
from switchboard_runtime.store.writer import Writer

__all__ = [
    "Accepted",
    "Also",
    "Around",
    "Claim",
    "Content",
    "ConversationState",
    "DeadLetter",
    "Flights",
    "Inbound",
    "Job",
    "Lane",
    "OutboxItem",
    "OwnerLock",
    "Quarantined",
    "Queue",
    "Reply",
    "Row",
    "Rows",
    "SqliteStore",
    "Statement",
    "StatusUpdate",
    "Store",
    "Turn",
    "Webhook",
    "WorkItem",
    "Writer",
    "alone",
    "statement",
    "texts",
]
