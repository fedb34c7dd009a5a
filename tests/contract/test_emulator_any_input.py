"""Whatever is sent to any documented endpoint: never a failure of the emulator's own.

What is accepted must be as documented (the recorder says so), what is refused is a 4xx that names what was wrong.
One of everything is there, so that a call gets beyond the question whether its resource exists.
Twice: with awkward values, one parameter at a time; and with what schemathesis makes of Twilio's documents, right and
wrong. The second is the same in every run; ``FUZZ_EXAMPLES=1000`` in the environment, with ``--timeout 0``, makes it
longer and different.
"""

from __future__ import annotations

import json
import os
import random
import re
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from tests.contract.emulator_contract import DOCUMENTS, Documents, document_file
from tests.contract.emulator_furnished import Furnished, furnish
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


@dataclass(frozen=True, kw_only=True)
class Room:
    """A furnished world, and a session with its subaccount's credentials."""

    world: SyncWorld
    furnished: Furnished
    session: requests.Session


@contextmanager
def a_room() -> Iterator[Room]:
    """Open a furnished world; whatever is wrong with an answer fails the test."""
    with a_world(holds_requests=False, max_subaccounts=100_000) as world, requests.Session() as session:
        session.auth = (world.sub_sid, world.sub_token)
        yield Room(world=world, furnished=furnish(world), session=session)


@pytest.fixture(scope="module")
def shared() -> Iterator[Room]:
    """One world for all endpoints: what is sent to one may be met by the next."""
    with a_room() as room:
        yield room


@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
def test_no_awkward_value_breaks_an_endpoint(shared: Room, operation: tuple[str, str, str]) -> None:
    """One parameter at a time, beside plausible ones; then as each part of the path, and as the body as a whole."""
    problems = shared.world.recorder.problems
    path = shared.furnished.path(operation[2])
    for query, form, document in _calls(operation, shared):
        _send(shared, operation, path, query=query, form=form, document=document)
    for awkward in _awkward_paths(operation[2], shared):
        _send(shared, operation, awkward)
    found, problems[:] = problems[:], []

    assert found == []


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])
@pytest.mark.parametrize(("host", "name"), [(host, name) for host, names in DOCUMENTS.items() for name in names])
def test_no_generated_call_breaks_an_endpoint(host: str, name: str, mode: GenerationMode) -> None:
    """Calls that follow Twilio's document, and calls that do not, with real SIDs here and there."""
    schema = schemathesis.openapi.from_dict(json.loads(document_file(name).read_text()))
    served = {(method, path) for product, method, path in OPERATIONS if product == host}
    with a_room() as room:
        for result in schema.get_all_operations():
            operation = result.ok()  # type: ignore[union-attr]  # an extract has no invalid schema
            if (operation.method.upper(), operation.path) in served:
                _fuzz(operation, mode, room, host)


def _fuzz(operation: Any, mode: GenerationMode, room: Room, host: str) -> None:
    @given(case=operation.as_strategy(generation_mode=mode), seed=st.integers(0, 2**16))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize="FUZZ_EXAMPLES" not in os.environ,
        suppress_health_check=list(HealthCheck),
    )
    def call(case: Any, seed: int) -> None:
        _make_plausible(case, random.Random(seed), room.furnished)
        answer = case.call(base_url=f"{room.world.emulator.base_url}/{host}", session=room.session)
        _check(answer)

    with suppress(Unsatisfiable):  # nothing can be wrong with a call that takes nothing
        call()


def _make_plausible(case: Any, chance: random.Random, furnished: Furnished) -> None:
    """Put what exists into some of the fields and of the path, so that a call gets beyond the first check."""
    there = {**PLAUSIBLE, **furnished.fields}
    gaps = {**there, **({} if case.method.upper() == "DELETE" else furnished.gaps(case.operation.path))}
    for fields, known in ((case.path_parameters, gaps), (case.query, there), (case.body, there)):
        if not isinstance(fields, dict):
            continue
        for name in fields:
            if name in known and chance.random() < 0.7:
                fields[name] = known[name]


def _calls(operation: tuple[str, str, str], room: Room) -> Iterator[tuple[Any, Any, Any]]:
    """Yield query, form and JSON document of the calls, each with one awkward value."""
    host, method, path = operation
    found = Documents().find(host, method, path)
    assert found is not None
    content = found[1].get("requestBody", {}).get("content", {})
    form = content.get("application/x-www-form-urlencoded", {}).get("schema", {}).get("properties", {})
    there = {**PLAUSIBLE, **room.furnished.fields}
    plausible = {name: there[name] for name in form if name in there}
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


def _awkward_paths(template: str, room: Room) -> Iterator[str]:
    for name in re.findall(r"\{(\w+)\}", template):
        for awkward in AWKWARD:
            value = quote(awkward[:_LONGEST], safe="")
            yield room.furnished.path(template.replace(f"{{{name}}}", value))


def _send(
    room: Room,
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
    url = f"{room.world.emulator.base_url}/{host}{path}"
    _check(room.session.request(method, url, params=query, data=form or body, headers=headers, timeout=10))


def _check(answer: requests.Response) -> None:
    call = f"{answer.request.method} {answer.request.url} {str(answer.request.body)[:300]}"
    assert answer.status_code < 500, call
    if answer.status_code >= 400:
        body = answer.json()
        assert body.get("message") or body["detail"], call
