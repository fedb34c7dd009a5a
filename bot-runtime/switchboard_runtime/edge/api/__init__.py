"""The tenant's REST API, version 1: conversations, contacts, messages, operation; with its document and page."""

from switchboard_runtime.edge.api.rates import Rates
from switchboard_runtime.edge.api.serving import RATES
from switchboard_runtime.edge.api.table import API, api_routes
from switchboard_runtime.edge.api.tokens import check_tokens

__all__ = ["API", "RATES", "Rates", "api_routes", "check_tokens"]
