"""Cut what the emulator serves out of Twilio's OpenAPI documents.

    python tests/contract/twilio-oai/extract.py /path/to/twilio-oai/spec/json

For: keeping the tests self-contained without two megabytes of documents. Each path is taken over whole, with
every schema it refers to; only prose and examples are left out. ``x-source`` in each file names its document.
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
    "twilio_api_v2010.json": "99cae87a6bb1725f71363364cbd30282a13140374b2d5f9bdd5bdfa5d4c8a6d7",
    "twilio_iam_v1.json": "fea70127b4d013224e42fdcff56c19519d487e3bb365a2ec85bccae7dd3d2c76",
    "twilio_accounts_v1.json": "10557890848fa4908bdbe3f312aa24e1050aa66b09a9cb02db1d33574642c08d",
    "twilio_pricing_v1.json": "b2cec5b083184be88ee8af1fe1ac56fcc79d156ed53011a22575ba5c1ab9844a",
}
_ACCOUNT = "/2010-04-01/Accounts/{AccountSid}"
PATHS = (
    "/2010-04-01/Accounts.json",
    "/2010-04-01/Accounts/{Sid}.json",
    f"{_ACCOUNT}/AvailablePhoneNumbers.json",
    f"{_ACCOUNT}/AvailablePhoneNumbers/{{CountryCode}}.json",
    f"{_ACCOUNT}/AvailablePhoneNumbers/{{CountryCode}}/Local.json",
    f"{_ACCOUNT}/AvailablePhoneNumbers/{{CountryCode}}/Mobile.json",
    f"{_ACCOUNT}/AvailablePhoneNumbers/{{CountryCode}}/TollFree.json",
    f"{_ACCOUNT}/Balance.json",
    f"{_ACCOUNT}/IncomingPhoneNumbers.json",
    f"{_ACCOUNT}/IncomingPhoneNumbers/{{Sid}}.json",
    f"{_ACCOUNT}/IncomingPhoneNumbers/Local.json",
    f"{_ACCOUNT}/IncomingPhoneNumbers/Mobile.json",
    f"{_ACCOUNT}/IncomingPhoneNumbers/TollFree.json",
    f"{_ACCOUNT}/Messages.json",
    f"{_ACCOUNT}/Messages/{{Sid}}.json",
    "/v1/Keys",
    "/v1/Keys/{Sid}",
    "/v1/AuthTokens/Promote",
    "/v1/AuthTokens/Secondary",
    "/v1/PhoneNumbers/Countries",
    "/v1/PhoneNumbers/Countries/{IsoCountry}",
)
_PROSE = frozenset({"description", "examples", "example"})


def main(source: Path) -> None:
    """Write one extract a document."""
    for name, digest in DOCUMENTS.items():
        raw = (source / name).read_bytes()
        found = hashlib.sha256(raw).hexdigest()
        if found != digest:
            sys.exit(f"{source / name}: SHA-256 is {found}, this script knows {digest}")
        (HERE / name).write_text(json.dumps(extract(json.loads(raw), name), indent=1) + "\n")


def extract(document: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the wanted paths of a document and the schemas they need."""
    paths = {path: _terse(document["paths"][path]) for path in PATHS if path in document["paths"]}
    schemas: dict[str, Any] = {}
    missing = _references(paths)
    while missing:
        schema = missing.pop()
        schemas[schema] = _terse(document["components"]["schemas"][schema])
        missing |= _references(schemas[schema]) - schemas.keys()
    return {
        "openapi": document["openapi"],
        "x-source": {
            "repository": REPOSITORY,
            "commit": COMMIT,
            "release": RELEASE,
            "path": f"spec/json/{name}",
            "sha256": DOCUMENTS[name],
        },
        "info": {"title": document["info"]["title"], "version": document["info"]["version"]},
        "paths": paths,
        "components": {"schemas": dict(sorted(schemas.items()))},
    }


def _terse(node: Any, *, names: bool = False) -> Any:
    """Return the node without prose; ``names`` marks a map of names, in which nothing is prose."""
    if isinstance(node, list):
        return [_terse(item) for item in node]
    if isinstance(node, dict):
        return {
            key: _terse(value, names=key == "properties") for key, value in node.items() if names or key not in _PROSE
        }
    return node


def _references(node: Any) -> set[str]:
    if isinstance(node, list):
        return set().union(*map(_references, node))
    if not isinstance(node, dict):
        return set()
    own = {node["$ref"].removeprefix("#/components/schemas/")} if "$ref" in node else set()
    return own.union(*map(_references, node.values()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
