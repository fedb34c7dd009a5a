"""One API server for all tests of the tier; a world of its own for each test."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
import yaml

from tests.support.controlplane import ControlPlane, control_plane
from tests.support.world import ROOT, World, new_world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def operator_plane() -> Iterator[ControlPlane]:
    """An API server with garbage collection and our CRDs."""
    with control_plane(gc=True) as plane:
        for file in sorted((ROOT / "crds").glob("*.yaml")):
            crd = yaml.safe_load(file.read_text(encoding="utf-8"))
            plane.api.apply(f"{_CRDS}/{crd['metadata']['name']}", crd)
        plane.restart_controllers()  # the collector would learn of new kinds only half a minute later
        yield plane


@pytest_asyncio.fixture
async def world(operator_plane: ControlPlane) -> AsyncIterator[World]:
    """A fresh world; the operator is not started."""
    async with new_world(operator_plane, namespace=f"acme-{next(_numbers)}") as made:
        yield made
