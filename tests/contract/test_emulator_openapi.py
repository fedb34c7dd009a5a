"""The admin API's OpenAPI document: it has every route and no other, is well made, and real answers fit it."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import requests
from twilio.rest.content.v1.content import ContentList

from tests.contract.emulator_kit import NUMBER, PHONE
from tests.contract.emulator_sync import SyncWorld, a_customer, a_world
from twilio_emulator import admin
from twilio_emulator.web.openapi import OPERATIONS, ROOT, document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TEXT = {"type": "string", "minLength": 1}
_CONTENT = {
    "type": "object",
    "required": ["application/json"],
    "additionalProperties": {"type": "object", "required": ["schema"], "properties": {"schema": {"type": "object"}}},
}
_PARAMETER = {
    "type": "object",
    "required": ["name", "in", "required", "schema"],
    "properties": {"name": _TEXT, "in": {"enum": ["path", "query"]}, "required": {"type": "boolean"}},
    "if": {"properties": {"in": {"const": "path"}}},
    "then": {"properties": {"required": {"const": True}}},
}
_OPERATION = {
    "type": "object",
    "required": ["operationId", "tags", "summary", "responses"],
    "additionalProperties": False,
    "properties": {
        "operationId": {"type": "string", "pattern": "^[a-z_]+$"},
        "tags": {"type": "array", "items": _TEXT, "minItems": 1},
        "summary": _TEXT,
        "description": _TEXT,
        "parameters": {"type": "array", "items": _PARAMETER},
        "requestBody": {"type": "object", "required": ["content"], "properties": {"content": _CONTENT}},
        "responses": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": "^[1-5][0-9]{2}$"},
            "additionalProperties": {
                "type": "object",
                "required": ["description"],
                "properties": {"description": _TEXT, "content": _CONTENT},
            },
        },
    },
}
STRUCTURE = {
    "type": "object",
    "required": ["openapi", "info", "paths", "components"],
    "properties": {
        "openapi": {"const": "3.1.0"},
        "info": {"type": "object", "required": ["title", "version"]},
        "servers": {"type": "array", "items": {"type": "object", "required": ["url"]}},
        "paths": {
            "type": "object",
            "propertyNames": {"pattern": "^/"},
            "additionalProperties": {
                "type": "object",
                "propertyNames": {"enum": ["get", "put", "post", "delete"]},
                "additionalProperties": _OPERATION,
            },
        },
        "components": {"type": "object", "required": ["schemas"]},
    },
}
"""What OpenAPI 3.1 asks of the parts that the document has."""

ROUTES = sorted({(method, path) for method, path, _ in admin.ROUTES})
QUICK_REPLY = {"twilio/quick-reply": {"body": "Yes?", "actions": [{"type": "QUICK_REPLY", "title": "Yes", "id": "y"}]}}


class Driver:
    """Calls the admin API, and holds every answer to the document."""

    def __init__(self, world: SyncWorld) -> None:
        self._root = f"{world.emulator.base_url}{ROOT}"
        self.called: set[tuple[str, str]] = set()

    def __call__(self, method: str, template: str, body: object = None, /, query: str = "", **named: object) -> Any:
        """Call a route and return the body of its answer, which is as documented and no refusal."""
        answer = self.ask(method, template, body, query=query, **named)
        assert answer.status_code < 400, (method, template, answer.text)
        self.called.add((method, template))
        return answer.json() if answer.content else None

    def ask(
        self, method: str, template: str, body: object = None, /, query: str = "", **named: object
    ) -> requests.Response:
        """Call a route and return its answer, which is as documented."""
        url = f"{self._root}{template.format(**named)}?{query}"
        reply = requests.request(method, url, json=body, timeout=20)
        described = document()["paths"][template][method.lower()]
        assert str(reply.status_code) in described["responses"], (method, template, reply.text)
        content = described["responses"][str(reply.status_code)].get("content")
        if content is None:
            assert reply.content == b""
        else:
            validator(schema_of(content)).validate(reply.json())
        if body is not None and reply.status_code < 400:
            validator(schema_of(described["requestBody"]["content"])).validate(body)
        return reply


def schema_of(content: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a body, with all that it may refer to."""
    return {**content["application/json"]["schema"], "components": document()["components"]}


def validator(schema: dict[str, Any]) -> jsonschema.Draft202012Validator:
    """Return what checks an instance."""
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


@pytest.fixture
def world() -> Iterator[SyncWorld]:
    """An emulator with one subaccount."""
    with a_world() as world:
        yield world


@pytest.fixture
def drive(world: SyncWorld) -> Driver:
    """What calls its admin API."""
    return Driver(world)


def test_every_route_is_documented_and_nothing_else() -> None:
    """In one row each."""
    assert sorted((operation.method, operation.path) for operation in OPERATIONS) == ROUTES


def test_the_document_is_an_openapi_document() -> None:
    """Its schemas are schemas, its references lead somewhere, its operations have names of their own."""
    made = document()
    validator(STRUCTURE).validate(made)
    for schema in found(made, "schema"):
        jsonschema.Draft202012Validator.check_schema(schema)
    names = {reference.removeprefix("#/components/schemas/") for reference in found(made, "$ref")}
    assert names <= made["components"]["schemas"].keys()
    assert made["components"]["schemas"].keys() <= names
    identities = list(found(made["paths"], "operationId"))
    assert len(set(identities)) == len(identities)


def test_every_name_in_a_path_is_a_parameter() -> None:
    """And an example fits the schema of its body."""
    for path, methods in document()["paths"].items():
        for operation in methods.values():
            given = [one["name"] for one in operation.get("parameters", []) if one["in"] == "path"]
            assert given == re.findall(r"\{(\w+)\}", path)
            if "requestBody" in operation:
                content = operation["requestBody"]["content"]
                validator(schema_of(content)).validate(content["application/json"]["example"])


def found(value: Any, name: str) -> Iterator[Any]:
    """Return every value that stands under a name."""
    if isinstance(value, dict):
        if name in value:
            yield value[name]
        for inner in value.values():
            yield from found(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from found(inner, name)


# ------------------------------------------------------------------------------------------------ answers that are real

SCENES: list[Callable[[SyncWorld, Driver], None]] = []


def scene(function: Callable[[SyncWorld, Driver], None]) -> Callable[[SyncWorld, Driver], None]:
    """Enter a scene, which drives some of the routes."""
    SCENES.append(function)
    return function


@scene
def messages(world: SyncWorld, drive: Driver) -> None:
    """Phones write and are written to."""
    with a_customer(world.emulator) as customer:
        number = world.buy(sms_url=customer.url)
        world.whatsapp_sender(callback_url=customer.url)
        customer.answer("<Response><Message>Hi</Message></Response>")
        heard = drive("POST", "/inbound", {"from": PHONE, "to": NUMBER, "body": "Hello"})
        assert heard["request"]["headers"]["X-Twilio-Signature"]
        whatsapp = {"from": f"whatsapp:{PHONE}", "to": f"whatsapp:{NUMBER}"}
        place = {"latitude": 25.01, "longitude": -77.39}
        drive("POST", "/inbound", {**whatsapp, "body": "Here", "location": place, "profileName": "Sam"})
        order = ContentList.ContentCreateRequest({"language": "en", "types": QUICK_REPLY, "variables": {}})
        made = world.sub.content.v1.contents.create(order)
        world.sub.messages.create(to=whatsapp["from"], from_=whatsapp["to"], content_sid=made.sid)
        world.emulator.settle()
        shown = drive("GET", "/messages", query=f"between={NUMBER},{PHONE}&last=10&wait=0")["messages"]
        assert [one["buttons"] for one in shown if one["content"]] == [[{"button": {"text": "Yes", "payload": "y"}}]]
        assert ["Latitude", "25.010000000000"] in next(one for one in shown if one["body"] == "Here")["details"]
        (pair,) = drive("GET", "/conversations", query="containing=3055550123")["conversations"]
        assert (pair["number"], pair["phone"], pair["messages"]) == (NUMBER, PHONE, len(shown))
        assert drive("GET", "/deliveries", query="last=1")["deliveries"]
        assert drive("GET", "/requests", query="path=Content&last=5")["requests"]
        assert drive("GET", "/record")["entries"]
        assert number.sid in {one["sid"] for one in drive("GET", "/numbers", query="containing=0123")["numbers"]}
        drive("POST", "/contents/{sid}/approval", {"status": "approved"}, sid=made.sid)
        drive("POST", "/sandbox", {"account": world.sub_sid, "word": "calm-river"})
        assert [one["status"] for one in drive("GET", "/senders")["senders"]] == ["ONLINE"]


@scene
def phones(_world: SyncWorld, drive: Driver) -> None:
    """A phone is declared and forgotten."""
    drive("PUT", "/phones/{number}", {"outcome": "failed", "errorCode": 30005}, number=PHONE)
    assert drive("GET", "/phones/{number}", number=PHONE)["errorCode"] == 30005
    drive("DELETE", "/phones/{number}", number=PHONE)


@scene
def calls(world: SyncWorld, drive: Driver) -> None:
    """A phone calls, presses, speaks, hangs up."""
    with a_customer(world.emulator) as customer:
        world.buy(voice_url=customer.url)
        gather = "<Response><Gather input='dtmf speech' timeout='30'><Say>Yes?</Say></Gather></Response>"
        customer.answer(gather)
        customer.answer(gather)
        sid = drive("POST", "/calls", {"from": PHONE, "to": NUMBER})["sid"]
        world.emulator.settle()
        drive("POST", "/calls/{sid}/speech", {"text": "sales", "confidence": 0.5}, sid=sid)
        world.emulator.settle()
        drive("POST", "/calls/{sid}/digits", {"digits": "1"}, sid=sid)
        drive("POST", "/calls/{sid}/hangup", {}, sid=sid)
        assert drive("GET", "/calls/{sid}", sid=sid)["transcript"]
        assert [one["sid"] for one in drive("GET", "/calls", query="last=1")["calls"]] == [sid]


@scene
def accounts(world: SyncWorld, drive: Driver) -> None:
    """What Twilio does to accounts."""
    service = world.sub.messaging.v1.services.create(friendly_name="Care", inbound_request_url="https://a.example/in")
    number = world.buy()
    world.sub.messaging.v1.services(service.sid).phone_numbers.create(phone_number_sid=number.sid)
    assert drive("GET", "/accounts", query="containing=ten&status=active&last=1")["total"] == 1
    (shown,) = drive("GET", "/accounts/{sid}", sid=world.sub_sid)["numbers"]
    assert (shown["messages"]["via"], shown["messages"]["url"]) == ("service", "https://a.example/in")
    drive("GET", "/state")
    drive("GET", "/state", query="full=1")
    drive("GET", "/balance")
    drive("PUT", "/balance", {"balance": "12.50"})
    drive("POST", "/quota", {"maxSubaccounts": 5})
    drive("PUT", "/accounts/{sid}/type", {"type": "Trial"}, sid=world.sub_sid)
    drive("POST", "/accounts/{sid}/verified-numbers", {"number": PHONE}, sid=world.sub_sid)
    world.sub.incoming_phone_numbers(number.sid).delete()
    drive("POST", "/numbers/{phone_number}/restore", phone_number=NUMBER)
    drive("POST", "/identities", {"account": world.sub_sid, "country": "GB"})
    drive("POST", "/accounts/{sid}/suspend", sid=world.sub_sid)
    drive("POST", "/accounts/{sid}/resume", sid=world.sub_sid)
    drive("POST", "/accounts/{sid}/revoke-credentials", sid=world.sub_sid)


@scene
def running(_world: SyncWorld, drive: Driver) -> None:
    """Faults, the clock, the reset."""
    drive("GET", "/faults/presets")
    every = [drive("POST", "/faults", {"preset": name}) for name in drive("GET", "/faults/presets")["presets"]]
    assert len(drive("GET", "/faults")["faults"]) == len(every)
    drive("DELETE", "/faults/{id}", id=every[0]["id"])
    drive("DELETE", "/faults")
    before = drive("GET", "/changes")["changes"]
    drive("GET", "/clock")
    drive("POST", "/clock", {"seconds": 60})
    assert drive("GET", "/idle", query="wait=5")["idle"]
    drive("POST", "/reset")
    assert drive("GET", "/changes", query=f"after={before}&wait=5")["changes"] > before


@cache
def played(play: Callable[[SyncWorld, Driver], None]) -> frozenset[tuple[str, str]]:
    """Play a scene, once a process, and return the routes that answered."""
    with a_world() as world:
        drive = Driver(world)
        play(world, drive)
    return frozenset(drive.called)


@pytest.mark.parametrize("play", SCENES, ids=lambda play: play.__name__)
def test_real_answers_fit_the_document(play: Callable[[SyncWorld, Driver], None]) -> None:
    """Each with the schema of its status, which allows no field beyond."""
    assert played(play)


REFUSED: list[tuple[str, str, object, dict[str, str], int]] = [
    ("POST", "/inbound", {"to": NUMBER}, {}, 400),
    ("POST", "/inbound", {"from": PHONE, "to": NUMBER, "body": "x"}, {}, 404),
    ("GET", "/messages", None, {"query": "between=1"}, 400),
    ("GET", "/conversations", None, {"query": "last=x"}, 400),
    ("GET", "/accounts", None, {"query": "status=open"}, 400),
    ("GET", "/accounts", None, {"query": "page=-1"}, 400),
    ("GET", "/accounts/{sid}", None, {"sid": "AC0"}, 404),
    ("GET", "/numbers", None, {"query": "last=1001"}, 400),
    ("GET", "/changes", None, {"query": "wait=61"}, 400),
    ("GET", "/deliveries", None, {"query": "before=x"}, 400),
    ("GET", "/requests", None, {"query": "last=-1"}, 400),
    ("GET", "/calls/{sid}", None, {"sid": "CA0"}, 404),
    ("DELETE", "/faults/{id}", None, {"id": "7"}, 404),
    ("POST", "/faults", {"preset": "none"}, {}, 400),
    ("POST", "/clock", {"seconds": -1}, {}, 400),
    ("POST", "/accounts/{sid}/suspend", None, {"sid": "AC0"}, 404),
    ("POST", "/senders/{sid}/state", {}, {"sid": "XE0"}, 404),
    ("POST", "/contents/{sid}/approval", {}, {"sid": "HX0"}, 404),
    ("POST", "/bundles/{sid}/decision", {"status": "twilio-approved"}, {"sid": "BU0"}, 404),
    ("POST", "/reviews/{sid}", {"status": "APPROVED"}, {"sid": "BN0"}, 404),
]


@pytest.mark.parametrize(("method", "path", "body", "named", "status"), REFUSED, ids=lambda value: str(value)[:40])
def test_a_refusal_is_documented_and_says_which_field(
    drive: Driver, method: str, path: str, body: object, named: dict[str, str], status: int
) -> None:
    """In the shape of all refusals."""
    reply = drive.ask(method, path, body, **named)

    assert reply.status_code == status
    assert ":" in reply.json()["error"]


def test_every_route_has_answered_but_those_whose_own_tests_drive_them() -> None:
    """These want a reviewed resource first."""
    elsewhere = {("POST", "/bundles/{sid}/decision"), ("POST", "/reviews/{sid}"), ("POST", "/senders/{sid}/state")}

    assert set(ROUTES).difference(*map(played, SCENES)) == elsewhere
