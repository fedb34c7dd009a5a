"""What a tenant may use: rates that make messages wait, budgets reserved before an answer and settled with it."""

from switchboard_runtime.limits.hook import LimitsHook

__all__ = ["LimitsHook"]
