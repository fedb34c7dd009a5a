"""Whatever is sent to any documented endpoint: never a failure of the emulator's own.

What is accepted must be as documented (the recorder says so), what is refused is a 4xx that names what was wrong.
Twice: with awkward values, one parameter at a time; and with what schemathesis makes of Twilio's documents, right and
wrong. The second is the same in every run; ``FUZZ_EXAMPLES=1000`` in the environment makes it longer and different.
"""

from __future__ import annotations

import json
import os
import random
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from tests.contract.emulator_contract import FOLDER, Documents
from tests.contract.emulator_sync import NUMBER, PHONE, SyncWorld, a_world

if TYPE_CHECKING:
    from collections.abc import Iterator

AWKWARD = (
    "",
    " ",
    "\x00",
    "ñ👋\u202e",
    "x" * 5000,
    "0",
    "-1",
    "1e3",
    "9" * 40,
    "٣",
    "true",
    "TRUE",
    "null",
    "'; DROP TABLE accounts; --",
    "%",
    "**",
    NUMBER,
    f"whatsapp:{PHONE}",
    "AC" + "0" * 32,
    "SK" + "z" * 32,
    "https://a.example/?q=ñ",
    "http://[::1",
    "http://a.example:0/",
    "https://user:secret@a.example/",
    "javascript:alert(1)",
    "2026-02-30",
    "9999-12-31T23:59:59+14:00",
    "0001-01-01",
    "Thu, 32 Jul 2015 20:00:00 +0000",
    "91,181",
    "[",
    '{"a": {"b": [1, null]}}',
    "[" * 3000,
    "NaN",
)
AWKWARD_JSON: tuple[Any, ...] = (
    *AWKWARD,
    None,
    True,
    -1,
    1e308,
    10**40,
    [],
    [None],
    {},
    {"": {}},
    [[[[1]]]],
    {"a": [{}]},
)
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "8"))
OPERATIONS = sorted(Documents().operations())
PLAUSIBLE = {
    "AccountSid": "{AC}",
    "TargetAccountSid": "{AC}",
    "PhoneNumber": "+13055550177",
    "To": PHONE,
    "From": NUMBER,
    "Body": "hi",
    "FriendlyName": "name",
    "Url": "https://a.example/",
    "CallbackUrl": "https://a.example/",
    "StatusCallback": "https://a.example/",
    "IsoCountry": "US",
    "CustomerName": "Muebles",
    "Street": "Calle 1",
    "City": "Miami",
    "Region": "FL",
    "PostalCode": "33101",
    "Email": "a@a.example",
    "TriggerValue": "10",
    "UsageCategory": "sms",
    "Description": "what it is",
    "SinkType": "webhook",
    "SinkConfiguration": '{"destination": "https://a.example/", "method": "POST", "batch_events": false}',
    "Attributes": "{}",
}
_LONGEST = 2000
"""A longer URL is refused by the HTTP server, before there is an answer in Twilio's form."""


@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
def test_no_awkward_value_breaks_an_endpoint(operation: tuple[str, str, str]) -> None:
    """One parameter at a time, beside plausible ones; then as each part of the path, and as the body as a whole."""
    with a_world(holds_requests=False, max_subaccounts=100_000) as world:
        world.buy()
        session = _session(world)
        for query, form, document in _calls(operation, world):
            _send(session, world, operation, _path(operation[2], world), query=query, form=form, document=document)
        for path in _awkward_paths(operation[2], world):
            _send(session, world, operation, path)
        session.close()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])
@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("twilio_*.json")))
def test_no_generated_call_breaks_an_endpoint(name: str, mode: GenerationMode) -> None:
    """Calls that follow Twilio's document, and calls that do not, with real SIDs here and there."""
    host = name.split("_")[1]
    schema = schemathesis.openapi.from_dict(json.loads((FOLDER / f"{name}.json").read_text()))
    served = {(method, path) for product, method, path in OPERATIONS if product == host}
    with a_world(holds_requests=False, max_subaccounts=100_000) as world:
        world.buy()
        session = _session(world)
        for result in schema.get_all_operations():
            operation = result.ok()  # type: ignore[union-attr]  # an extract has no invalid schema
            if (operation.method.upper(), operation.path) in served:
                _fuzz(operation, mode, session, world, host)
        session.close()


def _fuzz(operation: Any, mode: GenerationMode, session: requests.Session, world: SyncWorld, host: str) -> None:
    @given(case=operation.as_strategy(generation_mode=mode), seed=st.integers(0, 2**16))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize="FUZZ_EXAMPLES" not in os.environ,
        suppress_health_check=list(HealthCheck),
    )
    def call(case: Any, seed: int) -> None:
        _make_plausible(case, random.Random(seed), world)
        answer = case.call(base_url=f"{world.emulator.base_url}/{host}", session=session)
        _check(answer)

    with suppress(Unsatisfiable):  # nothing can be wrong with a call that takes nothing
        call()


def _make_plausible(case: Any, chance: random.Random, world: SyncWorld) -> None:
    """Put what exists into some of the fields, so that a call gets beyond the first check."""
    for fields in (case.path_parameters, case.query, case.body):
        if not isinstance(fields, dict):
            continue
        for name in fields:
            if name in PLAUSIBLE and chance.random() < 0.7:
                fields[name] = PLAUSIBLE[name].replace("{AC}", world.sub_sid)


def _session(world: SyncWorld) -> requests.Session:
    session = requests.Session()
    session.auth = (world.sub_sid, world.sub_token)
    return session


def _calls(operation: tuple[str, str, str], world: SyncWorld) -> Iterator[tuple[Any, Any, Any]]:
    """Yield query, form and JSON document of the calls, each with one awkward value."""
    host, method, path = operation
    found = Documents().find(host, method, path)
    assert found is not None
    content = found[1].get("requestBody", {}).get("content", {})
    form = content.get("application/x-www-form-urlencoded", {}).get("schema", {}).get("properties", {})
    plausible = {name: PLAUSIBLE[name].replace("{AC}", world.sub_sid) for name in form if name in PLAUSIBLE}
    for item in found[1].get("parameters", []):
        if item.get("in") == "query":
            yield from (({item["name"]: value[:_LONGEST]}, None, None) for value in AWKWARD)
    for name in form:
        yield from ((None, {**plausible, name: value}, None) for value in AWKWARD)
    if "application/json" in content:
        yield from ((None, None, document) for document in _documents(host, content["application/json"]["schema"]))


def _documents(host: str, schema: dict[str, Any]) -> Iterator[Any]:
    """Yield JSON bodies: awkward as a whole, then in each property, one and two levels deep."""
    properties = Documents().closed(host, schema).get("properties", {})
    yield from AWKWARD_JSON
    for name, inner in properties.items():
        yield from ({name: value} for value in AWKWARD_JSON)
        yield from ({name: {deep: value}} for deep in inner.get("properties", {}) for value in AWKWARD_JSON)


def _path(template: str, world: SyncWorld) -> str:
    return re.sub(
        r"\{(\w+)\}", lambda match: world.sub_sid if match[1] == "AccountSid" else _filling(match[1]), template
    )


def _filling(name: str) -> str:
    return "US" if name in {"CountryCode", "IsoCountry"} else "XX" + "0" * 32


def _awkward_paths(template: str, world: SyncWorld) -> Iterator[str]:
    for name in re.findall(r"\{(\w+)\}", template):
        for awkward in AWKWARD:
            value = quote(awkward[:_LONGEST], safe="")
            yield _path(template.replace(f"{{{name}}}", value), world)


def _send(
    session: requests.Session,
    world: SyncWorld,
    operation: tuple[str, str, str],
    path: str,
    *,
    query: Any = None,
    form: Any = None,
    document: Any = None,
) -> None:
    host, method, _ = operation
    body = None if document is None else json.dumps(document)
    headers = {"Content-Type": "application/json"} if body else {}
    url = f"{world.emulator.base_url}/{host}{path}"
    _check(session.request(method, url, params=query, data=form or body, headers=headers, timeout=10))


def _check(answer: requests.Response) -> None:
    call = f"{answer.request.method} {answer.request.url} {str(answer.request.body)[:300]}"
    assert answer.status_code < 500, call
    if answer.status_code >= 400:
        body = answer.json()
        assert body.get("message") or body["detail"], call
