"""The addresses that Twilio is told to call for a number."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from switchboard_operator.ports import Webhooks

if TYPE_CHECKING:
    from switchboard_operator.api import BotNumber
    from switchboard_operator.api.number import Webhook

MESSAGE_PATH = "/bot/twilio/webhook"
FALLBACK_PATH = "/bot/twilio/fallback"
STATUS_PATH = "/bot/twilio/status"
VOICE_PATH = "/bot/twilio/voice"
# Five retries on any failure within Twilio's fifteen seconds: a roll-out or a moved pod is no lost message.
# The duplicates that this may cause are answered once by the runtime.
_RETRIES = 5
_RETRY_ON = "all"
_POLICIES = {"ConnectFailure": "ct", "ReadTimeout": "rt", "ClientError": "4xx", "ServerError": "5xx"}


def webhooks_of(number: BotNumber, *, base_url: str) -> Webhooks:
    """The webhooks of a number under its tenant's ``https://{slug}.{domain}``."""
    own = number.spec.webhook
    fallback = own.fallback_url if own and own.fallback_url else base_url + FALLBACK_PATH
    return Webhooks(
        sms_url=f"{base_url}{MESSAGE_PATH}#{connection_overrides(own)}",
        sms_fallback_url=fallback,
        status_callback=base_url + STATUS_PATH,
        voice_url=base_url + VOICE_PATH,
        voice_fallback_url=fallback,
    )


def connection_overrides(own: Webhook | None) -> str:
    """Twilio's connection overrides as the fragment of a webhook URL (it is not signed)."""
    parts = [f"rc={own.retries if own and own.retries is not None else _RETRIES}"]
    policies = [_POLICIES[name] for name in own.retry_on] if own and own.retry_on else [_RETRY_ON]
    parts.append(f"rp={','.join(policies)}")
    if own:
        limits = (("ct", own.connect_timeout), ("rt", own.read_timeout), ("tt", own.total_timeout))
        parts.extend(f"{name}={value // timedelta(milliseconds=1)}" for name, value in limits if value)
    return "&".join(parts)
