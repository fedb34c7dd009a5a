"""The CRDs at a real kube-apiserver: what they take, what they refuse, and whether the refusal names field and cure."""

import copy
import subprocess
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from dev.cluster import binaries
from dev.cluster.errors import ApiRefused
from dev.cluster.kube import Api
from switchboard_operator.api import API_VERSION, KINDS, crdgen, grammar
from switchboard_operator.api.rules import Rule, raw
from tests.support.controlplane import ControlPlane, control_plane

Document = dict[str, Any]

HERE = Path(__file__).parent
SAMPLES = HERE.parents[1] / "examples" / "samples"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
STRICT = "fieldValidation=Strict"
MERGE = "application/merge-patch+json"
RULES = "x-kubernetes-validations"


def _load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


BASES: dict[str, Document] = _load(HERE / "manifests" / "bases.yaml")
CASES: list[Document] = [
    case for path in sorted((HERE / "manifests").glob("*.yaml")) if path.name != "bases.yaml" for case in _load(path)
]


APPLIED: list[Document] = [
    document
    for path in [*sorted(SAMPLES.glob("*.yaml")), HERE / "manifests" / "sketch" / "api-sketch.yaml"]
    for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))
]


# ---- documents -----------------------------------------------------------------------------------------------------


def _at(document: Any, path: str) -> Any:
    """What stands at a dotted path; None where nothing does."""
    for key in path.split("."):
        try:
            document = document[int(key) if isinstance(document, list) else key]
        except (KeyError, IndexError, TypeError):
            return None
    return document


def _change(document: Document, case: Document) -> Document:
    """A copy of the document after the `remove` and `set` of a case or step."""
    out = copy.deepcopy(document)
    for path in case.get("remove", ()):
        *parents, last = path.split(".")
        del reduce(dict.__getitem__, parents, out)[last]
    for path, value in case.get("set", {}).items():
        *parents, last = path.split(".")
        target: Any = out
        for key in parents:
            target = target[int(key)] if key.isdigit() else target.setdefault(key, {})
        target[last] = value
    return out


def _collection(document: Document) -> str:
    kind = next(kind for kind in KINDS if kind.crd.kind == document["kind"])
    namespace = document["metadata"].get("namespace")
    return f"/apis/{API_VERSION}/" + (f"namespaces/{namespace}/" if namespace else "") + kind.crd.plural


def _url(document: Document) -> str:
    return f"{_collection(document)}/{quote(document['metadata']['name'])}"


# ---- the API server ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    """A control plane with the CRDs of this checkout, and the namespace of the manifests."""
    with control_plane() as running:
        for kind in KINDS:
            running.api.apply(f"{CRDS}/{kind.crd.name}", crdgen.definition(kind))
        _await_established(running.api, {kind.crd.name for kind in KINDS})
        running.api.request("POST", "/api/v1/namespaces", {"metadata": {"name": "acme"}})
        yield running


@pytest.fixture
def api(plane: ControlPlane) -> Api:
    """The API server, as its administrator."""
    return plane.api


def _await_established(api: Api, names: set[str]) -> None:
    missing = set(names)
    for event in api.watch(CRDS, resource_version="0", seconds=30):
        conditions = event["object"].get("status", {}).get("conditions") or ()
        if any(condition["type"] == "Established" and condition["status"] == "True" for condition in conditions):
            missing.discard(event["object"]["metadata"]["name"])
        if not missing:
            return
    pytest.fail(f"not established in 30 s: {sorted(missing)}")


@pytest.fixture
def put(api: Api) -> Iterator["Put"]:
    """Sends documents, and removes in the end what was stored."""
    sender = Put(api)
    yield sender
    sender.remove_all()


class Put:
    """Creates and updates objects under strict field validation."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._stored: set[str] = set()

    def create(self, document: Document) -> Document:
        """The object as stored."""
        stored = self._api.request("POST", f"{_collection(document)}?{STRICT}", document)
        self._stored.add(_url(document))
        return stored

    def update(self, document: Document) -> Document:
        """The object as stored."""
        return self._api.request("PUT", f"{_url(document)}?{STRICT}", document)

    def write_status(self, document: Document, status: Document) -> Document:
        """The object with the status that an operator would write."""
        return self._api.request("PATCH", f"{_url(document)}/status", {"status": status}, content_type=MERGE)

    def apply(self, document: Document) -> Document:
        """The object after a server-side apply."""
        self._stored.add(_url(document))
        return self._api.apply(_url(document), document)

    def remove_all(self) -> None:
        """Deletes all that was stored."""
        for url in self._stored:
            self._api.request("DELETE", url)


# ---- the cases -----------------------------------------------------------------------------------------------------


def _meets(case: Document, send: Any, document: Document) -> Document:
    """Sends, and compares with what the case expects; returns the object that is stored in the end."""
    if "refused" not in case:
        stored: Document = send(document)
        assert {path: _at(stored, path) for path in case.get("stored", {})} == case.get("stored", {})
        return stored
    with pytest.raises(ApiRefused) as refusal:
        send(document)
    text = str(refusal.value)
    assert [fragment for fragment in case["refused"] if fragment not in text] == [], text
    return document


@pytest.mark.parametrize("case", CASES, ids=[f"{case['kind']}: {case['name']}" for case in CASES])
def test_manifest_is_taken_or_refused_with_field_and_cure(case: Document, put: Put) -> None:
    """Each case of `manifests/` meets what it expects, and a refusal says all that it should."""
    stored = _meets(case, put.create, _change(BASES[case["kind"]], case))
    for step in case.get("then", ()):
        if "status" in step:
            stored = put.write_status(stored, step["status"])
        updated = _meets(step, put.update, _change(stored, step))
        stored = stored if "refused" in step else updated


def _messages(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from (rule["message"] for rule in schema.get(RULES, ()))
        for part in schema.values():
            yield from _messages(part)


@pytest.mark.parametrize("kind", KINDS, ids=[kind.crd.kind for kind in KINDS])
def test_every_rule_is_met_by_a_refused_manifest(kind: Any) -> None:
    """No rule of a CRD goes untried: some refusal quotes its message."""
    steps = [step for case in CASES if case["kind"] == kind.crd.kind for step in [case, *case.get("then", ())]]
    quoted = [fragment for step in steps for fragment in step.get("refused", ())]
    rules = set(_messages(crdgen.object_schema(kind)))

    assert {rule for rule in rules if not any(len(text) > 9 and text in rule for text in quoted)} == set()


# ---- the grammars ---------------------------------------------------------------------------------------------------

PATTERNS = {
    name: value
    for name, value in vars(grammar).items()
    if name.isupper() and isinstance(value, str) and value.endswith("$")
}
PROBE = {"group": "test.switchboard.dev", "kind": "Probe", "plural": "probes", "singular": "probe"}


def _field(name: str) -> str:
    return name.lower().replace("_", "")


def _probe() -> Document:
    """A kind with two lists for each grammar: strings that must fit, and strings that must not."""
    fields = {}
    for name, pattern in PATTERNS.items():
        for prefix, sign in (("fits", ""), ("misses", "!")):
            rule = Rule(rule=f"{sign}self.matches({raw(pattern)})", message=f"{name} reads otherwise than in Python")
            items = {"type": "string", "maxLength": 300, RULES: [rule.schema()]}
            fields[prefix + _field(name)] = {"type": "array", "maxItems": 8, "items": items}
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": fields}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {key: PROBE[key] for key in ("kind", "plural", "singular")}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PROBE['plural']}.{PROBE['group']}"},
        "spec": {"group": PROBE["group"], "scope": "Cluster", "names": names, "versions": [version]},
    }


@pytest.fixture(scope="module")
def probes(plane: ControlPlane) -> str:
    """Where probes are posted, without being stored."""
    document = _probe()
    plane.api.apply(f"{CRDS}/{document['metadata']['name']}", document)
    _await_established(plane.api, {document["metadata"]["name"]})
    return f"/apis/{PROBE['group']}/v1/{PROBE['plural']}?dryRun=All"


@pytest.mark.parametrize("name", PATTERNS)
@settings(max_examples=15, deadline=None, derandomize=True)
@given(data=st.data())
def test_api_server_reads_a_grammar_as_python_does(
    name: str, plane: ControlPlane, probes: str, data: st.DataObject
) -> None:
    """RE2 in a CEL rule and `re` in the operator agree on any string."""
    near = st.from_regex(PATTERNS[name].removesuffix("$").removeprefix("^"))
    texts = data.draw(st.lists((near | st.text(max_size=40)).filter(lambda text: len(text) <= 300), max_size=8))
    fits = [text for text in texts if grammar.fits(PATTERNS[name], text)]
    misses = [text for text in texts if not grammar.fits(PATTERNS[name], text)]
    spec = {f"fits{_field(name)}": fits, f"misses{_field(name)}": misses}

    plane.api.request(
        "POST",
        probes,
        {
            "apiVersion": f"{PROBE['group']}/v1",
            "kind": PROBE["kind"],
            "metadata": {"generateName": "probe-"},
            "spec": spec,
        },
    )


# ---- the kinds as a whole ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS, ids=[kind.crd.kind for kind in KINDS])
def test_crd_is_structural_and_its_names_are_accepted(kind: Any, api: Api) -> None:
    """The API server serves the kind, and has no objection to its schema, its rules or its names."""
    conditions = api.request("GET", f"{CRDS}/{kind.crd.name}")["status"]["conditions"]

    assert {condition["type"]: condition["status"] for condition in conditions} == {
        "NamesAccepted": "True",
        "Established": "True",
    }


def test_one_category_lists_all_kinds(api: Api) -> None:
    """`kubectl get switchboard` means every kind."""
    resources = api.request("GET", f"/apis/{API_VERSION}")["resources"]

    assert {item["kind"] for item in resources if item.get("categories") == ["switchboard"]} == {
        kind.crd.kind for kind in KINDS
    }


def test_short_names_are_unique(api: Api) -> None:
    """No two kinds share a short name."""
    resources = api.request("GET", f"/apis/{API_VERSION}")["resources"]
    names = [name for item in resources for name in item.get("shortNames", ())]

    assert sorted(names) == ["ast", "num", "swt", "twa", "tws"]


@pytest.mark.parametrize("document", APPLIED, ids=lambda document: f"{document['kind']}-{document['metadata']['name']}")
def test_sample_applied_again_writes_nothing(document: Document, put: Put) -> None:
    """A sample applies, and once the operator wrote a status another apply changes nothing, whatever the defaults."""
    seen = put.write_status(put.apply(document), {"observedGeneration": 1})

    assert put.apply(document)["metadata"]["resourceVersion"] == seen["metadata"]["resourceVersion"]


@pytest.mark.parametrize("kind", KINDS, ids=[kind.crd.kind for kind in KINDS])
def test_every_kind_has_a_sample(kind: Any) -> None:
    """There is a sample to start from for each kind."""
    assert _load(SAMPLES / f"{kind.crd.singular}.yaml")["kind"] == kind.crd.kind


@pytest.mark.parametrize("base", BASES.values(), ids=list(BASES))
def test_stored_object_reads_back_as_its_model(base: Document, put: Put) -> None:
    """The defaults of the CRD and those of the model are the same."""
    kind = next(kind for kind in KINDS if kind.crd.kind == base["kind"])
    stored = kind.model_validate(put.create(base))

    assert (stored.kind, stored.name, stored.generation) == (base["kind"], base["metadata"]["name"], 1)
    assert stored.spec == kind.model_validate(base).spec


def test_kubectl_shows_what_the_operator_has_not_seen(plane: ControlPlane, put: Put) -> None:
    """A fresh object of any kind is Unknown and Pending, never blank and never Ready."""
    for base in BASES.values():
        put.create(base)
    shown = _kubectl(plane, "get", "switchboard", "--all-namespaces", "--output=name")
    fresh = _kubectl(plane, "get", "tenants", "--namespace=acme", "--no-headers").split()

    assert sorted(shown.split()) == sorted(
        f"{document['kind'].lower()}.switchboard.dev/{document['metadata']['name']}" for document in BASES.values()
    )
    assert fresh[:3] == ["muebles-sur", "Unknown", "Pending"]


def _kubectl(plane: ControlPlane, *arguments: str) -> str:
    program: str | Path = binaries.ensure(["kubectl"])["kubectl"]
    command = [program, f"--kubeconfig={plane.kubeconfig}", f"--cache-dir={plane.folder}", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_written_status_replaces_the_default(put: Put) -> None:
    """Once the operator wrote a status, nothing of the default is left."""
    ready = {
        "type": "Ready", "status": "True", "reason": "Succeeded", "message": "",
        "lastTransitionTime": "2026-11-21T00:00:00Z", "observedGeneration": 1,
    }  # fmt: skip
    stored = put.create(BASES["Tenant"])
    seen = put.write_status(stored, {"observedGeneration": 1, "conditions": [ready], "host": "a.example.com"})

    assert seen["status"] == {"observedGeneration": 1, "conditions": [ready], "host": "a.example.com"}


def test_spec_update_does_not_touch_status(put: Put) -> None:
    """Who may write `spec` cannot forge `status`."""
    stored = put.create(BASES["Tenant"])
    updated = put.update({**stored, "status": {"host": "forged.example.com"}})

    assert "host" not in updated["status"]


def test_largest_assistant_stays_within_the_budget_of_its_rules(put: Put) -> None:
    """All caps reached at once, the rules still run within their budget."""
    texts = {f"a{letter}": "x" * 20 for letter in "abcdefghijklmnop"}
    words = [f"{'w' * 60}{index:02}" for index in range(32)]
    long = f"https://{'a.' * 9}example.com/{'p' * 400}"
    prices = [
        {"validFrom": f"2026-01-{day:02}", "input": "1", "output": "1", "cachedInput": "1"} for day in range(1, 17)
    ]
    parameters = [{"name": f"p{n}", "oneOf": [f"{'v' * 70}{value}" for value in range(50)]} for n in range(16)]
    document = copy.deepcopy(BASES["Assistant"])
    document["spec"] = {
        "instructions": "x" * 32_768,
        "model": {"provider": "openai", "name": "m", "secretRef": {"name": "s"}, "prices": prices},
        "fallbackModels": [{"provider": "p", "name": "m", "baseURL": long, "prices": prices}] * 4,
        "httpTools": [
            {"name": f"t{n}", "description": "x" * 500, "url": long, "parameters": parameters} for n in range(16)
        ],
        "script": {
            "rules": [{"when": {"matches": words}, "reply": texts}] * 100,
            "otherwise": texts,
        },
    }

    assert len(put.create(document)["spec"]["script"]["rules"]) == 100


def test_largest_script_stays_within_the_budget_of_its_rules(put: Put) -> None:
    """A hundred rules, each with all that may go with words."""
    languages = [f"a{letter}" for letter in "abcdefghijklmnop"]
    rule = {
        "when": {"matches": [f"{'w' * 60}{index:02}" for index in range(32)]},
        "reply": dict.fromkeys(languages, "x" * 20),
        "media": [f"https://{'a.' * 9}example.com/{number}{'p' * 450}" for number in range(10)],
        "choices": [
            {"id": f"{'i' * 60}{number}", "title": dict.fromkeys(languages, f"{number}{'t' * 10}")}
            for number in range(10)
        ],
        "location": {"latitude": "-34.60370000", "longitude": "-58.38160000", "label": "l" * 80, "address": "a" * 80},
        "template": "t" * 63,
    }
    document = copy.deepcopy(BASES["Assistant"])
    document["spec"] = {"script": {"rules": [rule] * 100, "otherwise": {"es": "x"}}}

    assert len(put.create(document)["spec"]["script"]["rules"]) == 100


def test_largest_tenant_stays_within_the_budget_of_its_rules(put: Put) -> None:
    """All caps reached at once, the rules still run within their budget."""
    texts = {f"a{letter}": "x" * 1600 for letter in "abcdefghijklmnop"}
    document = copy.deepcopy(BASES["Tenant"])
    document["spec"] |= {
        "bot": {
            "greeting": texts,
            "languages": list(texts),
            "handoff": {"keywords": [f"{'k' * 60}{index:02}" for index in range(64)]},
            "hours": {
                "timeZone": "America/Argentina/Buenos_Aires",
                "weekly": [{"days": ["Mon", "Tue"], "from": "09:00", "to": "24:00"}] * 28,
                "exceptions": [
                    {"date": f"20{year}-{month:02}-{day:02}", "ranges": [{"from": "09:00", "to": "24:00"}] * 8}
                    for year in (26, 27)
                    for month in range(1, 11)
                    for day in range(1, 21)
                ],
                "away": texts,
            },
        },
        "integrations": [
            {
                "provider": provider,
                "secretRef": {"name": "a" * 63},
                "config": {f"key{index}": "v" * 1024 for index in range(32)},
            }
            for provider in ("WhatsAppCloud", "ManyChat", "UChat", "ElevenLabs")
        ],
    }

    assert len(put.create(document)["spec"]["integrations"]) == 4


def test_case_names_are_unique() -> None:
    """A failing case can be told by its name."""
    names = [(case["kind"], case["name"]) for case in CASES]

    assert len(names) == len(set(names))
