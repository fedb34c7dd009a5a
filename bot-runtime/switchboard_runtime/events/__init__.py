"""Outgoing webhooks: what happened is kept in the transaction that made it happen, and told at least once, in order."""

from switchboard_runtime.events.dispatcher import Dispatcher
from switchboard_runtime.events.facts import Told
from switchboard_runtime.events.outward import Outward
from switchboard_runtime.events.signing import check_secrets
from switchboard_runtime.events.telling import Events

__all__ = ["Dispatcher", "Events", "Outward", "Told", "check_secrets"]
