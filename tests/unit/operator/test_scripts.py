"""Scripts from YAML: what goes with words, and the templates that a Tenant has to have for them."""

from __future__ import annotations

from typing import Any

import pytest

from switchboard_operator.api.script import Script
from switchboard_operator.desired.scripts import script_of
from tests.support.smallworld import (
    SmallWorld,
    account_manifest,
    assistant_manifest,
    manifest,
    number_manifest,
    tenant_manifest,
)

HELLO = {"when": {"matches": ["hola"]}, "reply": {"es": "¡Hola!"}}
COLOURS = {"name": "colours", "sid": {"es": f"HX{0:032}"}, "variables": {"1": "{text}"}}


def script(**parts: Any) -> dict[str, Any]:
    """A script whose one rule has these parts too."""
    return {"rules": [HELLO | parts], "otherwise": {"es": "¿Cómo?"}}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, {}),
        ({"media": ["https://example.com/a.jpg"]}, {"media": ["https://example.com/a.jpg"]}),
        (
            {"choices": [{"title": {"es": "Rojo"}, "id": "red"}, {"title": {"es": "Azul"}}]},
            {"choices": [{"title": {"es": "Rojo"}, "id": "red"}, {"title": {"es": "Azul"}}]},
        ),
        (
            {"location": {"latitude": "-34.6037", "longitude": "58", "label": "Shop"}},
            {"location": {"latitude": -34.6037, "longitude": 58.0, "label": "Shop"}},
        ),
        ({"template": "colours"}, {"template": "colours"}),
        ({"when": {"received": ["Image", "Contacts"]}}, {"when": {"received": ["image", "contacts"]}}),
    ],
)
def test_what_goes_with_words_is_told_in_the_words_of_the_runtime(given: dict[str, Any], told: dict[str, Any]) -> None:
    """What is left out is not there, so that a script from before makes no new revision."""
    assert script_of(Script.model_validate(script(**given))) == script(**told)


async def test_a_template_that_the_tenant_lacks_is_named() -> None:
    """The condition says where to add it; then the document has it."""
    world = SmallWorld()
    world.apply(
        account_manifest(),
        manifest("Plan", "basic"),
        assistant_manifest(script=script(template="colours")),
        tenant_manifest(bot={"assistantRef": {"name": "sales"}}),
        number_manifest(),
    )
    await world.settle(60)
    refused = world.live("Tenant", "acme").status.condition("Ready")
    bot = {"assistantRef": {"name": "sales"}, "whatsapp": {"templates": [COLOURS]}}
    world.apply(tenant_manifest(bot=bot))
    await world.settle(60)
    world.roll_out()
    await world.settle(30)

    assert (refused.status, refused.reason) == ("False", "TemplateNotFound")
    assert "Assistant sales, spec.script.rules[0].template: 'colours'" in refused.message
    assert "add it to its spec.bot.whatsapp.templates" in refused.message
    assert world.live("Tenant", "acme").status.holds("Ready")
