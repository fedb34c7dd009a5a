"""Logs and metrics: what an operator of the runtime sees of it."""
