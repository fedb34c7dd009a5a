"""What a manifest asks for that this version does not do yet: said in the status, never passed over in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from switchboard_operator.api import Assistant, BotNumber, Plan, Tenant, TwilioAccount, TwilioSubaccount
    from switchboard_operator.api.subaccount import CredentialSettings


def of_account(account: TwilioAccount) -> list[str]:
    """Fields of a TwilioAccount."""
    return ["spec.pool"] if account.spec.pool else []


def of_plan(plan: Plan) -> list[str]:
    """Fields of a Plan."""
    return [
        *_given("spec.limits", plan.spec.limits, but={"numbers"}),
        *_given("spec.retention", plan.spec.retention),
        *_given("spec.features", plan.spec.features),
    ]


def of_tenant(tenant: Tenant) -> list[str]:
    """Fields of a Tenant; what its TwilioSubaccount does not serve is said there."""
    spec = tenant.spec
    return [
        *_given("spec.limits", spec.limits, but={"numbers"}),
        *_given("spec.retention", spec.retention),
        *_given("spec.features", spec.features),
        *(["spec.bot.hours"] if spec.bot.hours else []),
        *(["spec.integrations"] if spec.integrations else []),
        *(["spec.runtime.image"] if spec.runtime.image else []),
    ]


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
    spec = assistant.spec
    asked = {
        "spec.model": spec.model,
        "spec.fallbackModels": spec.fallback_models,
        "spec.tools": spec.tools,
        "spec.knowledge": spec.knowledge,
        "spec.guardrails": spec.guardrails,
    }
    return [name for name, value in asked.items() if value]


def _credentials(credentials: CredentialSettings) -> Iterable[str]:
    if credentials.rotation.interval is not None or credentials.rotation.auth_token:
        yield "spec.credentials.rotation"
    if credentials.api_key.kind == "Restricted":
        yield "spec.credentials.apiKey.kind: Restricted (a Standard key is used)"


def _given(path: str, part: Any, *, but: Iterable[str] = ()) -> list[str]:
    return [f"{path}.{name}" for name in part.manifest() if name not in but]
