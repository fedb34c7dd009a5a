"""The custom resources, as typed models: what the CRDs, the reference pages and the operator read from."""

from typing import Any, Final

from switchboard_operator.api.account import TwilioAccount
from switchboard_operator.api.assistant import Assistant
from switchboard_operator.api.conditions import Condition, Status
from switchboard_operator.api.meta import ObjectMeta, OwnerReference
from switchboard_operator.api.model import ApiModel
from switchboard_operator.api.number import BotNumber
from switchboard_operator.api.plan import Plan
from switchboard_operator.api.resource import API_VERSION, GROUP, VERSION, CustomResource, Resource
from switchboard_operator.api.subaccount import TwilioSubaccount
from switchboard_operator.api.tenant import Tenant

KINDS: Final[tuple[type[Resource[Any, Any]], ...]] = (
    TwilioAccount,
    Plan,
    Tenant,
    TwilioSubaccount,
    BotNumber,
    Assistant,
)
"""All kinds, in the order in which people meet them."""

__all__ = [
    "API_VERSION",
    "GROUP",
    "KINDS",
    "VERSION",
    "ApiModel",
    "Assistant",
    "BotNumber",
    "Condition",
    "CustomResource",
    "ObjectMeta",
    "OwnerReference",
    "Plan",
    "Resource",
    "Status",
    "Tenant",
    "TwilioAccount",
    "TwilioSubaccount",
]
