"""Every endpoint is known to Twilio's documents, and every documented one is driven by the official SDK.

The drives stand in the test modules of their areas, each in a table ``DRIVES`` by host, method and path.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.contract.emulator_contract import FOLDER as EXTRACTS
from tests.contract.emulator_contract import Documents
from twilio_emulator.resources import ROUTES

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).parent


def driven() -> set[tuple[str, str, str]]:
    """Return what all test modules drive."""
    names = [path.stem for path in FOLDER.glob("test_emulator_*.py") if "DRIVES" in path.read_text()]
    modules = [importlib.import_module(f"tests.contract.{name}") for name in names if name != Path(__file__).stem]
    return {operation for module in modules for operation in module.DRIVES}


def test_every_endpoint_is_driven_and_documented() -> None:
    """None is without a drive, none is unknown to Twilio, and none that is documented here is missing."""
    served = {(route.host, route.method, route.path) for route in ROUTES}
    documented = set(Documents().operations())

    assert sorted(served - driven()) == []
    assert sorted(served - documented) == []
    assert sorted(documented - served) == []


class _Walker(Documents):
    """Remembers every property that a schema was closed with, by the name that deviations give it."""

    def __init__(self) -> None:
        self.met: set[tuple[str, str]] = set()

    def _closed_object(self, host: str, schema: Mapping[str, Any], name: str, *, given: bool) -> dict[str, Any]:
        self.met |= {(name, prop) for prop in schema.get("properties", {})}
        return super()._closed_object(host, schema, name, given=given)


def test_every_deviation_is_of_a_property_that_is_there_and_has_its_reason() -> None:
    """One that a new release of the documents has made needless by its name does not stay behind."""
    walker = _Walker()
    for host, method, path in walker.operations():
        found = walker.find(host, method, path)
        assert found is not None
        bodies = [found[1].get("requestBody", {}), *found[1]["responses"].values()]
        for content in (content for body in bodies for content in body.get("content", {}).values()):
            walker.closed(host, content.get("schema", {}))  # a sound has none
    entries = json.loads((EXTRACTS / "deviations.json").read_text())
    named = {(schema, prop) for entry in entries for schema in entry["schemas"] for prop in entry["properties"]}

    assert sorted(named - walker.met) == []
    assert all(len(entry["reason"]) > 20 for entry in entries)
