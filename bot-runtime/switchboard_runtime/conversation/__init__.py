"""The engine: what is done with a message, and how its reply leaves exactly once."""

from switchboard_runtime.conversation.courier import Courier, Found, NotSent, Posted, Refused, Sent, Unknown
from switchboard_runtime.conversation.health import Health
from switchboard_runtime.conversation.hooks import SendHook, TurnHook
from switchboard_runtime.conversation.policy import Policy
from switchboard_runtime.conversation.service import TenantService
from switchboard_runtime.conversation.shares import Shares, Together

__all__ = [
    "Courier",
    "Found",
    "Health",
    "NotSent",
    "Policy",
    "Posted",
    "Refused",
    "SendHook",
    "Sent",
    "Shares",
    "TenantService",
    "Together",
    "TurnHook",
    "Unknown",
]
