"""The runtime's configuration document of one tenant (decision 0001).

A contract test parses it with the runtime's own models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from switchboard_operator import reasons
from switchboard_operator.desired.behaviour import behaviour_of, handoff_of, template_names
from switchboard_operator.desired.calls import voice_of
from switchboard_operator.desired.endpoints import endpoint_of
from switchboard_operator.desired.scripts import check_templates, script_of
from switchboard_operator.desired.thinking import model_of
from switchboard_operator.errors import Stalled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from switchboard_operator.api import Assistant, BotNumber, Plan, Tenant
    from switchboard_operator.desired.thinking import Text

SCHEMA = "runtime.switchboard.dev/v1"
CHANNELS = ("sms", "voice", "whatsapp")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a tenant is served.

    Attributes:
        slug: the tenant's slug.
        host: ``{slug}.{domain}``.
    """

    slug: str
    host: str

    @property
    def url(self) -> str:
        """The public base address, without a trailing slash."""
        return f"https://{self.host}"


def place_of(tenant: Tenant, default_domain: str | None) -> Place:
    """Where a tenant is served: its own domain, or the account's or operator's default.

    Raises:
        Stalled: DomainMissing.
    """
    domain = tenant.spec.domain or default_domain
    if domain is None:
        raise Stalled(
            reasons.DOMAIN_MISSING,
            "spec.domain: set it here, on the TwilioAccount or in the operator's settings",
        )
    return Place(slug=tenant.slug, host=f"{tenant.slug}.{domain}")


def document_of(
    *,
    tenant: Tenant,
    plan: Plan,
    place: Place,
    account_sid: str,
    endpoint: str | None,
    numbers: Sequence[BotNumber],
    assistants: Sequence[Assistant],
    products: Mapping[str, list[dict[str, Any]]],
    texts: Mapping[str, Sequence[Text]],
) -> dict[str, Any]:
    """Build the document.

    Args:
        tenant: whose document.
        plan: its limits hold too.
        place: slug and host.
        account_sid: the tenant's subaccount.
        endpoint: what stands in for Twilio, or None.
        numbers: the tenant's numbers that Twilio has confirmed.
        assistants: those that the tenant or its numbers name.
        products: by assistant name, from its catalogue.
        texts: by assistant name, what its models may quote.

    Raises:
        Invalid: TimeZoneUnknown, VoiceInvalid, TemplateNotFound.
    """
    bot = tenant.spec.bot
    check_templates(assistants, template_names(bot))
    meta = tenant.metadata
    return {
        "schema": SCHEMA,
        "tenant": {
            "id": meta.uid,
            "namespace": meta.namespace,
            "name": meta.name,
            "slug": place.slug,
            "displayName": tenant.spec.display_name or meta.name,
            "status": "Suspended" if tenant.spec.suspend else "Active",
        },
        "url": place.url,
        "twilio": {"endpoint": endpoint, "accountSid": account_sid},
        "languages": list(bot.languages) if bot.languages else ["en"],
        "greeting": dict(bot.greeting) if bot.greeting else None,
        "handoff": handoff_of(bot.handoff) if bot.handoff else None,
        "defaultAssistant": bot.assistant_ref.name if bot.assistant_ref else None,
        "numbers": [_number(number) for number in sorted(numbers, key=lambda n: n.metadata.name)],
        "assistants": [
            _assistant(assistant, products.get(assistant.metadata.name, []), texts.get(assistant.metadata.name, ()))
            for assistant in sorted(assistants, key=lambda a: a.metadata.name)
        ],
        **behaviour_of(tenant, plan, assistants),
        **_calls(tenant, numbers, assistants),
        **({"webhooks": [endpoint_of(one) for one in tenant.spec.webhooks]} if tenant.spec.webhooks else {}),
    }


def _calls(tenant: Tenant, numbers: Sequence[BotNumber], assistants: Sequence[Assistant]) -> dict[str, Any]:
    voice = tenant.spec.bot.voice
    if voice is None:
        return {}
    own = {number.status.phone_number for number in numbers if number.status.phone_number}
    return {"voice": voice_of(voice, own_numbers=own, has_assistant=bool(assistants))}


def _number(number: BotNumber) -> dict[str, Any]:
    channels = number.spec.channels
    return {
        "name": number.metadata.name,
        "phoneNumber": number.status.phone_number,
        "sid": number.status.sid,
        "assistant": number.spec.assistant_ref.name if number.spec.assistant_ref else None,
        "primary": bool(number.spec.primary),
        "channels": [name for name in CHANNELS if getattr(channels, name) is not None],
    }


def _assistant(assistant: Assistant, products: list[dict[str, Any]], texts: Sequence[Text]) -> dict[str, Any]:
    spec = assistant.spec
    script = spec.script
    model = model_of(assistant, texts)
    return {
        "name": assistant.metadata.name,
        "instructions": spec.instructions,
        "disclosure": dict(spec.disclosure) if spec.disclosure else None,
        "products": products,
        "script": script_of(script) if script else None,
        **({"model": model} if model else {}),
    }
