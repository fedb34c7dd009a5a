"""How a tenant's document says what callers meet, and which words refuse one that cannot be meant."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from switchboard_runtime.config import TenantDocument, load_directory
from switchboard_runtime.config.voice import Menu, MenuOption, Record, Speech, Transfer, Voice, Voicemail
from switchboard_runtime.errors import ConfigurationError
from tests.unit.runtime.kit import document, write_tenant

if TYPE_CHECKING:
    from pydantic import BaseModel

WHOLE: dict[str, Any] = {
    "mode": "Menu",
    "greeting": {"es": "Gracias por llamar."},
    "menu": {
        "prompt": {"es": "Uno, horarios; dos, ventas; tres, buzón; cuatro, asistente."},
        "options": [
            {"key": "1", "reply": {"es": "De nueve a dieciocho."}},
            {"key": "2", "transfer": {"sip": "sip:ventas@pbx.example.com;transport=tls", "ringSeconds": 15}},
            {"key": "3", "voicemail": True},
            {"key": "*", "assistant": True},
        ],
    },
    "transfer": {"phoneNumber": "+5491155550300", "callerId": "Own"},
    "voicemail": {"greeting": {"es": "Deje su mensaje."}, "maxSeconds": 60, "transcribe": True},
    "record": {"announcement": {"es": "Esta llamada se graba."}},
    "voices": {"es": {"language": "es-AR", "voice": "Polly.Mia-Neural"}},
    "hints": ["sillón", "mesa ratona"],
    "minConfidence": 0.4,
    "listenSeconds": 6,
    "pauseSeconds": 2,
    "answerSeconds": 20,
    "maxTurns": 12,
    "maxSilences": 1,
}


def test_every_field_is_read() -> None:
    """What is written comes back as it was."""
    read = TenantDocument.model_validate_json(json.dumps(document(voice=WHOLE)))

    assert read.voice is not None
    assert read.voice.model_dump(mode="json", by_alias=True, exclude_none=True) == {
        **WHOLE,
        "menu": {
            **WHOLE["menu"],
            "options": [
                WHOLE["menu"]["options"][0],
                {
                    "key": "2",
                    "transfer": {**WHOLE["menu"]["options"][1]["transfer"], "callerId": "Caller"},
                },
                *WHOLE["menu"]["options"][2:],
            ],
        },
        "transfer": {**WHOLE["transfer"], "ringSeconds": 20},
    }


def test_the_page_shows_a_voice_that_is_read_and_names_every_field() -> None:
    """What people copy from it works."""
    page = (Path(__file__).parents[3] / "docs" / "voice.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    read = TenantDocument.model_validate_json(json.dumps(document(voice=json.loads(example))))
    fields = [
        field for model in (Menu, MenuOption, Record, Speech, Transfer, Voice, Voicemail) for field in _names(model)
    ]

    assert read.voice is not None
    assert [name for name in fields if f"`{name}`" not in page and f".{name}`" not in page] == []


def _names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def test_nothing_is_needed() -> None:
    """A tenant without voice, or with an empty one, answers with the polite text."""
    empty = TenantDocument.model_validate_json(json.dumps(document(voice={})))

    assert TenantDocument.model_validate_json(json.dumps(document())).voice is None
    assert empty.voice is not None
    assert empty.voice.mode == "Message"


def option(**changes: Any) -> dict[str, Any]:
    """A menu with one key."""
    return {"mode": "Menu", "menu": {"prompt": {"es": "Uno"}, "options": [{"key": "1", **changes}]}}


@pytest.mark.parametrize(
    ("voice", "words"),
    [
        ({"mode": "Assistent"}, "voice.mode: Input should be 'Message', 'Assistant' or 'Menu'"),
        ({"mod": "Menu"}, "voice.mod: unknown field; remove it or correct its spelling"),
        ({"mode": "Menu"}, "voice: menu: mode Menu needs one; add menu or choose another mode"),
        ({"greeting": {}}, "voice.greeting: Dictionary should have at least 1 item"),
        (option(), "voice.menu.options.0: give exactly one of reply, transfer, voicemail and assistant"),
        (
            option(voicemail=True, assistant=True),
            "voice.menu.options.0: give exactly one of reply, transfer, voicemail and assistant",
        ),
        (option(voicemail=True), "voice: voicemail: a menu option leads there; add voicemail, {} is enough"),
        (option(key="12", assistant=True), "voice.menu.options.0.key: is no key; give one of 0 to 9, * and #"),
        (
            {"menu": {"prompt": {"es": "x"}, "options": [{"key": "1", "assistant": True}] * 2}},
            "voice.menu: options: '1' is there twice; remove one",
        ),
        ({"transfer": {}}, "voice.transfer: give exactly one of phoneNumber and sip"),
        (
            {"transfer": {"phoneNumber": "011 4555-0300"}},
            "voice.transfer.phoneNumber: is no phone number; write it with country code, such as +5491155550100",
        ),
        (
            {"transfer": {"sip": "sip:a@b?X-Header=1"}},
            "voice.transfer.sip: is no SIP address; write it as sip:sales@pbx.example.com",
        ),
        (
            {"transfer": {"phoneNumber": "+13055550123"}},
            "document: voice.transfer.phoneNumber: is the tenant's own number; give a person's",
        ),
        (
            option(transfer={"phoneNumber": "+13055550123"}),
            "document: voice.menu.options[1].transfer.phoneNumber: is the tenant's own number; give a person's",
        ),
        ({"record": {}}, "voice.record.announcement: missing; add it"),
        (
            {"voices": {"es": {"language": "es-AR", "voice": "Mia"}}},
            "voice.voices.es.voice: is no voice of Twilio's; write its name, such as Polly.Mia, or leave it out",
        ),
        ({"answerSeconds": 90}, "voice.answerSeconds: Input should be less than or equal to 60"),
        ({"maxTurns": "3"}, "voice.maxTurns: Input should be a valid integer"),
    ],
)
def test_a_voice_that_cannot_be_meant_is_refused(tmp_path: Path, voice: dict[str, Any], words: str) -> None:
    """By one line that names the field and the cure."""
    write_tenant(tmp_path, document(voice=voice))
    with pytest.raises(ConfigurationError) as caught:
        load_directory(tmp_path / "tenants", tmp_path / "credentials", now=lambda: 0.0)

    assert caught.value.problems[0].startswith(words)


def test_who_talks_to_an_assistant_needs_one(tmp_path: Path) -> None:
    """Nobody would answer."""
    write_tenant(tmp_path, document(voice={"mode": "Assistant"}, assistants=[], numbers=[], defaultAssistant=None))
    with pytest.raises(ConfigurationError, match="add one to assistants or choose mode Message"):
        load_directory(tmp_path / "tenants", tmp_path / "credentials", now=lambda: 0.0)
