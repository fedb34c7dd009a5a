"""What a manifest asks for that this version does not do yet: said in the status, never passed over in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from switchboard_operator.desired import behaviour, ceilings, thinking

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switchboard_operator.api import Assistant, BotNumber, Plan, Tenant, TwilioAccount, TwilioSubaccount
    from switchboard_operator.api.bot import Hours
    from switchboard_operator.api.limits import Limits, Retention
    from switchboard_operator.api.llm import Guardrails
    from switchboard_operator.api.subaccount import CredentialSettings


def of_account(account: TwilioAccount) -> list[str]:
    """Fields of a TwilioAccount."""
    return ["spec.pool"] if account.spec.pool else []


def of_plan(plan: Plan) -> list[str]:
    """Fields of a Plan."""
    return [
        *_ceilings(plan.spec.limits),
        *_kept(plan.spec.retention),
        *_given("spec.features", plan.spec.features),
    ]


def of_tenant(tenant: Tenant) -> list[str]:
    """Fields of a Tenant; what its TwilioSubaccount does not serve is said there."""
    spec = tenant.spec
    return [
        *_ceilings(spec.limits),
        *_kept(spec.retention),
        *_given("spec.features", spec.features),
        *(["spec.bot.hours.away (with outside: Answer nobody is told)"] if _unheard(spec.bot.hours) else []),
        *(["spec.integrations"] if spec.integrations else []),
        *(["spec.runtime.image"] if spec.runtime.image else []),
    ]


def _ceilings(limits: Limits) -> Iterable[str]:
    yield from _given("spec.limits", limits, but=ceilings.SERVED)
    given = limits.manifest()
    places = {"spec.limits": given} | {f"spec.limits.{name}": given.get(name, {}) for name in ceilings.SCOPES}
    for path, part in places.items():
        counts = {*ceilings.CEILINGS, *ceilings.COUNTS} - ceilings.MONEY
        yield from (f"{path}.{name} (at least 1)" for name in part if name in counts and part[name] == 0)
        if "monthlySpend" in part:
            yield f"{path}.monthlySpend (of models alone: what Twilio bills is not counted)"


def _kept(retention: Retention) -> Iterable[str]:
    yield from _given("spec.retention", retention, but=behaviour.SERVED_RETENTION)
    for name in behaviour.SERVED_RETENTION:
        kept = getattr(retention, name)
        if kept is not None and kept < behaviour.SHORTEST_RETENTION:
            yield f"spec.retention.{name} (at least 24h)"


def _unheard(hours: Hours | None) -> bool:
    return hours is not None and hours.away is not None and hours.outside == "Answer"


def of_subaccount(sub: TwilioSubaccount) -> list[str]:
    """Fields of a TwilioSubaccount."""
    return [
        *_credentials(sub.spec.credentials),
        *(["spec.usageTriggers"] if sub.spec.usage_triggers else []),
    ]


def of_number(number: BotNumber) -> list[str]:
    """Fields of a BotNumber; a WhatsApp sender has a condition of its own."""
    spec = number.spec
    return [
        *(["spec.messagingServiceRef"] if spec.messaging_service_ref else []),
        *(["spec.emergencyAddressSid"] if spec.emergency_address_sid else []),
        *(["spec.releasePolicy: Release (it rests in the parent account)"] if spec.release_policy == "Release" else []),
    ]


def of_assistant(assistant: Assistant) -> list[str]:
    """Fields of an Assistant."""
    return [*_models(assistant), *_limits(assistant), *_guardrails(assistant)]


def _models(assistant: Assistant) -> Iterable[str]:
    spec = assistant.spec
    models = [
        ("spec.model", spec.model),
        *((f"spec.fallbackModels[{n}]", m) for n, m in enumerate(spec.fallback_models or [])),
    ]
    for path, model in models:
        if model is not None and model.provider not in thinking.PROVIDERS:
            yield f"{path}.provider: {model.provider}"
    yield from (f"spec.tools: {tool.name}" for tool in spec.tools or [] if tool.name not in thinking.TOOLS)
    if spec.model is None:  # what only a model could use
        given = {"spec.tools": spec.tools, "spec.httpTools": spec.http_tools, "spec.knowledge": spec.knowledge}
        yield from (f"{path} (there is no model)" for path, value in given.items() if value)


def _limits(assistant: Assistant) -> Iterable[str]:
    limits = assistant.spec.limits
    most, deadline = limits.max_output_tokens, limits.turn_deadline.total_seconds()
    if most is not None and not thinking.LEAST_TOKENS <= most <= thinking.MOST_TOKENS:
        yield f"spec.limits.maxOutputTokens (from {thinking.LEAST_TOKENS} to {thinking.MOST_TOKENS})"
    if deadline > thinking.LONGEST_TURN:
        yield f"spec.limits.turnDeadline (at most {thinking.LONGEST_TURN:.0f}s)"
    for name in ("spendPerContactPerDay", "spendPerMonth"):
        if name in limits.manifest() and any(not model.prices for model in thinking.served_models(assistant)):
            yield f"spec.limits.{name} (a model without prices is not asked at all; give each its prices)"


def _guardrails(assistant: Assistant) -> Iterable[str]:
    guardrails = assistant.spec.guardrails
    if guardrails is None:
        return
    if not thinking.thinks(assistant):  # a script says what its author wrote
        yield from (f"spec.guardrails.{name} (there is no model)" for name in _asked(guardrails))
    refuses = guardrails.topic or guardrails.blocked_topics or guardrails.only_from_knowledge
    if guardrails.refusal and not refuses:
        yield "spec.guardrails.refusal (without topic, blockedTopics or onlyFromKnowledge nothing is refused)"


def _asked(guardrails: Guardrails) -> Iterable[str]:
    given = guardrails.manifest()
    return (name for name in ("topic", "blockedTopics", "onlyFromKnowledge", "languages") if given.get(name))


def _credentials(credentials: CredentialSettings) -> Iterable[str]:
    if credentials.rotation.interval is not None or credentials.rotation.auth_token:
        yield "spec.credentials.rotation"
    if credentials.api_key.kind == "Restricted":
        yield "spec.credentials.apiKey.kind: Restricted (a Standard key is used)"


def _given(path: str, part: Any, *, but: Iterable[str] = ()) -> list[str]:
    return [f"{path}.{name}" for name in part.manifest() if name not in but]
