"""Fixtures of the runtime's tests: a tenant in files, a stand-in for Twilio, the runtime between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from switchboard_runtime.conversation import Policy
from tests.unit.runtime.kit import Caller, FakeTwilio, TurnedClock, document, fake_twilio, served, write_tenant

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def clock() -> TurnedClock:
    """Time that only tests move."""
    return TurnedClock()


@pytest.fixture
async def twilio(clock: TurnedClock) -> AsyncIterator[FakeTwilio]:
    """Where replies go."""
    async with fake_twilio(clock) as fake:
        yield fake


@pytest.fixture
def root(tmp_path: Path, twilio: FakeTwilio) -> Path:
    """A folder with one tenant, whose Twilio is the stand-in."""
    account = {"endpoint": twilio.endpoint, "accountSid": document()["twilio"]["accountSid"]}
    write_tenant(tmp_path, document(twilio=account))
    return tmp_path


@pytest.fixture
async def caller(root: Path, clock: TurnedClock) -> AsyncIterator[Caller]:
    """The runtime, served."""
    async with served(root, clock=clock, policy=Policy(store_patience=0.05)) as calls:
        yield calls
