"""Every endpoint is known to Twilio's documents, and every documented one is driven by the official SDK.

The drives stand in the test modules of their areas, each in a table ``DRIVES`` by host, method and path.
"""

from __future__ import annotations

import importlib
from pathlib import Path

from tests.contract.emulator_contract import Documents
from twilio_emulator.resources import ROUTES

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
