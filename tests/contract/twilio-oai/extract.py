"""Cut what the emulator serves, or is to serve, out of Twilio's OpenAPI documents.

    python tests/contract/twilio-oai/extract.py /path/to/twilio-oai/spec/json

For: keeping the tests self-contained without five megabytes of documents. Each path is taken over whole, with every
schema and parameter it refers to; prose is left out, and the examples of answers go to ``examples/``, a file a
document. ``x-source`` in each extract names its document.
Refuses: a document whose SHA-256 is not the one below: the extracts and README.md would then tell different versions.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
REPOSITORY = "https://github.com/twilio/twilio-oai"
COMMIT = "d50069b44ea8cd23141385bdb6db48f16ff75bb5"
RELEASE = "2.6.7"
DOCUMENTS = {
    "api_v2010": "99cae87a6bb1725f71363364cbd30282a13140374b2d5f9bdd5bdfa5d4c8a6d7",
    "iam_v1": "fea70127b4d013224e42fdcff56c19519d487e3bb365a2ec85bccae7dd3d2c76",
    "accounts_v1": "10557890848fa4908bdbe3f312aa24e1050aa66b09a9cb02db1d33574642c08d",
    "pricing_v1": "b2cec5b083184be88ee8af1fe1ac56fcc79d156ed53011a22575ba5c1ab9844a",
    "messaging_v1": "ef8fb6b6bfee2334d3cad7ca58568a8984165a4337e7dbb1753d1c257a9e8a52",
    "messaging_v2": "05846095ee959c6c6bf382cea34fc0bc1e149cba78b42303b3dcb495b101ef4e",
    "content_v1": "292f522ed7a3c7571d7479e23b9bc485fb9e463832fad52e9317eb012de177dd",
    "numbers_v2": "536709a8886c01ff335d15b9ffd2d71d8f59c1003be2eac7f344325ed5a371d7",
    "events_v1": "cddf747d0ee3643957292f5f3d3941de11ae2fac61edf808e567e21e6e1f8a64",
    "monitor_v1": "01cbdbcf97463fd1c471fd49108c2ea89762bd5205f3d186637a743ff0b1304f",
}
_ACCOUNT = "/2010-04-01/Accounts/{AccountSid}"
_REGULATORY = "/v2/RegulatoryCompliance"
PATHS: dict[str, tuple[str, ...]] = {
    "api_v2010": (
        "/2010-04-01/Accounts.json",
        "/2010-04-01/Accounts/{Sid}.json",
        f"{_ACCOUNT}/Addresses.json",
        f"{_ACCOUNT}/Addresses/{{Sid}}.json",
        f"{_ACCOUNT}/Addresses/{{AddressSid}}/DependentPhoneNumbers.json",
        f"{_ACCOUNT}/Applications.json",
        f"{_ACCOUNT}/Applications/{{Sid}}.json",
        f"{_ACCOUNT}/AvailablePhoneNumbers.json",
        f"{_ACCOUNT}/AvailablePhoneNumbers/{{CountryCode}}.json",
        f"{_ACCOUNT}/AvailablePhoneNumbers/{{CountryCode}}/Local.json",
        f"{_ACCOUNT}/AvailablePhoneNumbers/{{CountryCode}}/Mobile.json",
        f"{_ACCOUNT}/AvailablePhoneNumbers/{{CountryCode}}/TollFree.json",
        f"{_ACCOUNT}/Balance.json",
        f"{_ACCOUNT}/Calls.json",
        f"{_ACCOUNT}/Calls/{{Sid}}.json",
        f"{_ACCOUNT}/Calls/{{CallSid}}/Recordings.json",
        f"{_ACCOUNT}/Calls/{{CallSid}}/Recordings/{{Sid}}.json",
        f"{_ACCOUNT}/IncomingPhoneNumbers.json",
        f"{_ACCOUNT}/IncomingPhoneNumbers/{{Sid}}.json",
        f"{_ACCOUNT}/IncomingPhoneNumbers/Local.json",
        f"{_ACCOUNT}/IncomingPhoneNumbers/Mobile.json",
        f"{_ACCOUNT}/IncomingPhoneNumbers/TollFree.json",
        f"{_ACCOUNT}/Keys.json",
        f"{_ACCOUNT}/Keys/{{Sid}}.json",
        f"{_ACCOUNT}/Messages.json",
        f"{_ACCOUNT}/Messages/{{Sid}}.json",
        f"{_ACCOUNT}/Messages/{{MessageSid}}/Feedback.json",
        f"{_ACCOUNT}/Messages/{{MessageSid}}/Media.json",
        f"{_ACCOUNT}/Messages/{{MessageSid}}/Media/{{Sid}}.json",
        f"{_ACCOUNT}/Recordings.json",
        f"{_ACCOUNT}/Recordings/{{Sid}}.json",
        f"{_ACCOUNT}/Usage/Records.json",
        f"{_ACCOUNT}/Usage/Records/AllTime.json",
        f"{_ACCOUNT}/Usage/Records/Daily.json",
        f"{_ACCOUNT}/Usage/Records/LastMonth.json",
        f"{_ACCOUNT}/Usage/Records/Monthly.json",
        f"{_ACCOUNT}/Usage/Records/ThisMonth.json",
        f"{_ACCOUNT}/Usage/Records/Today.json",
        f"{_ACCOUNT}/Usage/Records/Yearly.json",
        f"{_ACCOUNT}/Usage/Records/Yesterday.json",
        f"{_ACCOUNT}/Usage/Triggers.json",
        f"{_ACCOUNT}/Usage/Triggers/{{Sid}}.json",
    ),
    "iam_v1": ("/v1/Keys", "/v1/Keys/{Sid}"),
    "accounts_v1": ("/v1/AuthTokens/Promote", "/v1/AuthTokens/Secondary"),
    "pricing_v1": (
        "/v1/Messaging/Countries",
        "/v1/Messaging/Countries/{IsoCountry}",
        "/v1/PhoneNumbers/Countries",
        "/v1/PhoneNumbers/Countries/{IsoCountry}",
        "/v1/Voice/Countries",
        "/v1/Voice/Countries/{IsoCountry}",
    ),
    "messaging_v1": (
        "/v1/Services",
        "/v1/Services/{Sid}",
        "/v1/Services/Usecases",
        "/v1/Services/{ServiceSid}/AlphaSenders",
        "/v1/Services/{ServiceSid}/AlphaSenders/{Sid}",
        "/v1/Services/{MessagingServiceSid}/ChannelSenders",
        "/v1/Services/{MessagingServiceSid}/ChannelSenders/{Sid}",
        "/v1/Services/{MessagingServiceSid}/Compliance/Usa2p",
        "/v1/Services/{MessagingServiceSid}/Compliance/Usa2p/{Sid}",
        "/v1/Services/{MessagingServiceSid}/Compliance/Usa2p/Usecases",
        "/v1/Services/{ServiceSid}/PhoneNumbers",
        "/v1/Services/{ServiceSid}/PhoneNumbers/{Sid}",
        "/v1/Tollfree/Verifications",
        "/v1/Tollfree/Verifications/{Sid}",
        "/v1/a2p/BrandRegistrations",
        "/v1/a2p/BrandRegistrations/{Sid}",
    ),
    "messaging_v2": ("/v2/Channels/Senders", "/v2/Channels/Senders/{Sid}"),
    "content_v1": (
        "/v1/Content",
        "/v1/Content/{Sid}",
        "/v1/Content/{Sid}/ApprovalRequests",
        "/v1/Content/{ContentSid}/ApprovalRequests/whatsapp",
        "/v1/ContentAndApprovals",
        "/v1/LegacyContent",
    ),
    "numbers_v2": (
        f"{_REGULATORY}/Bundles",
        f"{_REGULATORY}/Bundles/{{Sid}}",
        f"{_REGULATORY}/Bundles/{{BundleSid}}/Clones",
        f"{_REGULATORY}/Bundles/{{BundleSid}}/Evaluations",
        f"{_REGULATORY}/Bundles/{{BundleSid}}/Evaluations/{{Sid}}",
        f"{_REGULATORY}/Bundles/{{BundleSid}}/ItemAssignments",
        f"{_REGULATORY}/Bundles/{{BundleSid}}/ItemAssignments/{{Sid}}",
        f"{_REGULATORY}/EndUsers",
        f"{_REGULATORY}/EndUsers/{{Sid}}",
        f"{_REGULATORY}/Regulations",
        f"{_REGULATORY}/Regulations/{{Sid}}",
        f"{_REGULATORY}/SupportingDocuments",
        f"{_REGULATORY}/SupportingDocuments/{{Sid}}",
    ),
    "events_v1": (
        "/v1/Schemas/{Id}",
        "/v1/Schemas/{Id}/Versions",
        "/v1/Schemas/{Id}/Versions/{SchemaVersion}",
        "/v1/Sinks",
        "/v1/Sinks/{Sid}",
        "/v1/Sinks/{Sid}/Test",
        "/v1/Sinks/{Sid}/Validate",
        "/v1/Subscriptions",
        "/v1/Subscriptions/{Sid}",
        "/v1/Subscriptions/{SubscriptionSid}/SubscribedEvents",
        "/v1/Subscriptions/{SubscriptionSid}/SubscribedEvents/{Type}",
        "/v1/Types",
        "/v1/Types/{Type}",
    ),
    "monitor_v1": ("/v1/Alerts", "/v1/Alerts/{Sid}", "/v1/Events", "/v1/Events/{Sid}"),
}
_METHODS = frozenset({"get", "post", "put", "patch", "delete"})
_PROSE = frozenset({"description", "examples", "example"})


def main(source: Path) -> None:
    """Write one extract and one file of examples a document."""
    (HERE / "examples").mkdir(exist_ok=True)
    for name, digest in DOCUMENTS.items():
        raw = (source / f"twilio_{name}.json").read_bytes()
        found = hashlib.sha256(raw).hexdigest()
        if found != digest:
            sys.exit(f"twilio_{name}.json: SHA-256 is {found}, this script knows {digest}")
        document = json.loads(raw)
        (HERE / f"twilio_{name}.json").write_text(json.dumps(extract(document, name), indent=1) + "\n")
        shown = json.dumps(examples(document, name), indent=1, ensure_ascii=False)
        (HERE / "examples" / f"{name}.json").write_text(shown + "\n")


def extract(document: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the wanted paths of a document and the components they need."""
    paths = {path: _terse(document["paths"][path]) for path in PATHS[name]}
    components: dict[str, dict[str, Any]] = {"schemas": {}}
    missing = _references(paths)
    while missing:
        kind, component = missing.pop()
        components.setdefault(kind, {})[component] = _terse(document["components"][kind][component])
        known = {(kind, component) for kind, found in components.items() for component in found}
        missing = (missing | _references(components[kind][component])) - known
    return {
        "openapi": document["openapi"],
        "x-source": {
            "repository": REPOSITORY,
            "commit": COMMIT,
            "release": RELEASE,
            "path": f"spec/json/twilio_{name}.json",
            "sha256": DOCUMENTS[name],
        },
        "info": {"title": document["info"]["title"], "version": document["info"]["version"]},
        "paths": paths,
        "components": {kind: dict(sorted(found.items())) for kind, found in components.items()},
    }


def examples(document: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the examples of answers, by ``METHOD path``, status and the example's own name."""
    return {
        f"{method.upper()} {path}": {
            status: {title: _example(document, example) for title, example in content["examples"].items()}
            for status, answer in operation["responses"].items()
            for content in answer.get("content", {}).values()
            if "examples" in content
        }
        for path in PATHS[name]
        for method, operation in document["paths"][path].items()
        if method in _METHODS
    }


def _example(document: dict[str, Any], example: dict[str, Any]) -> Any:
    shared: dict[str, Any] = document["components"].get("examples", {})
    return shared[example["$ref"].rsplit("/", 1)[1]]["value"] if "$ref" in example else example["value"]


def _terse(node: Any, *, names: bool = False) -> Any:
    """Return the node without prose; ``names`` marks a map of names, in which nothing is prose."""
    if isinstance(node, list):
        return [_terse(item) for item in node]
    if isinstance(node, dict):
        return {
            key: _terse(value, names=key == "properties" and not names)
            for key, value in node.items()
            if names or key not in _PROSE
        }
    return node


def _references(node: Any) -> set[tuple[str, str]]:
    """Return kind and name of each component that the node refers to."""
    if isinstance(node, list):
        return set().union(*map(_references, node))
    if not isinstance(node, dict):
        return set()
    found = set().union(*map(_references, node.values()))
    if isinstance(node.get("$ref"), str):
        kind, name = node["$ref"].removeprefix("#/components/").split("/", 1)
        found.add((kind, name))
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]))
