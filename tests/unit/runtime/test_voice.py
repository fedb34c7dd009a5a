"""What a caller hears holds our verbs only, whatever the tenant is called."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from switchboard_runtime.channels.voice import answer_call
from switchboard_runtime.config import TenantDocument
from tests.unit.runtime.kit import document

printable = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co"]), max_size=40)


def read(**tenant: Any) -> TenantDocument:
    """The example document of a tenant."""
    return TenantDocument.model_validate_json(json.dumps(document(tenant={**document()["tenant"], **tenant})))


@given(printable | st.just("</Say><Redirect>http://evil.example.com</Redirect><Say>"))
def test_a_name_never_becomes_markup(name: str) -> None:
    """Twilio's library escapes; nothing is put together by hand."""
    twiml = ET.fromstring(answer_call(read(displayName=name)))

    assert [verb.tag for verb in twiml] == ["Say", "Hangup"]
    assert name.split() == [] or name.split(maxsplit=1)[0] in (twiml[0].text or "")


def test_a_suspended_tenant_rejects_the_call() -> None:
    """Nobody pays for it."""
    assert [verb.tag for verb in ET.fromstring(answer_call(read(status="Suspended")))] == ["Reject"]
