"""The addresses that Twilio is told to call."""

from typing import Any

import pytest

from switchboard_operator.desired.webhooks import webhooks_of
from switchboard_operator.ports import Webhooks
from tests.support.smallworld import resource

BASE = "https://acme.bots.example.com"


def webhooks(**own: Any) -> Webhooks:
    """The webhooks of a number with its own settings."""
    spec: dict[str, Any] = {"tenantRef": {"name": "acme"}, "phoneNumber": "+13055550123"}
    return webhooks_of(resource("BotNumber", "line", spec | ({"webhook": own} if own else {})), base_url=BASE)


def test_a_number_calls_its_tenants_host() -> None:
    """Messages, status, voice and fallback each have an address; messages are tried again on any failure."""
    assert webhooks() == Webhooks(
        sms_url=f"{BASE}/bot/twilio/webhook#rc=5&rp=all",
        sms_fallback_url=f"{BASE}/bot/twilio/fallback",
        status_callback=f"{BASE}/bot/twilio/status",
        voice_url=f"{BASE}/bot/twilio/voice",
        voice_fallback_url=f"{BASE}/bot/twilio/fallback",
    )


@pytest.mark.parametrize(
    ("own", "fragment"),
    [
        ({"retries": 0}, "rc=0&rp=all"),
        ({"retryOn": ["ConnectFailure", "ServerError"]}, "rc=5&rp=ct,5xx"),
        ({"retryOn": ["ReadTimeout", "ClientError"], "retries": 2}, "rc=2&rp=rt,4xx"),
        (
            {"connectTimeout": "2s", "readTimeout": "4500ms", "totalTimeout": "15s"},
            "rc=5&rp=all&ct=2000&rt=4500&tt=15000",
        ),
        ({"fallbackURL": "https://other.example.com/x"}, "rc=5&rp=all"),
    ],
)
def test_own_settings_become_connection_overrides(own: dict[str, Any], fragment: str) -> None:
    """What the manifest says of attempts and timeouts stands in the fragment, in Twilio's words and milliseconds."""
    assert webhooks(**own).sms_url == f"{BASE}/bot/twilio/webhook#{fragment}"


def test_an_own_fallback_is_used_for_messages_and_calls() -> None:
    """A fallback outside of the cluster survives the cluster."""
    made = webhooks(fallbackURL="https://other.example.com/x")

    assert {made.sms_fallback_url, made.voice_fallback_url} == {"https://other.example.com/x"}
