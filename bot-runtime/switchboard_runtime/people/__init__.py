"""People: who writes, what was said, who answers, and what is kept of it.

Every class takes the tenant's store, and time and ids where it needs them. All that is written goes through the
store's transactions (:mod:`switchboard_runtime.store.statements`), so it is the same on SQLite and PostgreSQL.
"""

from switchboard_runtime.people.history import Entry, History
from switchboard_runtime.people.pages import Page
from switchboard_runtime.people.remembering import HistoryHook

__all__ = ["Entry", "History", "HistoryHook", "Page"]
