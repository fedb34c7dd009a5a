"""The kinds as the operator reads them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from switchboard_operator.api import API_VERSION, KINDS, Assistant, BotNumber, Tenant, TwilioSubaccount
from switchboard_operator.api.conditions import Condition, Status
from switchboard_operator.api.model import camel
from switchboard_operator.api.selector import LabelSelector
from switchboard_operator.api.tenant import TenantStatus

ROOT = Path(__file__).parents[3]
DOCUMENTS: list[dict[str, Any]] = [
    document
    for path in [
        *sorted((ROOT / "examples" / "samples").glob("*.yaml")),
        ROOT / "tests" / "api" / "manifests" / "sketch" / "api-sketch.yaml",
    ]
    for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))
]
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def tenant(**spec: Any) -> Tenant:
    """A small tenant."""
    manifest = {"metadata": {"name": "acme"}, "spec": {"planRef": {"name": "p"}, "accountRef": {"name": "a"}, **spec}}
    return Tenant.model_validate(manifest)


def left_out(wanted: Any, found: Any, path: str = "") -> list[str]:
    """Paths of what stands in `wanted` and not in `found`."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return [line for key in wanted for line in left_out(wanted[key], found.get(key), f"{path}.{key}")]
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        return [line for pair in zip(wanted, found, strict=True) for line in left_out(*pair, f"{path}[]")]
    return [] if wanted == found else [path]


@pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda document: f"{document['kind']}-{document['metadata']['name']}"
)
def test_every_field_people_write_is_read(document: dict[str, Any]) -> None:
    """Nothing of a sample or of the sketch is ignored, and everything reads back as written."""
    kind = next(kind for kind in KINDS if kind.crd.kind == document["kind"])

    assert left_out(document["spec"], kind.model_validate(document).spec.manifest()) == []


def test_unknown_fields_are_read_over() -> None:
    """An older operator reads a newer object."""
    assert tenant(newIdea={"a": 1}).spec == tenant().spec


def test_null_is_absence() -> None:
    """Both say nothing."""
    assert tenant(slug=None).spec == tenant().spec


def test_slug_defaults_to_the_name() -> None:
    """A tenant without a slug has one nevertheless."""
    assert tenant().slug == "acme"
    assert tenant(slug="muebles").slug == "muebles"


def test_durations_and_money_are_values() -> None:
    """Nobody downstream parses strings."""
    spec = tenant(limits={"monthlySpend": "250.00"}, twilio={"credentials": {"rotation": {"interval": "2160h"}}}).spec

    assert spec.limits.monthly_spend == Decimal("250.00")
    assert spec.twilio.credentials.rotation.interval == timedelta(days=90)
    assert spec.twilio.retention == timedelta(days=30)


def test_bad_duration_is_refused_with_its_path() -> None:
    """Should one pass the API server, the operator still says where it stands."""
    with pytest.raises(ValidationError, match="2160h for 90 days") as refusal:
        tenant(retention={"messages": "90d"})

    assert refusal.value.errors()[0]["loc"] == ("spec", "retention", "messages")


def test_models_are_values_too() -> None:
    """What was read cannot be changed behind anybody's back."""
    with pytest.raises(ValidationError, match="frozen"):
        tenant().spec.suspend = True  # type: ignore[misc]


@pytest.mark.parametrize("kind", KINDS, ids=[kind.crd.kind for kind in KINDS])
def test_kind_has_an_envelope(kind: Any) -> None:
    """Names follow from the kind."""
    assert kind.crd.kind == kind.__name__
    assert kind.crd.name == f"{kind.crd.plural}.switchboard.dev"


def test_owner_reference_points_back() -> None:
    """Children of a tenant die with it."""
    parent = Tenant.model_validate({**tenant().manifest(), "metadata": {"name": "acme", "uid": "u-1"}})

    assert parent.owner().manifest() == {
        "apiVersion": API_VERSION,
        "kind": "Tenant",
        "name": "acme",
        "uid": "u-1",
        "controller": True,
        "blockOwnerDeletion": True,
    }


def test_deletion_shows() -> None:
    """A deletion timestamp is all it takes."""
    metadata = {"name": "acme", "deletionTimestamp": "2026-11-21T00:00:00Z"}

    assert Tenant.model_validate({**tenant().manifest(), "metadata": metadata}).deleting
    assert not tenant().deleting


def test_status_is_written_as_kubernetes_reads_it() -> None:
    """RFC 3339 times in UTC, nothing that is absent."""
    ready = Condition(type="Ready", status="True", reason="Succeeded", observed_generation=2, last_transition_time=NOW)
    status = TenantStatus(observed_generation=2, conditions=[ready], estimated_monthly_cost=Decimal("1.15"))

    assert status.manifest() == {
        "observedGeneration": 2,
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "reason": "Succeeded",
                "message": "",
                "observedGeneration": 2,
                "lastTransitionTime": "2026-11-21T00:00:00Z",
            }
        ],
        "numbers": [],
        "estimatedMonthlyCost": "1.15",
    }


def test_unseen_object_holds_nothing() -> None:
    """Without a status nothing is true of it."""
    assert Status().observed_generation == -1
    assert Status().condition("Ready") is None
    assert not Status().holds("Ready")


def test_condition_holds_only_while_true() -> None:
    """Unknown and False are both not true."""
    conditions = [
        Condition(type="Ready", status="Unknown", reason="Pending", last_transition_time=NOW),
        Condition(type="Synced", status="True", reason="Succeeded", last_transition_time=NOW),
    ]
    status = Status(conditions=conditions)

    assert [status.holds(kind) for kind in ("Ready", "Synced", "Stalled")] == [False, True, False]


@pytest.mark.parametrize(
    ("selector", "labels", "selected"),
    [
        ({}, {}, True),
        ({"matchLabels": {"a": "1"}}, {"a": "1", "b": "2"}, True),
        ({"matchLabels": {"a": "1"}}, {"a": "2"}, False),
        ({"matchLabels": {"a": ""}}, {}, False),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["1", "2"]}]}, {"a": "2"}, True),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["1"]}]}, {}, False),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]}, {}, True),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]}, {"a": "1"}, False),
        ({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, {"a": ""}, True),
        ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, {"a": ""}, False),
        ({"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "b", "operator": "Exists"}]}, {"a": "1"}, False),
    ],
)
def test_selector_selects_as_in_kubernetes(selector: Any, labels: dict[str, str], selected: bool) -> None:
    """An empty one selects all; an absent label fulfils NotIn; everything said must hold."""
    assert LabelSelector.model_validate(selector).matches(labels) is selected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("base_url", "baseURL"),
        ("url", "url"),
        ("phone_number", "phoneNumber"),
        ("config_map_ref", "configMapRef"),
        ("url_prefix", "urlPrefix"),
    ],
)
def test_yaml_names_are_camel_case(name: str, expected: str) -> None:
    """URL is spelt in capitals unless it begins the name, as Kubernetes does it."""
    assert camel(name) == expected


def test_defaults_are_those_that_harm_least() -> None:
    """What nobody said keeps everything and spends nothing."""
    number = BotNumber.model_validate({"metadata": {"name": "n"}, "spec": {"tenantRef": {"name": "t"}}})
    account = TwilioSubaccount.model_validate({"metadata": {"name": "s"}, "spec": {"accountRef": {"name": "a"}}})

    assert number.spec.release_policy == "Retain"
    assert number.spec.channels.manifest() == {"sms": {}}
    assert (account.spec.deletion_policy, account.spec.confirm_close) == ("Suspend", False)


def test_script_is_read_in_order() -> None:
    """The first rule stays the first."""
    document = next(document for document in DOCUMENTS if document["kind"] == "Assistant")
    script = Assistant.model_validate(document).spec.script

    assert script is not None
    assert [rule.when.catalogue for rule in script.rules] == [*[None] * (len(script.rules) - 1), True]
