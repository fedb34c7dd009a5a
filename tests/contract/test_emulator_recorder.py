"""The contract check itself: the documents' own examples pass it, what is wrong does not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.emulator_contract import (
    DOCUMENTS,
    FOLDER,
    Documents,
    Shape,
    _check_values,
    _operation,
    _rules,
    check_json,
    check_value,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_A = "/2010-04-01/Accounts/{AccountSid}"
BROKEN = {
    (
        f"GET {_A}/Addresses/{{AddressSid}}/DependentPhoneNumbers.json",
        "readFull",
    ): "a trunk has the SID of an application",
    (f"GET {_A}/Recordings.json", "readIncludeSoftDeleted"): "times of zone +0100: all other examples are +0000",
    (f"GET {_A}/Recordings/{{Sid}}.json", "fetchIncludeSoftDeleted"): "times of zone +0100, as above",
}
"""Official examples that contradict all the others of their kind."""


def _examples() -> Iterator[tuple[str, str, str, str, Any]]:
    for host, names in DOCUMENTS.items():
        for name in filter(_is_official, names):
            shown = json.loads((FOLDER / "examples" / f"{name}.json").read_text())
            for call, answers in shown.items():
                for status, examples in answers.items():
                    yield from ((host, call, status, title, answer) for title, answer in examples.items())


def _is_official(name: str) -> bool:
    """Say whether a document is Twilio's and not made by hand."""
    return not name.startswith("made/")


EXAMPLES = list(_examples())
_ALL = Documents()


@pytest.mark.parametrize(
    ("host", "call", "status", "title", "answer"),
    EXAMPLES,
    ids=[f"{host} {call} {status} {title}" for host, call, status, title, _ in EXAMPLES],
)
def test_an_official_example_fits_the_closed_schema(host: str, call: str, status: str, title: str, answer: Any) -> None:
    """Each property is there, none besides, each of its form; unless the example is listed as broken."""
    shape = _operation(host, *call.split(" ", 1)).answers[status]
    assert shape is not None

    problems = list(shape.problems(answer, "answer"))

    assert bool(problems) == ((call, title) in BROKEN), problems


def test_what_is_broken_or_deviates_exists() -> None:
    """No entry outlives its example or its schema's property."""
    assert {(call, title) for _, call, _, title, _ in EXAMPLES} >= BROKEN.keys()
    documents = [_document(name) for name in _names()]
    named = {pair for document in documents for pair in _properties(document["paths"])}
    for document in documents:
        named |= {
            pair for name, schema in document["components"]["schemas"].items() for pair in _properties(schema, name)
        }
    assert _rules().keys() <= named


def _names() -> list[str]:
    return [name for names in DOCUMENTS.values() for name in names if _is_official(name)]


def _document(name: str) -> Any:
    return json.loads((FOLDER / f"twilio_{name}.json").read_text())


def _properties(node: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield each property with the name of its schema: the title, or the component's own name."""
    if isinstance(node, list):
        for item in node:
            yield from _properties(item, name)
    elif isinstance(node, dict):
        title = node["title"] if isinstance(node.get("title"), str) else name
        if isinstance(node.get("properties"), dict):
            yield from ((title, prop) for prop in node["properties"])
        for value in node.values():
            yield from _properties(value, title)


def test_what_is_awaited_is_documented() -> None:
    """Each entry is an operation of its document; operations() leaves out just these."""
    awaited = json.loads((FOLDER / "awaited.json").read_text())
    for name, calls in awaited.items():
        paths = _document(name)["paths"]
        assert [call for call in calls if call.split(" ")[0].lower() not in paths.get(call.split(" ")[1], {})] == []
    left_out = set(_ALL.operations(awaited=True)) - set(_ALL.operations())
    assert len(left_out) == sum(map(len, awaited.values()))


@pytest.mark.parametrize(
    ("host", "method", "path", "template"),
    [
        ("messaging", "GET", "/v1/Services/Usecases", "/v1/Services/Usecases"),
        ("messaging", "POST", "/v1/Services/Usecases", "/v1/Services/{Sid}"),
        ("messaging", "GET", "/v1/Services/MG1", "/v1/Services/{Sid}"),
        ("messaging", "GET", "/v2/Channels/Senders", "/v2/Channels/Senders"),
        ("messaging", "GET", "/v1/Services/MG1/Compliance/Usa2p/Usecases", None),
        ("content", "PUT", "/v1/Content/HX1", "/v1/Content/{Sid}"),
        ("content", "POST", "/v1/Content/HX1/ApprovalRequests/whatsapp", None),
        ("events", "GET", "/v1/Types/com.twilio.messaging.message.sent", "/v1/Types/{Type}"),
        ("api", "GET", "/2010-04-01/Accounts/AC1/Usage/Records/Today.json", f"{_A}/Usage/Records/Today.json"),
        ("api", "GET", "/2010-04-01/Accounts/AC1/IncomingPhoneNumbers/Local.json", None),
    ],
)
def test_literal_parts_win(host: str, method: str, path: str, template: str | None) -> None:
    """A call is the operation that names most of its path; None stands for: the path's last part, literally."""
    found = _ALL.find(host, method, path)

    assert found is not None
    assert found[0].endswith(path.rsplit("/", 1)[1]) if template is None else found[0] == template


@pytest.mark.parametrize(
    ("host", "method", "path"), [("api", "PUT", "/2010-04-01/Accounts.json"), ("nobody", "GET", "/")]
)
def test_what_no_document_has_is_not_found(host: str, method: str, path: str) -> None:
    """Neither a method nor a host is taken for another."""
    assert _ALL.find(host, method, path) is None


@pytest.mark.parametrize(
    ("body", "problems"),
    [
        ('{"language": "es", "types": {"twilio/text": {"body": "hola"}}}', []),
        ('{"friendly_name": null, "colour": null, "types": {"twilio/media": null}}', []),
        ('{"types": {}, "variables": {"1": "Ana"}}', []),
        ('{"variables": {"1": 5}}', ["body.variables['1']: 5 is not of type 'string'"]),
        ('{"types": {"twilio/text": {"body": 5}}}', ["body.types['twilio/text'].body: 5 is not of type 'string'"]),
        (
            '{"types": {"twilio/txt": {}}}',
            ["body.types: Additional properties are not allowed ('twilio/txt' was unexpected)"],
        ),
        ('{"language"', ["body: JSON was expected: Expecting ':' delimiter: line 1 column 12 (char 11)"]),
    ],
)
def test_a_json_body_is_held_to_its_schema(body: str, problems: list[str]) -> None:
    """Names are closed, values checked, nothing is required; null is what the SDK writes for nothing."""
    shape = _operation("content", "POST", "/v1/Content").json
    assert shape is not None

    assert list(check_json(shape, body)) == problems


def test_an_enumerated_text_of_a_json_body_may_be_emptied() -> None:
    """So the documents say of account_type, in prose."""
    shape = _operation("messaging", "POST", "/v2/Channels/Senders/{Sid}").json
    assert shape is not None

    assert list(check_json(shape, '{"configuration": {"account_type": ""}}')) == []
    (problem,) = check_json(shape, '{"webhook": {"callback_method": "GET"}}')
    assert problem.startswith("body.webhook.callback_method: 'GET' is not one of ['POST', 'PUT'")


_FORMS = [
    ("events", "POST", "/v1/Sinks", "SinkConfiguration", '{"destination": "https://a.example"}', ""),
    ("events", "POST", "/v1/Sinks", "SinkConfiguration", "arn", "JSON was expected, not 'arn'"),
    ("events", "POST", "/v1/Sinks", "SinkType", "pigeon", "'pigeon' is not one of"),
    ("events", "POST", "/v1/Subscriptions", "Types", '{"type": "com.twilio.x", "schema_version": 2}', ""),
    ("events", "POST", "/v1/Subscriptions", "Types", "x", "JSON was expected"),
    ("numbers", "POST", "/v2/RegulatoryCompliance/EndUsers", "Attributes", '{"first_name": "Ana"}', ""),
    ("messaging", "POST", "/v1/Services", "ValidityPeriod", "x", "'x' is not of type 'integer'"),
    ("messaging", "POST", "/v1/Services", "Usecase", "marketing", ""),
    ("api", "POST", f"{_A}/Calls.json", "StatusCallbackEvent", "initiated", ""),
    ("api", "POST", f"{_A}/Calls.json", "Byoc", "BY1", "does not match"),
]


@pytest.mark.parametrize(("host", "method", "template", "name", "value", "problem"), _FORMS)
def test_a_form_value_is_held_to_its_schema(
    host: str, method: str, template: str, name: str, value: str, problem: str
) -> None:
    """A list is given value by value; what has no type or is an object is JSON."""
    form = _operation(host, method, template).form
    assert form is not None

    found = list(check_value(form[name], value, f"form: {name}"))

    assert len(found) == bool(problem)
    assert all(each.startswith(f"form: {name}") and problem in each for each in found)


def test_a_parameter_outside_the_documents_is_named_with_what_there_is() -> None:
    """In the query as in the form."""
    query = _operation("monitor", "GET", "/v1/Alerts/{Sid}").query

    assert list(_check_values(query, "Colour=red", "query")) == ["query: parameter Colour is not documented, only none"]


def test_the_entries_of_a_prefixed_map_are_parameters_of_their_own() -> None:
    """``Name.Entry`` belongs to ``Name`` where that is such a map, and only there."""
    documented = {
        "Meta": Shape({"type": "object", "format": "prefixed-collapsible-map"}),
        "To": Shape({"type": "string"}),
    }

    assert list(_check_values(documented, "Meta.colour=red&To=x", "form")) == []
    assert list(_check_values(documented, "To.colour=red", "form")) == [
        "form: parameter To.colour is not documented, only Meta, To"
    ]


@pytest.mark.parametrize(
    ("schema", "value", "problems"),
    [
        ({"type": "object"}, {"a": [1]}, []),
        ({"nullable": True}, {"a": [1]}, []),
        (
            {"type": "object", "additionalProperties": {"type": "string"}},
            {"a": 1},
            ["answer.a: 1 is not of type 'string'"],
        ),
        (
            {"allOf": [{"properties": {"a": {"type": "string"}}}, {"type": "object", "properties": {"b": {}}}]},
            {"a": "x", "c": 1},
            [
                "answer: Additional properties are not allowed ('c' was unexpected)",
                "answer: 'b' is a required property",
            ],
        ),
        (
            {"oneOf": [{"type": "integer"}, {"properties": {"a": {"type": "string"}}, "type": "object"}]},
            {"a": "x"},
            [],
        ),
        (
            {"oneOf": [{"type": "object", "properties": {name: {} for name in kind}} for kind in ("abc", "abd")]},
            {"a": 1, "b": 2, "d": 3, "e": 4},
            ["answer: Additional properties are not allowed ('e' was unexpected)"],
        ),
        (
            {"$ref": "#/components/schemas/usage_trigger_enum_recurring", "nullable": True},
            None,
            [],
        ),
        (
            {"type": "string", "format": "date"},
            "30.7.2015",
            ["answer: '30.7.2015' is not a 'date', such as 2015-07-30"],
        ),
    ],
    ids=["free object", "free value", "map", "allOf", "oneOf", "the nearest of oneOf", "nullable reference", "format"],
)
def test_a_schema_is_closed_as_the_document_means_it(schema: Any, value: object, problems: list[str]) -> None:
    """Free stays free, parts are taken together, of alternatives the nearest one is explained."""
    found = list(Shape(_ALL.closed("api", schema)).problems(value, "answer"))

    assert sorted(found) == sorted(problems)
