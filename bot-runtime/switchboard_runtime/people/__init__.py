"""People: who writes, what was said, who answers, and what is kept of it.

Every class takes the tenant's store, and time and ids where it needs them. All that is written goes through the
store's transactions (:mod:`switchboard_runtime.store.statements`), so it is the same on SQLite and PostgreSQL.
:class:`People` has all of it for one tenant.
"""

from switchboard_runtime.people.audit import Act, Audit, AuditEntry, Head, Verdict
from switchboard_runtime.people.contacts import KEEP, Contacts, Keep
from switchboard_runtime.people.conversations import Conversations, Engine
from switchboard_runtime.people.erasure import Erasures, Provider
from switchboard_runtime.people.exporting import Exports
from switchboard_runtime.people.folk import People
from switchboard_runtime.people.history import Entry, History
from switchboard_runtime.people.hook import PeopleHook
from switchboard_runtime.people.pages import Page
from switchboard_runtime.people.receipts import LedgerEntry, Receipt
from switchboard_runtime.people.records import Contact, ContactNote, Conversation, Hit, Identity, KeptLead
from switchboard_runtime.people.refusing import OptOutHook
from switchboard_runtime.people.remembering import HistoryHook

__all__ = [
    "KEEP",
    "Act",
    "Audit",
    "AuditEntry",
    "Contact",
    "ContactNote",
    "Contacts",
    "Conversation",
    "Conversations",
    "Engine",
    "Entry",
    "Erasures",
    "Exports",
    "Head",
    "History",
    "HistoryHook",
    "Hit",
    "Identity",
    "Keep",
    "KeptLead",
    "LedgerEntry",
    "OptOutHook",
    "Page",
    "People",
    "PeopleHook",
    "Provider",
    "Receipt",
    "Verdict",
]
