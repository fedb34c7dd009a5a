"""The most that an answer may take, before it is asked for: what is reserved, so that a budget is never overdrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from switchboard_runtime.assistants.accounting import Spent, cost_of, estimate_tokens, price_at
from switchboard_runtime.limits.accounts import micros

if TYPE_CHECKING:
    from switchboard_runtime.config import Assistant
    from switchboard_runtime.config.documents import LanguageModel, ModelChoice

__all__ = ["most"]

_AROUND = 1500
"""Tokens of our own rules and the tools' descriptions."""

_TOOL_RESULT = 800
"""Tokens of what a tool gives, on the high side; the model may ask for one before each further request."""

_LONGEST_QUESTION = 6000


def most(assistant: Assistant, question: str, *, currency: str, now: float) -> tuple[int, int | None]:
    """Tokens, and millionths of money, that an answer takes at most.

    Every request is taken to be the longest at the dearest model.

    Returns:
        (0, 0) when no model is asked; None for the money when a model has no price today, or one in another currency.
    """
    settings = assistant.model
    if settings is None:
        return 0, 0
    spent = [_request(assistant, settings, choice, question) for choice in settings.choices]
    tokens = max(one.input_tokens + one.output_tokens for one in spent) * settings.max_requests
    dearest = 0
    for choice, one in zip(settings.choices, spent, strict=True):
        price = price_at(choice, now)
        if price is None or price.currency != currency:
            return tokens, None
        dearest = max(dearest, micros(cost_of(one, price) * settings.max_requests))
    return tokens, dearest


def _request(assistant: Assistant, settings: LanguageModel, choice: ModelChoice, question: str) -> Spent:
    words = estimate_tokens((assistant.instructions or "") + question[:_LONGEST_QUESTION], provider=choice.provider)
    tools = _TOOL_RESULT * (settings.max_requests - 1)
    return Spent(
        input_tokens=words + settings.history_tokens + _AROUND + tools,
        cached_tokens=0,
        output_tokens=choice.max_tokens,
    )
