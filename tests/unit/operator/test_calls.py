"""Calls from YAML: what cannot be meant stops at the Tenant, with the field and the cure."""

from __future__ import annotations

from typing import Any

import pytest

from switchboard_operator.api.voice import Voice
from switchboard_operator.desired.calls import voice_of
from switchboard_operator.errors import Invalid
from tests.support.smallworld import (
    SmallWorld,
    account_manifest,
    assistant_manifest,
    manifest,
    number_manifest,
    tenant_manifest,
)

OWN = "+13055550123"
MENU = {"prompt": {"en": "Press one."}, "options": [{"key": "1", "transfer": {"phoneNumber": OWN}}]}


def told(spec: dict[str, Any], *, has_assistant: bool = True) -> dict[str, Any]:
    """The document's part, for a tenant with one number."""
    return voice_of(Voice.model_validate(spec), own_numbers=[OWN], has_assistant=has_assistant)


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"transfer": {"phoneNumber": OWN}}, r"spec\.bot\.voice\.transfer\.phoneNumber"),
        ({"menu": MENU}, r"spec\.bot\.voice\.menu\.options\[0\]\.transfer\.phoneNumber"),
    ],
)
def test_a_transfer_to_a_number_of_ones_own_is_refused(spec: dict[str, Any], field: str) -> None:
    """It would go in circles."""
    with pytest.raises(Invalid, match=field) as refusal:
        told(spec)
    assert refusal.value.reason == "VoiceInvalid"


@pytest.mark.parametrize(
    "spec", [{"mode": "Assistant"}, {"mode": "Menu", "menu": MENU | {"options": [{"key": "1", "assistant": {}}]}}]
)
def test_callers_talk_with_an_assistant_that_is_there(spec: dict[str, Any]) -> None:
    """A tenant without one says so before anything rolls out."""
    with pytest.raises(Invalid, match=r"spec\.bot\.assistantRef"):
        told(spec, has_assistant=False)


def test_keys_that_nobody_can_press_need_no_assistant() -> None:
    """A polite text is the end of the call."""
    menu = MENU | {"options": [{"key": "1", "assistant": {}}]}

    assert told({"menu": menu}, has_assistant=False)["mode"] == "Message"


def test_durations_become_seconds_and_what_is_left_out_stays_the_runtimes() -> None:
    """No default is written down twice."""
    spec = {"transfer": {"sip": "sip:a@b", "ringTimeout": "1m30s"}, "voicemail": {}, "minConfidencePercent": 30}

    assert told(spec) == {
        "mode": "Message",
        "transfer": {"sip": "sip:a@b", "ringSeconds": 90, "callerId": "Caller"},
        "voicemail": {"transcribe": False},
        "minConfidence": 0.3,
    }


async def test_a_tenant_whose_calls_go_in_circles_says_so_and_recovers() -> None:
    """The condition names the field; corrected, the tenant is served."""
    world = SmallWorld()
    bot = {"assistantRef": {"name": "sales"}, "voice": {"transfer": {"phoneNumber": OWN}}}
    world.apply(
        account_manifest(),
        manifest("Plan", "basic"),
        assistant_manifest(),
        tenant_manifest(bot=bot),
        number_manifest(),
    )
    await world.settle(60)
    refused = world.live("Tenant", "acme").status.condition("Ready")
    world.apply(tenant_manifest(bot=bot | {"voice": {"transfer": {"phoneNumber": "+5491155550300"}}}))
    await world.settle(60)
    world.roll_out()
    await world.settle(30)

    assert (refused.status, refused.reason) == ("False", "VoiceInvalid")
    assert "spec.bot.voice.transfer.phoneNumber" in refused.message
    assert world.live("Tenant", "acme").status.holds("Ready")
