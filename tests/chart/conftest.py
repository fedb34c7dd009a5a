"""One API server for the tests of the chart that need one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.controlplane import ControlPlane, control_plane

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def plane() -> Iterator[ControlPlane]:
    """A real kube-apiserver, without a node."""
    with control_plane() as running:
        yield running
